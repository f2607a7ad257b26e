// @ts-check
/** A link that carries the whole layout, and files of the design for elsewhere. */

import { ask, h, toast } from "./dom.js";
import { newGesture, shown } from "./edit.js";
import { order } from "./link.js";

const EXPORTS = [["wav", "WAV filters"], ["camilladsp", "CamillaDSP"], ["sofa", "SOFA"], ["npz", "NumPy"], ["rew", "Room EQ Wizard"]];

/** @returns {HTMLElement[]} */
export function buildShare() {
  return [
    h("h3", { text: "This design" }),
    h("div", { class: "row" },
      h("a", { class: "button", href: "/report", target: "_blank", rel: "noopener", text: "Open the report" }),
      h("button", { type: "button", id: "copy-link", text: "Copy a link to this state", onclick: copyLink })),
    h("h3", { text: "Filters for other tools" }),
    h("div", { class: "row" }, ...EXPORTS.map(([kind, label]) => h("a", { class: "button", href: `/export/${kind}`, download: "", text: label }))),
  ];
}

/** Address of this studio with the layout in it. @returns {Promise<string>} */
export async function stateLink() {
  const packed = new Blob([shown.text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  const text = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${location.origin}/#state=${text}`;
}

async function copyLink() {
  const link = await stateLink();
  try {
    await navigator.clipboard.writeText(link);
    toast("The link is in the clipboard. It opens this layout in a running studio.");
  } catch {
    await ask("Link to this state", "Copy it from here.", [], { label: "Link", value: link });
  }
}

/** Open the layout of a link, after a question. */
export async function openLink() {
  const found = location.hash.match(/^#state=([A-Za-z0-9_-]+)$/);
  if (!found) return;
  history.replaceState(null, "", location.pathname);
  try {
    const bytes = Uint8Array.from(atob(found[1].replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).text();
    if (text === shown.text) return;
    const { answer } = await ask("Open the layout of this link?", "It takes the place of the text here. Undo brings that back.", [{ label: "Open", value: "yes", kind: "primary" }]);
    if (answer === "yes") await order("document.text", { text, gesture: newGesture() });
  } catch {
    toast("The link is damaged: copy it again.", true);
  }
}
