// One process in the list: made once, then only what differs is touched.

import { busyWith } from "./actions.js";
import { buttons } from "./buttons.js";
import { arrange, h, icon, setAttribute, setText } from "./dom.js";
import { isBadEnd, shortEnd } from "./explain.js";
import { ago, bytes, duration, moment, percent } from "./format.js";
import { isUp, samples, uptime } from "./processes.js";
import { address, processAddress } from "./router.js";
import { sparkline } from "./sparkline.js";

/** Links to the ports of a process, on the machine that the page came from. */
export function portLinks(ports) {
  return ports.map((port) => h("a", { href: `http://${location.hostname}:${port}/`, target: "_blank", rel: "noreferrer noopener", title: `Open port ${port}` }, `:${port}`));
}

/** Status in words: what bgrun says, unless something is being done right now. */
export function showStatus(node, record) {
  const doing = busyWith(record.name);
  setText(node, doing ?? record.status);
  setAttribute(node, "data-status", doing ? "busy" : record.status);
}

export function makeRow(name, onSelect) {
  const status = h("span", { class: "status" });
  const alone = h("span", { class: "alone", hidden: true, title: "It runs without its supervisor" }, "unsupervised");
  const eye = h("span", { class: "eye", hidden: true, role: "img", title: "restarted when its files change", "aria-label": "restarted when its files change" }, icon("watch"));
  const check = h("input", { type: "checkbox", "aria-label": `Select ${name}`, onclick: (event) => onSelect(name, check.checked, event.shiftKey) });
  const link = h("a", { class: "name" }, h("bdi", {}, name));
  const command = h("span", { class: "command" });
  const ports = h("td", { class: "ports", role: "cell" });
  const time = h("td", { class: "uptime number", role: "cell" });
  const restarts = h("span");
  const reason = h("span", { class: "muted reason" });
  const cpu = h("span", { class: "number" });
  const memory = h("span", { class: "number" });
  const cpuLine = sparkline();
  const memoryLine = sparkline();
  const end = h("span");
  const when = h("span", { class: "muted" });
  const acts = buttons(name);
  const element = h("tr", { class: "process", role: "row", data: { name } },
    h("td", { class: "check", role: "cell" }, check),
    h("td", { class: "state", role: "cell" }, status),
    h("th", { class: "who", scope: "row", role: "rowheader" }, link, eye, alone, command),
    ports,
    time,
    h("td", { class: "restarts", role: "cell" }, restarts, reason),
    h("td", { class: "cpu", role: "cell" }, cpuLine.element, cpu),
    h("td", { class: "memory", role: "cell" }, memoryLine.element, memory),
    h("td", { class: "end", role: "cell" }, end, when),
    h("td", { class: "do", role: "cell" }, acts.element));
  let record = null;
  let shownPorts = "";

  return {
    element,
    /** What ticks by itself. */
    tick() {
      const up = uptime(record);
      setText(time, up === null ? "" : duration(up));
      setText(when, record.ended_at ? ago(record.ended_at) : "");
    },
    drawLines() {
      const { cpu: used, memory: held } = samples(name);
      cpuLine.draw(isUp(record) ? used : [], 5);
      memoryLine.draw(isUp(record) ? held : [], 1);
    },
    update(now) {
      record = now;
      setAttribute(link, "href", address(processAddress(name)));
      showStatus(status, record);
      setAttribute(alone, "hidden", !(record.status === "running" && record.supervised === false));
      setAttribute(eye, "hidden", record.watched !== true);
      setText(command, record.command ?? "");
      setAttribute(command, "title", record.command);
      const shown = (record.ports ?? []).join(" ");
      if (shown !== shownPorts) arrange(ports, portLinks(record.ports ?? []));
      shownPorts = shown;
      setText(restarts, record.restarts > 0 ? `${record.restarts}×` : "");
      setText(reason, record.restarts > 0 ? shortEnd(record) : "");
      setText(cpu, percent(record.cpu_percent));
      setText(memory, bytes(record.memory_bytes));
      setText(end, shortEnd(record));
      setAttribute(end, "class", isBadEnd(record) && record.status !== "running" ? "bad" : "plain");
      setAttribute(end.parentNode, "title", record.ended_at ? `ended ${moment(record.ended_at)}` : null);
      setAttribute(element, "data-status", record.status);
      acts.update(record);
      this.tick();
    },
    choose(isCursor, isSelected, isOpen) {
      setAttribute(element, "data-cursor", isCursor ? "true" : null);
      setAttribute(element, "data-selected", isSelected ? "true" : null);
      setAttribute(link, "aria-current", isOpen ? "true" : null);
      setAttribute(element, "data-open", isOpen ? "true" : null);
      check.checked = isSelected;
    },
    focus() {
      link.focus({ preventScroll: true });
      element.scrollIntoView({ block: "nearest" });
    },
  };
}
