// Who listens on a port, and freeing it. What bgrun did not start is shown before it is ended.

import { act, tellWithUndo } from "./actions.js";
import * as api from "./api.js";
import { arrange, h, setText } from "./dom.js";
import { all, merge } from "./processes.js";
import { question } from "./question.js";
import { sheet } from "./sheet.js";

const known = () => [...new Set(all().flatMap((record) => record.ports ?? []))].sort((a, b) => a - b);

function ours(record) {
  return h("li", {}, h("strong", {}, h("bdi", {}, record.name)), h("span", { class: "muted" }, ` pid ${record.pid}, one of yours`), h("code", {}, record.command ?? ""));
}

function other({ pid, command }) {
  if (pid === null) return h("li", {}, "a process of another user, which cannot be ended from here");
  return h("li", {}, h("strong", {}, `pid ${pid}`), h("span", { class: "muted" }, ", not started by bgrun"), h("code", {}, command ?? ""));
}

export function portSheet(route) {
  const field = h("input", { type: "text", inputmode: "numeric", class: "field mono", id: "port-number", list: "port-numbers", placeholder: "3000", autocomplete: "off", value: route.query.get("port") ?? "", oninput: () => look.later() });
  const said = h("p", { id: "port-said", role: "status" });
  const problem = h("p", { class: "problem", role: "alert", id: "port-problem" });
  const holders = h("ul", { class: "holders" });
  const warning = h("p", { class: "warning" }, "bgrun did not start it, and cannot start it again. Only what listens is ended, not what talks to it.");
  const free = h("button", { type: "submit", class: "button primary", id: "port-free" }, "Free it");
  const element = h("form", { method: "dialog", novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    run();
  } }, sheet("Free a port", [
    h("div", { class: "form-field" }, h("label", { for: "port-number" }, "TCP port"), field, h("datalist", { id: "port-numbers" }, known().map((port) => h("option", { value: String(port) })))),
    said, problem, holders, warning,
  ], [free]));
  let found = null;
  const look = question(ask, (answer) => tell(answer), (why) => tell(null, why.message));

  /** Nothing is typed: nobody is asked. */
  async function ask() {
    const number = field.value.trim();
    return number ? api.port(encodeURIComponent(number)) : null;
  }

  function tell(answer, why = "") {
    found = answer;
    setText(problem, why);
    const { processes = [], others = [] } = found ?? {};
    const names = processes.map((record) => record.name);
    const pids = others.map(({ pid }) => pid).filter((pid) => pid !== null);
    arrange(holders, [...processes.map(ours), ...others.map(other)]);
    setText(said, !found ? "Who listens there is shown before anything is done." : holders.childElementCount === 0 ? `Nobody listens on port ${found.port}.` : `On port ${found.port} listens:`);
    warning.hidden = pids.length === 0;
    free.disabled = holders.childElementCount === 0 || others.length > pids.length;
    free.className = pids.length > 0 ? "button danger-fill" : "button primary";
    setText(free, names.length + pids.length === 0 ? "Free it" : [names.length > 0 ? `Stop ${names.join(", ")}` : null, pids.length > 0 ? `End pid ${pids.join(", ")}` : null].filter(Boolean).join(" and "));
  }

  async function run() {
    if (free.disabled || !found) return;
    free.disabled = true;
    const { port, others } = found;
    let went = "";
    try {
      const done = await api.freePort(port, others.map(({ pid }) => pid));
      merge(done.processes);
      const names = done.processes.map((record) => record.name);
      const whom = [...names, ...done.others.map(({ pid }) => `pid ${pid}`)].join(", ");
      tellWithUndo(`Port ${port} is free: ${whom} ended`, names.length > 0 ? () => act("start", names) : null);
    } catch (why) {
      went = why.message;
    }
    await look.now();
    if (went) setText(problem, went);
  }

  tell(null);
  return { element, first: field, begin: look.now, end: look.end };
}
