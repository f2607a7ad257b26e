// @ts-check
/** A control for every key of the layout, made from the layout reference. */

import { h } from "./dom.js";
import { order } from "./link.js";
import { shown, unset, valueAt } from "./edit.js";
import { field } from "./fields.js";
import { showTab } from "./tabs.js";

/** @typedef {{table: string, model: string, key: string, kind: string, unit: string, low: number | null,
 *   high: number | null, step: number | null, choices: any[], default: any, required: boolean, allowed: string,
 *   meaning: string}} Control */
/** @typedef {{table: string, model: string, title: string, controls: Control[]}} Group */
/** @typedef {{path: (string | number)[], control: Control, row: HTMLElement, show: (value: any, given: boolean) => void}} Row */

// Keys of drivers that one shape of cabinet has and the other has not.
/** @type {Record<string, string>} */
const OF_SHAPE = { azimuth_deg: "sphere", elevation_deg: "sphere", y_m: "baffle", z_m: "baffle" };
// These are edited as lists of tables, which the text does better.
const BY_TEXT = ["listener.head"];

/** @type {Group[]} */
let groups = [];
/** @type {{heads: string[]}} */
let choices = { heads: [] };
/** @type {Row[]} */
let rows = [];
let structure = "";
/** @type {Set<string>} */
const open = new Set(["cabinet"]);

/** @param {Group[]} found */
export function setGroups(found) {
  groups = found;
  structure = "";
}

/** @param {any} found */
export function setChoices(found) {
  choices = found;
  structure = "";
}

/** Whether a key has a control here. @param {string} key */
export function hasControl(key) {
  return rows.some((row) => row.path.join(".") === key);
}

/** Open the section of a key and move to it. @param {string} key */
export function goTo(key) {
  const row =
    rows.find((candidate) => candidate.path.join(".") === key) ??
    rows.find((candidate) => candidate.path.join(".").startsWith(key));
  if (!row) return;
  if (!matchMedia("(min-width: 901px)").matches) showTab("speaker");
  for (let here = row.row.parentElement; here; here = here.parentElement) {
    if (here instanceof HTMLDetailsElement) here.open = true;
  }
  row.row.scrollIntoView({ block: "center" });
  /** @type {HTMLElement | null} */ (row.row.querySelector("input, select"))?.focus();
}

/** Open the section of a driver, without moving to it. @param {number} index */
export function openDriver(index) {
  for (const details of /** @type {NodeListOf<HTMLDetailsElement>} */ (
    document.querySelectorAll("#controls details.driver-card")
  )) {
    details.open = details.dataset.table === `driver.${index}`;
  }
}

/** Show the document's values; only another structure builds the controls anew. @param {HTMLElement} place */
export function showControls(place) {
  const now = JSON.stringify([
    shown.values.cabinet?.shape,
    typeof shown.values.room === "string",
    (shown.values.driver ?? []).map((/** @type {any} */ d) => Boolean(d.measured)),
    choices.heads,
    groups.length,
  ]);
  if (now !== structure) {
    structure = now;
    rows = [];
    place.replaceChildren(...sections());
  }
  for (const row of rows) {
    const value = valueAt(row.path);
    row.row.classList.toggle("given", value !== undefined && !row.control.required);
    row.show(value === undefined ? row.control.default : value, value !== undefined);
  }
  showFaults(place);
}

/** @returns {HTMLElement[]} */
function sections() {
  const shape = shown.values.cabinet?.shape;
  const made = [];
  for (const group of groups) {
    if (group.table === "cabinet" && group.model !== (shape === "baffle" ? "BaffleCabinet" : "SphereCabinet")) continue;
    if (BY_TEXT.includes(group.table) || group.table === "driver.measured") continue;
    if (group.table === "driver") {
      made.push(section("driver", "Drivers", drivers(group, shape)));
      continue;
    }
    const base = group.table ? group.table.split(".") : [];
    made.push(section(group.table || "layout", group.title, group.table === "room" ? room(group) : list(group, base)));
  }
  // Who builds a loudspeaker looks for its drivers first.
  const isCabinet = (/** @type {HTMLElement} */ part) => part.dataset.table === "cabinet";
  const isDrivers = (/** @type {HTMLElement} */ part) => part.dataset.table === "driver";
  const first = [...made.filter(isCabinet), ...made.filter(isDrivers)];
  return [...first, ...made.filter((part) => !first.includes(part))];
}

/** @param {string} name @param {string} title @param {HTMLElement[]} content */
function section(name, title, content) {
  const details = h(
    "details",
    { "data-table": name },
    h("summary", {}, title, h("span", { class: "count" })),
    ...content,
  );
  details.open = open.has(name);
  details.addEventListener("toggle", () => (details.open ? open.add(name) : open.delete(name)));
  return details;
}

/** @param {Group} group @param {(string | number)[]} base */
function list(group, base) {
  return group.controls.map((control) => row([...base, control.key], control));
}

/** @param {Group} group */
function room(group) {
  const without = typeof shown.values.room === "string";
  const choice = h(
    "select",
    {
      id: "room-kind",
      onchange: (/** @type {any} */ event) => {
        if (event.target.value === "none") order("document.set", { edits: [{ path: ["room"], value: "none" }] });
        else order("document.unset", { path: ["room"] });
      },
    },
    h("option", { value: "room", text: "a furnished room" }),
    h("option", { value: "none", text: "none" }),
  );
  choice.value = without ? "none" : "room";
  const label = h(
    "div",
    { class: "control" },
    h("label", { for: "room-kind", text: "room around the listener" }),
    h("div", { class: "field" }, choice),
  );
  return without ? [label] : [label, ...list(group, ["room"])];
}

/** @param {Group} group @param {string} shape */
function drivers(group, shape) {
  const measured = groups.find((candidate) => candidate.table === "driver.measured");
  return (shown.values.driver ?? []).map((/** @type {any} */ driver, /** @type {number} */ index) => {
    const own = group.controls.filter((control) => (OF_SHAPE[control.key] ?? shape) === shape);
    const content = own.map((control) => row(["driver", index, control.key], control));
    if (driver.measured && measured) {
      content.push(h("h3", { text: measured.title }), ...list(measured, ["driver", index, "measured"]));
    }
    const name = `driver ${index + 1}`;
    const details = section(`driver.${index}`, name, content);
    details.classList.add("driver-card");
    return details;
  });
}

/** @param {(string | number)[]} path @param {Control} control */
function row(path, control) {
  const id = `key-${path.join("-")}`;
  const name = control.key.replace(/_(m_per_s|m|deg|db|hz|ms)$/, "").replaceAll("_", " ");
  const meaning = h("p", { class: "meaning", id: `${id}-help`, hidden: true, text: help(control) });
  const opener = h("button", {
    type: "button",
    class: "help",
    "aria-label": `Help: ${name}`,
    "aria-expanded": "false",
    "aria-controls": `${id}-help`,
    text: "?",
    onclick: () => {
      meaning.hidden = !meaning.hidden;
      opener.setAttribute("aria-expanded", String(!meaning.hidden));
    },
  });
  const reset = h("button", {
    type: "button",
    class: "reset",
    "aria-label": `Back to the default: ${name}`,
    title: "Back to the default",
    text: "↺",
    onclick: () => unset(path),
  });
  const made = field(id, path, control, choices.heads);
  const element = h(
    "div",
    { class: "control", "data-key": path.join(".") },
    h(
      "label",
      { for: id, id: `${id}-label` },
      name,
      control.unit ? h("span", { class: "unit", text: ` ${control.unit}` }) : null,
    ),
    opener,
    reset,
    h("div", { class: "field" }, ...made.elements),
    meaning,
    h("p", { class: "fault", id: `${id}-fault`, hidden: true }),
  );
  rows.push({ path, control, row: element, show: made.show });
  return element;
}

/** Meaning, range and default in words. @param {Control} control */
function help(control) {
  const parts = [control.meaning];
  if (control.allowed) parts.push(`Allowed: ${control.allowed}${control.unit ? ` ${control.unit}` : ""}.`);
  if (control.default !== null) parts.push(`Default: ${JSON.stringify(control.default)}.`);
  return parts.join(" ");
}

/** @param {HTMLElement} place */
function showFaults(place) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const fault of shown.faults) found.set(fault.key, [...(found.get(fault.key) ?? []), fault.message]);
  for (const { path, row: element } of rows) {
    const messages = found.get(path.join(".")) ?? [];
    const text = /** @type {HTMLElement} */ (element.querySelector(".fault"));
    text.hidden = messages.length === 0;
    text.textContent = messages.join("\n");
    element.classList.toggle("faulty", messages.length > 0);
    const input = element.querySelector("input, select");
    if (messages.length) input?.setAttribute("aria-describedby", text.id);
    else input?.removeAttribute("aria-describedby");
    input?.setAttribute("aria-invalid", String(messages.length > 0));
  }
  for (const details of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("details"))) {
    const table = details.dataset.table ?? "";
    const inside = [...found.keys()].filter(
      (key) => key === table || key.startsWith(`${table}.`) || (table === "layout" && key !== "" && !key.includes(".")),
    ).length;
    const count = details.querySelector(":scope > summary .count");
    if (count) count.textContent = inside ? `${inside} to mend` : "";
    const driver = table.match(/^driver\.(\d+)$/);
    const title = details.querySelector(":scope > summary")?.firstChild;
    if (driver && title) title.textContent = shown.values.driver?.[Number(driver[1])]?.name ?? `driver ${driver[1]}`;
  }
}
