// @ts-check
/** Opening, saving, and the state of the file. */

import { ask, byId, h, toast } from "./dom.js";
import { shown } from "./edit.js";
import { order } from "./link.js";

/** @type {{shipped: string[], files: string[], heads: string[], folder: string}} */
let choices = { shipped: [], files: [], heads: [], folder: "" };
/** @type {HTMLElement} */
let lists;

/** @param {HTMLElement} panel @param {HTMLElement[]} more */
export function buildFiles(panel, more) {
  lists = h("div");
  panel.replaceChildren(
    h("h2", { text: "Files" }),
    h(
      "div",
      { class: "row" },
      h("button", { type: "button", id: "save-as", text: "Save as…", onclick: saveAs }),
      h("a", { class: "button", href: "/text.toml", download: "", text: "Download the layout" }),
    ),
    lists,
    ...more,
  );
}

/** @param {any} found */
export function setFileChoices(found) {
  choices = found;
  const button = (/** @type {string} */ name, /** @type {string} */ label) =>
    h("button", { type: "button", "data-layout": name, text: label, onclick: () => open(name) });
  lists.replaceChildren(
    h("h3", { text: "Begin with a layout that ships" }),
    h("div", { class: "row" }, ...choices.shipped.map((name) => button(name, name))),
    h("h3", { text: `Layouts in the folder '${choices.folder}'` }),
    choices.files.length
      ? h("div", { class: "row" }, ...choices.files.map((name) => button(name, name)))
      : h("p", { class: "hint", text: "None yet: 'Save as' makes one." }),
  );
}

/** @param {string} name */
async function open(name) {
  if (shown.dirty && shown.can_undo) {
    const { answer } = await ask(
      `Open '${name}'?`,
      "The text here has changes that are not saved. They stay in undo.",
      [{ label: "Open", value: "yes", kind: "primary" }],
    );
    if (answer !== "yes") return;
  }
  if (await order("document.open", { layout: name })) toast(`'${name}' is open`);
}

/** Save to the file; ask for a name if there is none. */
export async function save() {
  if (shown.file === null) await saveAs();
  else if (await order("document.save")) toast(`'${shown.file}' is saved`);
}

async function saveAs() {
  const { answer, text } = await ask(
    "Save as",
    `The file goes into the folder '${choices.folder}'.`,
    [{ label: "Save", value: "yes", kind: "primary" }],
    { label: "Name", value: shown.file ?? `${shown.values.name ?? "my-speaker"}.toml` },
  );
  if (answer !== "yes" || !text) return;
  const name = text.endsWith(".toml") ? text : `${text}.toml`;
  if (choices.files.includes(name) && name !== shown.file) {
    const again = await ask(`Overwrite '${name}'?`, "A file of this name exists.", [
      { label: "Overwrite", value: "yes", kind: "danger" },
    ]);
    if (again.answer !== "yes") return;
    if (await order("document.save_as", { name, overwrite: true })) toast(`'${name}' is saved`);
  } else if (await order("document.save_as", { name, overwrite: name === shown.file })) toast(`'${name}' is saved`);
}

/** Show name, unsaved changes and conflicts. */
export function showFile() {
  byId("file").textContent =
    `${shown.file ?? `${shown.values.name ?? "layout"}, not saved yet`}${shown.file && shown.dirty ? " (changed)" : ""}`;
  byId("undo").disabled = !shown.can_undo;
  byId("redo").disabled = !shown.can_redo;
  byId("not-kept").hidden = !shown.not_kept;
  byId("not-kept").textContent = shown.not_kept;
  byId("conflict").hidden = shown.on_disk === null;
}
