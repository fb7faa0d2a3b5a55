// What the keys do.

import { session } from "./actions.js";
import { h, iconButton } from "./dom.js";

const KEYS = [
  ["List", [["j k ↑ ↓", "next, previous"], ["Enter", "details"], ["L", "logs"], ["X", "select"], ["A", "select all"], ["/", "search"], ["Esc", "close, clear, back"]]],
  ["Do", [["S", "stop, or start"], ["R", "restart"], ["G", "keep alive, or not"], ["W", "watch files, or not"], ["E", "change"], ["D", "delete"], ["U", "undo what was done last"], ["M", "all its actions"], ["N", "new process"], ["Ctrl K", "find any action"], ["?", "this"]]],
  ["Logs", [["/", "search"], ["Enter", "next hit"], ["Shift Enter", "previous hit"], ["F", "follow"], ["W", "wrap"], ["T", "times"], ["E M", "change, menu"], ["Home End", "first, last line"]]],
];

/** Single keys can be turned off for those who speak their commands, or hit keys by chance. */
export const singleKeys = () => localStorage.getItem("keys") !== "off";

export function help() {
  if (document.querySelector("dialog.help")) return;
  const keep = h("input", { type: "checkbox", checked: singleKeys(), onchange: () => localStorage.setItem("keys", keep.checked ? "on" : "off") });
  const dialog = h("dialog", { class: "dialog help", "aria-labelledby": "help-title", onclose: () => dialog.remove() },
    h("header", { class: "dialog-title" }, h("h2", { id: "help-title" }, "Keys"), iconButton("close", "Close (Esc)", () => dialog.close())),
    h("div", { class: "key-groups" }, KEYS.map(([title, keys]) => h("section", {}, h("h3", {}, title), h("dl", {}, keys.map(([key, does]) => h("div", {}, h("dt", {}, key.split(" ").map((one) => h("kbd", {}, one))), h("dd", {}, does))))))),
    h("label", { class: "tick" }, keep, " single keys act"),
    h("p", { class: "muted" }, "Closing this page changes nothing: no process depends on it. In a terminal: ", h("code", {}, "bgrun help"), session.version ? `. bgrun ${session.version}` : ""));
  document.body.append(dialog);
  dialog.showModal();
}
