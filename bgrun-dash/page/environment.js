// The variables of a process: their names, and their values only when somebody asks to see them.

import * as api from "./api.js";
import { arrange, h, setText } from "./dom.js";

export function environment(name) {
  let values = null;
  let keys = [];
  const list = h("ul", { class: "variables" });
  const filter = h("input", { type: "search", class: "field", placeholder: "Find a variable", "aria-label": "Find a variable", hidden: true, oninput: draw });
  const reveal = h("button", { type: "button", class: "button small", "aria-pressed": "false", onclick: toggle }, "Reveal values");
  const problem = h("p", { class: "problem", hidden: true });
  const element = h("section", { class: "environment" }, h("h3", {}, "Environment ", reveal), problem, filter, list);

  function draw() {
    const asked = filter.value.toLowerCase();
    const shown = values ? Object.keys(values).sort() : keys;
    arrange(list, shown.filter((key) => key.toLowerCase().includes(asked)).map((key) => h("li", {},
      h("code", { class: keys.includes(key) ? "own" : "" }, key),
      values ? h("code", { class: "value" }, values[key]) : h("span", { class: "muted", "aria-label": "hidden" }, "••••••"))));
    if (list.childElementCount === 0) list.append(h("li", { class: "muted" }, "None was set for it."));
    filter.hidden = values === null;
  }

  async function toggle() {
    problem.hidden = true;
    if (values) {
      values = null;
    } else {
      try {
        values = (await api.environment(name)).env;
      } catch (why) {
        setText(problem, why.message);
        problem.hidden = false;
      }
    }
    reveal.setAttribute("aria-pressed", String(values !== null));
    setText(reveal, values ? "Hide values" : "Reveal values");
    draw();
  }

  return {
    element,
    update(details) {
      const now = details.env_keys ?? [];
      if (now.join() === keys.join() && list.firstChild) return;
      keys = now;
      draw();
    },
  };
}
