// @ts-check
/** Tabs after the ARIA pattern: arrows move between them. */

/** @type {HTMLElement[]} */
const tabs = [...document.querySelectorAll('[role="tab"]')].map((tab) => /** @type {HTMLElement} */ (tab));

/** Show a panel. @param {string} name such as "listen" @param {boolean} [focus] */
export function showTab(name, focus = false) {
  const wide = matchMedia("(min-width: 901px)").matches;
  if (name === "speaker" && wide) name = "results";
  document.documentElement.dataset.tab = name;
  for (const tab of tabs) {
    const isIt = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", String(isIt));
    tab.tabIndex = isIt ? 0 : -1;
    const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
    if (panel && panel.id !== "speaker") panel.hidden = !isIt;
    if (isIt && focus) tab.focus();
  }
  sessionStorage.setItem("tab", name);
  window.dispatchEvent(new Event("resize"));
}

export function buildTabs() {
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener("click", () => showTab(tab.id.slice(4)));
    tab.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[/** @type {KeyboardEvent} */ (event).key];
      if (by) showTab(tabs[(index + by + tabs.length) % tabs.length].id.slice(4), true);
    });
  }
  showTab(sessionStorage.getItem("tab") ?? (matchMedia("(min-width: 901px)").matches ? "results" : "speaker"));
  matchMedia("(min-width: 901px)").addEventListener("change", () => showTab(sessionStorage.getItem("tab") ?? "results"));
}
