// Crops that belong to another group, which has no name yet; to one that has a name they go by it.
import { ask, trying } from "./api.js";
import { count, make, say } from "./dom.js";
import { closePanel, panel, strip } from "./panel.js";
import { refresh, store, title } from "./store.js";

/** @param {import("./group.js").GroupView} view */
export async function moveThem(view) {
  const rows = view.grid.selected.size ? [...view.grid.selected] : view.fixed.rows ? [...view.grid.rows] : [];
  if (!rows.length) return say("select the crops that belong to another group first");
  const found = await trying(() => ask("/move", { rows }));
  if (!found) return;
  const groups = found.map((/** @type {string} */ id) => store.byId.get(id)).filter(Boolean);
  if (!groups.length) return say("there is no other group without a name: name these crops");
  const to = async (/** @type {import("./store.js").Group} */ group) => {
    const done = await trying(() => ask("/move/to", { rows, group: group.id }));
    if (!done) return;
    closePanel();
    say(`${count(done.crops, "crop")} moved to ${title(group)}; saved`);
    view.grid.selected.clear();
    await refresh();
  };
  const lines = groups.map((/** @type {import("./store.js").Group} */ group) => make("button", { class: "row", on: { click: () => to(group) } },
    strip(group.samples.slice(0, 6), "six"), make("span", { class: "grow" }, make("b", { text: title(group) }), make("small", { text: ` ${count(group.crops, "crop")}, ${count(group.bursts, "burst")}` }))));
  panel(`${count(rows.length, "crop")}: to which group?`, [strip(rows.slice(0, 8), "eight"),
    make("p", { class: "soft", text: "Groups without a name, the most alike first (Tab and Enter). To a group with a name: press N, and type it." }),
    make("div", { class: "suggested" }, ...lines)], []);
  lines[0].focus();
}
