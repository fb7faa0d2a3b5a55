// What is shown where there is nothing: how to begin, or how to get back.

import { session } from "./actions.js";
import { h, iconButton } from "./dom.js";
import { go, listAddress } from "./router.js";
import { toast } from "./toast.js";

const EXAMPLES = [
  ["bgrun run web -- node server.js", "start a program; it outlives the terminal"],
  ["bgrun run worker --keep-alive -- python3 -u worker.py", "start it again when it crashes"],
  ["bgrun run prices --group shop -c 'fetch-prices | jq .'", "a line of shell, in a group"],
];

/** Copies a text; says so. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`, { stays: 2000 });
  } catch {
    toast("The browser did not let us copy.", { bad: true });
  }
}

let screen = null;

export function empty() {
  screen ??= h("div", { class: "empty" },
    h("h2", {}, "Nothing runs here yet"),
    h("p", {}, "Start something in any terminal, and it appears here at once:"),
    h("ul", { class: "examples" }, EXAMPLES.map(([line, why]) => h("li", {},
      h("code", {}, h("span", { class: "prompt", "aria-hidden": "true" }, "$ "), line),
      iconButton("copy", `Copy: ${line}`, () => copy(line, "Command")),
      h("p", { class: "muted" }, why)))),
    session.readOnly ? null : h("p", {}, "or ", h("button", { type: "button", class: "button primary", onclick: () => go({ view: "new" }) }, "start one from here"), " or ", h("button", { type: "button", class: "button", onclick: () => go({ view: "project" }) }, "bring up a project file")));
  return screen;
}

export function nothingFound() {
  return h("div", { class: "empty small" },
    h("p", {}, "No process matches."),
    h("button", { type: "button", class: "button", onclick: () => { const to = listAddress(); to.query.delete("q"); to.query.delete("status"); go(to); } }, "Show all"));
}
