// The overview: each group as a card with several of its crops.
import { bars, count, letter, make, number } from "./dom.js";
import { decide } from "./decide.js";
import { store, title } from "./store.js";
import { filters } from "./filters.js";
import { questions } from "./questions.js";
import { show } from "./thumbs.js";

/** @typedef {import("./store.js").Group} Group */

const ORDERS = {
  size: ["largest first", (/** @type {Group} */ g) => -g.crops],
  small: ["smallest first", (/** @type {Group} */ g) => g.crops],
  unsure: ["least sure first", (/** @type {Group} */ g) => g.sure],
  unnamed: ["unnamed first", (/** @type {Group} */ g) => (g.kind === "open" ? -1e9 : 0) - g.crops],
  name: ["by name", (/** @type {Group} */ g) => (g.name ?? "\uffff").toLowerCase()],
  like: ["most like the chosen one", (/** @type {Group} */ g) => store.like?.get(g.id) ?? 1e9],
};

/** @param {Group[]} groups */
export function ordered(groups) {
  const by = ORDERS[store.order][1];
  const last = (/** @type {Group} */ g) => (["rejected", "unsure"].includes(g.kind) ? 1 : 0);
  return [...groups].sort((a, b) => last(a) - last(b) || (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : b.crops - a.crops));
}

/** What the last audit of a name proved. @param {Group} group */
function audited({ audit }) {
  if (!audit) return "";
  if (audit.state === "failed") return `audit failed: ${audit.wrong} of ${audit.looked} bursts wrong`;
  if (audit.state === "open") return "audit not finished";
  return `audit: at least ${Math.floor(100 * audit.bound)} % right`;
}

export class Cards {
  /** @param {HTMLElement} work @param {{open: (id: string) => void, name: (group: Group) => void}} on */
  constructor(work, on) {
    this.work = work;
    this.on = on;
    /** @type {string|null} */
    this.chosen = null;
    this.order = make("select", { "aria-label": "Order of the groups", on: { change: () => { store.order = /** @type {any} */ (this.order).value; this.draw(); } } },
      ...Object.entries(ORDERS).filter(([key]) => key !== "like").map(([key, [text]]) => make("option", { value: key, text })));
    this.left = make("p", { class: "left" });
    this.list = make("div", { class: "cards", role: "list" });
    /** @type {Map<string, {of: string, card: HTMLElement}>} */
    this.made = new Map();
    this.filters = filters();
    // small pictures are asked for when their card comes near the screen
    this.near = new IntersectionObserver((seen) => {
      for (const { isIntersecting, target } of seen) if (isIntersecting) this.fill(/** @type {HTMLElement} */ (target));
    }, { rootMargin: "500px" });
    work.replaceChildren(
      make("div", { class: "line" }, this.left, make("span", { class: "grow" }), questions(), make("label", {}, "Order ", this.order)),
      this.filters.element,
      make("div", { class: "scroll" }, this.list),
    );
    this.draw();
  }

  close() {
    this.near.disconnect();
  }

  /** @param {HTMLElement} card */
  fill(card) {
    this.near.unobserve(card);
    for (const image of card.querySelectorAll("img")) show(image, Number(image.dataset.wanted));
  }

  draw() {
    const remaining = store.remaining;
    if (!remaining) return;
    const likes = store.order === "like";
    if (likes && !this.order.querySelector("[value=like]")) this.order.append(make("option", { value: "like", text: ORDERS.like[0] }));
    this.left.replaceChildren(
      remaining.open
        ? make("span", {}, make("b", { text: count(remaining.openGroups, "group") }), ` without a name: ${count(remaining.open, "crop")} in ${count(remaining.openBursts, "burst")}`)
        : make("b", { text: "Everything has a name." }));
    this.filters.draw();
    const groups = ordered(store.groups);
    /** @type {any} */ (this.order).value = store.order;
    const scroll = this.list.parentElement.scrollTop;
    const focused = /** @type {HTMLElement|null} */ (document.activeElement)?.closest?.(".card")?.getAttribute("data-id");
    this.put(groups.map((group) => this.kept(group)));
    for (const id of this.made.keys()) if (!store.byId.has(id)) this.made.delete(id);
    if (!groups.length) this.list.append(make("p", { class: "nothing", text: "No crop passes this filter." }));
    this.list.parentElement.scrollTop = scroll;
    if (focused) this.list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus?.();
  }

  /** The card of a group; as long as nothing of it changes it is the same element. @param {Group} group */
  kept(group) {
    const of = JSON.stringify(group), made = this.made.get(group.id);
    if (made?.of === of) return made.card;
    const card = this.card(group);
    this.made.set(group.id, { of, card });
    this.near.observe(card);
    return card;
  }

  /** Show these cards. One that stays where it is is not touched: who presses the button on it meanwhile has clicked it. @param {HTMLElement[]} cards */
  put(cards) {
    const staying = new Set(/** @type {Element[]} */ (cards));
    for (const old of [...this.list.children]) if (!staying.has(old)) old.remove();
    cards.forEach((card, at) => {
      if (this.list.children[at] !== card) this.list.insertBefore(card, this.list.children[at] ?? null);
    });
  }

  /** @param {Group} group */
  card(group) {
    const strip = make("div", { class: "strip" });
    for (const row of group.samples.slice(0, 6)) {
      const image = /** @type {HTMLImageElement} */ (make("img", { alt: "", draggable: "false" }));
      image.dataset.wanted = String(row);
      strip.append(image);
    }
    const stations = group.stations.map(([code]) => store.survey?.stations[code]).filter((s) => s !== undefined);
    const name = make("span", { class: "name", text: title(group) });
    const hours = bars(group.hours, `hours of the day, most at ${group.hours.indexOf(Math.max(...group.hours))} o'clock`);
    const facts = [count(group.crops, "crop"), count(group.bursts, "burst")];
    const notes = []; // what is cut off where a card is narrow comes last
    const sure = audited(group);
    if (sure) notes.push(sure);
    if (group.new) notes.push(`${number(group.new)} new`);
    if (group.kind === "named" && group.looked) notes.push(`${number(group.looked)} looked at`);
    if (group.kind === "open") notes.push(`sure ${group.sure.toFixed(2)}`);
    if (group.called) notes.push(`the other classifier: ${group.called.name}, ${Math.round(100 * group.called.share)} %`);
    const told = [...notes, stations.slice(0, 2).join(", ") + (group.nStations > 2 ? ` +${group.nStations - 2}` : "")].filter(Boolean).join(" · ");
    const card = make("article", { class: `card ${group.kind}`, role: "listitem", tabindex: "0", "data-id": group.id,
      "aria-label": `${title(group)}, ${facts.join(", ")}${group.kind === "open" ? ", no name yet" : sure ? `, ${sure}` : ""}`,
      on: {
        click: () => this.on.open(group.id),
        focus: () => (this.chosen = group.id),
        keydown: (/** @type {KeyboardEvent} */ event) => this.key(event, group),
      } },
      strip,
      make("div", { class: "what" }, make("span", { class: "dot", "data-number": group.number }), name, hours),
      make("p", { class: "facts", text: facts.join(" · ") }),
      make("p", { class: "facts soft", title: told, text: told }),
    );
    /** @type {HTMLElement} */ (card.querySelector(".dot")).style.background = colour(group.number);
    return card;
  }

  /** @param {KeyboardEvent} event @param {Group} group */
  key(event, group) {
    const cards = /** @type {HTMLElement[]} */ ([...this.list.children]);
    const at = cards.indexOf(/** @type {HTMLElement} */ (event.currentTarget));
    const across = cards.filter((card) => card.offsetTop === cards[0].offsetTop).length || 1;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[event.key];
    if (step !== undefined) cards[Math.max(0, Math.min(cards.length - 1, at + step))].focus();
    else if (event.key === "Enter") this.on.open(group.id);
    else if (letter(event) === "n") this.on.name(group);
    else if (letter(event) === "x") decide({ action: "reject", group: group.id, filter: store.filter });
    else if (letter(event) === "u") decide({ action: "unsure", group: group.id, filter: store.filter });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Keys that reach no card: the first one takes the focus. @param {KeyboardEvent} event */
  press(event) {
    if (["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(event.key)) {
      /** @type {HTMLElement|null} */ (this.list.querySelector(this.chosen ? `[data-id="${CSS.escape(this.chosen)}"]` : ".card") ?? this.list.firstElementChild)?.focus();
      return true;
    }
    if (letter(event) === "f") {
      this.filters.toggle();
      return true;
    }
    return false;
  }
}

const HUES = [145, 25, 265, 85, 205, 330, 55, 175, 300, 0, 235, 115];
/** The colour of a group, in the map and on its card. @param {number} n */
export function colour(n) {
  return `hsl(${HUES[n % HUES.length]} ${60 - 12 * (Math.floor(n / 12) % 3)}% ${44 + 10 * (Math.floor(n / 36) % 3)}%)`;
}
