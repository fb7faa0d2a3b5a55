// Everything about one process, beside the list.

import * as api from "./api.js";
import { session } from "./actions.js";
import { buttons } from "./buttons.js";
import { arrange, byId, h, icon, iconButton, setAttribute, setText } from "./dom.js";
import { environment } from "./environment.js";
import { connection } from "./events.js";
import { consequence, isBadEnd, lastEnd, sentence, shortEnd } from "./explain.js";
import { diskUsage } from "./disk.js";
import { bytes, count, duration, lasted, moment, percent } from "./format.js";
import { find, samples, uptime } from "./processes.js";
import { address, editAddress, go, listAddress, logsAddress, processAddress } from "./router.js";
import { portLinks, showStatus } from "./row.js";
import { sparkline } from "./sparkline.js";
import { treeOf } from "./tree.js";

/** What only the details know is asked again when one of these changes, and now and then. */
const fingerprint = (record) => [record.status, record.run, record.pid, record.restarts, record.ended_at, record.supervised].join();
const AGAIN_MS = 3000;
/** What logs take on the disk is asked less often. */
const MEASURED_MS = 15_000;

let pane = null;

const section = (title, ...content) => h("section", {}, h("h3", {}, title), ...content);

/** Rows of name and value; those without a value are left out. */
export function facts(pairs) {
  return h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value, mono]) => h("div", {}, h("dt", {}, name), h("dd", mono ? { class: "mono" } : {}, value))));
}

function policy(record) {
  if (record.keep_alive === "never") return "not started again when it ends";
  const when = record.keep_alive === "always" ? "whenever it ends" : "when it fails";
  return `started again ${when}`;
}

function ends(known) {
  const place = h("div", { class: isBadEnd(known) ? "explained bad" : "explained" });
  const end = lastEnd(known);
  const said = sentence(end);
  if (said) place.append(h("p", { id: "exit-sentence" }, said));
  const next = consequence(known);
  if (next) place.append(h("p", { class: "next" }, next));
  const tail = known.last_stderr ?? [];
  if (tail.length > 0 && isBadEnd(known)) {
    place.append(h("p", { class: "muted" }, "The last it wrote to stderr:"), h("pre", { class: "tail", tabindex: "0", "aria-label": "Last lines of stderr" }, tail.join("\n")));
  }
  return place.childElementCount > 0 ? place : null;
}

function runs(known) {
  if (!(known.runs?.length > 0)) return null;
  const row = (run) => {
    const life = (run.ended_at ? new Date(run.ended_at) : new Date()) - new Date(run.started_at);
    return h("tr", {}, h("th", { scope: "row" }, String(run.run)), h("td", {}, moment(run.started_at)), h("td", { class: "number" }, lasted(life)),
      h("td", { class: run.ended_at && isBadEnd(run) ? "bad" : "" }, run.ended_at ? `${shortEnd(run)}${run.exit_signal && run.exit_reason !== "signal" ? ` (${run.exit_signal})` : ""}` : "runs"));
  };
  return section("Runs", h("table", { class: "small-table" }, h("thead", {}, h("tr", {}, ["Run", "Started", "Lasted", "End"].map((title) => h("th", { scope: "col" }, title)))), h("tbody", {}, known.runs.map(row))));
}

/** Who restarts it when files change. */
function watchedWords(watcher) {
  if (!watcher) return null;
  return watcher.name ? h("a", { href: address(processAddress(watcher.name)) }, watcher.name) : `pid ${watcher.pid}, which bgrun did not start`;
}

function spec(record) {
  return section("Specification", facts([
    ["command", record.command, true],
    ["runs as", record.argv ? "these words, without a shell" : "a line of shell"],
    ["directory", record.workdir, true],
    ["group", record.group],
    ["restarts", policy(record)],
    ["pauses", record.keep_alive === "never" ? null : `${lasted(record.backoff_min_ms)} to ${lasted(record.backoff_max_ms)}, at most ${record.max_restarts} ${record.restart_window_ms ? `in ${duration(record.restart_window_ms)}` : "in a row"}`],
    ["memory limit", record.memory_limit_bytes ? bytes(record.memory_limit_bytes) : null],
    ["restarted every", record.restart_interval_minutes ? count(record.restart_interval_minutes, "minute") : null],
    ["stopped by", record.stop_signal ? `${record.stop_signal}, then SIGKILL after ${duration(record.stop_timeout_ms)}` : null],
    ["configuration", record.configPath, true],
    ["environment files", record.env_files?.length ? record.env_files.join("\n") : null, true],
    ["ready when", record.ready_probe, true],
    ["after", record.after?.length ? record.after.join(", ") : null],
    ["container", record.container ? `${record.container.engine} ${record.container.name} (${record.container.status})` : null],
    ["watched by", watchedWords(record.watcher)],
    ["project", record.project, true],
    ["started by", record.started_by],
    ["stdout", record.stdout_path, true],
    ["stderr", record.stderr_path, true],
  ]));
}

/** The parts that follow the stream of changes. */
function makeNow(name) {
  const cpu = sparkline();
  const memory = sparkline();
  const cells = { uptime: h("dd"), pid: h("dd"), cpu: h("dd"), memory: h("dd"), ports: h("dd", { class: "ports" }), run: h("dd"), group: h("dd") };
  const item = (label, value, ...more) => h("div", {}, h("dt", {}, label), value, ...more);
  const element = h("dl", { class: "vitals" }, item("Uptime", cells.uptime), item("CPU", cells.cpu, h("dd", {}, cpu.element)), item("Memory", cells.memory, h("dd", {}, memory.element)), item("Pid", cells.pid), item("Run", cells.run), item("Ports", cells.ports));
  let shownPorts = null;
  const none = "–";
  return {
    element,
    update(record) {
      const up = uptime(record);
      setText(cells.uptime, up === null ? none : duration(up));
      setText(cells.pid, record.pid ? String(record.pid) : none);
      setText(cells.cpu, percent(record.cpu_percent) || none);
      setText(cells.memory, bytes(record.memory_bytes) || none);
      setText(cells.run, `${record.run}${record.restarts > 0 ? `, restarted ${record.restarts}×` : ""}`);
      const ports = (record.ports ?? []).join(" ");
      if (ports !== shownPorts) cells.ports.replaceChildren(...(ports ? portLinks(record.ports) : [none]));
      shownPorts = ports;
      const { cpu: used, memory: held } = samples(name);
      cpu.draw(used, 5);
      memory.draw(held, 1);
    },
  };
}

function makePane(name) {
  const status = h("span", { class: "status", hidden: true });
  const now = makeNow(name);
  const acts = buttons(name, { withLogs: false, withWatch: true });
  const known = h("div", { class: "known" });
  const variables = environment(name);
  const disk = diskUsage(name);
  let measured = 0;
  const change = session.readOnly ? null : h("a", { class: "button small", href: address(editAddress(name)), "aria-keyshortcuts": "E" }, icon("edit"), "Change");
  const header = h("header", {},
    h("div", { class: "title" }, h("h2", {}, h("bdi", {}, name)), status, iconButton("close", "Close details (Esc)", () => go(listAddress()), { class: "close" })),
    h("div", { class: "tools" }, h("a", { class: "button small", href: address(logsAddress([name])) }, icon("logs"), "Logs"), change, acts.element));
  const element = h("div", { class: "pane" }, header, h("div", { class: "content" }, now.element, known));
  let asked = 0;
  let print = null;
  let last = null;

  async function ask() {
    asked = Date.now();
    try {
      last = await api.details(name);
    } catch (why) {
      if (!last) known.replaceChildren(h("p", { class: "problem" }, why.message));
      return;
    }
    if (pane?.name !== name || known.contains(document.getSelection()?.anchorNode) && !document.getSelection().isCollapsed) return;
    const focused = document.activeElement?.closest?.(".tail") ? "tail" : null;
    variables.update(last);
    if (Date.now() - measured > MEASURED_MS) {
      measured = Date.now();
      disk.ask();
    }
    arrange(known, [ends(last), treeOf(last), runs(last), variables.element, disk.element, spec(last)].filter(Boolean));
    if (focused) known.querySelector(".tail")?.focus();
  }

  return {
    name,
    element,
    update() {
      const record = find(name);
      setAttribute(element, "data-gone", record ? null : "true");
      setAttribute(status, "hidden", !record);
      // Nothing is missing before anything was told.
      if (!record && connection.state === "connecting") return;
      if (!record) {
        known.replaceChildren(h("p", { class: "problem" }, `There is no process named ${name}.`), h("a", { href: address(listAddress()) }, "Back to the list"));
        return;
      }
      showStatus(status, record);
      now.update(record);
      acts.update(record);
      const current = fingerprint(record);
      if (current !== print || (Date.now() - asked > AGAIN_MS && !document.hidden)) {
        print = current;
        ask();
      }
    },
  };
}

/** Shows the details that the address names, or none. */
export function showDetails(route) {
  const place = byId("details");
  const name = route.view === "process" ? route.names[0] : null;
  place.hidden = name === null;
  document.body.classList.toggle("with-details", name !== null);
  if (name === null) {
    pane = null;
    place.replaceChildren();
  } else if (pane?.name !== name) {
    pane = makePane(name);
    place.setAttribute("aria-label", `Details of ${name}`);
    place.replaceChildren(pane.element);
  }
  pane?.update();
}

export const updateDetails = () => pane?.update();
