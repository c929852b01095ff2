// All crops of a group, of which only those on the screen are elements. Selection by click, shift, drag and keys.
import { letter, make } from "./dom.js";
import { drop, expect, show } from "./thumbs.js";

const PERSON = 1, LOOKED = 2, NEW = 4, NIGHT = 8;
const GAP = 6;

export class Grid {
  /**
   * @param {HTMLElement} box scrolls
   * @param {{look: (place: number) => void, changed: () => void, badges?: Map<number, string>}} on
   */
  constructor(box, on) {
    this.box = box;
    this.on = on;
    this.badges = on.badges;
    this.side = 112;
    this.rows = new Int32Array();
    this.bursts = new Int32Array();
    this.flags = new Int32Array();
    this.odd = new Uint8Array();
    /** @type {Set<number>} rows that are selected */
    this.selected = new Set();
    this.focus = 0;
    this.anchor = 0;
    this.field = make("div", { class: "field", role: "listbox", "aria-multiselectable": "true", tabindex: "0", "aria-label": "Crops" });
    box.append(this.field);
    /** @type {Map<number, HTMLElement>} */
    this.tiles = new Map();
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    this.size = new ResizeObserver(() => this.draw(true));
    this.size.observe(box);
    this.field.addEventListener("pointerdown", (event) => this.press(event));
    this.field.addEventListener("dblclick", (event) => {
      const place = this.placeOf(event);
      if (place >= 0) this.on.look(place);
    });
  }

  close() {
    this.size.disconnect();
  }

  /** Crops to show: the order stays that of the first time, what is gone vanishes, what is new comes last. @param {Int32Array} data rows, bursts, flags @param {boolean} [keep] */
  set(data, keep = false) {
    const n = data.length / 3;
    let order = Array.from({ length: n }, (_, place) => place);
    if (keep && this.rows.length) {
      const now = new Map(Array.from(data.subarray(0, n), (row, place) => [row, place]));
      const kept = [];
      for (const row of this.rows) {
        const place = now.get(row);
        if (place !== undefined) {
          kept.push(place);
          now.delete(row);
        }
      }
      order = [...kept, ...now.values()];
    }
    this.rows = Int32Array.from(order, (place) => data[place]);
    this.bursts = Int32Array.from(order, (place) => data[n + place]);
    this.flags = Int32Array.from(order, (place) => data[2 * n + place]);
    // a burst and the next one have bars of two colours
    this.odd = new Uint8Array(n);
    for (let place = 1; place < n; place++) this.odd[place] = this.odd[place - 1] ^ Number(this.bursts[place] !== this.bursts[place - 1]);
    const there = new Set(this.rows);
    for (const row of this.selected) if (!there.has(row)) this.selected.delete(row);
    this.focus = Math.max(0, Math.min(this.focus, n - 1));
    this.draw(true);
    this.on.changed();
  }

  get across() {
    return Math.max(1, Math.floor((this.box.clientWidth - GAP - 16) / (this.side + GAP)));
  }

  /** @param {boolean} [anew] also tiles that are there already */
  draw(anew = false) {
    const across = this.across, step = this.side + GAP, n = this.rows.length;
    this.field.style.height = `${Math.ceil(n / across) * step + GAP}px`;
    const top = this.box.scrollTop - this.field.offsetTop, high = this.box.clientHeight;
    const first = Math.max(0, Math.floor(top / step) - 1) * across;
    const last = Math.min(n, (Math.ceil((top + high) / step) + 1) * across);
    for (const [place, tile] of this.tiles) {
      if (place < first || place >= last || anew) {
        tile.remove();
        this.tiles.delete(place);
      }
    }
    drop();
    for (let place = first; place < last; place++) {
      if (!this.tiles.has(place)) this.tiles.set(place, this.field.appendChild(this.tile(place, across, step)));
    }
    const ahead = (last - first) * 2;
    expect(this.rows.subarray(last, Math.min(n, last + ahead)));
    expect(this.rows.subarray(Math.max(0, first - ahead / 2), first));
    if (n) this.field.setAttribute("aria-activedescendant", `tile-${this.focus}`);
  }

  /** @param {number} place @param {number} across @param {number} step */
  tile(place, across, step) {
    const flags = this.flags[place], row = this.rows[place];
    const image = /** @type {HTMLImageElement} */ (make("img", { alt: "", draggable: "false" }));
    const joined = place > 0 && this.bursts[place] === this.bursts[place - 1];
    const tile = make("div", { class: "tile", role: "option", id: `tile-${place}` }, image);
    if (this.odd[place]) tile.classList.add("odd");
    if (flags & PERSON) tile.classList.add("person");
    if (flags & LOOKED) tile.append(make("span", { class: "mark", title: "looked at", text: "✓" }));
    if (flags & NEW) tile.append(make("span", { class: "mark new", text: "new" }));
    const badge = this.badges?.get(row);
    if (badge) tile.append(make("span", { class: "mark badge", text: badge }));
    const words = [`crop ${place + 1} of ${this.rows.length}`];
    if (flags & NIGHT) words.push("infrared");
    if (flags & LOOKED) words.push("looked at");
    if (badge) words.push(`looks like ${badge}`);
    if (joined) words.push("same burst as the one before");
    tile.setAttribute("aria-label", words.join(", "));
    tile.style.transform = `translate(${GAP + (place % across) * step}px, ${GAP + Math.floor(place / across) * step}px)`;
    tile.dataset.place = String(place);
    this.mark(tile, place);
    show(image, row);
    return tile;
  }

  /** @param {HTMLElement} tile @param {number} place */
  mark(tile, place) {
    const chosen = this.selected.has(this.rows[place]);
    tile.classList.toggle("chosen", chosen);
    tile.setAttribute("aria-selected", String(chosen));
    tile.classList.toggle("focus", place === this.focus);
  }

  marks() {
    for (const [place, tile] of this.tiles) this.mark(tile, place);
    this.field.setAttribute("aria-activedescendant", `tile-${this.focus}`);
    this.on.changed();
  }

  /** @param {Event} event */
  placeOf(event) {
    const tile = /** @type {HTMLElement} */ (event.target).closest(".tile");
    return tile ? Number(/** @type {HTMLElement} */ (tile).dataset.place) : -1;
  }

  /** @param {number} from @param {number} to @param {boolean} on */
  range(from, to, on) {
    for (let place = Math.min(from, to); place <= Math.max(from, to); place++) {
      if (on) this.selected.add(this.rows[place]);
      else this.selected.delete(this.rows[place]);
    }
  }

  /** Click: one; shift: up to here; drag: all that the pointer passes over. @param {PointerEvent} event */
  press(event) {
    const place = this.placeOf(event);
    if (place < 0 || event.button !== 0) return;
    event.preventDefault();
    this.field.focus({ preventScroll: true });
    if (event.shiftKey) this.range(this.anchor, place, true);
    else {
      const on = !this.selected.has(this.rows[place]);
      this.range(place, place, on);
      this.anchor = place;
      const before = new Set(this.selected);
      const over = (/** @type {PointerEvent} */ move) => {
        const under = document.elementFromPoint(move.clientX, move.clientY)?.closest(".tile");
        if (!under || !this.field.contains(under)) return;
        this.selected = new Set(before);
        this.range(place, Number(/** @type {HTMLElement} */ (under).dataset.place), on);
        this.marks();
      };
      window.addEventListener("pointermove", over);
      window.addEventListener("pointerup", () => window.removeEventListener("pointermove", over), { once: true });
    }
    this.focus = place;
    this.marks();
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was for the grid */
  key(event) {
    const across = this.across, n = this.rows.length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across, Home: -n, End: n };
    const page = Math.max(1, Math.floor(this.box.clientHeight / (this.side + GAP))) * across;
    const step = { PageUp: -page, PageDown: page, ...steps }[event.key];
    if (!n) return false;
    if (step !== undefined) {
      const from = this.focus;
      this.focus = Math.max(0, Math.min(n - 1, this.focus + step));
      if (event.shiftKey) this.range(from, this.focus, true);
      else this.anchor = this.focus;
      this.reveal();
    } else if (event.key === " ") {
      this.range(this.focus, this.focus, !this.selected.has(this.rows[this.focus]));
      this.anchor = this.focus;
    } else if (event.key === "Enter") this.on.look(this.focus);
    else if (letter(event) === "a" && (event.ctrlKey || event.metaKey)) this.range(0, n - 1, this.selected.size < n);
    else return false;
    this.marks();
    return true;
  }

  reveal() {
    const step = this.side + GAP, y = Math.floor(this.focus / this.across) * step + this.field.offsetTop;
    if (y < this.box.scrollTop) this.box.scrollTop = y;
    else if (y + step + GAP > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = y + step + GAP - this.box.clientHeight;
    this.draw();
  }
}
