// Which crops are looked at: station, dates, hours, light, category, state.
import { make } from "./dom.js";
import { setFilter, store } from "./store.js";

/** The panel of filters. */
export function filters() {
  const station = select("Station", []);
  const category = select("Category", []);
  const first = make("input", { type: "date", "aria-label": "From this day" });
  const last = make("input", { type: "date", "aria-label": "To this day" });
  const hours = ["0", "23"].map((value, n) => make("input", { type: "number", min: "0", max: "23", placeholder: value, "aria-label": n ? "To this hour" : "From this hour" }));
  const light = select("Light", [["", "day and night"], ["no", "colour"], ["yes", "infrared"]]);
  const state = select("State", [["", "all"], ["open", "without a name"], ["new", "new and without a name"], ["named", "named"], ["unsure", "not sure"], ["rejected", "rejected"]]);
  const clear = make("button", { text: "All crops", on: { click: () => { for (const field of fields) /** @type {any} */ (field).value = ""; setFilter({}); } } });
  const fields = [station, category, first, last, ...hours, light, state];
  const value = (/** @type {any} */ field) => field.value;
  for (const field of fields) {
    field.addEventListener("change", () => {
      /** @type {any} */
      const wanted = {};
      if (value(station)) wanted.station = [Number(value(station))];
      if (value(category)) wanted.category = [Number(value(category))];
      if (value(first)) wanted.first = value(first);
      if (value(last)) wanted.last = value(last);
      if (value(hours[0]) || value(hours[1])) wanted.hours = [Number(value(hours[0]) || 0), Number(value(hours[1]) || 23)];
      if (value(light)) wanted.infrared = value(light) === "yes";
      if (value(state)) wanted.state = value(state);
      setFilter(wanted);
    });
  }
  const inside = make("div", { class: "filters" },
    make("label", {}, "Show ", state), make("label", {}, "Station ", station), make("label", {}, "From ", first), make("label", {}, "to ", last),
    make("label", {}, "Hours ", hours[0], "–", hours[1]), make("label", {}, "Light ", light), make("label", {}, "Category ", category), clear);
  const details = /** @type {HTMLDetailsElement} */ (make("details", { class: "filter" }, make("summary", { text: "Filter (F)" }), inside));
  let filled = false;
  return {
    element: details,
    toggle() {
      details.open = !details.open;
      if (details.open) state.focus();
    },
    draw() {
      const survey = store.survey;
      if (survey && !filled) {
        filled = true;
        fill(station, survey.stations, "all");
        fill(category, survey.categories, "all");
        for (const day of [first, last]) {
          day.setAttribute("min", survey.first ?? "");
          day.setAttribute("max", survey.last ?? "");
        }
        const f = store.filter;
        const put = (/** @type {any} */ field, /** @type {any} */ text) => (field.value = text ?? "");
        put(station, f.station?.[0]); put(category, f.category?.[0]); put(first, f.first); put(last, f.last);
        put(hours[0], f.hours?.[0]); put(hours[1], f.hours?.[1]); put(state, f.state);
        put(light, f.infrared === undefined ? "" : f.infrared ? "yes" : "no");
      }
      const n = Object.keys(store.filter).length;
      details.firstElementChild.textContent = n ? `Filter (F): ${n} set` : "Filter (F)";
      details.classList.toggle("set", n > 0);
      if (n) details.open = true;
    },
  };
}

/** @param {string} label @param {string[][]} options */
function select(label, options) {
  return make("select", { "aria-label": label }, ...options.map(([value, text]) => make("option", { value, text })));
}

/** @param {HTMLElement} element @param {string[]} names @param {string} all */
function fill(element, names, all) {
  const order = names.map((name, code) => ({ name, code })).sort((a, b) => a.name.localeCompare(b.name));
  element.replaceChildren(make("option", { value: "", text: all }), ...order.map(({ name, code }) => make("option", { value: String(code), text: name })));
}
