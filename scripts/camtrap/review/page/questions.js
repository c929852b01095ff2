// The questions that the page asks by itself.
import { ask, trying } from "./api.js";
import { letter, make, say } from "./dom.js";
import { askPairs } from "./pairs.js";
import { askSuggestions } from "./suggest.js";

const WHAT = {
  suggestions: "names for several groups: look, and accept", name: "the largest group without a name", own: "crops without a name, each with its own suggestion (I)",
  audit: "the largest name that was not audited (V)", mistakes: "possible mistakes of this name (C); where its audit failed, audit it again then (V)",
  done: "nothing is left to ask: every name was audited",
};

/** The next question, in the order that takes the fewest looks. */
async function askNext() {
  const next = await trying(() => ask("/next", {}));
  if (!next) return;
  say(WHAT[next.what]);
  if (next.what === "suggestions") askSuggestions();
  else if (next.group) location.hash = `#/g/${encodeURIComponent(next.group)}`;
}

/** @type {[string, string, () => void][]} */
const QUESTIONS = [["Next", ".", askNext], ["Same as?", "q", askPairs], ["Suggestions", "j", askSuggestions]];

/** The buttons of the questions. */
export function questions() {
  return make("span", { class: "questions" }, ...QUESTIONS.map(([text, key, act]) => make("button", { text, title: `${text} (${key.toUpperCase()})`, on: { click: act } })));
}

/** @param {KeyboardEvent} event @returns {boolean} whether the key was for a question */
export function key(event) {
  const wanted = QUESTIONS.find(([, key]) => key === letter(event));
  if (!wanted || event.ctrlKey || event.metaKey) return false;
  wanted[2]();
  return true;
}
