// Ctrl-K: every action there is, found by typing.

import { act, canUndo, session, toggleGuard, undoLast } from "./actions.js";
import { arrange, h, setAttribute } from "./dom.js";
import { copy } from "./empty.js";
import { help } from "./help.js";
import { clearSelection, selectAll, selected, targets } from "./list.js";
import { logsOpen } from "./logs.js";
import { all, isUp } from "./processes.js";
import { go, listAddress, listQuery, logsAddress, processAddress, setQuery } from "./router.js";
import { chooseTheme } from "./theme.js";

const SHOWN = 60;

function ofProcesses() {
  const found = [];
  for (const record of all()) {
    const { name } = record;
    found.push([`${name}: details`, () => go(processAddress(name))], [`${name}: logs`, () => go(logsAddress([name]))], [`${name}: copy its name`, () => copy(name, "Name")]);
    if (session.readOnly) continue;
    found.push(isUp(record) ? [`${name}: stop`, () => act("stop", [name])] : [`${name}: start`, () => act("start", [name])],
      [`${name}: restart`, () => act("restart", [name])],
      [`${name}: ${record.keep_alive === "never" ? "keep alive (guard on)" : "no longer keep alive (guard off)"}`, () => toggleGuard([name])],
      [`${name}: new process like this`, () => go({ view: "new", query: new URLSearchParams({ like: name }) })],
      [`${name}: delete`, () => act("remove", [name])]);
  }
  return found;
}

function ofLogs() {
  const view = logsOpen();
  if (!view) return [];
  return [
    ["Logs: follow", () => view.setFollow(true), "F"],
    ["Logs: stand still", () => view.setFollow(false), "F"],
    ["Logs: stdout and stderr", () => view.setTab("both")],
    ["Logs: only stdout", () => view.setTab("stdout")],
    ["Logs: only stderr", () => view.setTab("stderr")],
    [view.times ? "Logs: hide times" : "Logs: show times", () => view.setTimes(!view.times), "T"],
    [view.window.wrap ? "Logs: do not wrap" : "Logs: wrap long lines", () => view.setWrap(!view.window.wrap), "W"],
    ["Logs: copy all lines that are shown", () => view.copyAll()],
    ["Logs: download", () => view.download()],
  ];
}

function ofTargets() {
  const names = targets();
  if (names.length === 0 || session.readOnly) return [];
  const whom = names.length === 1 ? names[0] : `the ${names.length} selected`;
  return [
    [`Restart ${whom}`, () => act("restart", names), "R"],
    [`Stop ${whom}`, () => act("stop", names), "S"],
    [`Start ${whom}`, () => act("start", names)],
    [`Toggle guard of ${whom}`, () => toggleGuard(names), "G"],
    [`Show logs of ${whom}`, () => go({ view: "logs", names, query: listQuery() }), "L"],
    [`Delete ${whom}`, () => act("remove", names), "D"],
  ];
}

function general() {
  const named = (wanted) => all().filter(wanted).map((record) => record.name);
  const changes = session.readOnly ? [] : [
    ...(canUndo() ? [["Undo the last deletion", undoLast, "U"]] : []),
    ["New process", () => go({ view: "new" }), "N"],
    ["Start all that do not run", () => act("start", named((record) => !isUp(record)))],
    ["Restart all that failed", () => act("restart", named((record) => ["failed", "lost"].includes(record.status)))],
    ["Stop all", () => act("stop", named(isUp))],
    ["Clean: delete all that do not run", () => act("remove", named((record) => !isUp(record)))],
  ];
  return [
    ...changes,
    ["Show all processes", () => go({ view: "list" })],
    ["Show only failed and lost", () => setQuery("status", "failed,lost")],
    ["Logs of all, merged", () => go({ view: "logs", names: named(() => true), query: listQuery() })],
    ["Group by group", () => setQuery("by", "group")],
    ["Group by directory", () => setQuery("by", "directory")],
    ["Do not group", () => setQuery("by", "none")],
    ...["name", "cpu", "memory", "uptime", "restarts"].map((key) => [`Sort by ${key}`, () => setQuery("sort", key)]),
    ["Sort failed first", () => setQuery("sort", null)],
    ["Select all that are shown", () => selectAll(true), "A"],
    ...(selected.size > 0 ? [["Clear the selection", clearSelection, "Esc"]] : []),
    ["Theme: light", () => chooseTheme("light")],
    ["Theme: dark", () => chooseTheme("dark")],
    ["Theme: as the system", () => chooseTheme(null)],
    ["Keys and help", help, "?"],
    ["Back to the list", () => go(listAddress()), "Esc"],
  ];
}

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

/** Opens the palette. */
export function palette() {
  if (document.querySelector("dialog.palette")) return;
  const everything = [...ofTargets(), ...ofLogs(), ...general(), ...ofProcesses()];
  const list = h("ul", { role: "listbox", id: "palette-list", "aria-label": "Actions" });
  let at = 0;
  let shown = [];
  const input = h("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list", "aria-label": "Find an action or a process", placeholder: "Find an action or a process", autocomplete: "off", spellcheck: "false", oninput: () => { at = 0; draw(); }, onkeydown: keys });
  const dialog = h("dialog", { class: "dialog palette", "aria-label": "Actions", onclose: () => dialog.remove(), onclick: (event) => event.target === dialog && dialog.close() }, input, list);

  function run(index) {
    const chosen = shown[index];
    dialog.close();
    chosen?.[1]();
  }

  function point() {
    [...list.children].forEach((item, index) => setAttribute(item, "aria-selected", String(index === at)));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    setAttribute(input, "aria-activedescendant", list.children[at]?.id);
  }

  function draw() {
    const scored = everything.map((entry) => [score(entry[0], input.value), entry]).filter(([points]) => points !== null);
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
