// @ts-check
/** Small helpers to build elements; text is never read as HTML. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Build an element.
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `on…` are listeners, `text` is the content, others are attributes
 * @param {(Node | string | null)[]} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Build an SVG element; arguments as of `h`. @param {string} tag @param {Record<string, any>} [attributes] @param {(Node | string | null)[]} children @returns {any} */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** @param {Element} element @param {Record<string, any>} attributes @param {(Node | string | null)[]} children */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Find an element that the page has. @param {string} id @returns {any} */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element '${id}'`);
  return found;
}

/** Tell the user something for a while. @param {string} text @param {boolean} [isError] */
export function toast(text, isError = false) {
  const note = h("p", { text, class: isError ? "error" : "" });
  byId("toasts").append(note);
  setTimeout(() => note.remove(), isError ? 9000 : 4000);
}

/**
 * Ask a question, or for a text.
 * @param {string} title
 * @param {string} text
 * @param {{label: string, value: string, kind?: string}[]} answers
 * @param {{label: string, value: string}} [field]
 * @returns {Promise<{answer: string, text: string}>} answer is "" if the dialog was left
 */
export function ask(title, text, answers, field) {
  const dialog = byId("dialog");
  const input = field ? h("input", { type: "text", id: "dialog-field", value: field.value }) : null;
  const form = h("form", { method: "dialog" },
    h("h2", { id: "dialog-title", text: title }),
    h("p", { text }),
    input ? h("p", {}, h("label", { for: "dialog-field", text: field?.label }), " ", input) : null,
    h("div", { class: "row" }, ...answers.map((a) => h("button", { value: a.value, class: a.kind ?? "", text: a.label })),
      h("button", { value: "", text: "Cancel" })));
  dialog.replaceChildren(form);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve({ answer: dialog.returnValue, text: input ? input.value : "" }), { once: true });
    dialog.returnValue = "";
  });
}
