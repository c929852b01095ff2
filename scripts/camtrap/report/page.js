(function () {
  "use strict";
  // where this page lies is known only to who opens it
  var place = location.protocol === "file:" ? decodeURI(location.pathname).replace(/\/report\/[^/]*$/, "") : "";
  if (/^[\w./-]+$/.test(place)) {
    document.querySelectorAll(".results").forEach(function (span) { span.textContent = place; });
  }
  var list = document.getElementById("cards");
  var bar = document.getElementById("sort");
  if (!list || !bar) return;
  bar.hidden = false;
  bar.addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (!button) return;
    var key = button.dataset.key, sign = Number(button.dataset.sign);
    Array.from(list.children)
      .sort(function (a, b) {
        return sign * (Number(a.dataset[key]) - Number(b.dataset[key])) || a.dataset.cluster - b.dataset.cluster;
      })
      .forEach(function (card) { list.appendChild(card); });
    bar.querySelectorAll("button").forEach(function (other) {
      other.setAttribute("aria-pressed", String(other === button));
    });
  });
})();
