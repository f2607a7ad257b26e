// @ts-check
/** The layout as TOML text: errors at their keys, edits either way. */

import { h } from "./dom.js";
import { newGesture, shown } from "./edit.js";
import { latest } from "./link.js";
import { goTo } from "./controls.js";

const PAUSE_MS = 400;
/** @type {HTMLTextAreaElement} */
let area;
/** @type {HTMLElement} */
let faults;
let waiting = 0;
let gesture = "";

/** @param {HTMLElement} panel */
export function buildText(panel) {
  area = h("textarea", { class: "text-editor", id: "toml", spellcheck: "false", "aria-describedby": "toml-hint", autocomplete: "off" });
  area.addEventListener("focus", () => { gesture = newGesture(); });
  area.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(send, PAUSE_MS);
  });
  area.addEventListener("blur", send);
  faults = h("div", { class: "fault-list", "aria-live": "polite" });
  panel.replaceChildren(h("h2", {}, h("label", { for: "toml", text: "The layout as text (TOML)" })),
    h("p", { class: "hint", id: "toml-hint", text: "Edit here or with the controls. Comments stay. Every key is explained at its control." }), faults, area);
}

function send() {
  clearTimeout(waiting);
  if (area.value !== shown.text) latest("text", "document.text", { text: area.value, gesture });
}

/** Show the document's text unless the user is typing another one. */
export function showText() {
  const typing = document.activeElement === area;
  if (area.value !== shown.text && !typing) {
    clearTimeout(waiting);
    area.value = shown.text;
  }
  faults.replaceChildren(...shown.faults.map((fault) => h("button", { type: "button", text: fault.message, onclick: () => show(fault) })));
}

/** @param {import("./edit.js").Fault} fault */
function show(fault) {
  if (fault.key) {
    goTo(fault.key);
    return;
  }
  const lines = area.value.split("\n");
  const line = fault.line || lines.length;
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
}
