// The list: counters, groups, rows, cursor and selection.

import { act, session } from "./actions.js";
import { choose, countByStatus, STATUSES } from "./choose.js";
import { arrange, byId, h, icon, iconButton, setAttribute, setText } from "./dom.js";
import { empty, nothingFound } from "./empty.js";
import { count } from "./format.js";
import { all, find, isUp } from "./processes.js";
import { go, listQuery, processAddress, route, setQuery } from "./router.js";
import { makeRow } from "./row.js";

const rows = new Map();
const bodies = new Map();
const folded = new Set(JSON.parse(sessionStorage.getItem("folded") ?? "[]"));
export const selected = new Set();
let order = [];
let cursor = null;
let lastChecked = null;
let table = null;

const question = () => ({
  status: new Set((route.query.get("status") ?? "").split(",").filter(Boolean)),
  q: (route.query.get("q") ?? "").trim(),
  by: route.query.get("by") ?? localStorage.getItem("grouping") ?? "group",
  sort: route.query.get("sort") ?? "status",
});

// Columns: heading, class, and what a click on the heading sorts by.
const COLUMNS = [["Status", "state", "status"], ["Name", "who", "name"], ["Ports", "ports"], ["Uptime", "uptime", "uptime"], ["Restarts", "restarts", "restarts"], ["CPU", "cpu", "cpu"], ["Memory", "memory", "memory"], ["Last exit", "end"]];

/** Sorts by a column; by the same one once more, the other way round. */
function sortBy(key) {
  const now = question().sort;
  const next = now === key ? `-${key}` : key;
  setQuery("sort", next === "status" ? null : next, { replace: true });
}

/** Turns the order round. */
export function reverse() {
  const now = question().sort;
  const next = now.startsWith("-") ? now.slice(1) : `-${now}`;
  setQuery("sort", next === "status" ? null : next, { replace: true });
}

/** As aria-sort has it; what is counted begins with the largest. */
function directionOf(key, sort) {
  if (sort.replace("-", "") !== key) return null;
  return ["name", "status"].includes(key) === !sort.startsWith("-") ? "ascending" : "descending";
}

function heading([label, name, sort]) {
  const content = sort ? h("button", { type: "button", class: "sort", title: `Sort by ${label.toLowerCase()}; once more for the reverse order`, onclick: () => sortBy(sort), data: { sort } }, label) : label;
  return h("th", { class: name, scope: "col", role: "columnheader" }, content);
}

function makeTable() {
  const everything = h("input", { type: "checkbox", id: "select-all", "aria-label": "Select all that are shown", onclick: (event) => selectAll(event.target.checked) });
  const head = h("tr", { role: "row" }, h("th", { class: "check", scope: "col", role: "columnheader" }, everything), COLUMNS.map(heading), h("th", { class: "do", scope: "col", role: "columnheader" }, h("span", { class: "hidden" }, "Actions")));
  // Said again, for not every browser takes what is laid out otherwise for a table.
  return h("table", { class: "processes", role: "table" }, h("caption", { class: "hidden" }, "Processes"), h("thead", { role: "rowgroup" }, head));
}

function makeBody(key) {
  const title = h("button", { type: "button", class: "fold", onclick: () => fold(key) }, icon("down"), h("bdi", {}, key ?? "without a group"));
  const tally = h("span", { class: "muted tally" });
  const names = () => (bodies.get(key)?.records ?? []).map((record) => record.name);
  const wholly = (shape, word, kind) => iconButton(shape, `${word} all of ${key ?? "these"}`, () => act(kind, kind === "stop" ? names().filter((name) => isUp(find(name))) : names()));
  const acts = session.readOnly ? null : h("span", { class: "group-actions" }, wholly("start", "Start", "start"), wholly("stop", "Stop", "stop"), wholly("restart", "Restart", "restart"));
  const header = h("tr", { class: "group", role: "row" }, h("th", { scope: "rowgroup", role: "rowheader" }, h("div", {}, title, tally, acts)));
  return { element: h("tbody", { role: "rowgroup" }), header, title, tally, records: [] };
}

function fold(key) {
  if (!folded.delete(String(key))) folded.add(String(key));
  sessionStorage.setItem("folded", JSON.stringify([...folded]));
  show(null);
}

function counters(records) {
  const { status: on } = question();
  const counts = countByStatus(records);
  const toggle = (status) => {
    const next = new Set(on);
    if (!next.delete(status)) next.add(status);
    setQuery("status", [...next].join(","));
  };
  const place = byId("counters");
  const button = (key, label, number, pressed, onclick) => {
    const known = place.querySelector(`[data-counter="${key}"]`);
    const element = known ?? h("button", { type: "button", class: "counter", data: { counter: key } }, h("span", { class: "tally" }), " ", h("span", key === "all" ? {} : { class: "status", "data-status": key }, label));
    element.onclick = onclick;
    setText(element.firstChild, String(number));
    setAttribute(element, "aria-pressed", String(pressed));
    return element;
  };
  const shown = STATUSES.filter((status) => counts.get(status) > 0 || on.has(status) || status === "failed" || status === "running");
  arrange(place, [
    button("all", "all", records.length, on.size === 0, () => setQuery("status", null)),
    ...shown.map((status) => button(status, status, counts.get(status), on.has(status), () => toggle(status))),
  ]);
}

function rowOf(record) {
  if (!rows.has(record.name)) rows.set(record.name, makeRow(record.name, select));
  return rows.get(record.name);
}

/** Shows what is known; `names` says which rows may differ, null that all may. */
export function show(names) {
  const records = all();
  counters(records);
  const asked = question();
  byId("grouping").value = asked.by;
  for (const name of [...rows.keys()]) {
    if (find(name)) continue;
    rows.delete(name);
    selected.delete(name);
  }
  const groups = choose(records, asked);
  order = [];
  const shown = groups.map(({ key, records: members }) => {
    if (!bodies.has(key)) bodies.set(key, makeBody(key));
    const body = bodies.get(key);
    body.records = members;
    const isFolded = folded.has(String(key));
    const hasHeader = asked.by !== "none" && !(groups.length === 1 && key === null);
    const states = countByStatus(members);
    setText(body.tally, STATUSES.filter((status) => states.get(status) > 0).map((status) => `${states.get(status)} ${status}`).join(" · "));
    setAttribute(body.title, "aria-expanded", String(!isFolded));
    const visible = isFolded && hasHeader ? [] : members;
    for (const record of visible) order.push(record.name);
    arrange(body.element, [...(hasHeader ? [body.header] : []), ...visible.map((record) => {
      const isNew = !rows.has(record.name);
      const row = rowOf(record);
      if (isNew || names === null || names.has(record.name)) row.update(record);
      if (isNew) row.drawLines();
      return row.element;
    })]);
    return body.element;
  });
  table ??= makeTable();
  for (const button of table.querySelectorAll(".sort")) setAttribute(button.parentNode, "aria-sort", directionOf(button.dataset.sort, asked.sort));
  arrange(table, [table.firstChild, table.tHead, ...shown]);
  const isEmpty = records.length === 0;
  arrange(byId("rows"), isEmpty ? [empty()] : groups.length === 0 ? [nothingFound()] : [table]);
  mark();
}

/** The process whose details are shown, or null. */
const opened = () => (route.view === "process" ? route.names[0] : null);

/** Draws cursor, selection and which one is open. */
export function mark() {
  const open = opened();
  // However the details were opened: keys act on what they show.
  cursor = open ?? cursor;
  if (!order.includes(cursor)) cursor = null;
  for (const [name, row] of rows) row.choose(name === cursor, selected.has(name), name === open);
  const everything = byId("select-all");
  if (everything) {
    everything.checked = order.length > 0 && order.every((name) => selected.has(name));
    everything.indeterminate = !everything.checked && selected.size > 0;
  }
  const bar = byId("selection");
  // Over a log it would hide the newest lines, and act on others than the keys do.
  setAttribute(bar, "hidden", selected.size === 0 || session.readOnly || byId("list").hidden);
  if (selected.size > 0) selectionBar(bar);
}

function selectionBar(bar) {
  if (!bar.firstChild) {
    const button = (shape, label, kind) => h("button", { type: "button", class: `button small ${kind === "remove" ? "danger" : ""}`, onclick: () => act(kind, [...selected]) }, icon(shape), label);
    bar.append(h("strong"), button("start", "Start", "start"), button("stop", "Stop", "stop"), button("restart", "Restart", "restart"),
      h("button", { type: "button", class: "button small", onclick: () => go({ view: "logs", names: [...selected], query: listQuery() }) }, icon("logs"), "Logs"),
      button("remove", "Delete", "remove"), iconButton("close", "Clear selection (Esc)", clearSelection));
  }
  setText(bar.firstChild, count(selected.size, "selected", "selected"));
}

function select(name, on, toLast) {
  const from = order.indexOf(lastChecked);
  const to = order.indexOf(name);
  const range = toLast && from >= 0 ? order.slice(Math.min(from, to), Math.max(from, to) + 1) : [name];
  for (const one of range) selected[on ? "add" : "delete"](one);
  lastChecked = name;
  mark();
}

export function selectAll(on) {
  for (const name of order) selected[on ? "add" : "delete"](name);
  mark();
}

export function clearSelection() {
  selected.clear();
  mark();
}

export function toggleSelected() {
  if (cursor) select(cursor, !selected.has(cursor), false);
}

/** Moves the cursor by so many rows, and the open details with it. */
export function moveCursor(by) {
  if (order.length === 0) return;
  const focused = document.activeElement?.closest?.("tr.process")?.dataset.name;
  const at = order.indexOf(cursor ?? focused ?? null);
  const next = at < 0 ? (by > 0 ? 0 : order.length - 1) : Math.min(order.length - 1, Math.max(0, at + by));
  cursor = order[next];
  rows.get(cursor).focus();
  if (opened()) go(processAddress(cursor), { replace: true });
  mark();
}

/** What a key acts on: the selection, else what is open, else where the focus or the cursor is. */
export function targets() {
  if (selected.size > 0) return [...selected];
  const focused = document.activeElement?.closest?.("tr.process")?.dataset.name;
  const name = opened() ?? focused ?? cursor;
  return name && find(name) ? [name] : [];
}

/** Puts the cursor onto a process without moving the focus. */
export function setCursor(name) {
  cursor = name;
  mark();
}

export const focusCursor = () => (rows.get(cursor) ?? rows.get(order[0]))?.focus();
export const tick = () => order.forEach((name) => rows.get(name).tick());
export const drawLines = () => order.forEach((name) => rows.get(name).drawLines());
