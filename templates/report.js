"use strict";
const config = { responsive: true, displayModeBar: false };
for (const [name, figure] of Object.entries(charts)) {
  Plotly.newPlot(name, figure.data, figure.layout, config);
}
// Paper has another width than the screen, and nothing on it unfolds.
function resize(width) {
  for (const name of Object.keys(charts)) {
    Plotly.relayout(name, width ? { width: width, autosize: false } : { width: null, autosize: true });
  }
}
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((element) => { element.open = true; });
  resize(330);
});
window.addEventListener("afterprint", () => resize(null));
document.documentElement.dataset.ready = String(Object.keys(charts).length);
