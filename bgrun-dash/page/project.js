// A project file: what bringing it up would do, while its place is typed; then doing it, and taking
// it back.

import { act, tellWithUndo } from "./actions.js";
import * as api from "./api.js";
import { arrange, h, iconButton, setText } from "./dom.js";
import { copy } from "./empty.js";
import { all, find, isUp, merge } from "./processes.js";
import { question } from "./question.js";
import { sheet } from "./sheet.js";
import { toast } from "./toast.js";

/** The project files of which there are processes. */
export const projects = () => [...new Set(all().map((record) => record.project).filter(Boolean))].sort();

/** Whom of a project there is already. */
export const membersOf = (file) => all().filter((record) => record.project === file).map((record) => record.name);

const counted = (number, word) => (number > 0 ? `${number} ${word}` : null);
const names = (records) => records.map((record) => record.name);

/** Makes everything as the file says. */
export async function bringUp(file, how = {}) {
  const done = await api.up({ path: file, ...how });
  merge(done.filter((record) => record.id));
  const started = done.filter(({ action }) => action === "start");
  const restarted = done.filter(({ action }) => action === "restart");
  const stopped = done.filter(({ action }) => action === "stop");
  const said = [counted(started.length, "started"), counted(restarted.length, "restarted"), counted(stopped.length, "forgotten")].filter(Boolean).join(", ");
  const back = started.length > 0 ? () => takeDown(file, { names: names(started) }) : null;
  tellWithUndo(said ? `Project up: ${said}` : "Everything is as the file says.", back);
}

/** Stops what the file has started, the last first. */
export async function takeDown(file, how = {}) {
  const done = await api.down({ path: file, ...how });
  merge(done.filter((record) => record.id));
  const stopped = done.filter(({ outcome }) => ["stopped", "killed"].includes(outcome));
  const back = stopped.length > 0 ? () => bringUp(file, { names: names(stopped) }) : null;
  tellWithUndo(stopped.length > 0 ? `Project down: ${stopped.length} stopped` : "Nothing of it was running.", back);
}

/** The same from the palette, where nobody shows what went wrong. */
export const telling = (work) => async (...args) => {
  try {
    await work(...args);
  } catch (why) {
    toast(why.message, { bad: true });
  }
};

const WORDS = { start: "start", restart: "restart", keep: "unchanged", stop: "stop and forget", orphan: "no longer in the file" };

function row({ name, action, changes }) {
  const record = find(name);
  const status = record?.status ?? "not there yet";
  const why = action === "restart" && changes.length > 0 ? h("span", { class: "muted" }, ` other ${changes.join(", ").replaceAll("_", " ")}`) : null;
  return h("tr", { data: { name, action } }, h("th", { scope: "row" }, h("bdi", {}, name)), h("td", {}, h("span", { class: "status", "data-status": record?.status ?? "stopped" }, status)), h("td", {}, WORDS[action] ?? action, why));
}

/** The sheet of a project, with the place that the address names. */
export function projectSheet(route) {
  const place = h("input", { type: "text", class: "field mono", id: "project-path", list: "project-files", placeholder: "where the dashboard was started", autocomplete: "off", autocapitalize: "off", spellcheck: "false", value: route.query.get("path") ?? projects()[0] ?? "", oninput: () => look.later() });
  const file = h("p", { class: "muted", id: "project-file", role: "status" });
  const problem = h("p", { class: "problem", role: "alert", id: "project-problem" });
  const body = h("tbody");
  const table = h("table", { class: "small-table plan" }, h("thead", {}, h("tr", {}, ["Process", "Now", "Bringing it up would"].map((title) => h("th", { scope: "col" }, title)))), body);
  const orphans = h("input", { type: "checkbox", id: "project-orphans", onchange: () => look.now() });
  const wait = h("input", { type: "checkbox", id: "project-wait", onchange: () => tell() });
  const orphansLine = h("label", { class: "tick" }, orphans, " stop and forget what the file no longer names");
  const waitLine = h("label", { class: "tick" }, wait, " wait until all are ready");
  const line = h("code", { class: "line" });
  const up = h("button", { type: "button", class: "button primary", id: "project-up", onclick: () => run(() => bringUp(found.file, { remove_orphans: orphans.checked, wait: wait.checked })) });
  const down = h("button", { type: "button", class: "button", id: "project-down", onclick: () => run(() => takeDown(found.file)) });
  const forget = h("button", { type: "button", class: "button danger", id: "project-forget", onclick: () => run(() => act("remove", membersOf(found.file))) }, "Stop and delete");
  const element = sheet("Project file", [
    h("div", { class: "form-field" }, h("label", { for: "project-path" }, "bgrun.toml, or its directory"), place, h("datalist", { id: "project-files" }, projects().map((path) => h("option", { value: path })))),
    file, problem, table, orphansLine, waitLine,
    h("div", { class: "form-line" }, h("p", { class: "muted" }, "This will be run:"), h("div", {}, line, iconButton("copy", "Copy this command line", () => copy(line.textContent, "Command line")))),
  ], [forget, down, up]);
  let found = null;
  const look = question(() => api.project({ path: place.value.trim(), remove_orphans: orphans.checked }), learn, fail);

  function tell() {
    const plan = found?.plan ?? [];
    const count = (action) => plan.filter((step) => step.action === action).length;
    const running = plan.filter(({ name }) => find(name) && isUp(find(name))).length;
    const todo = [counted(count("start"), "to start"), counted(count("restart"), "to restart"), counted(count("stop"), "to forget")].filter(Boolean).join(", ");
    setText(up, todo ? `Bring up: ${todo}` : "Bring up");
    up.disabled = !todo && !(wait.checked && plan.length > 0);
    setText(down, running > 0 ? `Take down: ${running} running` : "Take down");
    down.disabled = running === 0;
    forget.hidden = !found || membersOf(found.file).length === 0;
    table.hidden = plan.length === 0;
    orphansLine.hidden = count("orphan") + count("stop") === 0;
    waitLine.hidden = plan.length === 0;
    arrange(body, plan.map(row));
    const word = found && (/^[\w./@%+-]+$/.test(found.file) ? found.file : `'${found.file.replaceAll("'", "'\\''")}'`);
    setText(line, found ? `bgrun up --file=${word}${orphans.checked ? " --remove-orphans" : ""}${wait.checked ? " --wait" : ""}` : "bgrun up …");
  }

  function learn(answer) {
    found = answer;
    setText(problem, "");
    setText(file, answer.plan.length > 0 ? answer.file : `${answer.file}: no process is in it`);
    tell();
  }

  function fail(why) {
    found = null;
    // Nothing was asked for yet: that there is none is no mistake.
    const isAsked = place.value.trim() !== "";
    setText(file, isAsked ? "" : "Name a directory: its bgrun.toml, or the nearest one above, is read.");
    setText(problem, isAsked ? why.message : "");
    tell();
  }

  async function run(work) {
    for (const button of [up, down, forget]) button.disabled = true;
    setText(problem, "");
    let went = "";
    try {
      await work();
    } catch (why) {
      went = why.message;
    }
    forget.disabled = false;
    await look.now();
    if (went) setText(problem, went);
  }

  tell();
  return { element, first: place, begin: look.now, end: look.end, kind: "form project" };
}
