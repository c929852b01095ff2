// What else can be done with a group: a button and a key each.
import { ask, trying } from "./api.js";
import { audit } from "./audit.js";
import { allGood } from "./good.js";
import { mistakes, own, takeOwn } from "./suggest.js";
import { moveThem } from "./move.js";
import { splitGroup } from "./split.js";
import { store } from "./store.js";

/** @param {import("./group.js").GroupView} view @returns {[string, string, () => void][]} */
export function actions(view) {
  /** @type {[string, string, () => void]} */
  const move = ["To another group", "o", () => moveThem(view)];
  if (view.fixed.badges) return [["Take each crop's own suggestion", "t", () => takeOwn(view)], move];
  if (view.fixed.rows) return [move];
  const named = view.id.startsWith("n:");
  /** @type {[string, string, () => void][]} */
  const all = [["All good?", "g", () => allGood(view)], ["Split", "s", () => splitGroup(view)]];
  if (!named) all.push(["Own suggestions", "i", () => own(view)]);
  if (named) all.push(["Possible mistakes", "c", () => mistakes(view)], ["Audit", "v", () => audit(view)]);
  all.push(move, ["Most like this", "k", () => likeThis(view)]);
  return all;
}

/** All groups, the most like this one first. @param {import("./group.js").GroupView} view */
async function likeThis(view) {
  const ranks = await trying(() => ask("/like", { group: view.id }));
  if (!ranks) return;
  store.like = new Map(Object.entries(ranks));
  store.order = "like";
  view.on.home();
}
