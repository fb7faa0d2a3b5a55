// The variables that what is typed sets, with those of its files: shown when somebody asks for them.

import * as api from "./api.js";
import { arrange, h, setText } from "./dom.js";

/** `read()` answers what is typed, `{spec}`; `of` is the process that is changed, or undefined. */
export function formVariables(read, of) {
  const list = h("ul", { class: "variables" });
  const problem = h("p", { class: "problem", role: "alert" });
  const element = h("details", { class: "form-more", id: "form-variables", ontoggle: () => look() }, h("summary", {}, "Variables that this sets, with their values"), h("div", { class: "form-variables" }, problem, list));
  let asked = 0;

  /** Shows them as they are now, where they are to be seen. */
  async function look() {
    const mine = ++asked;
    if (!element.open) return arrange(list, []);
    const { spec } = read();
    if (spec.argv?.length === 0 || spec.command === "") {
      setText(problem, "");
      return arrange(list, [h("li", { class: "muted" }, "They are shown when there is a command.")]);
    }
    let env = {};
    let went = "";
    try {
      ({ env } = await api.variables(spec, of));
    } catch (why) {
      went = why.message;
    }
    if (mine !== asked) return undefined;
    setText(problem, went);
    const rows = Object.entries(env).map(([key, value]) => h("li", {}, h("code", { class: "own" }, key), h("code", { class: "value" }, value)));
    return arrange(list, rows.length > 0 || went ? rows : [h("li", { class: "muted" }, "None: all is as the dashboard has it.")]);
  }

  return { element, look };
}
