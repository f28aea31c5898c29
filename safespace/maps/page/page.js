// What folium does not do: popups from plain text (never markup), shapes reached by keyboard, and the
// table's buttons. Layers are kept by the identifier that the table uses.
"use strict";
const safespace = {
  facts: {},
  layers: new Map(),
  bind(feature, layer) {
    const target = feature.properties.target;
    const facts = safespace.facts[target];
    const box = document.createElement("div");
    for (const [place, words] of [facts.title, ...facts.lines].entries()) {
      const line = document.createElement("p");
      line.textContent = words;
      line.className = place ? "" : "title";
      box.append(line);
    }
    layer.bindPopup(box, { maxWidth: 300 });
    if (facts.mark) {
      const label = document.createElement("span");
      label.textContent = facts.mark;
      // A number stands up and to the right of its cell, so that the cell can still be seen.
      const offset = facts.kind === "ss-number" && facts.beside ? [17, -17] : [0, 0];
      layer.bindTooltip(label, { permanent: true, direction: "center", className: facts.kind, offset });
    }
    safespace.layers.set(target, layer);
    layer.on("add", () => safespace.reach(layer, facts));
  },
  reach(layer, facts) {
    const path = layer.getElement && layer.getElement();
    if (!path) return;
    path.setAttribute("role", "button");
    path.setAttribute("aria-label", [facts.title, ...facts.lines].join(". "));
    path.setAttribute("tabindex", facts.stop ? "0" : "-1");
    path.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      layer.openPopup();
    });
  },
  show(target) {
    const layer = safespace.layers.get(target);
    if (!layer) return;
    layer.openPopup();
    layer.getElement().focus({ preventScroll: true });
    document.querySelector(".map-frame").scrollIntoView({ block: "nearest" });
  },
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-show]");
  if (button) safespace.show(button.dataset.show);
});
