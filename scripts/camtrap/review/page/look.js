// One crop, large; one more key shows the whole picture with its box, and the pictures before and after.
import { ask, trying } from "./api.js";
import { get, letter, make } from "./dom.js";
import { decide } from "./decide.js";
import { askName } from "./name.js";
import { store, title } from "./store.js";

/** @param {import("./group.js").GroupView} view @param {number} first its place in the grid */
export function look(view, first) {
  const dialog = get("looking");
  const grid = view.grid;
  let place = first, wanted = -1, whole = false, /** @type {any} */ about = null, picture = -1;
  const image = /** @type {HTMLImageElement} */ (make("img", { alt: "" }));
  const frame = make("div", { class: "frame" }, image);
  const facts = make("div", { class: "facts-of" });
  const strip = make("div", { class: "times", role: "group", "aria-label": "Pictures before and after" });

  const draw = async () => {
    const row = grid.rows[place];
    wanted = row;
    about = null;
    image.src = `/crop/${row}`;
    frame.classList.toggle("person", Boolean(grid.flags[place] & 1));
    for (const box of frame.querySelectorAll(".box")) box.remove();
    const now = await trying(() => ask(`/look/${row}`));
    if (!now || wanted !== row) return;
    const there = grid.rows.indexOf(row); // what was decided just before may have moved it
    if (there >= 0) place = there;
    about = now;
    picture = now.picture ?? -1;
    image.alt = `crop of ${title(store.byId.get(now.group))}`;
    const said = now.said[0];
    facts.replaceChildren(make("h2", { text: title(store.byId.get(now.group)) }),
      make("p", { text: [now.station, now.when, now.infrared ? "infrared" : "", `${now.category} ${now.conf}`].filter(Boolean).join(" · ") }),
      make("p", { class: "soft path", text: now.path ?? "" }),
      make("p", { class: "soft", text: said ? `${said.listed ? "looked at" : "by its cluster"}: ${said.action}${said.name ? ` “${said.name}”` : ""}, ${said.who}, ${said.at.slice(0, 16).replace("T", " ")}` : "nothing was decided of it yet" }),
      make("p", { class: "soft", text: `${place + 1} of ${grid.rows.length}${grid.selected.has(row) ? " · selected" : ""}` }));
    if (whole) showPicture();
    else strip.replaceChildren();
  };

  const showPicture = () => {
    if (!about || picture < 0) return;
    for (const box of frame.querySelectorAll(".box")) box.remove();
    const one = about.around.find((/** @type {any} */ p) => p.number === picture);
    image.src = `/picture/${picture}`;
    image.onerror = async () => { await trying(() => ask(`/picture/${picture}`)); image.onerror = null; };
    frame.classList.toggle("person", Boolean(one?.person));
    for (const { row, box } of one?.boxes ?? []) {
      const mark = make("div", { class: row === about.row ? "box own" : "box" });
      const [x, y, w, h] = box;
      Object.assign(mark.style, { left: `${100 * x}%`, top: `${100 * y}%`, width: `${100 * w}%`, height: `${100 * h}%` });
      frame.append(mark);
    }
    strip.replaceChildren(...about.around.map((/** @type {any} */ p) => make("button", { text: (p.when ?? "?").slice(11, 19), title: p.when, class: `${p.number === picture ? "at" : ""}${p.boxes.length ? " animal" : ""}`,
      on: { click: () => { picture = p.number; showPicture(); } } })));
    strip.querySelector(".at")?.scrollIntoView({ block: "nearest", inline: "center" });
  };

  const step = (/** @type {number} */ by) => {
    if (whole && about) {
      const at = about.around.findIndex((/** @type {any} */ p) => p.number === picture) + by;
      if (about.around[at]) { picture = about.around[at].number; showPicture(); }
      return;
    }
    place = Math.max(0, Math.min(grid.rows.length - 1, place + by));
    draw();
  };
  const toggle = () => { whole = !whole; dialog.classList.toggle("whole", whole); if (whole) showPicture(); else draw(); };
  const choose = () => { grid.range(place, place, !grid.selected.has(grid.rows[place])); grid.marks(); draw(); };
  const end = () => dialog.close();
  const say = async (/** @type {any} */ what) => {
    const row = grid.rows[place];
    if (await decide({ ...what, rows: [row], looked: true })) {
      if (!grid.rows.length) return end();
      place = Math.min(place, grid.rows.length - 1);
      draw();
    }
  };
  const name = async () => {
    const given = await askName({ crops: 1, rows: [grid.rows[place]], group: store.byId.get(view.id), whole: false });
    if (given !== null) await say({ action: "name", name: given });
  };

  const keys = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), w: toggle, " ": choose, n: name, x: () => say({ action: "reject" }), u: () => say({ action: "unsure" }), Enter: end };
  dialog.onkeydown = (/** @type {KeyboardEvent} */ event) => {
    const act = keys[letter(event)];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLButtonElement && [" ", "Enter"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  dialog.onclose = () => {
    image.onerror = null;
    grid.focus = Math.min(place, Math.max(0, grid.rows.length - 1));
    grid.reveal();
    grid.marks();
    grid.field.focus({ preventScroll: true });
  };
  dialog.classList.remove("whole");
  const button = (/** @type {string} */ text, /** @type {() => void} */ act) => make("button", { text, on: { click: act } });
  dialog.replaceChildren(make("div", { class: "stage" }, frame, strip),
    make("div", { class: "beside" }, facts,
      make("div", { class: "line" }, button("◀", () => step(-1)), button("▶", () => step(1)), button("Whole picture (W)", toggle)),
      make("div", { class: "line" }, button("Select (Space)", choose), button("Name (N)", name)),
      make("div", { class: "line" }, button("Reject (X)", () => say({ action: "reject" })), button("Not sure (U)", () => say({ action: "unsure" }))),
      make("div", { class: "line" }, button("Close (Esc)", end))));
  dialog.tabIndex = -1;
  dialog.showModal();
  dialog.focus();
  draw();
}
