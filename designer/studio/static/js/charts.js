// @ts-check
/** Charts by Plotly, in the colours of the page. */

import { h } from "./dom.js";

/** @typedef {{caption: string, data: any[], layout: any}} Chart */
/** @typedef {{element: HTMLElement, plot: HTMLElement, caption: HTMLElement}} Figure */
/** What waits for a place to come into view. @type {Map<Element, () => void>} */
const waiting = new Map();
/** Places in view. @type {Set<Element>} */
const inView = new Set();
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) inView.add(target);
      else inView.delete(target);
      if (isIntersecting) waiting.get(target)?.();
      if (isIntersecting) waiting.delete(target);
    }
  },
  { rootMargin: "150px" },
);

const HEIGHT_PX = 330;
const PALE = "#222222";
const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: "reset" };

/** @returns {any} */
function plotly() {
  return /** @type {any} */ (window).Plotly;
}

/** A place for a chart, of fixed height, so that nothing moves when it is drawn. @param {string} name @param {string} title @returns {Figure} */
export function figure(name, title) {
  const plot = h("div", { class: "plot", id: `chart-${name}`, role: "img", "aria-label": title });
  observer.observe(plot);
  const caption = h("figcaption", {}, h("b", { text: `${title}. ` }), h("span", { text: "" }));
  return { element: h("figure", {}, plot, caption), plot, caption: /** @type {any} */ (caption.lastChild) };
}

/**
 * Draw a chart, with those of other designs behind it, as soon as its place is in view.
 * @param {Figure} place
 * @param {Chart} chart
 * @param {{name: string, chart: Chart}[]} others
 */
export function draw(place, chart, others = []) {
  place.caption.textContent = chart.caption;
  if (inView.has(place.plot)) drawNow(place, chart, others);
  else waiting.set(place.plot, () => drawNow(place, chart, others));
}

/** @param {Figure} place @param {Chart} chart @param {{name: string, chart: Chart}[]} others */
function drawNow(place, chart, others) {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const [text, grid] = [colour("--text"), colour("--grid")];
  const data = structuredClone(chart.data);
  for (const other of others) {
    for (const trace of other.chart?.data ?? []) {
      if (!trace.line || trace.name === "target") continue;
      data.push({
        ...structuredClone(trace),
        name: `${other.name}: ${trace.name}`,
        opacity: 0.75,
        line: { ...trace.line, width: 1.5, dash: "dashdot" },
      });
    }
  }
  for (const trace of data) if (trace.line?.color === PALE) trace.line.color = text;
  const layout = structuredClone(chart.layout);
  layout.height = HEIGHT_PX;
  layout.font = { ...layout.font, color: text };
  layout.margin = { ...layout.margin, t: 56 };
  for (const key of Object.keys(layout)) {
    if (/^[xy]axis/.test(key)) Object.assign(layout[key], { gridcolor: grid, zerolinecolor: grid, linecolor: grid });
  }
  if (layout.polar)
    for (const axis of ["radialaxis", "angularaxis"])
      Object.assign(layout.polar[axis], { gridcolor: grid, linecolor: grid });
  layout.hovermode = "x unified";
  if (layout.polar || data[0]?.type === "heatmap") layout.hovermode = "closest";
  plotly().react(place.plot, data, layout, CONFIG);
}
