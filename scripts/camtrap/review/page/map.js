// The map beside the groups: alike crops lie together. Colours are the groups'; a lasso selects.
import { get } from "./dom.js";
import { colour } from "./cards.js";
import { GREY, NOWHERE, Painter } from "./paint.js";
import { store } from "./store.js";

const SIDE = 65000;

export class Chart {
  /** @param {{pick: (row: number) => void, lasso: (rows: Int32Array) => void}} on */
  constructor(on) {
    this.on = on;
    this.canvas = /** @type {HTMLCanvasElement} */ (get("map"));
    this.over = /** @type {HTMLCanvasElement} */ (get("lasso"));
    this.painter = new Painter(this.canvas);
    this.palette = new Uint32Array();
    this.view = { x: SIDE / 2, y: SIDE / 2, scale: 1 };
    this.drawing = false;
    /** @type {Set<number>|null} groups that are lit; null: all */
    this.lit = null;
    /** @type {Set<number>} */
    this.selected = new Set();
    new ResizeObserver(() => this.fit()).observe(this.canvas.parentElement);
    this.listen();
  }

  fit() {
    const ratio = window.devicePixelRatio || 1;
    const box = this.canvas.getBoundingClientRect();
    for (const canvas of [this.canvas, this.over]) {
      canvas.width = Math.max(1, Math.round(box.width * ratio));
      canvas.height = Math.max(1, Math.round(box.height * ratio));
    }
    this.draw();
  }

  /** The colours of now; those of groups that are not lit are grey. */
  recolour() {
    this.palette = new Uint32Array(1 + Math.max(0, ...store.groups.map((group) => group.number)));
    for (const { number, kind } of store.groups) {
      const grey = kind === "noise" || kind === "rejected" || (this.lit && !this.lit.has(number));
      this.palette[number] = grey ? GREY : rgba(colour(number));
    }
    this.draw();
  }

  draw() {
    const unit = Math.min(this.canvas.width, this.canvas.height) * 0.94 * this.view.scale / SIDE;
    const n = store.codes.length;
    const size = (window.devicePixelRatio || 1) * Math.min(9, Math.max(1.5, (n > 100000 ? 1.5 : n > 10000 ? 2.5 : 4.5) * Math.sqrt(this.view.scale)));
    this.painter.draw({ places: store.places, codes: store.codes, palette: this.palette, selected: this.selected, x: this.view.x, y: this.view.y, unit, size });
  }

  /** From a place on the screen to one in the map. @param {MouseEvent} event */
  at(event) {
    const box = this.canvas.getBoundingClientRect(), ratio = this.canvas.width / box.width;
    const unit = Math.min(this.canvas.width, this.canvas.height) * 0.94 * this.view.scale / SIDE;
    const px = (event.clientX - box.left) * ratio, py = (event.clientY - box.top) * ratio;
    return { px, py, x: this.view.x + (px - this.canvas.width / 2) / unit, y: this.view.y - (py - this.canvas.height / 2) / unit, unit };
  }

  whole() {
    this.view = { x: SIDE / 2, y: SIDE / 2, scale: 1 };
    this.draw();
  }

  listen() {
    const over = this.over;
    over.addEventListener("wheel", (event) => {
      event.preventDefault();
      const before = this.at(event);
      this.view.scale = Math.min(200, Math.max(0.5, this.view.scale * Math.exp(-event.deltaY / 400)));
      const after = this.at(event);
      this.view.x += before.x - after.x;
      this.view.y += before.y - after.y;
      this.draw();
    }, { passive: false });
    over.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      over.setPointerCapture(event.pointerId);
      const start = this.at(event), from = { ...this.view };
      /** @type {{px: number, py: number}[]} */
      const line = [start];
      const lasso = this.drawing || event.shiftKey;
      let moved = false;
      const move = (/** @type {PointerEvent} */ m) => {
        const now = this.at(m);
        moved ||= Math.hypot(now.px - start.px, now.py - start.py) > 4;
        if (lasso) {
          line.push(now);
          this.outline(line);
        } else if (moved) {
          this.view.x = from.x - (now.px - start.px) / start.unit;
          this.view.y = from.y + (now.py - start.py) / start.unit;
          this.draw();
        }
      };
      over.addEventListener("pointermove", move);
      over.addEventListener("pointerup", (m) => {
        over.removeEventListener("pointermove", move);
        if (lasso && line.length > 3) this.on.lasso(this.inside(line));
        else if (!moved) this.nearest(this.at(m));
        this.outline([]);
      }, { once: true });
    });
  }

  /** @param {{px: number, py: number}[]} line */
  outline(line) {
    const context = this.over.getContext("2d");
    context.clearRect(0, 0, this.over.width, this.over.height);
    if (!line.length) return;
    context.beginPath();
    for (const { px, py } of line) context.lineTo(px, py);
    context.closePath();
    context.fillStyle = "rgb(31 111 80 / 20%)";
    context.strokeStyle = "#1f6f50";
    context.lineWidth = 2;
    context.fill();
    context.stroke();
  }

  /** The crops inside a line: it is filled in a picture, and each crop looks whether its pixel is. @param {{px: number, py: number}[]} line @returns {Int32Array} their rows */
  inside(line) {
    const { width, height } = this.over;
    const mask = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    mask.beginPath();
    for (const { px, py } of line) mask.lineTo(px, py);
    mask.fill();
    const filled = mask.getImageData(0, 0, width, height).data;
    const unit = Math.min(width, height) * 0.94 * this.view.scale / SIDE, places = store.places, found = new Int32Array(places.length / 2);
    let n = 0;
    for (let row = 0; 2 * row < places.length; row++) {
      if (places[2 * row] === NOWHERE) continue;
      const px = Math.round((places[2 * row] - this.view.x) * unit + width / 2), py = Math.round(height / 2 - (places[2 * row + 1] - this.view.y) * unit);
      if (px >= 0 && py >= 0 && px < width && py < height && filled[4 * (py * width + px) + 3]) found[n++] = row;
    }
    return found.slice(0, n);
  }

  /** @param {{x: number, y: number, unit: number}} at */
  nearest(at) {
    const places = store.places;
    let best = -1, least = (12 / at.unit) ** 2;
    for (let row = 0; 2 * row < places.length; row++) {
      const far = (places[2 * row] - at.x) ** 2 + (places[2 * row + 1] - at.y) ** 2;
      if (far < least && places[2 * row] !== NOWHERE) [best, least] = [row, far];
    }
    if (best >= 0) this.on.pick(best);
  }
}

/** @type {Map<string, number>} */
const pixels = new Map();
/** A CSS colour as the bytes of a pixel. @param {string} css */
function rgba(css) {
  const known = pixels.get(css);
  if (known !== undefined) return known;
  const context = (rgba.canvas ??= new OffscreenCanvas(1, 1)).getContext("2d", { willReadFrequently: true });
  context.fillStyle = css;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  const pixel = ((230 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  pixels.set(css, pixel);
  return pixel;
}
/** @type {OffscreenCanvas|undefined} */
rgba.canvas = undefined;
