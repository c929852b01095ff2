// Elements are made here, and text is only ever text: nothing that comes from a survey is read as HTML.

/**
 * @param {string} tag
 * @param {Object<string, any>} [with_] attributes; `on` holds listeners, `text` the text, `class` the class
 * @param {...(Node|string)} children
 * @returns {HTMLElement}
 */
export function make(tag, with_ = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(with_)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "text") element.textContent = value;
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** Bars side by side, as one element. @param {number[]} values @param {string} label */
export function bars(values, label) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const most = Math.max(...values, 1);
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", values.map((n, at) => (n ? `M${at} 1v-${Math.max(0.12, n / most).toFixed(2)}h.7V1z` : "")).join(""));
  for (const [name, value] of Object.entries({ class: "hours", role: "img", "aria-label": label, viewBox: `0 0 ${values.length} 1`, preserveAspectRatio: "none" })) svg.setAttribute(name, value);
  svg.append(path);
  return svg;
}

/**
 * The key as the table of keys has it: also with Caps Lock, and where the keyboard writes another alphabet.
 * @param {KeyboardEvent} event
 */
export function letter(event) {
  if (event.key.length !== 1) return event.key;
  const place = /^Key([A-Z])$/.exec(event.code);
  return (place && !/[ -~]/.test(event.key) ? place[1] : event.key).toLowerCase();
}

/** A name as names are compared when they are looked for: without accents and capitals. @param {string} text */
export const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** @param {string} id @returns {any} */
export const get = (id) => document.getElementById(id);

const written = new Intl.NumberFormat("en");
/** A whole number as people write it. @param {number} n */
export const number = (n) => written.format(n);

/** "1 crop", "12 crops". @param {number} n @param {string} word */
export const count = (n, word) => `${number(n)} ${word}${n === 1 ? "" : "s"}`;

let timer = 0;
/** Say something at the foot of the page, also to a screen reader. @param {string} text @param {boolean} [bad] */
export function say(text, bad = false) {
  const box = get("said");
  box.textContent = text;
  box.className = bad ? "bad shown" : "shown";
  clearTimeout(timer);
  timer = setTimeout(() => (box.className = bad ? "bad" : ""), bad ? 12000 : 4000);
}
