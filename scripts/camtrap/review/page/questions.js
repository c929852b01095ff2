// The questions that the page asks by itself; they are added here as they come.
import { make } from "./dom.js";

/** The buttons of the questions. */
export function questions() {
  return make("span", { class: "questions" });
}

/** @param {KeyboardEvent} event @returns {boolean} whether the key was for a question */
export function key(event) {
  return false;
}
