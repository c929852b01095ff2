// Decisions of this window, and their undo. Each is on the disk before it is said to be saved.
import { ask, trying } from "./api.js";
import { count, say } from "./dom.js";
import { refresh } from "./store.js";

/**
 * @param {{action: string, name?: string, rows?: Iterable<number>, group?: string, looked?: boolean, filter?: any}} what
 * @returns {Promise<any>} the server's answer; undefined where it was refused
 */
export async function decide(what) {
  const said = { ...what };
  if (what.rows) said.rows = Array.from(what.rows);
  const answer = await trying(() => ask("/decide", said));
  if (!answer) return undefined;
  const word = { name: `named “${what.name}”`, reject: "rejected", unsure: "put aside as not sure" }[what.action];
  say(`${count(answer.crops, "crop")} ${word}; saved`);
  await refresh();
  return answer;
}

/** Take back the last decision, or bring it back. @param {"undo"|"redo"} which */
export async function back(which) {
  const answer = await trying(() => ask("/back", { which }));
  if (!answer) return;
  say(answer.said);
  await refresh();
}
