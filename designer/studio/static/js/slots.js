// @ts-check
/** Slots A and B, and the design that is shown behind the present one. */

import { h } from "./dom.js";
import { order } from "./link.js";
import { setOthers } from "./results.js";

/** @type {HTMLElement} */
let place;
/** @type {string[]} */
let shipped = [];
/** @type {{names: string[], kept: Record<string, string>, behind: string, others: any[]}} */
let state = { names: ["A", "B"], kept: {}, behind: "", others: [] };

/** @returns {HTMLElement} */
export function buildSlots() {
  place = h("div", { class: "row", id: "slots", role: "group", "aria-label": "Compare designs" });
  show();
  return place;
}

/** @param {string[]} names */
export function setShipped(names) {
  shipped = names;
  show();
}

/** @param {any} found */
export function takeSlots(found) {
  state = found;
  show();
  setOthers(state.others);
}

function show() {
  const parts = [];
  for (const name of state.names) {
    const inUse = name in state.kept;
    parts.push(h("button", { type: "button", "data-slot": name, text: inUse ? `Swap with ${name}` : `Keep as ${name}`,
      title: inUse ? `Keep the present design in ${name}, and go on with the one that is there` : `Keep the present design in slot ${name}`,
      onclick: () => order(inUse ? "slots.swap" : "slots.keep", { slot: name }) }));
  }
  const behind = h("select", { id: "behind", onchange: (/** @type {any} */ event) => order("slots.compare", { behind: event.target.value }) },
    h("option", { value: "", text: "nothing" }),
    ...Object.keys(state.kept).map((name) => h("option", { value: name, text: `slot ${name}` })),
    ...shipped.map((name) => h("option", { value: name, text: `shipped: ${name}` })));
  behind.value = state.behind;
  place.replaceChildren(...parts, h("label", {}, "Compare with ", behind));
}
