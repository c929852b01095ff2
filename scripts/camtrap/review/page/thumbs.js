// Small pictures: asked for in batches, those on the screen first, kept while there is room.
import { bytes } from "./api.js";

const BATCH = 64;
const AT_ONCE = 4;
const KEPT = 8000;

/** @type {Map<number, Blob>} */
const kept = new Map();
/** @type {Map<number, string>} made when it is first shown: an address costs the browser as much as the picture */
const urls = new Map();
/** @type {Map<number, Set<HTMLImageElement>>} */
const waiting = new Map();
/** @type {number[]} */
let queue = []; // on the screen
/** @type {number[]} */
let later = []; // may be scrolled to next
let running = 0;
/** @type {(() => void)[]} */
let calm = [];
const asked = new Set();
/** @type {Set<number>} */
const people = new Set();

/** Show a crop's small picture in an image, as soon as it is there. @param {HTMLImageElement} image @param {number} row */
export function show(image, row) {
  image.dataset.row = String(row);
  if (kept.has(row)) {
    if (image.src !== urls.get(row)) put(image, row);
    return;
  }
  image.removeAttribute("src");
  if (!waiting.has(row)) waiting.set(row, new Set());
  waiting.get(row).add(image);
  if (!asked.has(row)) {
    asked.add(row);
    queue.push(row);
  }
  soon();
}

/** Wait until all that is on the screen has its picture (or the server is away). @returns {Promise<void>} */
export const settled = () => (running || queue.length ? new Promise((resolve) => calm.push(resolve)) : Promise.resolve());

/** Crops of people are blurred, wherever they are shown. @param {HTMLImageElement} image @param {number} row */
function put(image, row) {
  image.classList.toggle("person", people.has(row));
  if (!urls.has(row)) urls.set(row, URL.createObjectURL(/** @type {Blob} */ (kept.get(row))));
  image.src = /** @type {string} */ (urls.get(row));
}

/** Fetch these soon: they may be scrolled to next. @param {Iterable<number>} rows */
export function expect(rows) {
  for (const row of rows) {
    if (kept.has(row) || asked.has(row)) continue;
    asked.add(row);
    later.push(row);
  }
  soon();
}

/** Forget what was asked for and did not come yet: the screen shows other crops. */
export function drop() {
  for (const row of [...queue, ...later]) asked.delete(row);
  [queue, later] = [[], []];
  for (const [row, images] of waiting) {
    for (const image of images) if (!image.isConnected || image.dataset.row !== String(row)) images.delete(image);
    if (!images.size) waiting.delete(row);
    else if (!asked.has(row)) {
      asked.add(row);
      queue.push(row);
    }
  }
}

let planned = false;
function soon() {
  if (planned) return;
  planned = true;
  queueMicrotask(() => {
    planned = false;
    while (running < AT_ONCE && queue.length) load(queue.splice(0, BATCH));
    if (running) return;
    for (const resolve of calm.splice(0)) resolve();
    if (later.length) load(later.splice(0, BATCH)); // one at a time, and after what is on the screen
  });
}

/** @param {number[]} rows */
async function load(rows) {
  running++;
  try {
    const data = await bytes("/small", Int32Array.from(rows));
    const lengths = new Uint32Array(data, 0, rows.length);
    let at = 4 * rows.length;
    rows.forEach((row, n) => {
      const length = lengths[n] & 0x7fffffff;
      if (length !== lengths[n]) people.add(row);
      kept.set(row, new Blob([new Uint8Array(data, at, length)], { type: "image/jpeg" }));
      at += length;
      for (const image of waiting.get(row) ?? []) if (image.dataset.row === String(row)) put(image, row);
      waiting.delete(row);
    });
    forget();
  } catch {
    // the server is away, which the next decision says: here an empty tile is enough
  } finally {
    for (const row of rows) asked.delete(row);
    running--;
    soon();
  }
}

function forget() {
  for (const row of kept.keys()) {
    if (kept.size <= KEPT) return;
    kept.delete(row);
    const url = urls.get(row);
    if (url) URL.revokeObjectURL(url);
    urls.delete(row);
  }
}
