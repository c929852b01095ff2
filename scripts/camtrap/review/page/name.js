// Asking for a name: completed from the names given and from the user's species list; a known name offers the merge.
import { count, get, make, plain } from "./dom.js";
import { store, title } from "./store.js";
import { show } from "./thumbs.js";

/** Two spellings of one name have this in common. @param {string} name */
const key = (name) => name.normalize("NFC").trim().split(/\s+/).join(" ").toLowerCase();

/**
 * @param {{crops: number, rows: number[], group?: import("./store.js").Group, whole: boolean}} what
 * @returns {Promise<string|null>} the name; null where there is to be none
 */
export function askName(what) {
  const dialog = get("naming");
  const input = /** @type {HTMLInputElement} */ (make("input", { type: "text", maxlength: "200", role: "combobox", "aria-expanded": "true", "aria-controls": "completions", "aria-label": "Name", autocomplete: "off", spellcheck: "false" }));
  const list = make("ul", { id: "completions", role: "listbox" });
  const offer = make("div", { class: "offer" });
  let place = -1;
  /** @type {{name: string, hint: string}[]} */
  let found = [];
  return new Promise((resolve) => {
    const end = (/** @type {string|null} */ name) => {
      dialog.close();
      resolve(name);
    };
    const accept = () => {
      const name = (place >= 0 ? found[place].name : input.value).trim();
      if (!name) return;
      const known = groupOf([name]);
      const other = known ?? groupOf(synonyms(name));
      if (!other || other.id === what.group?.id) return end(name);
      // who joins whom is shown before it is done
      const yes = make("button", { class: "main", text: `Join “${other.name}”`, on: { click: () => end(other.name ?? name) } });
      const no = known ? make("button", { text: "Another name", on: { click: () => { offer.replaceChildren(); list.hidden = false; input.focus(); } } })
        : make("button", { text: `Keep “${name}” apart`, on: { click: () => end(name) } });
      list.hidden = true;
      offer.replaceChildren(
        make("p", { text: `“${other.name}” is there already${known ? "" : ", and is the same species in your list"}. ${count(what.crops, "crop")} would join its ${count(other.crops, "crop")}:` }),
        make("div", { class: "pair" }, side("These", what.rows), side(`“${other.name}”`, other.samples)),
        make("div", { class: "line" }, yes, no));
      yes.focus();
    };
    const draw = () => {
      found = completions(input.value, what.whole ? what.group?.called?.name : "");
      place = Math.min(place, found.length - 1);
      list.replaceChildren(...found.map((one, n) => make("li", { role: "option", id: `completion-${n}`, "aria-selected": String(n === place), class: n === place ? "at" : null,
        on: { pointerdown: (/** @type {Event} */ event) => { event.preventDefault(); place = n; accept(); } } },
        make("span", { text: one.name }), make("small", { text: one.hint }))));
      input.setAttribute("aria-activedescendant", place >= 0 ? `completion-${place}` : "");
    };
    input.addEventListener("input", () => { place = -1; offer.replaceChildren(); list.hidden = false; draw(); });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return; // Enter ends a word of Chinese or Japanese
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        place = Math.max(-1, Math.min(found.length - 1, place + (event.key === "ArrowDown" ? 1 : -1)));
        draw();
      } else if (event.key === "Tab" && !event.shiftKey && found.length) {
        input.value = found[Math.max(place, 0)].name;
        place = -1;
        draw();
      } else if (event.key === "Enter") accept();
      else return;
      event.preventDefault();
    });
    dialog.replaceChildren(
      make("h2", { text: what.whole ? `Name ${title(what.group)}: ${count(what.crops, "crop")}` : `Name ${count(what.crops, "selected crop")}` }),
      side("", what.rows), input, list, offer,
      make("p", { class: "soft", text: "Enter accepts · arrows choose · Tab completes · Esc leaves" }));
    dialog.oncancel = () => resolve(null);
    if (what.whole && what.group?.name) input.value = what.group.name;
    dialog.showModal();
    input.focus();
    input.select();
    draw();
  });
}

/** The group with one of these names. @param {string[]} names */
function groupOf(names) {
  const wanted = new Set(names.map(key));
  return store.groups.find((group) => group.name !== null && wanted.has(key(group.name)));
}

/** All names, in the species list, of the species that are called so. @param {string} name */
const synonyms = (name) => (store.survey?.species ?? []).filter((/** @type {string[]} */ names) => names.some((one) => key(one) === key(name))).flat();

/** @param {string} title_ @param {number[]} rows */
export function side(title_, rows) {
  const box = make("figure", { class: "side" });
  if (title_) box.append(make("figcaption", { text: title_ }));
  const strip = make("div", { class: "strip" });
  for (const row of rows.slice(0, 8)) {
    const image = /** @type {HTMLImageElement} */ (make("img", { alt: "" }));
    show(image, row);
    strip.append(image);
  }
  box.append(strip);
  return box;
}

/** @param {string} typed @param {string|undefined} called by another classifier @returns {{name: string, hint: string}[]} */
function completions(typed, called) {
  const wanted = plain(key(typed));
  const size = new Map(store.groups.filter((g) => g.name !== null).map((g) => [key(g.name ?? ""), g.crops]));
  /** @type {Map<string, {name: string, hint: string, rank: number}>} */
  const found = new Map();
  const rank = (/** @type {string} */ name) => {
    const text = plain(key(name));
    if (!wanted) return 2;
    if (text.startsWith(wanted)) return 0;
    return text.split(" ").some((word) => word.startsWith(wanted)) ? 1 : text.includes(wanted) ? 3 : 9;
  };
  if (called && rank(called) < 9) found.set(key(called), { name: called, hint: "says the other classifier", rank: -1 });
  for (const name of store.names) {
    const crops = size.get(key(name));
    if (rank(name) < 9 && !found.has(key(name))) found.set(key(name), { name, hint: crops ? count(crops, "crop") : "given before", rank: rank(name) });
  }
  for (const names of store.survey?.species ?? []) {
    const best = Math.min(...names.map(rank));
    if (best < 9 && wanted && !found.has(key(names[0]))) found.set(key(names[0]), { name: names[0], hint: names.slice(1).join(" · "), rank: best + 0.5 });
  }
  return [...found.values()].sort((a, b) => a.rank - b.rank || a.name.localeCompare(b.name)).slice(0, 8);
}
