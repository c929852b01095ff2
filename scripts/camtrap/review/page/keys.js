// The keys, and the table that shows them.
import { get, make } from "./dom.js";

/** @type {[string, string][]} */
export const KEYS = [
  ["Arrows, Page, Home, End", "move among groups or crops"],
  ["Enter", "open a group; enlarge a crop"],
  ["W", "in a large crop: the whole picture, its box, the pictures before and after (arrows)"],
  ["Space", "select a crop"],
  ["Shift + arrows, Shift + click", "select up to there"],
  ["Ctrl + A, A", "select all, or none"],
  ["N", "name the selected crops, or the whole group"],
  ["X", "reject: no animal, or useless"],
  ["U", "not sure: put aside"],
  ["G", "all good? page by page, doubling while all are good"],
  ["O", "the selected crops belong to another group, which has no name yet"],
  ["S", "split the group, tried at once"],
  ["C", "possible mistakes of a named group (check)"],
  ["V", "audit: random bursts say how sure the name is (verify)"],
  ["K", "groups most like this one, nearest first"],
  ["Z, Shift + Z", "undo, redo: everything, any depth"],
  [".", "next question, in the order that takes the fewest looks"],
  ["I", "each crop's own suggestion, in a group without a name"],
  ["Q", "same as? pairs of groups most alike"],
  ["J", "suggestions: names for groups without one"],
  ["F", "filter"],
  ["M, L", "map; lasso"],
  ["B", "brighten dark pictures"],
  ["P", "show people, or blur them"],
  ["Esc", "back to all groups"],
  ["?", "these keys"],
];

/** Show the keys. */
export function showKeys() {
  const dialog = get("keys");
  dialog.replaceChildren(make("h2", { text: "Keys" }),
    make("table", {}, ...KEYS.map(([key, what]) => make("tr", {}, make("th", { scope: "row" }, make("kbd", { text: key })), make("td", { text: what })))),
    make("button", { text: "Close (Esc)", on: { click: () => dialog.close() } }));
  dialog.showModal();
}
