// "Same as?": the pairs of groups that are most alike, several crops of each.
import { ask, trying } from "./api.js";
import { count, make, say } from "./dom.js";
import { closePanel, isOpen, panel, strip } from "./panel.js";
import { refresh, store, title } from "./store.js";

/** Ask for one pair after another. */
export async function askPairs() {
  const pairs = await trying(() => ask("/pairs", {}));
  if (!pairs) return;
  const next = () => {
    const pair = pairs.shift();
    if (!pair) {
      closePanel();
      return say("no more pairs to ask");
    }
    const [a, b] = [store.byId.get(pair.a), store.byId.get(pair.b)];
    if (!a || !b) return next();
    const half = (/** @type {import("./store.js").Group} */ group) => make("figure", { class: "side" }, make("figcaption", { text: `${title(group)}: ${count(group.crops, "crop")}` }), strip(group.samples, "wide"));
    const answer = async (/** @type {string} */ what) => {
      const done = await trying(() => ask("/pairs/answer", { a: pair.a, b: pair.b, answer: what }));
      if (done && what !== "unsure") await refresh();
      if (done && isOpen()) next();
    };
    const joined = [a, b].find((group) => group.name !== null);
    panel("Same kind?", [
      make("div", { class: "pair" }, half(a), half(b)),
      make("p", { class: "soft", text: `alike ${pair.cosine.toFixed(2)} · ${joined ? `“same” gives both the name “${joined.name}”` : "“same” makes one group of them"} · ${count(pairs.length, "more pair")}` }),
    ], [["Same", "y", () => answer("same"), "main"], ["Different", "n", () => answer("different")], ["Not sure", " ", () => answer("unsure")]]);
  };
  next();
}
