// A question: a dialog with buttons, each of which has a key.
import { get, letter, make } from "./dom.js";
import { show } from "./thumbs.js";

/**
 * @param {string} title
 * @param {(Node|string)[]} inside
 * @param {[string, string, () => any, string?][]} buttons text, key, what it does, class
 * @param {() => void} [left] when the dialog is left
 */
export function panel(title, inside, buttons, left) {
  const dialog = get("asking");
  const line = make("div", { class: "line foot" }, ...buttons.map(([text, key, act, kind]) => make("button", { text: `${text} (${key === " " ? "Space" : key.length === 1 ? key.toUpperCase() : key})`, class: kind ?? null, "data-key": key, on: { click: act } })),
    make("button", { text: "Leave (Esc)", on: { click: () => dialog.close() } }));
  dialog.replaceChildren(make("h2", { text: title }), ...inside, line);
  dialog.onkeydown = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/** @type {HTMLElement} */ (event.target).matches("input[type=text]")) return;
    const wanted = buttons.find(([, key]) => key === letter(event));
    if (!wanted) return;
    if (/** @type {HTMLElement} */ (event.target).matches("button, [role=button], input") && [" ", "Enter"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    wanted[2]();
  };
  dialog.onclose = () => left?.();
  if (!dialog.open) dialog.showModal();
  dialog.tabIndex = -1;
  dialog.focus();
}

/** Close the question. */
export const closePanel = () => get("asking").close();

/** Whether there still is a question: an answer may come after it was left. */
export const isOpen = () => get("asking").open;

/** Some crops side by side. @param {number[]} rows @param {string} [kind] */
export function strip(rows, kind = "") {
  const box = make("div", { class: `strip ${kind}` });
  for (const row of rows) {
    const image = /** @type {HTMLImageElement} */ (make("img", { alt: "" }));
    show(image, row);
    box.append(image);
  }
  return box;
}
