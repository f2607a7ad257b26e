// @ts-check
/** The first choice of a layout, and a tour of one minute. */

import { byId, h } from "./dom.js";
import { order } from "./link.js";
import { showTab } from "./tabs.js";

const FIRST = "front3";
/** @type {{title: string, text: string, tab: string, at: string}[]} */
const STEPS = [
  {
    title: "The loudspeaker",
    text: "Drag a driver in a view, or press the arrow keys on it. Every key of the layout is a control below; '?' explains it.",
    tab: "speaker",
    at: "views",
  },
  {
    title: "The results",
    text: "New curves appear while you drag. Dashed is the target. Further down: bounds in plain words, and what to change.",
    tab: "results",
    at: "panel-results",
  },
  {
    title: "Compare",
    text: "Keep a design as A or B, or show a shipped layout behind yours.",
    tab: "results",
    at: "slots",
  },
  {
    title: "Listen",
    text: "Wear headphones, choose a signal and press Play. 'Without' is the same loudspeaker without the design, equally loud.",
    tab: "listen",
    at: "panel-listen",
  },
  {
    title: "The board",
    text: "Connect a virtual or a real board, push the design, and watch the meters. 'Check every bit' compares it with the model.",
    tab: "board",
    at: "panel-board",
  },
  {
    title: "Text and files",
    text: "The layout is one text file. 'Save as' keeps it. Nothing is overwritten without a question. Undo always works.",
    tab: "files",
    at: "panel-files",
  },
];

/** Show the tour. */
export function tour() {
  let step = 0;
  const dialog = byId("dialog");
  const show = () => {
    const { title, text, tab, at } = STEPS[step];
    showTab(tab);
    for (const marked of document.querySelectorAll(".shown-by-tour")) marked.classList.remove("shown-by-tour");
    byId(at).classList.add("shown-by-tour");
    dialog.replaceChildren(
      h("h2", { id: "dialog-title", text: `${step + 1} of ${STEPS.length}: ${title}` }),
      h("p", { text }),
      h(
        "div",
        { class: "row" },
        h("button", {
          type: "button",
          class: "primary",
          id: "tour-next",
          text: step + 1 < STEPS.length ? "Next" : "Begin",
          onclick: next,
        }),
        h("button", { type: "button", text: "Skip the tour", onclick: () => dialog.close() }),
      ),
    );
    byId("tour-next").focus();
  };
  const next = () => {
    step += 1;
    if (step < STEPS.length) show();
    else dialog.close();
  };
  dialog.classList.add("aside");
  dialog.addEventListener(
    "close",
    () => {
      dialog.classList.remove("aside");
      for (const marked of document.querySelectorAll(".shown-by-tour")) marked.classList.remove("shown-by-tour");
      localStorage.setItem("toured", "1");
      showTab("results");
    },
    { once: true },
  );
  show();
  dialog.showModal();
}

/** Offer the layouts that ship, and the folder's. @param {any} choices */
export function welcome(choices) {
  const dialog = byId("dialog");
  if (dialog.open) return;
  const take = async (/** @type {string} */ name) => {
    if (!(await order("document.open", { layout: name }))) return;
    // Its event comes later: a tour that began at once would take it for its own end.
    if (!localStorage.getItem("toured")) dialog.addEventListener("close", tour, { once: true });
    dialog.close();
  };
  dialog.replaceChildren(
    h("h2", { id: "dialog-title", text: "Which loudspeaker do you begin with?" }),
    h("p", { class: "hint", text: "You can change everything later. A layout that ships is opened as a copy." }),
    h(
      "div",
      { class: "choices" },
      ...[FIRST, ...choices.shipped.filter((/** @type {string} */ name) => name !== FIRST)].map((name) =>
        h(
          "button",
          { type: "button", "data-begin": name, onclick: () => take(name) },
          h("b", { text: name === FIRST ? `${name}, a good first one` : name }),
          h("span", { text: choices.about[name] }),
        ),
      ),
    ),
    choices.files.length ? h("h3", { text: "In this folder" }) : null,
    h(
      "div",
      { class: "row" },
      ...choices.files.map((/** @type {string} */ name) =>
        h("button", { type: "button", text: name, onclick: () => take(name) }),
      ),
    ),
  );
  dialog.showModal();
}
