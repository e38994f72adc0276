"use strict";
(function () {
  const reveal = function () {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    target.hidden = false;
    if (target.tagName === "DETAILS") target.open = true;
    target.scrollIntoView({ block: "start" });
  };
  const wire = function (tools) {
    const list = document.getElementById(tools.dataset.for);
    const rows = Array.from(list.querySelectorAll(":scope > [data-text]"));
    const box = tools.querySelector("input[type=search]");
    const order = tools.querySelector("select[data-sort]");
    const only = tools.querySelector("select[data-only]");
    const told = tools.querySelector("[data-told]");
    const more = document.querySelector('button[data-more="' + list.id + '"]');
    const limit = more ? Number(more.dataset.limit) : Infinity;
    let opened = !more;
    const texts = rows.map(function (row) { return row.dataset.text.toLowerCase(); });
    const show = function () {
      const words = (box ? box.value : "").toLowerCase().split(/\s+/).filter(Boolean);
      const kind = only ? only.value : "";
      let matched = 0;
      rows.forEach(function (row, i) {
        const fits = words.every(function (w) { return texts[i].includes(w); }) &&
          (!kind || (" " + row.dataset.kind + " ").includes(" " + kind + " "));
        if (fits) matched += 1;
        row.hidden = !fits || (!opened && matched > limit);
        const rest = fits && words.length ? row.querySelector("details.rest") : null;
        if (rest) rest.open = true;
      });
      if (told) told.textContent = matched === rows.length ? rows.length.toLocaleString("en") : matched.toLocaleString("en") + " of " + rows.length.toLocaleString("en");
      if (more) more.hidden = opened || matched <= limit;
    };
    const sort = function () {
      const key = order.value;
      const text = key === "name";
      const value = function (row) { return text ? row.dataset.name.toLowerCase() : Number(row.dataset[key] || 0); };
      const sorted = rows.map(function (row, i) { return [value(row), i, row, texts[i]]; });
      const way = key === "position" || text ? 1 : -1;
      sorted.sort(function (a, b) { return (a[0] < b[0] ? -way : a[0] > b[0] ? way : a[1] - b[1]); });
      sorted.forEach(function (entry, i) { rows[i] = entry[2]; texts[i] = entry[3]; });
      const piece = document.createDocumentFragment();
      rows.forEach(function (row) { piece.appendChild(row); });
      list.appendChild(piece);
      show();
    };
    if (box) box.addEventListener("input", show);
    if (only) only.addEventListener("change", show);
    if (order) order.addEventListener("change", sort);
    if (more) more.addEventListener("click", function () { opened = true; show(); });
    show();
  };
  document.querySelectorAll(".tools[data-for]").forEach(wire);
  window.addEventListener("hashchange", reveal);
  reveal();
  document.documentElement.dataset.ready = "yes";
})();
