// What logs take on the disk: of one process in its details, and of all in a sheet.

import { rotateLogs, session } from "./actions.js";
import * as api from "./api.js";
import { arrange, h, iconButton, setText } from "./dom.js";
import { bytes, count } from "./format.js";
import { sheet } from "./sheet.js";

const sum = (rows, field) => rows.reduce((total, row) => total + row[field], 0);
const archives = (rows) => (sum(rows, "archives") > 0 ? `${bytes(sum(rows, "archive_bytes"))} in ${count(sum(rows, "archives"), "archive")}` : "none");

/** "1.2 MB on disk". */
export const onDisk = (rows) => `${bytes(sum(rows, "total_bytes"))} on disk`;

/** The part of the details: `{element, ask()}`. */
export function diskUsage(name) {
  const body = h("tbody");
  const rotate = session.readOnly ? null : h("button", { type: "button", class: "button small", title: "Make archives of what is in the logs", onclick: async () => {
    await rotateLogs([name]);
    ask();
  } }, "Rotate");
  const head = h("thead", {}, h("tr", {}, ["", "Log", "Archives"].map((title) => h("th", { scope: "col" }, title || h("span", { class: "hidden" }, "Stream")))));
  const element = h("section", { class: "disk" }, h("h3", {}, "Logs on disk ", rotate), h("table", { class: "small-table" }, head, body));

  async function ask() {
    try {
      const rows = await api.usage(name);
      arrange(body, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.stream), h("td", {}, bytes(row.live_bytes)), h("td", {}, archives([row])))));
    } catch {
      // The rest of the details is still worth showing.
    }
  }
  return { element, ask };
}

/** All of them, the largest first. */
export function diskSheet() {
  const body = h("tbody");
  const total = h("p", { id: "disk-total", role: "status" });
  const problem = h("p", { class: "problem", role: "alert" });
  const rotateAll = session.readOnly ? null : h("button", { type: "button", class: "button", id: "disk-rotate-all", onclick: () => rotate(shown) }, "Rotate all");
  const element = sheet("Logs on disk", [total, problem, h("table", { class: "small-table" }, h("thead", {}, h("tr", {}, ["Process", "Logs", "Archives", "Together", ""].map((title) => h("th", { scope: "col" }, title || h("span", { class: "hidden" }, "Actions"))))), body)], [rotateAll].filter(Boolean));
  let shown = [];

  async function rotate(names) {
    await rotateLogs(names);
    await look();
  }

  async function look() {
    let rows = [];
    try {
      rows = await api.usage();
    } catch (why) {
      setText(problem, why.message);
      return;
    }
    const of = new Map();
    for (const row of rows) of.set(row.name, [...(of.get(row.name) ?? []), row]);
    const list = [...of].sort((a, b) => sum(b[1], "total_bytes") - sum(a[1], "total_bytes") || a[0].localeCompare(b[0]));
    shown = list.map(([name]) => name);
    setText(total, `${bytes(sum(rows, "total_bytes"))} in the logs of ${count(list.length, "process", "processes")}`);
    const act = (name) => (session.readOnly ? null : iconButton("archive", `Rotate the logs of ${name}`, () => rotate([name])));
    arrange(body, list.map(([name, own]) => h("tr", { data: { name } }, h("th", { scope: "row" }, h("bdi", {}, name)), h("td", {}, bytes(sum(own, "live_bytes"))), h("td", {}, archives(own)), h("td", {}, bytes(sum(own, "total_bytes"))), h("td", {}, act(name)))));
  }

  return { element, first: rotateAll, begin: look, kind: "form disk" };
}
