// @ts-check
/** The live connection to the studio: topics that arrive, and requests that are answered. */

import { toast } from "./dom.js";

/** @type {Map<string, ((state: any) => void)[]>} */
const listeners = new Map();
/** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
const waiting = new Map();
/** @type {WebSocket | null} */
let socket = null;
let number = 0;
let delay = 250;

/** Random name of this page, kept over a reload. */
function pageName() {
  const kept = sessionStorage.getItem("page");
  if (kept) return kept;
  const made = crypto.randomUUID();
  sessionStorage.setItem("page", made);
  return made;
}

/** Listen to a topic. @param {string} topic @param {(state: any) => void} listener */
export function on(topic, listener) {
  listeners.set(topic, [...(listeners.get(topic) ?? []), listener]);
}

/** Tell the page's own parts something. @param {string} topic @param {any} state */
export function emit(topic, state) {
  for (const listener of listeners.get(topic) ?? []) listener(state);
}

/** Connect, and connect again whenever the line is lost. */
export function connect() {
  socket = new WebSocket(`ws://${location.host}/live?name=${pageName()}`);
  socket.addEventListener("open", () => {
    delay = 250;
    emit("connection", true);
  });
  socket.addEventListener("message", (event) => take(JSON.parse(event.data)));
  socket.addEventListener("close", () => {
    for (const { reject } of waiting.values()) reject(new Error("the studio does not answer"));
    waiting.clear();
    emit("connection", false);
    setTimeout(connect, delay);
    delay = Math.min(4000, 2 * delay);
  });
}

/** @param {any} message */
function take(message) {
  if (message.topic) {
    emit(message.topic, message.patch ? { patch: message.patch } : message.state);
    return;
  }
  const asked = waiting.get(message.id);
  waiting.delete(message.id);
  if (!asked) return;
  if (message.error) asked.reject(new Error(message.error));
  else asked.resolve(message.result);
}

/**
 * Ask the studio for something.
 * @param {string} what
 * @param {Record<string, any>} [fields]
 * @returns {Promise<any>} rejected with a message in plain words
 */
export function request(what, fields = {}) {
  if (!socket || socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error("the studio does not answer"));
  const id = ++number;
  const answer = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  socket.send(JSON.stringify({ id, do: what, ...fields }));
  return answer;
}

/** Ask, and show an error as a note. @param {string} what @param {Record<string, any>} [fields] @returns {Promise<boolean>} whether it was done */
export async function order(what, fields = {}) {
  try {
    await request(what, fields);
    return true;
  } catch (error) {
    toast(/** @type {Error} */ (error).message, true);
    return false;
  }
}

/** @type {Map<string, {what: string, fields: Record<string, any>}>} */
const next = new Map();
/** @type {Set<string>} */
const underWay = new Set();

/**
 * Ask for the newest of many requests of one kind, such as those of a drag: one is under way, the newest waits.
 * @param {string} kind
 * @param {string} what
 * @param {Record<string, any>} fields
 */
export async function latest(kind, what, fields) {
  next.set(kind, { what, fields });
  if (underWay.has(kind)) return;
  underWay.add(kind);
  for (let todo = next.get(kind); todo; todo = next.get(kind)) {
    next.delete(kind);
    await order(todo.what, todo.fields);
  }
  underWay.delete(kind);
}
