// The page: what is shown, and which key does what.
import { Cards } from "./cards.js";
import { Chart } from "./map.js";
import { GroupView } from "./group.js";
import { askName } from "./name.js";
import { back, decide } from "./decide.js";
import { count, get, letter, number, say } from "./dom.js";
import { key as questionKey } from "./questions.js";
import { listen, load, loadPlaces, store, subscribe } from "./store.js";
import { settled } from "./thumbs.js";
import { showKeys } from "./keys.js";
import { trying } from "./api.js";

const work = get("work");
/** @type {Cards|GroupView|null} */
let view = null;
/** @type {string|null} */
let chosen = null;

export const chart = new Chart({
  pick(row) {
    const group = store.groups.find((one) => one.number === store.codes[row]);
    if (group) go(group.id);
  },
  lasso(rows) {
    if (view instanceof GroupView) view.lasso(rows);
    else if (rows.length) openRows(rows, "Drawn around in the map");
    else say("no crop lies inside the line");
  },
});

/** @param {string} id */
const go = (id) => (location.hash = `#/g/${encodeURIComponent(id)}`);
const home = () => (location.hash = "#/");

function route() {
  const match = /^#\/g\/(.+)$/.exec(location.hash);
  view?.close();
  if (match) {
    const id = decodeURIComponent(match[1]);
    chosen = id;
    view = new GroupView(work, id, { home, open: go, lit, rows: openRows });
  } else {
    const cards = new Cards(work, { open: go, name: nameGroup });
    cards.chosen = chosen;
    view = cards;
    cards.press(new KeyboardEvent("keydown", { key: "ArrowDown" }));
    lit();
  }
  get("home").disabled = !match;
}

/** Crops that are no group. @param {Int32Array} rows @param {string} title @param {any} [more] */
function openRows(rows, title, more = {}) {
  view?.close();
  if (more.home) chosen = more.home;
  history.replaceState(null, "", "#/rows");
  view = new GroupView(work, "", { home, open: go, lit, rows: openRows }, { rows, title, ...more });
  get("home").disabled = false;
}

/** @param {import("./store.js").Group} group */
async function nameGroup(group) {
  const name = await askName({ crops: group.crops, rows: group.samples, group, whole: true });
  if (name !== null) await decide({ action: "name", name, group: group.id, filter: store.filter });
}

/** The group that is open is lit in the map. */
function lit() {
  if (view instanceof GroupView) {
    const group = store.byId.get(view.id);
    chart.lit = group ? new Set([group.number]) : null;
    chart.selected = view.grid ? view.grid.selected : new Set();
  } else {
    chart.lit = null;
    chart.selected = new Set();
  }
  soon();
}
let planned = 0;
/** The map follows a moment later: a million points take a tenth of a second, and the crops come first. */
function soon() {
  clearTimeout(planned);
  planned = setTimeout(() => settled().then(() => chart.recolour()), 40);
}

subscribe((what) => {
  if (what !== "groups" && what !== "survey") return;
  const left = store.remaining;
  if (left) {
    const done = left.crops - left.open;
    get("progress").textContent = `${number(done)} of ${count(left.crops, "crop")} done, ${count(left.openGroups, "group")} left`;
    get("progress").style.setProperty("--done", `${(100 * done) / Math.max(1, left.crops)}%`);
  }
  if (store.survey) get("title").textContent = store.survey.title;
  view?.draw();
  lit();
});

const toggled = (/** @type {string} */ id, /** @type {(on: boolean) => void} */ act) => {
  const button = get(id);
  const flip = () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    act(on);
  };
  button.addEventListener("click", flip);
  return flip;
};
const flips = {
  b: toggled("bright", (on) => document.body.classList.toggle("bright", on)),
  p: toggled("people", (on) => {
    document.body.classList.toggle("people", on);
    get("people").textContent = on ? "People shown" : "People blurred";
  }),
  m: toggled("mapped", (on) => document.body.classList.toggle("unmapped", !on)),
  l: toggled("draw", (on) => {
    chart.drawing = on;
    get("lasso").classList.toggle("drawing", on);
  }),
};
get("whole").addEventListener("click", () => chart.whole());
get("home").addEventListener("click", home);
get("undo").addEventListener("click", () => back("undo"));
get("redo").addEventListener("click", () => back("redo"));
get("help").addEventListener("click", showKeys);
window.addEventListener("hashchange", route);

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (document.querySelector("dialog[open]") || target.matches("input:not([type=range]), select, textarea")) return;
  const pressed = letter(event);
  if (event.key === "Escape") home();
  else if (pressed === "z" && !event.altKey) back(event.shiftKey ? "redo" : "undo");
  else if (event.key === "?") showKeys();
  else if (flips[pressed] && !event.ctrlKey && !event.metaKey) flips[pressed]();
  else if (target.matches("button, summary") && [" ", "Enter"].includes(event.key)) return;
  else if (!view?.press(event) && !questionKey(event)) return;
  event.preventDefault();
});

if (location.hash === "#/rows") history.replaceState(null, "", "#/");
trying(load).then(() => {
  route();
  listen();
  document.body.dataset.ready = "yes";
  settled().then(() => trying(loadPlaces)).then(() => {
    chart.recolour();
    document.body.dataset.map = "yes";
  });
});
