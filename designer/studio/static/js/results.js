// @ts-check
/** Curves, key figures, bounds and budgets of the design, as they arrive. */

import { draw, figure } from "./charts.js";
import { goTo, hasControl } from "./controls.js";
import { h } from "./dom.js";
import { editedAt } from "./edit.js";
import { emit, on, request } from "./link.js";

const TITLES = {
  gain: "Crosstalk cancellation",
  polar: "Beam",
  map: "Beam map",
  zone: "Listening zone",
  ild: "Level difference (ILD)",
  timbre: "Timbre",
  effort: "Effort",
  beam: "Centre beam",
};
// Steps of a design that are taken only while their figures are looked at.
const [QUICK, BOUNDS, LOAD] = [2, 3, 4];
/** @typedef {{label: string, value: string | number, unit: string}} Tile */

/** The design as it has arrived so far. @type {any} */
export let design = { charts: {} };
/** Designs to compare with. @type {{name: string, figures: any}[]} */
let others = [];
/** @type {Record<string, import("./charts.js").Figure>} */
const figures = {};
/** @type {Record<string, HTMLElement>} */
const parts = {};
/** Milliseconds from an edit of this page to its first new curve and to its filters' curve. */
export const timing = { curve: 0, filters: 0 };

/** @param {HTMLElement} panel @param {HTMLElement} compare */
export function buildResults(panel, compare) {
  for (const [name, title] of Object.entries(TITLES)) figures[name] = figure(name, title);
  parts.progress = h("div", { class: "progress", role: "status" });
  parts.tiles = h("div", { class: "tiles" });
  parts.charts = h("div", { class: "charts" }, ...Object.values(figures).map((made) => made.element));
  for (const name of ["warnings", "room", "bounds", "budget"]) parts[name] = h("div");
  panel.replaceChildren(
    parts.progress,
    compare,
    parts.tiles,
    parts.charts,
    parts.room,
    parts.warnings,
    parts.bounds,
    parts.budget,
  );
  placeholders();
  askForWhatIsSeen(panel);
}

/** Let the studio take the slow steps only while this page shows their figures. @param {HTMLElement} panel */
function askForWhatIsSeen(panel) {
  const seen = new Set();
  let asked = QUICK;
  const ask = () => {
    const until = seen.has(parts.budget) ? LOAD : seen.has(panel) ? BOUNDS : QUICK;
    if (until === asked) return;
    asked = until;
    request("want", { until }).catch(() => (asked = QUICK));
  };
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) seen.add(target);
      else seen.delete(target);
    }
    ask();
  });
  for (const part of [panel, parts.budget]) observer.observe(part);
  on("connection", (/** @type {boolean} */ open) => {
    asked = QUICK;
    if (open) ask();
  });
}

/** Places of the key figures before there are any. */
function placeholders() {
  const names = [
    "cancellation, 1 – 5 kHz",
    "ITD of the left source",
    "ILD of the left source",
    "null of the centre beam",
    "ripple of its lobe",
    "least white-noise gain",
  ];
  showTiles(names.map((label) => ({ label, value: "…", unit: "" })));
}

/** Take the whole state, or what is new of it. @param {any} message */
export function takeDesign(message) {
  if (!message.patch) {
    design = { charts: {}, ...message };
    showAll();
    return;
  }
  const { patch } = message;
  if (patch.running && patch.steps) {
    // A new design: what is shown stays until something newer arrives.
    design = { ...design, ...patch, error: patch.error, step: undefined };
  } else {
    design = {
      ...design,
      ...patch,
      charts: { ...design.charts, ...patch.charts },
      error: patch.error ?? (patch.step === undefined ? design.error : undefined),
    };
  }
  show(patch);
  emit("designed", design);
}

/** Compare with other designs. @param {{name: string, figures: any}[]} found */
export function setOthers(found) {
  others = found;
  showAll();
}

/** Draw everything again, for example in other colours. */
export function showAll() {
  show(design);
}

/** @param {any} news */
function show(news) {
  showProgress();
  for (const [name, chart] of Object.entries(news.charts ?? {})) {
    if (!figures[name] || !design.charts[name]) continue;
    const waiting = () =>
      draw(
        figures[name],
        /** @type {any} */ (chart),
        others.map((other) => ({ name: other.name, chart: other.figures.charts[name] })),
      );
    // The curve that is looked at most comes first; the others do not hold it up.
    if (name === "gain") waiting();
    else setTimeout(waiting);
  }
  if (news.charts?.gain && editedAt) {
    if (news.step === 0) timing.curve = performance.now() - editedAt;
    if (news.step === 1) timing.filters = performance.now() - editedAt;
  }
  if (news.tiles) showTiles(news.tiles);
  if (news.room_tiles) showRoom(news.room_tiles);
  if (news.bounds) showBounds(news);
  if (news.budget || news.load) showBudget();
}

function showProgress() {
  const steps = design.steps ?? [];
  const text = design.error
    ? design.error
    : design.running
      ? working(steps)
      : "Up to date";
  parts.progress.classList.toggle("bad", Boolean(design.error));
  parts.progress.replaceChildren(
    h("progress", {
      max: steps.length || 1,
      value: design.running ? (design.step ?? -1) + 1 : steps.length || 1,
      "aria-label": "Progress of the design",
    }),
    h("span", { text }),
  );
  parts.charts.classList.toggle("stale", Boolean(design.error));
}

/** @param {string[]} steps */
function working(steps) {
  const next = steps[(design.step ?? -1) + 1] ?? "…";
  // Until the filters are quantised, the first curve shows what they are to reach.
  return design.step === 0 ? `Working: ${next}. The curve is the design's; that of its filters follows` : `Working: ${next}`;
}

/** @param {Tile[]} tiles */
function showTiles(tiles) {
  const before = others[0]?.figures.tiles;
  parts.tiles.replaceChildren(...tiles.map((tile, index) => oneTile(tile, before?.[index], others[0]?.name)));
}

/** @param {Tile} tile @param {Tile} [other] @param {string} [name] */
function oneTile(tile, other, name) {
  return h(
    "div",
    { class: "tile" },
    h("b", {}, String(tile.value), " ", h("small", { text: tile.unit })),
    h("span", { text: tile.label }),
    other ? h("span", { class: "was", text: `${name}: ${other.value} ${other.unit}` }) : null,
  );
}

/** @param {Tile[]} tiles */
function showRoom(tiles) {
  parts.room.replaceChildren(
    h("h3", { text: "Room, level and delay" }),
    h("div", { class: "tiles" }, ...tiles.map((tile) => oneTile(tile))),
  );
}

/** Text in which the keys that have a control lead to it. @param {string} text @returns {(Node | string)[]} */
function withKeys(text) {
  return text
    .split(/([a-z_]+\.[a-z_]+)/)
    .map((part) =>
      hasControl(part) ? h("button", { type: "button", class: "key", text: part, onclick: () => goTo(part) }) : part,
    );
}

/** @param {any} news */
function showBounds(news) {
  const missed = news.bounds.filter((/** @type {any} */ bound) => !bound.met);
  const row = (/** @type {any} */ bound) =>
    h(
      "tr",
      {},
      h("td", { text: bound.figure }),
      h("td", { class: "n", text: `${bound.value} ${bound.unit}` }),
      h("td", { class: "n", text: `${bound.bound} ${bound.unit}` }),
      h("td", { class: bound.met ? "good" : "bad", text: bound.met ? "kept" : "missed" }),
      h("td", { text: bound.reason }),
    );
  parts.warnings.replaceChildren(
    h("h3", { text: "What to change" }),
    news.warnings.length
      ? h(
          "ul",
          { class: "notices" },
          ...news.warnings.map((/** @type {any} */ item) =>
            h("li", {}, h("b", { text: item.what }), " ", ...withKeys(item.remedy)),
          ),
        )
      : h("p", { text: "There are no warnings." }),
  );
  parts.bounds.replaceChildren(
    h("h3", { text: `Bounds: ${news.bounds.length - missed.length} of ${news.bounds.length} kept` }),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Bounds" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h("tr", {}, ...["figure", "value", "bound", "", "why"].map((text) => h("th", { scope: "col", text }))),
        ),
        h("tbody", {}, ...[...missed, ...news.bounds.filter((/** @type {any} */ bound) => bound.met)].map(row)),
      ),
    ),
  );
}

function showBudget() {
  const { budget, load } = design;
  if (!budget) return;
  const share = (/** @type {number} */ used, /** @type {number} */ room) =>
    `${(used / 1024).toFixed(1)} of ${room / 1024} KiB`;
  const rows = budget.boards.map((/** @type {any} */ board) => {
    const found = (load ?? []).find((/** @type {any} */ other) => other.board === board.board);
    const outputs = board.outputs ? `${board.drivers} of ${board.outputs}` : "virtual only";
    const cells = found
      ? [
          share(found.flash_bytes, found.flash_room),
          share(found.ram_bytes, found.ram_room),
          String(found.instructions),
          found.load_percent === null ? "–" : `${found.load_percent} %`,
        ]
      : ["…", "…", "…", "…"];
    return h(
      "tr",
      {},
      h("td", { text: board.board }),
      ...cells.map((text) => h("td", { class: "n", text })),
      h("td", { class: board.fits ? "" : "bad", text: outputs }),
    );
  });
  parts.budget.replaceChildren(
    h("h3", { text: "Budget of each board" }),
    h("p", {
      class: "hint",
      text: `${budget.taps} taps in ${budget.filters} filters, ${(budget.table_bytes / 1024).toFixed(1)} KiB of coefficients. Instructions are those of one frame, counted in QEMU.`,
    }),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": "Budgets" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...["board", "flash", "RAM", "instructions", "load", "outputs"].map((text) =>
              h("th", { scope: "col", text }),
            ),
          ),
        ),
        h("tbody", {}, ...rows),
      ),
    ),
  );
}
