// The questions that the page asks by itself.
import { make } from "./dom.js";
import { askPairs } from "./pairs.js";
import { askSuggestions } from "./suggest.js";

/** @type {[string, string, () => void][]} */
const QUESTIONS = [["Same as?", "q", askPairs], ["Suggestions", "j", askSuggestions]];

/** The buttons of the questions. */
export function questions() {
  return make("span", { class: "questions" }, ...QUESTIONS.map(([text, key, act]) => make("button", { text, title: `${text} (${key.toUpperCase()})`, on: { click: act } })));
}

/** @param {KeyboardEvent} event @returns {boolean} whether the key was for a question */
export function key(event) {
  const wanted = QUESTIONS.find(([, key]) => key === event.key);
  if (!wanted || event.ctrlKey || event.metaKey) return false;
  wanted[2]();
  return true;
}
