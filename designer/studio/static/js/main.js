// @ts-check
/** The page: its parts, and what they are told. */

import { buildBoard, showBoard } from "./board.js";
import { buildViews, choose, chosen, showViews, whenChosen } from "./cabinet.js";
import { openDriver, setChoices, setGroups, showControls } from "./controls.js";
import { byId } from "./dom.js";
import { shown } from "./edit.js";
import { buildFiles, save, setFileChoices, showFile } from "./files.js";
import { buildListen, captured, playing, showListen } from "./listen.js";
import { connect, on, order, request } from "./link.js";
import { buildResults, design, showAll, takeDesign, timing } from "./results.js";
import { buildShare, openLink, stateLink } from "./share.js";
import { buildSlots, setShipped, takeSlots } from "./slots.js";
import { buildTabs } from "./tabs.js";
import { buildText, showText } from "./text.js";
import { tour, welcome } from "./tour.js";

function showDocument() {
  if (chosen >= (shown.values.driver ?? []).length) choose(0);
  showFile();
  showViews();
  showControls(byId("controls"));
  showText();
}

/** @param {string} theme */
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
}

function buildTools() {
  byId("undo").addEventListener("click", () => order("document.undo"));
  byId("redo").addEventListener("click", () => order("document.redo"));
  byId("save").addEventListener("click", save);
  byId("add-driver").addEventListener("click", () => order("document.add"));
  byId("remove-driver").addEventListener("click", () => order("document.remove", { index: chosen }));
  byId("take-over").addEventListener("click", () => order("take_over"));
  byId("take-disk").addEventListener("click", () => order("document.disk", { take: true }));
  byId("keep-mine").addEventListener("click", () => order("document.disk", { take: false }));
  byId("theme").addEventListener("click", () => {
    setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    showAll();
  });
  byId("tour").addEventListener("click", tour);
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    const typing = event.target instanceof HTMLTextAreaElement;
    if (key === "s") {
      event.preventDefault();
      save();
    } else if (key === "z" && !typing) {
      event.preventDefault();
      order(event.shiftKey ? "document.redo" : "document.undo");
    }
  });
}

/** State of the board as it arrived last. @type {any} */
let board = {};

/** What can be opened. @type {any} */
let choices = {};
let begun = false;

function listen() {
  on("connection", (/** @type {boolean} */ open) => {
    byId("connection").hidden = open;
    byId("connection").textContent = open ? "" : "The studio does not answer. This page connects again by itself. If the studio was ended, start it again and open the address that it prints: nothing is lost.";
    document.documentElement.dataset.connected = String(open);
  });
  on("role", (role) => {
    byId("follow").hidden = role.edits;
    document.documentElement.dataset.edits = String(role.edits);
    for (const element of [byId("speaker"), byId("panel-text")]) element.inert = !role.edits;
  });
  on("controls", setGroups);
  on("choices", (found) => {
    choices = found;
    setChoices(found);
    setFileChoices(found);
    setShipped(found.shipped);
    showControls(byId("controls"));
  });
  on("document", showDocument);
  on("document", () => {
    if (begun) return;
    begun = true;
    if (!shown.chosen) welcome(choices);
    else openLink();
  });
  on("design", takeDesign);
  on("slots", takeSlots);
  on("listen", showListen);
  on("board", (state) => {
    board = state;
    showBoard(state);
  });
}

function start() {
  setTheme(localStorage.getItem("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
  buildViews(byId("views"));
  whenChosen(openDriver);
  buildResults(byId("panel-results"), buildSlots());
  buildText(byId("panel-text"));
  buildBoard(byId("panel-board"));
  buildListen(byId("panel-listen"));
  buildFiles(byId("panel-files"), buildShare());
  buildTabs();
  buildTools();
  listen();
  connect();
  // For tests: what the page shows, and how long it took.
  Object.assign(window, {
    studio: {
      get document() {
        return shown;
      },
      get design() {
        return design;
      },
      get board() {
        return board;
      },
      request,
      stateLink,
      captured,
      playing,
      timing,
    },
  });
  document.documentElement.dataset.ready = "1";
}

start();
