// The read-only copy: groups as cards, a group's sheets, the map. A plain script, as modules do not load from a file.
"use strict";
(() => {
  const survey = window.SURVEY;
  const get = (id) => document.getElementById(id);
  const make = (tag, more = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(more)) {
      if (name === "text") element.textContent = value;
      else if (name === "class") element.className = value;
      else if (name === "click") element.addEventListener("click", value);
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };
  const number = (n) => n.toLocaleString("en");
  const HUES = [145, 25, 265, 85, 205, 330, 55, 175, 300, 0, 235, 115];
  const colour = (n) => `hsl(${HUES[n % HUES.length]} ${60 - 12 * (Math.floor(n / 12) % 3)}% ${44 + 10 * (Math.floor(n / 36) % 3)}%)`;
  const words = (base64) => {
    const text = atob(base64), bytes = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
    return new Uint16Array(bytes.buffer);
  };
  const places = words(survey.places), codes = words(survey.codes), map = get("map");
  let lit = -1;

  const facts = (group) => `${number(group.crops)} crops · ${number(group.bursts)} bursts`;
  const dot = (n) => {
    const mark = make("span", { class: "dot" });
    mark.style.background = colour(n);
    return mark;
  };

  function home() {
    lit = -1;
    const wanted = get("find").value.trim().toLowerCase();
    const cards = make("div", { class: "cards" });
    survey.groups.forEach((group, n) => {
      if (wanted && ![group.name, ...group.stations.map(([name]) => name)].some((text) => text.toLowerCase().includes(wanted))) return;
      const peek = make("div", { class: "peek" });
      if (group.sheets.length) {
        peek.style.backgroundImage = `url("${group.sheets[0][0]}")`;
        peek.style.backgroundSize = `${(group.sheets[0][1] / 96) * 76}px auto`;
      }
      cards.append(make("button", { class: "card", click: () => (location.hash = `#${n}`) }, peek,
        make("div", { class: "what" }, dot(n), make("span", { text: group.name })), make("div", { class: "soft", text: facts(group) })));
    });
    get("work").replaceChildren(cards);
    draw();
  }

  function open(n) {
    const group = survey.groups[n];
    if (!group) return home();
    lit = n;
    const hours = make("div", { class: "hours", role: "img", "aria-label": "hours of the day" });
    const most = Math.max(1, ...group.hours);
    group.hours.forEach((count, hour) => {
      const bar = make("i", { title: `${hour} h: ${count}` });
      bar.style.height = `${(100 * count) / most}%`;
      hours.append(bar);
    });
    const stations = group.stations.map(([name, count]) => `${name} (${number(count)})`).join(", ");
    get("work").replaceChildren(make("h2", { class: "what" }, dot(n), make("span", { text: group.name })),
      make("p", { text: `${facts(group)}, ${group.nStations} stations: ${stations}` }), hours,
      make("p", { class: "soft", text: group.shown < group.crops ? `${number(group.shown)} of them, evenly from the most typical to the oddest:` : "All crops, the most typical first:" }),
      ...group.sheets.map(([file, width, height]) => make("img", { class: "sheet", src: file, width, height, loading: "lazy", alt: `crops of ${group.name}` })));
    get("work").scrollTop = 0;
    draw();
  }

  const scale = () => Math.min(map.width, map.height) * 0.94 / 65000;
  const at = (row) => [map.width / 2 + (places[2 * row] - 32500) * scale(), map.height / 2 - (places[2 * row + 1] - 32500) * scale()];
  function draw() {
    const ratio = window.devicePixelRatio || 1;
    map.width = Math.max(1, map.clientWidth * ratio);
    map.height = Math.max(1, map.clientHeight * ratio);
    const context = map.getContext("2d"), size = codes.length > 50000 ? 1.5 : codes.length > 5000 ? 2.5 : 4;
    for (const pass of [0, 1]) {
      for (let row = 0; row < codes.length; row++) {
        const shown = lit < 0 || codes[row] === lit;
        if (places[2 * row] === 65535 || Number(shown) !== pass) continue;
        context.fillStyle = shown ? colour(codes[row]) : "#d4d8d2";
        const [x, y] = at(row);
        context.fillRect(x, y, size * ratio, size * ratio);
      }
    }
  }
  map.addEventListener("click", (event) => {
    const ratio = map.width / map.clientWidth, x = event.offsetX * ratio, y = event.offsetY * ratio;
    let best = -1, least = 400 * ratio;
    for (let row = 0; row < codes.length; row++) {
      if (places[2 * row] === 65535) continue;
      const [px, py] = at(row), far = (px - x) ** 2 + (py - y) ** 2;
      if (far < least) [best, least] = [row, far];
    }
    if (best >= 0) location.hash = `#${codes[best]}`;
  });

  const route = () => (/^#\d+$/.test(location.hash) ? open(Number(location.hash.slice(1))) : home());
  get("title").textContent = survey.title;
  document.title = survey.title;
  get("about").textContent = `${number(survey.crops)} crops in ${number(survey.groups.length)} groups. Alike crops lie together; a click opens a group. Nothing can be changed here.`;
  get("home").addEventListener("click", () => { get("find").value = ""; location.hash = ""; home(); });
  get("find").addEventListener("input", () => { if (location.hash) location.hash = ""; home(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") get("home").click(); });
  window.addEventListener("hashchange", route);
  window.addEventListener("resize", draw);
  route();
})();
