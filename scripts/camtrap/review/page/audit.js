// The audit: random bursts of a named group; what is wrong is marked, and the rest of the screen is right.
import { ask, trying } from "./api.js";
import { count, make, say } from "./dom.js";
import { isOpen, panel, strip } from "./panel.js";
import { refresh, store, title } from "./store.js";

/** @param {import("./group.js").GroupView} view */
export async function audit(view) {
  const first = await trying(() => ask("/audit", { group: view.id }));
  if (first) screen(view, first);
}

/** @param {import("./group.js").GroupView} view @param {any} shown */
function screen(view, shown) {
  const name = title(store.byId.get(view.id));
  const percent = `${Math.round(100 * shown.level)} %`;
  if (shown.state !== "open") {
    const text = shown.state === "passed"
      ? `Passed: with 95 % confidence at least ${percent} of the bursts of “${shown.name}” are right (${shown.right} right, ${shown.wrong} wrong of ${shown.of}).`
      : `Failed: ${shown.wrong} of ${shown.right + shown.wrong} bursts were wrong. Correct the group (possible mistakes, split), then audit it again; the next audit asks for more.`;
    const again = async () => {
      const fresh = await trying(() => ask("/audit", { group: view.id, anew: true }));
      if (fresh) screen(view, fresh);
    };
    panel(`Audit of ${name}`, [make("p", { class: shown.state, text })], [["Audit again", "a", again]]);
    return;
  }
  /** @type {Set<number>} */
  const wrong = new Set();
  const cards = shown.bursts.map((/** @type {number[]} */ rows, /** @type {number} */ n) => {
    const card = make("div", { class: "burst", role: "button", tabindex: "0", "aria-pressed": "false", "aria-label": `burst ${n + 1}: right` }, strip(rows.slice(0, 3), "three"));
    const flip = () => {
      if (!wrong.delete(n)) wrong.add(n);
      card.setAttribute("aria-pressed", String(wrong.has(n)));
      card.setAttribute("aria-label", `burst ${n + 1}: ${wrong.has(n) ? "wrong" : "right"}`);
    };
    card.addEventListener("click", flip);
    card.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) cards[(n + step + cards.length) % cards.length].focus();
      else if (event.key === " " || event.key === "Enter") flip();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return card;
  });
  const save = async () => {
    const bursts = shown.bursts.map((/** @type {number[]} */ rows, /** @type {number} */ n) => [rows, !wrong.has(n)]);
    const next = await trying(() => ask("/audit/say", { ...shown, group: view.id, bursts }));
    if (!next) return;
    say("audit saved");
    await refresh();
    if (isOpen()) screen(view, next);
  };
  panel(`Audit of ${name}: are these all “${shown.name}”?`, [
    make("p", { class: "soft", text: `${count(shown.bursts.length, "burst")} drawn by chance of ${shown.of}. Mark the wrong ones (click, or arrows and Space), then save. No error passes at once; one error asks for a second screen (${shown.total} in all, at least ${percent} right).` }),
    make("div", { class: "bursts" }, ...cards)], [["Save: the unmarked ones are right", "Enter", save, "main"]]);
  cards[0]?.focus({ preventScroll: true });
}

