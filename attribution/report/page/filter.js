"use strict";
// Filters the matches. All of the page can be read without this.
(() => {
  const matches = [...document.querySelectorAll(".match")];
  const form = document.getElementById("filters");
  const PARTS = [
    ["Action", (data) => [data.action]],
    ["Counts", (data) => [data.standing]],
    ["Licence", (data) => JSON.parse(data.licenses)],
    ["Category", (data) => data.categories.split(" ").filter(Boolean)],
    ["Class", (data) => [data.class]],
    ["Kind", (data) => [data.kind]],
  ];
  const values = PARTS.map(([, of]) => matches.map((match) => of(match.dataset)));
  const texts = new Map(); // made when a search first needs them

  function make(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function selectOf(part) {
    const counts = new Map();
    for (const some of values[part]) for (const one of new Set(some)) counts.set(one, (counts.get(one) || 0) + 1);
    const options = [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
    return make("select", { name: PARTS[part][0] },
      make("option", { value: "", textContent: "all" }),
      ...options.map(([value, n]) => make("option", { value, textContent: `${value} (${n.toLocaleString("en")})` })));
  }

  function textOf(match) {
    if (!texts.has(match)) texts.set(match, match.textContent.toLowerCase());
    return texts.get(match);
  }

  const selects = PARTS.map((_, part) => selectOf(part));
  const search = make("input", { type: "search", name: "text", placeholder: "path, repository, code" });
  const status = make("output", {});
  const clear = make("button", { type: "reset", textContent: "Clear" });
  const open = make("button", { type: "button", textContent: "Unfold" });
  const close = make("button", { type: "button", textContent: "Fold" });

  function filter() {
    const wanted = search.value.trim().toLowerCase();
    let nShown = 0;
    matches.forEach((match, at) => {
      const isShown = selects.every((select, part) => !select.value || values[part][at].includes(select.value))
        && (!wanted || textOf(match).includes(wanted));
      match.hidden = !isShown;
      nShown += isShown;
    });
    status.textContent = `${nShown.toLocaleString("en")} of ${matches.length.toLocaleString("en")} matches shown`;
  }

  function fold(isOpen) {
    for (const match of matches) if (!match.hidden) match.firstElementChild.open = isOpen;
  }

  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    target.hidden = false;
    const details = target.matches("details") ? target : target.querySelector("details");
    if (details) details.open = true;
    target.scrollIntoView();
  }

  if (matches.length > 1) {
    form.append(
      ...selects.filter((select) => select.length > 2) // "all" and more than one value
        .map((select) => make("label", {}, select.name, select)),
      make("label", {}, "Text", search), clear, open, close, status);
    form.hidden = false;
    filter();
  }
  let waiting;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  form.addEventListener("submit", (event) => { event.preventDefault(); filter(); });
  form.addEventListener("reset", () => setTimeout(filter));
  open.addEventListener("click", () => fold(true));
  close.addEventListener("click", () => fold(false));
  addEventListener("hashchange", reveal);
  reveal();
})();
