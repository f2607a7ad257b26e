// @ts-check
/** The loudspeaker from above, in front view and in three dimensions. */

import { h, s } from "./dom.js";
import { newGesture, setKeys, shown } from "./edit.js";
import { moved, place, reach, rim } from "./geometry.js";
import { order } from "./link.js";

export const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#B07700", "#3A8FC7", "#B0588E", "#6B6B6B", "#8C6D31"];
const MARGIN = 1.6;
const TURN_PER_PIXEL = 0.01;

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {{name: "top" | "front" | "turned", svg: SVGSVGElement, project: (p: Point) => [number, number, number]}} View */

/** Index of the chosen driver, in the order of the file. */
export let chosen = 0;
/** @type {View[]} */
let views = [];
/** @type {(index: number) => void} */
let onChoice = () => {};
const turn = { yaw: 0.6, pitch: 0.35 };

/** Build the three views. @param {HTMLElement} host */
export function buildViews(host) {
  views = [
    view("top", "From above; the listener is below", (p) => [-p[1], -p[0], p[2]]),
    view("front", "As the listener sees it", (p) => [-p[1], -p[2], -p[0]]),
    view("turned", "In three dimensions: drag to turn", turned),
  ];
  host.replaceChildren(
    ...views.map((made) =>
      h(
        "figure",
        { class: made.name === "turned" ? "wide" : "" },
        made.svg,
        h("figcaption", {
          text:
            made.name === "top"
              ? "From above; the listener is below"
              : made.name === "front"
                ? "As the listener sees it"
                : "In three dimensions: drag to turn",
        }),
      ),
    ),
  );
  turnByHand(views[2].svg);
}

/** @param {"top" | "front" | "turned"} name @param {string} label @param {(p: Point) => [number, number, number]} project @returns {View} */
function view(name, label, project) {
  const svg = s("svg", {
    role: "group",
    "aria-label": label,
    "data-view": name,
    viewBox: "-1 -1 2 2",
    tabindex: name === "turned" ? "0" : undefined,
  });
  return { name, svg, project };
}

/** @param {Point} p @returns {[number, number, number]} */
function turned(p) {
  const [right, up, near] = [-p[1], p[2], -p[0]];
  const [c, si] = [Math.cos(turn.yaw), Math.sin(turn.yaw)];
  const [x, z] = [c * right + si * near, -si * right + c * near];
  const [cp, sp] = [Math.cos(turn.pitch), Math.sin(turn.pitch)];
  return [x, -(cp * up - sp * z), sp * up + cp * z];
}

/** @param {SVGSVGElement} svg */
function turnByHand(svg) {
  svg.addEventListener("pointerdown", (event) => {
    svg.setPointerCapture(event.pointerId);
    const move = (/** @type {PointerEvent} */ e) => {
      turn.yaw += e.movementX * TURN_PER_PIXEL;
      turn.pitch = Math.max(-1.5, Math.min(1.5, turn.pitch + e.movementY * TURN_PER_PIXEL));
      showViews();
    };
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerup", () => svg.removeEventListener("pointermove", move), { once: true });
  });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
    if (!step) return;
    event.preventDefault();
    turn.yaw += step[0];
    turn.pitch = Math.max(-1.5, Math.min(1.5, turn.pitch + step[1]));
    showViews();
  });
}

/** Tell who else shows the chosen driver. @param {(index: number) => void} listener */
export function whenChosen(listener) {
  onChoice = listener;
}

/** Choose a driver. @param {number} index */
export function choose(index) {
  chosen = index;
  for (const made of views) {
    for (const element of made.svg.querySelectorAll(".driver")) {
      element.classList.toggle("chosen", Number(/** @type {HTMLElement} */ (element).dataset.index) === index);
    }
  }
  onChoice(index);
}

/** Draw the document's cabinet and drivers. */
export function showViews() {
  const cabinet = shown.values.cabinet ?? {};
  const drivers = shown.values.driver ?? [];
  const size = reach(cabinet) * MARGIN;
  for (const made of views) {
    const focused = made.svg.contains(document.activeElement)
      ? /** @type {HTMLElement} */ (document.activeElement)?.dataset.index
      : undefined;
    made.svg.setAttribute("viewBox", `${-size} ${-size} ${2 * size} ${2 * size}`);
    const shapes = drivers
      .map((/** @type {any} */ driver, /** @type {number} */ index) => drawDriver(made, cabinet, driver, index, size))
      .sort((/** @type {any} */ a, /** @type {any} */ b) => a.depth - b.depth);
    made.svg.replaceChildren(...outline(made, cabinet), ...shapes.map((/** @type {any} */ shape) => shape.element));
    if (focused !== undefined) /** @type {any} */ (made.svg.querySelector(`[data-index="${focused}"]`))?.focus();
  }
}

/** @param {View} made @param {any} cabinet */
function outline(made, cabinet) {
  const size = reach(cabinet);
  if (cabinet.shape === "baffle") {
    const [w, t] = [Number(cabinet.width_m) / 2, Number(cabinet.height_m) / 2];
    const depth = 0.15 * size;
    const front = [
      [0, w, -t],
      [0, -w, -t],
      [0, -w, t],
      [0, w, t],
    ];
    const back = front.map(([, y, z]) => [depth, y, z]);
    const faces = [back, ...front.map((p, i) => [p, front[(i + 1) % 4], back[(i + 1) % 4], back[i]]), front];
    return faces.map((face) => s("path", { class: "cabinet", d: path(/** @type {Point[]} */ (face), made, true) }));
  }
  const shapes = [s("circle", { class: "cabinet", r: size })];
  if (made.name !== "turned") return shapes;
  for (const angle of [0, 30, 60, 90, 120, 150]) {
    const a = (angle * Math.PI) / 180;
    shapes.push(
      ring((t) => [size * Math.cos(a) * Math.cos(t), size * Math.sin(a) * Math.cos(t), size * Math.sin(t)], made),
    );
  }
  for (const height of [-0.5, 0, 0.5]) {
    const r = size * Math.sqrt(1 - height * height);
    shapes.push(ring((t) => [r * Math.cos(t), r * Math.sin(t), size * height], made));
  }
  return shapes;
}

/** The part of a circle that is in front. @param {(t: number) => Point} at @param {View} made */
function ring(at, made) {
  let d = "";
  let drawing = false;
  for (let step = 0; step <= 72; step += 1) {
    const [x, y, depth] = made.project(at((step * Math.PI) / 36));
    d += depth >= 0 ? `${drawing ? "L" : "M"}${x.toFixed(5)} ${y.toFixed(5)}` : "";
    drawing = depth >= 0;
  }
  return s("path", { class: "mesh", d });
}

/** @param {Point[]} points @param {View} made @param {boolean} closed */
function path(points, made, closed) {
  const drawn = points.map((point) => made.project(point)).map(([x, y]) => `${x.toFixed(5)} ${y.toFixed(5)}`);
  return `M${drawn.join("L")}${closed ? "Z" : ""}`;
}

/** @param {View} made @param {any} cabinet @param {any} driver @param {number} index @param {number} size */
function drawDriver(made, cabinet, driver, index, size) {
  const colour = COLOURS[index % COLOURS.length];
  const [x, y, depth] = made.project(place(cabinet, driver));
  const behind = depth < -0.2 * reach(cabinet) && cabinet.shape !== "baffle" && made.name !== "top";
  const faulty = shown.faults.some((fault) => fault.key.startsWith(`driver.${index}.`));
  const where =
    cabinet.shape === "baffle"
      ? `${driver.y_m ?? 0} m to the left, ${driver.z_m ?? 0} m up`
      : `azimuth ${driver.azimuth_deg ?? 0}°, elevation ${driver.elevation_deg ?? 0}°`;
  const movable = made.name !== "turned";
  const away = Math.hypot(x, y) || 1;
  const label = 0.22 * size;
  const flat = cabinet.shape === "baffle";
  // Names of many drivers in a row would lie on one another: those that are not chosen show their channel.
  const text = flat && index !== chosen ? String(driver.channel ?? index) : (driver.name ?? "");
  const [lx, ly] = flat
    ? [x, y + (index === chosen ? -0.24 : 0.2) * size]
    : [x + (x / away) * label * 0.9, y + (y / away) * label * 0.6];
  const element = s(
    "g",
    {
      class: `driver${behind ? " behind" : ""}${index === chosen ? " chosen" : ""}${faulty ? " faulty" : ""}`,
      "data-index": index,
      ...(movable
        ? {
            tabindex: "0",
            role: "slider",
            "aria-label": `driver ${driver.name ?? index}, ${made.name === "top" ? "from above" : "in front view"}`,
            "aria-valuenow": Math.round(Number(driver.azimuth_deg ?? 100 * (driver.y_m ?? 0))),
            "aria-valuetext": where,
          }
        : { "aria-hidden": "true" }),
    },
    s("title", { text: `${driver.name}: ${where}` }),
    s("circle", { class: "area", cx: x, cy: y, r: 0.2 * size }),
    s("path", { class: "shape", d: path(rim(cabinet, driver), made, true), stroke: colour, fill: colour }),
    s("text", {
      x: lx,
      y: ly,
      "text-anchor": "middle",
      "dominant-baseline": "middle",
      style: `font-size:${0.105 * size}px`,
      text,
    }),
  );
  if (movable) {
    element.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => drag(made, index, event));
    element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => nudge(made, index, event));
  }
  return { element, depth: made.name === "top" ? p0(cabinet, driver) : depth };
}

/** @param {any} cabinet @param {any} driver */
function p0(cabinet, driver) {
  return place(cabinet, driver)[2];
}

/** @param {View} made @param {number} index @param {PointerEvent} event */
function drag(made, index, event) {
  event.preventDefault();
  choose(index);
  const gesture = newGesture();
  const matrix = made.svg.getScreenCTM()?.inverse();
  if (!matrix) return;
  made.svg.setPointerCapture(event.pointerId);
  const move = (/** @type {PointerEvent} */ e) => {
    const at = new DOMPoint(e.clientX, e.clientY).matrixTransform(matrix);
    put(
      index,
      moved(shown.values.cabinet, shown.values.driver[index], made.name === "top" ? "top" : "front", at.x, at.y),
      gesture,
    );
  };
  made.svg.addEventListener("pointermove", move);
  const end = () => {
    made.svg.removeEventListener("pointermove", move);
    /** @type {any} */ (made.svg.querySelector(`[data-index="${index}"]`))?.focus({ preventScroll: true });
  };
  made.svg.addEventListener("pointerup", end, { once: true });
  made.svg.addEventListener("pointercancel", end, { once: true });
}

/** @param {View} made @param {number} index @param {KeyboardEvent} event */
function nudge(made, index, event) {
  choose(index);
  if (event.key === "Delete") {
    order("document.remove", { index });
    return;
  }
  const by = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!by) return;
  event.preventDefault();
  const [cabinet, driver] = [shown.values.cabinet, shown.values.driver[index]];
  const times = event.shiftKey ? 5 : 1;
  if (cabinet.shape === "baffle") {
    const step = 0.005 * times;
    put(
      index,
      by[0]
        ? { y_m: Number(((driver.y_m ?? 0) + by[0] * step).toFixed(4)) }
        : { z_m: Number(((driver.z_m ?? 0) + by[1] * step).toFixed(4)) },
    );
  } else if (by[0]) {
    const azimuth = (driver.azimuth_deg ?? 0) + by[0] * times;
    put(index, { azimuth_deg: azimuth > 180 ? azimuth - 360 : azimuth < -180 ? azimuth + 360 : azimuth });
  } else {
    put(index, { elevation_deg: Math.max(-90, Math.min(90, (driver.elevation_deg ?? 0) + by[1] * times)) });
  }
}

/** @param {number} index @param {Record<string, number>} keys @param {string} [gesture] */
function put(index, keys, gesture) {
  setKeys(
    Object.entries(keys).map(([key, value]) => ({ path: ["driver", index, key], value })),
    gesture,
  );
}
