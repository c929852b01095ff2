// One group: all its crops, and what can be said of them.
import { bytes, trying } from "./api.js";
import { count, letter, make } from "./dom.js";
import { decide } from "./decide.js";
import { Grid } from "./grid.js";
import { look } from "./look.js";
import { askName } from "./name.js";
import { actions } from "./actions.js";
import { store, title } from "./store.js";

export class GroupView {
  /** @param {HTMLElement} work @param {string} id @param {{home: () => void, open: (id: string) => void, lit: () => void, rows: (rows: Int32Array, title: string, more: any) => void}} on @param {{rows?: Int32Array, title?: string, home?: string, badges?: Map<number, string>}} [fixed] crops that are no group: lassoed, or an answer to a question */
  constructor(work, id, on, fixed = {}) {
    this.work = work;
    this.id = id;
    this.closed = false;
    this.loaded = false;
    this.asked = 0;
    // an answer that comes after the expert has gone on takes nobody away from where they are
    const here = (/** @type {(...all: any[]) => void} */ act) => (/** @type {any[]} */ ...all) => this.closed || act(...all);
    this.on = { ...on, home: here(on.home), open: here(on.open), rows: here(on.rows) };
    this.fixed = fixed;
    this.name = make("h2", { text: "" });
    this.chosen = make("span", { class: "chosen-count", role: "status" });
    const box = make("div", { class: "scroll grid" });
    const button = (/** @type {string} */ text, /** @type {string} */ key, /** @type {() => void} */ act, more = {}) =>
      make("button", { text, title: `${text} (${key.toUpperCase()})`, "data-key": key, on: { click: act }, ...more });
    this.buttons = make("div", { class: "line tools" },
      button("Name", "n", () => this.nameThem(), { class: "main" }),
      button("Reject", "x", () => this.say("reject")),
      button("Not sure", "u", () => this.say("unsure")),
      ...actions(this).map(([text, key, act]) => button(text, key, act)),
    );
    const all = button("Select all", "a", () => { this.grid.range(0, this.grid.rows.length - 1, this.grid.selected.size < this.grid.rows.length); this.grid.marks(); });
    const size = make("input", { type: "range", min: "72", max: "220", value: "112", "aria-label": "Size of the crops", on: { input: (/** @type {any} */ event) => this.resize(Number(event.target.value)) } });
    work.replaceChildren(make("div", { class: "line" }, this.name, make("span", { class: "grow" }), this.chosen, all, size), this.buttons, box);
    this.grid = new Grid(box, { badges: fixed.badges, look: (place) => look(this, place), changed: () => this.count() });
    this.load();
  }

  /** Some crops of this group instead of it. @param {Int32Array} rows @param {string} text @param {any} more */
  show(rows, text, more) {
    this.on.rows(rows, text, more);
  }

  close() {
    this.closed = true;
    this.grid.close();
  }

  resize(/** @type {number} */ side) {
    this.grid.side = side;
    this.work.style.setProperty("--tile", `${side}px`);
    this.grid.draw(true);
  }

  async load() {
    const turn = ++this.asked;
    const data = await trying(() =>
      this.fixed.rows ? bytes("/tiles", this.fixed.rows) : bytes("/rows", { group: this.id, filter: store.filter }));
    if (this.closed || turn !== this.asked) return; // a later question is on its way
    if (data) this.grid.set(new Int32Array(data), this.loaded);
    if (!this.loaded) this.grid.field.focus({ preventScroll: true });
    this.loaded = true;
    this.head();
    this.on.lit();
  }

  /** The groups are other ones now: what was decided vanishes from here. */
  draw() {
    if (!this.fixed.rows && !store.byId.has(this.id) && this.grid.rows.length) {
      this.on.home();
      return;
    }
    if (this.fixed.rows && this.fixed.home) {
      const number = store.byId.get(this.fixed.home)?.number ?? -1;
      this.fixed.rows = this.fixed.rows.filter((row) => store.codes[row] === number);
      if (!this.fixed.rows.length) {
        this.on.home();
        return;
      }
    }
    this.load();
  }

  head() {
    const group = store.byId.get(this.id);
    const text = this.fixed.title ?? title(group);
    this.name.textContent = `${text}: ${count(this.grid.rows.length, "crop")}${group && !this.fixed.rows ? `, ${count(group.bursts, "burst")}` : ""}`;
  }

  count() {
    const n = this.grid.selected.size;
    this.chosen.textContent = n ? `${count(n, "crop")} selected` : "";
    for (const button of this.buttons.querySelectorAll("button[data-key]")) {
      if (["n", "x", "u"].includes(button.dataset.key)) button.textContent = button.title.split(" (")[0] + (n ? ` ${n}` : " all");
    }
    this.on.lit();
  }

  /** What is meant: the selected crops, or the whole group. */
  target() {
    if (this.grid.selected.size) return { rows: [...this.grid.selected], looked: !this.lassoed };
    if (this.fixed.rows) return { rows: [...this.grid.rows], looked: this.fixed.looked ?? false };
    return { group: this.id, filter: store.filter };
  }

  async nameThem() {
    const target = this.target();
    const n = target.rows?.length ?? this.grid.rows.length;
    const name = await askName({ crops: n, rows: (target.rows ?? [...this.grid.rows]).slice(0, 8), group: store.byId.get(this.id), whole: !target.rows });
    if (name !== null) await this.done(await decide({ action: "name", name, ...target }), target);
  }

  /** @param {string} action */
  async say(action) {
    const target = this.target();
    await this.done(await decide({ action, ...target }), target);
  }

  /** @param {any} answer @param {any} target */
  async done(answer, target) {
    if (!answer) return;
    this.grid.selected.clear();
    this.lassoed = false;
    if (target.group && answer.group !== this.id) this.on.home();
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (this.grid.key(event)) return true;
    const button = /** @type {HTMLElement|null} */ (this.work.querySelector(`button[data-key="${CSS.escape(letter(event))}"]`));
    if (button && !event.ctrlKey && !event.metaKey && !event.altKey) {
      button.click();
      return true;
    }
    return false;
  }

  /** Crops drawn around in the map. @param {Int32Array} rows */
  lasso(rows) {
    const inside = new Uint8Array(store.codes.length);
    for (const row of rows) inside[row] = 1;
    for (const row of this.grid.rows) if (inside[row]) this.grid.selected.add(row);
    this.lassoed = true;
    this.grid.marks();
  }
}

