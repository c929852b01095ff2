// All good? Pages in order of similarity: "all good" doubles the step, "not all" halves it.
import { ask, trying } from "./api.js";
import { count, get, make, say } from "./dom.js";
import { askName } from "./name.js";
import { closePanel, isOpen, panel, strip } from "./panel.js";
import { refresh, store, title } from "./store.js";

/** @param {import("./group.js").GroupView} view */
export async function allGood(view) {
  const group = store.byId.get(view.id);
  const name = group?.name ?? (await askName({ crops: view.grid.rows.length, rows: [...view.grid.rows.subarray(0, 8)], group, whole: true }));
  if (name === null || name === undefined) return;
  /** @type {[number, boolean][]} */
  const answers = [];
  let said = await trying(() => ask("/pages", { group: view.id, filter: store.filter }));
  const end = async () => {
    if (!said.good) {
      closePanel();
      return say("not even the first page is good: split the group, or select crops");
    }
    const done = await trying(() => ask("/pages/end", { token: said.token, answers, name }));
    if (!done) return;
    closePanel();
    say(`${count(said.goodCrops, "crop")} “${name}”; saved. ${said.restCrops ? `${count(said.restCrops, "crop")} to look at one by one` : ""}`);
    await refresh();
    if (done.rest.length && group?.name !== null) view.show(Int32Array.from(done.rest), `Rest of ${title(group)}, from the first page that was not good`, { home: view.id });
  };
  const next = async () => {
    if (!said) return;
    if (said.page === null) return end();
    const answer = async (/** @type {boolean} */ fine) => {
      answers.push([said.page, fine]);
      said = await trying(() => ask("/pages", { token: said.token, answers }));
      if (isOpen()) next();
    };
    panel(`All “${name}”? Page ${said.page + 1} of ${said.pages}`, [strip(said.rows, "ten"),
      make("p", { class: "soft", text: `${count(answers.length, "page")} looked at; good so far: ${count(said.goodCrops, "crop")}` })],
    [["All good", "y", () => answer(true), "main"], ["Not all", "n", () => answer(false)]]);
    get("asking").classList.add("large");
  };
  next();
}
