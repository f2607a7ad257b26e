// @ts-check
/** The board: connect, push, commit, volume, limits, meters, health, regression. */

import { ask, h, toast } from "./dom.js";
import { latest, order, request } from "./link.js";
import { regressionTable } from "./regression.js";

const FLOOR_DB = -60;
// Ways to the flash, as of `proscenium flash --via`.
const VIAS = [
  ["openocd", "By OpenOCD"],
  ["pyocd", "By pyOCD"],
  ["uart", "By the serial line"],
];
/** @type {Record<string, any>} */
const parts = {};
/** @type {any} */
let state = { status: "none", name: "", ports: [], drivers: [], message: "" };
let structure = "";

/** @param {HTMLElement} panel */
export function buildBoard(panel) {
  parts.port = h("select", { id: "port" });
  parts.connect = h("button", {
    type: "button",
    id: "connect",
    class: "primary",
    text: "Connect",
    onclick: () => order("board.connect", { port: parts.port.value }),
  });
  parts.disconnect = h("button", {
    type: "button",
    id: "disconnect",
    text: "Disconnect",
    onclick: () => order("board.disconnect"),
  });
  parts.status = h("p", { id: "board-status", role: "status" });
  parts.push = h("button", {
    type: "button",
    id: "push",
    class: "primary",
    text: "Push the design",
    title: "The board fades to it within 20 ms",
    onclick: push,
  });
  parts.commit = h("button", { type: "button", id: "commit", text: "Commit to flash…", onclick: commit });
  parts.check = h("button", {
    type: "button",
    id: "check",
    text: "Check every bit",
    onclick: () => order("board.check"),
  });
  parts.flash = h("button", { type: "button", id: "flash", class: "danger", text: "Flash the image…", onclick: flash });
  parts.play = h("button", {
    type: "button",
    id: "play-in",
    "aria-pressed": "false",
    text: "Feed music",
    onclick: () => order("board.play", { on: !state.playing }),
  });
  parts.regression = h("button", {
    type: "button",
    id: "regression",
    text: "Run the regression",
    onclick: () => order("board.regression"),
  });
  parts.digest = h("p", { id: "digest" });
  parts.checked = h("p", { id: "checked", role: "status" });
  parts.volume = h("input", { type: "range", id: "volume", min: -60, max: 0, step: 0.5, value: 0 });
  parts.volumeText = h("output", { for: "volume", text: "0 dB" });
  parts.volume.addEventListener("input", () => {
    parts.volumeText.textContent = `${parts.volume.value} dB`;
    latest("volume", "board.volume", { db: Number(parts.volume.value) });
  });
  parts.meters = h("div", { class: "meters" });
  parts.health = h("div", { class: "tiles" });
  parts.result = h("div");
  parts.live = h(
    "div",
    {},
    h("div", { class: "row" }, parts.push, parts.commit, parts.check, parts.play, parts.regression, parts.flash),
    parts.digest,
    parts.checked,
    h("div", { class: "row" }, h("label", { for: "volume", text: "Volume" }), parts.volume, parts.volumeText),
    h("h3", { text: "Peaks and limiters" }),
    parts.meters,
    h("h3", { text: "Health" }),
    parts.health,
    parts.result,
  );
  panel.replaceChildren(
    h("h2", { text: "Board" }),
    h("p", {
      class: "hint",
      text: "A virtual board executes the firmware on this computer. A real one is connected by USB or a serial adapter.",
    }),
    h("div", { class: "row" }, h("label", { for: "port", text: "Board" }), parts.port, parts.connect, parts.disconnect),
    parts.status,
    parts.live,
  );
  showBoard(state);
}

async function push() {
  try {
    const found = await request("board.push");
    toast(
      found.late_blocks
        ? `The board plays it; ${found.late_blocks} blocks were late during the fade`
        : "The board plays this design",
    );
  } catch (error) {
    await refused(/** @type {Error} */ (error).message);
  }
}

/** A virtual board whose image has another filter graph boots again, if the user agrees. @param {string} why */
async function refused(why) {
  if (state.name !== "virtual" || !why.includes("flash it instead")) {
    toast(why, true);
    return;
  }
  const { answer } = await ask(
    "Boot the virtual board again?",
    "Its image has another filter graph than this design, for example because the cabinet was symmetric before. A new image is built.",
    [{ label: "Boot again", value: "yes", kind: "primary" }],
  );
  if (answer === "yes") await order("board.connect", { port: "virtual" });
}

async function commit() {
  const { answer } = await ask(
    "Write the board's flash?",
    "The next start of the board then plays these filters. The earlier ones in its flash are replaced.",
    [{ label: "Write", value: "yes", kind: "primary" }],
  );
  if (answer === "yes" && (await order("board.commit", { confirmed: true })))
    toast("The filters are in the board's flash");
}

async function flash() {
  const { answer } = await ask(
    "Flash the board?",
    "The whole image of the board is replaced by one for this layout. The board is silent meanwhile. OpenOCD and pyOCD need a probe (ST-Link). The serial line needs none: the board's bootloader takes the image.",
    VIAS.map(([value, label]) => ({ label, value, kind: "danger" })),
  );
  if (answer && (await order("board.flash", { confirmed: true, via: answer }))) toast("The board runs the new image");
}

/** @param {any} found */
export function showBoard(found) {
  state = found;
  const ports = ["virtual", ...state.ports.filter((/** @type {string} */ port) => port !== "virtual")];
  if (state.name && !ports.includes(state.name)) ports.push(state.name);
  if (JSON.stringify(ports) !== parts.port.dataset.ports) {
    const kept = parts.port.value;
    parts.port.replaceChildren(
      ...ports.map((port) =>
        h("option", { value: port, text: port === "virtual" ? "virtual board (STM32F405)" : port }),
      ),
    );
    parts.port.value = ports.includes(kept) ? kept : ports[0];
    parts.port.dataset.ports = JSON.stringify(ports);
  }
  const busy = Boolean(state.message) && state.status !== "lost";
  parts.status.textContent = status(busy);
  parts.status.className = state.status === "lost" ? "bad" : "";
  parts.connect.disabled = busy;
  parts.connect.textContent =
    state.name === "virtual" && parts.port.value === "virtual" ? "Boot it again with this design" : "Connect";
  parts.disconnect.disabled = !state.name || busy;
  parts.live.hidden = !state.found || !state.name;
  for (const name of ["push", "commit", "check", "regression", "flash"])
    parts[name].disabled = busy || state.status !== "connected";
  parts.flash.hidden = state.name === "virtual";
  parts.play.hidden = state.name !== "virtual";
  parts.play.textContent = state.playing ? "Stop the music" : "Feed music";
  parts.play.setAttribute("aria-pressed", String(Boolean(state.playing)));
  if (!state.found) return;
  const same = state.plays_design;
  parts.digest.className = same ? "good" : "bad";
  parts.digest.textContent = same
    ? `The board plays this design (digest ${state.found.tables.digest.slice(0, 12)}).`
    : `The board plays ${state.found.tables.digest.slice(0, 12)}; the design here is ${(state.design_digest ?? "").slice(0, 12)}. Push it.`;
  const checked = state.check && state.check.digest === state.found.tables.digest;
  parts.checked.textContent = !checked
    ? ""
    : state.check.bit_exact
      ? `Bit exact: ${state.check.frames} frames of noise equal the model in every bit.`
      : `Not bit exact: ${state.check.first_difference}`;
  parts.checked.className = state.check && !state.check.bit_exact ? "bad" : "good";
  const volume = state.found.health?.volume_db;
  if (parts.volume !== document.activeElement && volume !== undefined) {
    parts.volume.value = volume ?? -60;
    parts.volumeText.textContent = volume === null ? "silent" : `${Number(volume.toFixed(1))} dB`;
  }
  showMeters();
  showHealth();
  parts.result.replaceChildren(...regressionTable(state));
}

/** @param {boolean} busy */
function status(busy) {
  if (state.status === "lost") return `The board does not answer; it is tried again. ${state.message}`;
  if (state.progress)
    return `Regression: ${state.progress.name || "…"} (${Math.round((100 * state.progress.done) / Math.max(1, state.progress.total))} %)`;
  if (busy) return `${state.message}…`;
  if (!state.name) return "No board is connected.";
  return `Connected: ${state.found?.board ?? state.name}, layout '${state.found?.layout ?? ""}'`;
}

function showMeters() {
  const { health, limits } = state.found;
  const count = limits.now.length;
  const now = JSON.stringify([count, state.drivers, limits.most]);
  if (now !== structure) {
    structure = now;
    parts.meters.replaceChildren(
      ...limits.now.map((/** @type {number} */ _, /** @type {number} */ index) => meter(index)),
    );
  }
  for (const [index, row] of [...parts.meters.children].entries()) {
    const peak = health ? 20 * Math.log10(Math.max(health.peaks[index], 1e-9)) : FLOOR_DB;
    const gain = health?.limiter_gain_db[index] ?? 0;
    const bar = row.querySelector("i");
    bar.style.width = `${Math.max(0, Math.min(100, 100 * (1 - peak / FLOOR_DB)))}%`;
    bar.classList.toggle("limited", gain < -0.05);
    row.querySelector("small").textContent = health
      ? `${peak > FLOOR_DB ? `${peak.toFixed(1)} dBFS` : "silent"}; limiter ${(gain ?? 0).toFixed(1)} dB`
      : "no audio";
    const input = row.querySelector("input");
    if (input !== document.activeElement) input.value = limits.now[index];
  }
}

/** @param {number} index */
function meter(index) {
  const name = state.drivers[index] ?? `channel ${index}`;
  const input = h("input", {
    type: "number",
    step: "0.5",
    max: state.found.limits.most[index],
    "aria-label": `Limit of ${name}, dBFS`,
    onchange: () => order("board.limit", { channel: index, db: Number(input.value) }),
  });
  return h(
    "div",
    { class: "meter" },
    h("span", { text: name }),
    h("div", { class: "bar-area", "aria-hidden": "true" }, h("i")),
    h("small", { text: "" }),
    h("label", { class: "limit" }, "limit ", input),
  );
}

function showHealth() {
  const { health, line, tables, faults } = state.found;
  /** @type {[string, string][]} */
  const items = health
    ? [
        ["player", health.player.toLowerCase()],
        ["load of the slowest block", `${Math.round(100 * health.load)} %`],
        ["late blocks", String(health.deadline_misses)],
        ["temperature", health.temperature === null ? "–" : `${health.temperature} °C`],
        ["clock", health.audio_clock.toLowerCase()],
        ["volume", health.volume_db === null ? "silent" : `${health.volume_db.toFixed(1)} dB`],
      ]
    : [["player", "no audio of its own"]];
  items.push(
    ["faults since its start", String(faults)],
    ["tables from", tables.source.toLowerCase()],
    ["bad frames on the line", String(line.bad_crc + line.bad_cobs)],
    ["up for", `${line.uptime_s.toFixed(0)} s`],
  );
  parts.health.replaceChildren(
    ...items.map(([label, value]) => h("div", { class: "tile" }, h("b", { text: value }), h("span", { text: label }))),
  );
}
