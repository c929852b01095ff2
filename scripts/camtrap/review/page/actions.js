// What else can be done with a group: a button and a key each.

/** @param {import("./group.js").GroupView} view @returns {[string, string, () => void][]} */
export function actions(view) {
  return [];
}
