// @ts-check
/** Hear the design: source, head, room, before and after. */

import { h, toast } from "./dom.js";
import { on, request } from "./link.js";
import { capture, fetchSound, Player } from "./sound.js";

const player = new Player();
// As the studio allows it.
const MOST_BYTES = 64 * 2 ** 20;
/** @type {Record<string, any>} */
const parts = {};
let underWay = false;
let again = false;

/** @param {HTMLElement} panel */
export function buildListen(panel) {
  parts.source = h("select", { id: "source", onchange: refresh });
  parts.head = h("select", { id: "head", onchange: refresh });
  parts.room = h("select", { id: "room", onchange: refresh });
  parts.yaw = h("input", { type: "range", id: "yaw", min: -45, max: 45, step: 1, value: 0 });
  parts.aside = h("input", { type: "range", id: "aside", min: -0.3, max: 0.3, step: 0.01, value: 0 });
  parts.yawText = h("output", { for: "yaw", text: "straight ahead" });
  parts.asideText = h("output", { for: "aside", text: "in the middle" });
  parts.yaw.addEventListener("input", moved);
  parts.aside.addEventListener("input", moved);
  parts.play = h("button", { type: "button", id: "listen", class: "primary", text: "Play", onclick: toggle });
  parts.after = h("button", {
    type: "button",
    id: "hear-after",
    "aria-pressed": "true",
    text: "With the design",
    onclick: () => choose("after"),
  });
  parts.before = h("button", {
    type: "button",
    id: "hear-before",
    "aria-pressed": "false",
    text: "Without",
    onclick: () => choose("before"),
  });
  parts.status = h("p", {
    id: "listen-status",
    role: "status",
    class: "hint",
    text: "Wear headphones. Both versions are equally loud.",
  });
  const file = h("input", {
    type: "file",
    id: "music-file",
    accept: ".wav,.flac,.ogg,.mp3,.aiff,.aif,.sofa",
    onchange: () => upload(file),
  });
  panel.replaceChildren(
    h("h2", { text: "Listen" }),
    h("p", {
      class: "hint",
      text: "You hear what reaches the ears of the listener, by headphones: through the float engine, the loudspeaker, and the head.",
    }),
    h(
      "div",
      { class: "row" },
      parts.play,
      h("div", { class: "switch", role: "group", "aria-label": "What is heard" }, parts.after, parts.before),
    ),
    parts.status,
    h(
      "div",
      { class: "cards" },
      pick("source", "Signal", parts.source),
      pick("head", "Head", parts.head),
      pick("room", "Room", parts.room),
    ),
    h("div", { class: "row" }, h("label", { for: "yaw", text: "Turn the head" }), parts.yaw, parts.yawText),
    h("div", { class: "row" }, h("label", { for: "aside", text: "Move the head" }), parts.aside, parts.asideText),
    h(
      "div",
      { class: "row" },
      h("label", { for: "music-file", text: "Your own music, or a measured head (SOFA)" }),
      file,
    ),
  );
}

/** @param {string} id @param {string} label @param {HTMLElement} select */
function pick(id, label, select) {
  return h("p", {}, h("label", { for: id, text: label }), h("br"), select);
}

/** @param {any} state */
export function showListen(state) {
  fill(parts.source, state.sources);
  fill(parts.head, state.heads);
  fill(parts.room, [
    ["none", "none: open air"],
    ...state.rooms.map((/** @type {string} */ name) => [name, `${name} room`]),
  ]);
}

/** @param {any} select @param {[string, string][]} options */
function fill(select, options) {
  const kept = select.value;
  select.replaceChildren(...options.map(([value, text]) => h("option", { value, text })));
  if (options.some(([value]) => value === kept)) select.value = kept;
}

function moved() {
  const [yaw, aside] = [Number(parts.yaw.value), Number(parts.aside.value)];
  parts.yawText.textContent = yaw === 0 ? "straight ahead" : `${Math.abs(yaw)}° to the ${yaw > 0 ? "left" : "right"}`;
  parts.asideText.textContent =
    aside === 0 ? "in the middle" : `${Math.round(100 * Math.abs(aside))} cm to the ${aside > 0 ? "left" : "right"}`;
  refresh();
}

function settings() {
  return {
    source: parts.source.value,
    head: parts.head.value,
    room: parts.room.value,
    yaw_deg: Number(parts.yaw.value),
    aside_m: Number(parts.aside.value),
  };
}

/** Fetch the sound of the present design and settings. */
export async function prepare() {
  return fetchSound(await request("listen.prepare", settings()));
}

async function toggle() {
  if (player.playing) {
    player.stop();
    show();
    return;
  }
  parts.status.textContent = "Preparing…";
  await load();
}

async function load() {
  try {
    await player.play(await prepare());
  } catch (error) {
    toast(/** @type {Error} */ (error).message, true);
  }
  show();
}

/** What plays follows the newest settings; one preparation is under way, the newest waits. */
async function refresh() {
  if (!player.playing) return;
  again = true;
  if (underWay) return;
  underWay = true;
  while (again && player.playing) {
    again = false;
    await load();
  }
  underWay = false;
}

/** @param {"after" | "before"} which */
function choose(which) {
  player.choose(which);
  parts.after.setAttribute("aria-pressed", String(which === "after"));
  parts.before.setAttribute("aria-pressed", String(which === "before"));
}

function show() {
  parts.play.textContent = player.playing ? "Stop" : "Play";
  parts.status.textContent = player.playing
    ? "It plays, over and over. Changes of the design are heard as soon as they are ready."
    : "Wear headphones. Both versions are equally loud.";
}

/** @param {HTMLInputElement} input */
async function upload(input) {
  const file = input.files?.[0];
  if (!file) return;
  if (file.size > MOST_BYTES) {
    toast(`'${file.name}' has ${Math.round(file.size / 2 ** 20)} MiB: allowed are ${MOST_BYTES / 2 ** 20}`, true);
    return;
  }
  let text = "the studio does not answer";
  try {
    const answer = await fetch(`/upload?name=${encodeURIComponent(file.name)}`, { method: "PUT", body: file });
    text = await answer.text();
    if (!answer.ok) throw new Error(text);
  } catch (error) {
    toast(/** @type {Error} */ (error).message, true);
    return;
  } finally {
    // The same file may be sent again after it was changed.
    input.value = "";
  }
  toast(`'${text}' is here`);
  const value = text.endsWith(".sofa") ? text : `file:${text}`;
  const select = text.endsWith(".sofa") ? parts.head : parts.source;
  setTimeout(() => {
    select.value = value;
    refresh();
  }, 200);
}

on("designed", (design) => {
  if (design.step === 1) refresh();
});

/** For tests: both ears as WebAudio makes them, as base64 of float32. @param {"after" | "before"} which @param {number} frames */
export async function captured(which, frames) {
  const sound = await prepare();
  const ears = await capture(sound, which, frames);
  const bytes = new Uint8Array(8 * frames);
  for (const [index, ear] of ears.entries())
    bytes.set(new Uint8Array(ear.buffer, ear.byteOffset, 4 * frames), index * 4 * frames);
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return { ...sound.prepared, ears: btoa(text) };
}

/** For tests: what plays. */
export function playing() {
  return {
    playing: player.playing,
    which: player.which,
    time: player.context?.currentTime ?? 0,
    state: player.context?.state ?? "",
    digest: player.sound?.prepared.digest ?? "",
    after: player.chain?.gains.after.gain.value ?? 0,
    before: player.chain?.gains.before.gain.value ?? 0,
  };
}
