// @ts-check
/** Inputs of one key: number, choice, flag, text, file, list or roles. */

import { h } from "./dom.js";
import { newGesture, setKeys, unset } from "./edit.js";
import { order } from "./link.js";

/** @typedef {import("./controls.js").Control} Control */
/** @typedef {{elements: HTMLElement[], show: (value: any, given: boolean) => void}} Field */

const ROLES = ["crosstalk", "beamformer"];

/**
 * Build the inputs of a key.
 * @param {string} id
 * @param {(string | number)[]} path
 * @param {Control} control
 * @param {string[]} heads
 * @returns {Field}
 */
export function field(id, path, control, heads) {
  if (control.key === "shape") return shape(id);
  if (control.kind === "choice")
    return choice(
      id,
      path,
      control.choices.map((value) => [value, String(value)]),
    );
  if (control.kind === "flag")
    return choice(id, path, [
      [true, "yes"],
      [false, "no"],
    ]);
  if (control.kind === "file") return file(id, path, heads);
  if (control.kind === "roles") return roles(id, path);
  if (control.kind === "number" || control.kind === "integer") return number(id, path, control);
  return text(id, path, control.kind === "list");
}

/** @param {HTMLElement} element @returns {boolean} whether the user is at it */
function busy(element) {
  return element === document.activeElement;
}

/** @param {string} id @param {(string | number)[]} path @param {Control} control @returns {Field} */
function number(id, path, control) {
  const bounds = { min: control.low, max: control.high, step: control.step ?? "any" };
  let gesture = newGesture();
  const input = h("input", { type: "number", id, ...bounds, step: "any", inputmode: "decimal" });
  const slider =
    control.low !== null && control.high !== null
      ? h("input", { type: "range", ...bounds, "aria-labelledby": `${id}-label` })
      : null;
  const word = control.choices.length
    ? h(
        "select",
        { "aria-labelledby": `${id}-label` },
        h("option", { value: "", text: "left out" }),
        ...control.choices.map((value) => h("option", { value, text: value })),
        h("option", { value: "#", text: "number" }),
      )
    : null;
  const send = (/** @type {string} */ value) => {
    if (value !== "") setKeys([{ path, value: Number(value) }], gesture);
  };
  slider?.addEventListener("pointerdown", () => {
    gesture = newGesture();
  });
  slider?.addEventListener("input", () => {
    input.value = slider.value;
    send(slider.value);
  });
  input.addEventListener("focus", () => {
    gesture = newGesture();
  });
  input.addEventListener("change", () => (input.value === "" && !control.required ? unset(path) : send(input.value)));
  word?.addEventListener("change", () => {
    if (word.value === "") unset(path);
    else setKeys([{ path, value: word.value === "#" ? Number(slider?.value ?? control.low) : word.value }]);
  });
  return {
    elements: [slider, word, input].filter((element) => element !== null),
    show(value, given) {
      const isNumber = typeof value === "number";
      if (!busy(input) || !given) input.value = isNumber ? String(Number(value.toPrecision(9))) : "";
      input.placeholder = isNumber ? "" : word ? "" : "left out";
      // A key that is left out has no place on the slider: it waits at zero, or at its lowest value.
      if (slider && !busy(slider)) slider.value = String(isNumber ? value : Math.max(0, control.low ?? 0));
      if (word && !busy(word)) word.value = isNumber ? "#" : (value ?? "");
    },
  };
}

/** @param {string} id @param {(string | number)[]} path @param {[any, string][]} values @returns {Field} */
function choice(id, path, values) {
  const select = h(
    "select",
    { id },
    ...values.map(([value, label]) => h("option", { value: JSON.stringify(value), text: label })),
  );
  select.addEventListener("change", () => setKeys([{ path, value: JSON.parse(select.value) }]));
  return {
    elements: [select],
    show(value) {
      select.value = JSON.stringify(value ?? null);
    },
  };
}

/** @param {string} id @returns {Field} */
function shape(id) {
  const select = h(
    "select",
    { id },
    h("option", { value: "sphere", text: "sphere" }),
    h("option", { value: "baffle", text: "flat baffle" }),
  );
  select.addEventListener("change", () => order("document.shape", { shape: select.value }));
  return {
    elements: [select],
    show(value) {
      select.value = value;
    },
  };
}

/** @param {string} id @param {(string | number)[]} path @param {string[]} heads @returns {Field} */
function file(id, path, heads) {
  const input = h("input", { type: "text", id, list: `${id}-list`, placeholder: "left out", spellcheck: "false" });
  const known = h("datalist", { id: `${id}-list` }, ...heads.map((value) => h("option", { value })));
  input.addEventListener("change", () => (input.value === "" ? unset(path) : setKeys([{ path, value: input.value }])));
  return {
    elements: [input, known],
    show(value) {
      if (!busy(input)) input.value = value ?? "";
    },
  };
}

/** @param {string} id @param {(string | number)[]} path @returns {Field} */
function roles(id, path) {
  const boxes = ROLES.map((role, index) =>
    h("input", { type: "checkbox", id: index ? `${id}-${role}` : id, value: role }),
  );
  const send = () => setKeys([{ path, value: boxes.filter((box) => box.checked).map((box) => box.value) }]);
  for (const box of boxes) box.addEventListener("change", send);
  const group = h(
    "div",
    { class: "flags", role: "group", "aria-labelledby": `${id}-label` },
    ...boxes.map((box) => h("label", {}, box, box.value)),
  );
  return {
    elements: [group],
    show(value) {
      for (const box of boxes) box.checked = (value ?? []).includes(box.value);
    },
  };
}

/** @param {string} id @param {(string | number)[]} path @param {boolean} isList @returns {Field} */
function text(id, path, isList) {
  const input = h("input", { type: "text", id, placeholder: "left out", spellcheck: "false" });
  input.addEventListener("change", () => {
    if (input.value.trim() === "" && isList) unset(path);
    else if (!isList) setKeys([{ path, value: input.value }]);
    else {
      try {
        setKeys([{ path, value: JSON.parse(input.value.trim().startsWith("[") ? input.value : `[${input.value}]`) }]);
        input.setCustomValidity("");
      } catch {
        input.setCustomValidity("Write numbers with commas between them, pairs in brackets: [200, 0], [500, 7]");
        input.reportValidity();
      }
    }
  });
  return {
    elements: [input],
    show(value) {
      if (busy(input)) return;
      input.value =
        value === null || value === undefined
          ? ""
          : isList
            ? JSON.stringify(value).slice(1, -1).replaceAll(",", ", ")
            : String(value);
    },
  };
}
