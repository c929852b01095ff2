// Names for groups without one, from what has been named or from another classifier; and possible mistakes of a named group.
import { ask, trying } from "./api.js";
import { count, make, say } from "./dom.js";
import { closePanel, panel, strip } from "./panel.js";
import { refresh, store, title } from "./store.js";

const LEAST = 0.4; // what is less alike than this is another kind, or looks like nothing that has a name

/** Show the suggestions; those that are ticked are accepted at once. */
export async function askSuggestions() {
  const found = await trying(() => ask("/suggestions", {}));
  if (!found) return;
  if (!found.length) return say("no crop without a name is left");
  const near = found.filter((/** @type {any} */ one) => one.cosine === null || one.cosine >= LEAST);
  if (!near.length) return say("no group without a name looks like one that has a name");
  const lines = near.map((/** @type {any} */ one) => {
    const box = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", "aria-label": `${title(store.byId.get(one.group))} is ${one.name}` }));
    box.checked = one.ticked;
    return { box, one };
  });
  const table = make("div", { class: "suggested" }, ...lines.map(({ box, one }) => make("label", { class: "row" }, box, strip(one.samples, "six"),
    make("span", { class: "grow" }, make("b", { text: one.name }), make("small", { text: ` ${title(store.byId.get(one.group))}: ${count(one.crops, "crop")}, ${Math.round(100 * one.share)} % of it, ${one.cosine === null ? "says the other classifier" : `alike ${one.cosine.toFixed(2)}`}` })),
    strip(one.like.slice(0, 3), "three"))));
  const accept = async () => {
    const groups = lines.filter(({ box }) => box.checked).map(({ one }) => one.group);
    if (!groups.length) return say("nothing is ticked");
    const done = await trying(() => ask("/suggestions/accept", { groups }));
    if (!done) return;
    closePanel();
    say(`${count(done.crops, "crop")} named; saved`);
    await refresh();
  };
  panel("Suggestions: left the group, right what has the name", [table, make("p", { class: "soft", text: "Only crops whose own suggestion is this name are named; the others of the group stay. What the other classifier says is for the whole group." }),
    make("p", { class: "soft", text: found.length > near.length ? `${count(found.length - near.length, "group")} look like nothing that has a name.` : "" })], [["Accept what is ticked", "Enter", accept, "main"]]);
}

/** @param {import("./group.js").GroupView} view */
export async function mistakes(view) {
  const found = await trying(() => ask("/mistakes", { group: view.id }));
  if (!found) return;
  if (!found.rows.length) return say("no crop of this group is nearer to another name");
  view.show(Int32Array.from(found.rows), `Possible mistakes in ${title(store.byId.get(view.id))}`, { home: view.id, badges: new Map(found.rows.map((/** @type {number} */ row, /** @type {number} */ n) => [row, found.names[n]])) });
}

/** Each crop of a group without a name, with its own suggestion. @param {import("./group.js").GroupView} view */
export async function own(view) {
  const found = await trying(() => ask("/own", { group: view.id }));
  if (!found) return;
  view.show(Int32Array.from(found.rows), `${title(store.byId.get(view.id))}, each with its own suggestion`, { home: view.id, badges: new Map(found.rows.map((/** @type {number} */ row, /** @type {number} */ n) => [row, found.names[n]])) });
}

/** Give the selected crops, or all, the name that each looks like. @param {import("./group.js").GroupView} view */
export async function takeOwn(view) {
  const rows = view.grid.selected.size ? [...view.grid.selected] : [...view.grid.rows];
  const done = await trying(() => ask("/mistakes/take", { rows }));
  if (!done) return;
  say(`${count(done.crops, "crop")} named anew; saved`);
  view.grid.selected.clear();
  await refresh();
}
