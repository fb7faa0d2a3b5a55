// The processes of one tree, each below its parent.

import { h } from "./dom.js";
import { bytes, percent } from "./format.js";

/** The order and depth in which to show them; those without a parent among them come first. Pure. */
export function nested(tree) {
  const pids = new Set(tree.map((process) => process.pid));
  const children = Map.groupBy(tree, (process) => (pids.has(process.parent) && process.parent !== process.pid ? process.parent : null));
  const lines = [];
  const walk = (parent, depth) => {
    for (const process of children.get(parent) ?? []) {
      lines.push({ ...process, depth });
      walk(process.pid, depth + 1);
    }
  };
  walk(null, 0);
  return lines;
}

export function treeOf(details) {
  if (!(details.tree?.length > 0)) return null;
  const row = (process) => {
    const command = h("td", { class: "mono", title: process.command }, `${"  ".repeat(Math.max(0, process.depth - 1))}${process.depth > 0 ? "└ " : ""}${process.command || "?"}`);
    return h("tr", {}, h("th", { scope: "row", class: "number" }, String(process.pid)), command, h("td", { class: "number" }, percent(process.cpu_percent)), h("td", { class: "number" }, bytes(process.memory_bytes)));
  };
  return h("section", {}, h("h3", {}, "Process tree"), h("table", { class: "small-table tree" },
    h("thead", {}, h("tr", {}, ["Pid", "Command", "CPU", "Memory"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, nested(details.tree).map(row))));
}
