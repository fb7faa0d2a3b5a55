// Above the lines: whose logs these are, what can be done to them, and whose could be added.

import { arrange, h, icon, iconButton, setAttribute, setText } from "./dom.js";
import { all, find } from "./processes.js";
import { go, listAddress, listQuery } from "./router.js";
import { showStatus } from "./row.js";
import { leaveLogs } from "./logs.js";

/** More of them than this are folded, to so few. */
const MANY = 10;
const FEW = 6;

function chip(view, name, buttons) {
  const status = h("span", { class: "status" });
  const acts = buttons(name, { withLogs: false });
  const without = () => {
    const names = view.names.filter((other) => other !== name);
    go(names.length > 0 ? { view: "logs", names, query: listQuery() } : listAddress());
  };
  const title = h("h2", {}, h("bdi", {}, name));
  const element = h("div", { class: "log-chip" }, title, status, acts.element, view.names.length > 1 ? iconButton("close", `Take ${name} out of this view`, without) : null);
  return {
    element,
    update() {
      const record = find(name);
      acts.element.hidden = !record;
      if (record) {
        showStatus(status, record);
        acts.update(record);
      } else {
        setText(status, "unknown");
        status.dataset.status = "stopped";
      }
    },
  };
}

export function logHead(view, buttons) {
  const chips = new Map();
  const chipOf = (name) => {
    if (!chips.has(name)) chips.set(name, chip(view, name, buttons));
    return chips.get(name);
  };
  const add = h("select", { class: "field add", "aria-label": "Add the logs of another process", onchange: () => go({ view: "logs", names: [...view.names, add.value], query: listQuery() }) });
  const back = h("button", { type: "button", class: "button", title: "Back (Esc)", onclick: leaveLogs }, icon("back"), "Back");
  const place = h("div", { class: "log-chips" });
  const fold = h("button", { type: "button", class: "button small", onclick: () => {
    isWhole = !isWhole;
    draw();
  } });
  const element = h("header", { class: "log-head" }, back, place, add);
  let known = null;
  let isWhole = view.names.length <= MANY;

  function draw() {
    const shown = isWhole ? view.names : view.names.slice(0, FEW);
    setText(fold, isWhole ? "fewer" : `and ${view.names.length - FEW} more`);
    setAttribute(fold, "aria-expanded", String(isWhole));
    for (const name of shown) chipOf(name).update();
    arrange(place, [...shown.map((name) => chipOf(name).element), ...(view.names.length > MANY ? [fold] : [])]);
  }
  draw();
  return {
    element,
    update() {
      for (const one of chips.values()) one.update();
      const others = all().map((record) => record.name).filter((name) => !view.names.includes(name)).sort();
      if (others.join("/") === known) return;
      known = others.join("/");
      arrange(add, [h("option", { value: "", selected: true, disabled: true }, "+ merge with"), ...others.map((name) => h("option", { value: name }, name))]);
      add.hidden = others.length === 0;
    },
  };
}
