"use strict";
{
  const rows = Array.from(document.querySelectorAll("tbody tr"));
  const fold = (s) => s.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  let names; // folded, without case and accents, once they are needed

  const input = document.createElement("input");
  input.type = "search";
  input.name = "filter"; // browsers complain about fields without one
  input.placeholder = "Filter names";
  input.title = "Press / to get here, Escape to clear";
  input.autocomplete = "off";
  input.spellcheck = false;
  input.setAttribute("aria-label", "Filter names");
  input.setAttribute("aria-keyshortcuts", "/");
  const count = document.createElement("p");
  count.setAttribute("role", "status");
  const filter = document.createElement("div");
  filter.className = "filter";
  filter.append(input, count);
  document.querySelector("header").append(filter);

  const update = () => {
    names ??= rows.map((row) => fold(row.querySelector("bdi").textContent));
    const wanted = fold(input.value);
    let shown = 0;
    rows.forEach((row, i) => {
      row.hidden = !names[i].includes(wanted);
      shown += !row.hidden;
    });
    count.textContent = !wanted ? "" : shown ? `${shown} of ${rows.length} match` : "No matches";
  };
  input.addEventListener("input", update);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    if (input.value) {
      event.preventDefault();
      input.value = "";
      update();
    } else {
      input.blur();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target === input || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}
