// @ts-check
/** Edits of the document, and what the page knows of it. */

import { latest, on, order } from "./link.js";

/** @typedef {{key: string, message: string, line: number}} Fault */
/** @typedef {{revision: number, text: string, values: any, is_toml: boolean, faults: Fault[], can_undo: boolean,
 *   can_redo: boolean, file: string | null, dirty: boolean, on_disk: string | null, chosen: boolean, not_kept: string}} DocumentState */

/** @type {DocumentState} */
export let shown = {
  revision: -1,
  text: "",
  values: {},
  is_toml: true,
  faults: [],
  can_undo: false,
  can_redo: false,
  file: null,
  dirty: false,
  on_disk: null,
  chosen: true,
  not_kept: "",
};
/** Time of the last edit of this page, by `performance.now`. */
export let editedAt = 0;
let gestures = 0;

on("document", (state) => {
  shown = state;
});

/** A name for the edits that make one step of undo. @returns {string} */
export function newGesture() {
  gestures += 1;
  return `${sessionStorage.getItem("page")}-${gestures}`;
}

/**
 * Set keys at once.
 * @param {{path: (string | number)[], value: any}[]} edits
 * @param {string} [gesture]
 */
export function setKeys(edits, gesture = newGesture()) {
  editedAt = performance.now();
  return latest(edits.map((edit) => edit.path.join(".")).join(), "document.set", { edits, gesture });
}

/** Leave a key out. @param {(string | number)[]} path */
export function unset(path) {
  editedAt = performance.now();
  return order("document.unset", { path });
}

/** Value of a key, or undefined. @param {(string | number)[]} path @param {any} [from] */
export function valueAt(path, from = shown.values) {
  return path.reduce((here, part) => (here === undefined || here === null ? undefined : here[part]), from);
}

/** Round to a step without the digits of binary fractions. @param {number} value @param {number} step */
export function rounded(value, step) {
  return Number((Math.round(value / step) * step).toPrecision(10));
}
