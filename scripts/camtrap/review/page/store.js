// What the page knows: the survey, the groups of now, the filter, what is open. Who wants to know of changes subscribes.
import { ask, bytes, trying } from "./api.js";

/** @typedef {{id: string, number: number, name: string|null, kind: string, crops: number, bursts: number, looked: number, sure: number,
 *  new: number, infrared: number, stations: number[][], nStations: number, hours: number[], samples: number[], like?: number,
 *  called: {name: string, share: number}|null, audit?: any}} Group */

export const store = {
  /** @type {any} */ survey: null,
  version: -1,
  /** @type {Group[]} */ groups: [],
  /** @type {Map<string, Group>} */ byId: new Map(),
  /** @type {any} */ remaining: null,
  /** @type {string[]} */ names: [],
  /** @type {any} */ filter: {},
  order: "size",
  /** @type {Map<string, number>|null} */ like: null,
  /** @type {string[]} */ notes: [],
  /** @type {string|null} */ open: null,
  /** @type {Uint16Array} */ places: new Uint16Array(),
  /** @type {Uint16Array|Uint32Array} */ codes: new Uint16Array(),
};

/** @type {Set<(what: string) => void>} */
const listeners = new Set();

/** @param {(what: string) => void} listener called with "groups", "codes", "open" */
export const subscribe = (listener) => listeners.add(listener);

/** @param {string} what */
export function changed(what) {
  for (const listener of listeners) listener(what);
}

/** The survey, once. */
export async function load() {
  [store.survey] = await Promise.all([ask("/survey"), refresh()]);
  changed("survey");
}

/** Where the crops are in the map: after what is looked at first. */
export async function loadPlaces() {
  store.places = new Uint16Array(await bytes("/places"));
}

let again = false;
let busy = false;
/** The groups as they are now. */
export async function refresh() {
  again = true;
  if (busy) return;
  busy = true;
  while (again) {
    again = false;
    await trying(async () => {
      const [said, codes] = await Promise.all([ask("/groups", store.filter), bytes("/codes")]);
      store.version = said.version;
      store.groups = said.groups;
      store.byId = new Map(said.groups.map((group) => [group.id, group]));
      store.remaining = said.remaining;
      store.names = said.names;
      const n = said.remaining.crops;
      store.codes = codes.byteLength === 2 * n ? new Uint16Array(codes) : new Uint32Array(codes);
      if (said.notes.length) store.notes = said.notes;
    });
    changed("groups");
  }
  busy = false;
}

/** Hear of decisions of other windows and programs. */
export function listen() {
  const source = new EventSource("/events");
  source.onmessage = (event) => {
    if (Number(event.data) !== store.version) refresh();
  };
}

/** Other crops are looked at. @param {any} filter */
export function setFilter(filter) {
  store.filter = filter;
  refresh();
}

/** What a group is called on the page. @param {Group|undefined} group */
export function title(group) {
  if (!group) return "an empty group";
  if (group.name !== null) return group.name;
  if (group.kind === "noise") return "In no group";
  if (group.kind === "rejected") return "Rejected";
  if (group.kind === "unsure") return "Not sure";
  return `Group ${group.number}`;
}
