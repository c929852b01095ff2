// A group split, tried at once: the parts are shown, and kept only on a yes.
import { ask, bytes, trying } from "./api.js";
import { count, make, say } from "./dom.js";
import { closePanel, panel, strip } from "./panel.js";
import { refresh, store, title } from "./store.js";

/** @param {import("./group.js").GroupView} view */
export async function splitGroup(view) {
  say("splitting …");
  const found = await trying(() => ask("/split", { group: view.id }));
  if (!found) return;
  const open = async (/** @type {number} */ part) => {
    const data = await trying(() => bytes("/split/rows", { token: found.token, part }));
    if (!data) return;
    closePanel();
    const tiles = new Int32Array(data);
    view.show(tiles.slice(0, tiles.length / 3), `Part ${part + 1} of ${title(store.byId.get(view.id))}`, { home: view.id });
  };
  const parts = make("div", { class: "suggested" }, ...found.parts.map((/** @type {any} */ part, /** @type {number} */ n) => make("div", { class: "row" },
    make("b", { text: `Part ${n + 1}` }), strip(part.samples, "eight"), make("span", { text: `${count(part.crops, "crop")}, ${count(part.bursts, "burst")}` }),
    make("button", { text: "Look", on: { click: () => open(n) } }))));
  const keep = async () => {
    const done = await trying(() => ask("/split/keep", { token: found.token }));
    if (!done) return;
    closePanel();
    say(`${count(done.groups.length, "group")} of one; saved`);
    await refresh();
  };
  panel(`${title(store.byId.get(view.id))} would be ${count(found.parts.length, "part")}`,
    [parts, make("p", { class: "soft", text: found.keep ? "Nothing is changed before you keep them." : "A group with a name keeps it: look at a part, and name its crops otherwise." })],
    found.keep ? [["Keep these parts", "Enter", keep, "main"]] : []);
}
