// A list of actions that is searched by typing: Ctrl-K for everything, and the menu of one process.

import { arrange, h, setAttribute } from "./dom.js";

const SHOWN = 60;

/** Whether the letters of each word come in this order; lower is better, null is no match. Pure. */
export function score(label, question) {
  const text = label.toLowerCase();
  let sum = 0;
  for (const word of question.toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = text.indexOf(word);
    if (at < 0) return null;
    sum += at + (at === 0 || /[^a-z0-9]/.test(text[at - 1]) ? 0 : 50);
  }
  return sum + text.length / 100;
}

/**
 * Opens it with these choices: `[label, run, key]`; `title` says what they are about, `more()` gives
 * those that come in when something is typed.
 */
export function palette(choices, title, more = () => []) {
  document.querySelector("dialog.palette")?.close();
  const list = h("ul", { role: "listbox", id: "palette-list", "aria-label": title ?? "Actions" });
  let at = 0;
  let shown = [];
  let rest = null;
  const placeholder = title ? "Find an action" : "Find an action or a process";
  const input = h("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list", "aria-label": placeholder, placeholder, autocomplete: "off", spellcheck: "false", oninput: () => { at = 0; draw(); }, onkeydown: keys });
  const heading = title ? h("h2", { class: "palette-title" }, h("bdi", {}, title)) : null;
  const dialog = h("dialog", { class: "dialog palette", "aria-label": title ?? "Actions", onclose: () => dialog.remove(), onclick: (event) => event.target === dialog && dialog.close() }, h("div", { class: "palette-head" }, heading, input), list);

  function run(index) {
    const chosen = shown[index];
    dialog.close();
    dialog.remove();
    chosen?.[1]();
  }

  function point() {
    [...list.children].forEach((item, index) => setAttribute(item, "aria-selected", String(index === at)));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    setAttribute(input, "aria-activedescendant", list.children[at]?.id);
  }

  function draw() {
    if (input.value) rest ??= more();
    const scored = [...choices, ...(input.value ? rest : [])].map((entry) => [score(entry[0], input.value), entry]).filter(([points]) => points !== null);
    if (input.value) scored.sort((a, b) => a[0] - b[0]);
    shown = scored.slice(0, SHOWN).map(([, entry]) => entry);
    const items = shown.map(([label, , key], index) => h("li", { role: "option", id: `option-${index}`, "aria-selected": "false", onclick: () => run(index) }, h("bdi", {}, label), key ? h("kbd", {}, key) : null));
    arrange(list, items.length > 0 ? items : [h("li", { class: "muted", role: "option", "aria-selected": "false", "aria-disabled": "true" }, "Nothing is called that.")]);
    point();
  }

  function keys(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) at = (at + moves[event.key] + shown.length) % Math.max(1, shown.length);
    else if (event.key === "Enter") run(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
    point();
  }

  document.body.append(dialog);
  draw();
  dialog.showModal();
  input.focus();
}
