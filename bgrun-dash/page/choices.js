// Everything that can be chosen: `[label, run, key]` for the palette, and for the menu of one process.

import { act, actOnMany, canUndo, isOwn, lookAfterAll, others, refreshEnvironment, rotateLogs, sendSignal, session, toggleGuard, toggleWatch, undoLast } from "./actions.js";
import { URGENT } from "./choose.js";
import { copy } from "./empty.js";
import { h } from "./dom.js";
import { help } from "./help.js";
import { clearSelection, reverse, selectAll, selected, targets } from "./list.js";
import { showLoginAddress } from "./login-address.js";
import { LATELY, askSpan } from "./log-span.js";
import { logsOpen } from "./logs.js";
import { palette } from "./palette.js";
import { all, find, isUp } from "./processes.js";
import { bringUp, membersOf, projects, takeDown, telling } from "./project.js";
import { editAddress, go, listAddress, listQuery, logsAddress, processAddress, setQuery } from "./router.js";
import { chooseTheme } from "./theme.js";
import { watchedBy } from "./watchers.js";

const SIGNALS = [
  ["SIGHUP", "many programs read their configuration again"],
  ["SIGUSR1", "what the program makes of it"],
  ["SIGUSR2", "what the program makes of it"],
  ["SIGINT", "as Ctrl-C does"],
  ["SIGTERM", "asks it to end"],
  ["SIGQUIT", "end, often with a dump"],
  ["SIGKILL", "ends it at once"],
  ["SIGSTOP", "halts it; SIGCONT lets it go on"],
  ["SIGCONT", "goes on after SIGSTOP"],
  ["SIGWINCH", "the window has another size"],
];

/** Asks which signal, and to whom of the tree. */
export function chooseSignal(names) {
  const choices = [false, true].flatMap((tree) => SIGNALS.map(([signal, why]) => [tree ? `${signal} to the whole tree` : `${signal} (${why})`, () => sendSignal(names, signal, tree)]));
  palette(choices, `Send a signal to ${names.length === 1 ? names[0] : `${names.length} processes`}`);
}

/** What can be done about changed files; a watcher is not watched. */
function ofWatching({ name, argv, watched }) {
  if (watchedBy(argv) !== null) return [];
  if (watched) return [["no longer restart it when files change (watch off)", () => toggleWatch([name], false), "W"]];
  return [
    ["restart it when files change (watch)", () => toggleWatch([name], true), "W"],
    ["watch with other paths, or a command before each restart …", () => go({ view: "new", query: new URLSearchParams({ watch: name }) })],
  ];
}

/** What can be done with one process. */
function ofProcess(record) {
  const { name } = record;
  const looks = [
    ["details", () => go(processAddress(name)), "Enter"],
    ["logs", () => go(logsAddress([name])), "L"],
  ];
  const copies = [["copy its name", () => copy(name, "Name")]];
  if (session.readOnly) return [...looks, ...copies];
  const up = isUp(record);
  return [
    ...looks,
    up ? ["stop", () => act("stop", [name]), "S"] : ["start", () => act("start", [name]), "S"],
    ["restart", () => act("restart", [name]), "R"],
    ["change: command, variables, limits …", () => go(editAddress(name)), "E"],
    [record.keep_alive === "never" ? "keep alive (guard on)" : "no longer keep alive (guard off)", () => toggleGuard([name]), "G"],
    ...ofWatching(record),
    ...(up ? [["send a signal …", () => chooseSignal([name])], ["kill now, without waiting", () => act("stopNow", [name])]] : []),
    ["force: free its ports, then restart", () => act("force", [name])],
    ["fetch: bring its git work tree forward, then restart", () => act("fetch", [name])],
    [up ? "restart with a fresh environment: the dashboard's, not the stored one" : "take a fresh environment: the dashboard's, not the stored one", () => refreshEnvironment(name)],
    ["rotate its logs", () => rotateLogs([name])],
    ["new process like this", () => go({ view: "new", query: new URLSearchParams({ like: name }) })],
    ...copies,
    ["delete", () => act("remove", [name]), "D"],
    ["delete, and keep its logs", () => act("forget", [name])],
  ];
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** The menu of one process. */
export function menu(name) {
  const record = find(name);
  if (record) palette(ofProcess(record).map(([label, ...rest]) => [capital(label), ...rest]), name);
}

const ofProcesses = () => all().flatMap((record) => ofProcess(record).map(([label, run]) => [`${record.name}: ${label}`, run]));

function ofLogs() {
  const view = logsOpen();
  if (!view) return [];
  return [
    ["Logs: follow", () => view.setFollow(true), "F"],
    ["Logs: stand still", () => view.setFollow(false), "F"],
    ["Logs: search", () => view.bar.focus(), "/"],
    ["Logs: search what is older than these lines", () => view.far.look()],
    ["Logs: written since, or until …", () => askSpan(view)],
    ...LATELY.map(([since, label]) => [`Logs: of the ${label}`, () => view.setSpan({ since, until: "" }).catch((why) => view.bar.say(why.message))]),
    ...(view.span ? [["Logs: of any time", () => view.setSpan({ since: "", until: "" })]] : []),
    ["Logs: stdout and stderr", () => view.setTab("both")],
    ["Logs: only stdout", () => view.setTab("stdout")],
    ["Logs: only stderr", () => view.setTab("stderr")],
    [view.times ? "Logs: hide times" : "Logs: show times", () => view.setTimes(!view.times), "T"],
    [view.window.wrap ? "Logs: do not wrap" : "Logs: wrap long lines", () => view.setWrap(!view.window.wrap), "W"],
    ["Logs: copy all lines that are shown", () => view.copyAll()],
    ["Logs: download", () => view.download()],
    ...(session.readOnly ? [] : [["Logs: rotate", () => rotateLogs(view.names)]]),
  ];
}

function ofTargets() {
  const names = targets();
  if (names.length === 0) return [];
  const whom = names.length === 1 ? names[0] : `the ${names.length} selected`;
  const logs = [`Show logs of ${whom}`, () => go({ view: "logs", names, query: listQuery() }), "L"];
  if (session.readOnly) return [logs];
  return [
    [`Restart ${whom}`, () => act("restart", names), "R"],
    [`Stop ${whom}`, () => act("stop", names), "S"],
    [`Start ${whom}`, () => act("start", names)],
    [`Toggle guard of ${whom}`, () => toggleGuard(names), "G"],
    [`Restart ${whom} when files change, or no longer (watch)`, () => toggleWatch(names), "W"],
    logs,
    ...(names.length === 1 ? [[`Change ${whom}`, () => go(editAddress(names[0])), "E"]] : []),
    [`Send a signal to ${whom}`, () => chooseSignal(names)],
    [`Rotate logs of ${whom}`, () => rotateLogs(names)],
    [`Delete ${whom}`, () => act("remove", names), "D"],
  ];
}

/** What is done to many: each says to how many, and asks once more. */
function ofMany() {
  const down = others((record) => !isUp(record));
  const up = others(isUp);
  const failed = others((record) => ["failed", "lost"].includes(record.status));
  const every = others(() => true);
  const own = all().some((record) => isOwn(record.name)) ? " What serves this page is left out." : "";
  const many = (names) => (names.length === 1 ? "one process" : `${names.length} processes`);
  const entry = (names, label, kind, does, text, danger) => (names.length === 0 ? [] : [[`${label} (${names.length})`, () => actOnMany(kind, names, { title: `${does} ${many(names)}?`, text: text + own, does: `${does} ${names.length}`, danger })]]);
  return [
    ...entry(down, "Start all that do not run", "start", "Start", "Undo stops them again."),
    ...entry(failed, "Restart all that failed or are lost", "restart", "Restart", "Each is started as it is stored."),
    ...entry(up, "Restart all that run", "restart", "Restart", "Each is stopped and started: for a moment it is not there."),
    ...entry(up, "Stop all", "stop", "Stop", "They stay in the list; Undo starts them again.", true),
    ...entry(down, "Clean: delete all that do not run", "remove", "Delete", "With their logs. For a minute that can be taken back.", true),
    ...entry(every, "Nuke: stop and delete all", "remove", "Stop and delete", "With their logs. For a minute that can be taken back.", true),
  ];
}

/** The project files, and looking for another one. */
function ofProjects() {
  const place = (path) => () => go({ view: "project", query: new URLSearchParams(path ? { path } : {}) });
  return [
    ["Project file: bring up, take down …", place(null)],
    ...projects().flatMap((path) => [
      [`${path}: what would bring it up?`, place(path)],
      [`${path}: bring up`, () => telling(bringUp)(path)],
      [`${path}: take down`, () => telling(takeDown)(path)],
      [`${path}: stop and delete`, () => act("remove", membersOf(path))],
    ]),
  ];
}

/** Keeps the present state as a file. */
function saveSnapshot() {
  const link = h("a", { href: "/api/snapshot", download: "processes.html" });
  document.body.append(link);
  link.click();
  link.remove();
}

function general() {
  const named = (wanted) => all().filter(wanted).map((record) => record.name);
  const changes = session.readOnly ? [] : [
    ...(canUndo() ? [["Undo what was done last", undoLast, "U"]] : []),
    ["New process", () => go({ view: "new" }), "N"],
    ...ofProjects(),
    ["Free a port …", () => go({ view: "port" })],
    ...ofMany(),
    ["Guard: look once and put right what went wrong", lookAfterAll],
    ["Guard: look every minute, by cron or systemd …", () => go({ view: "schedule" })],
    ["Rotate all logs", () => rotateLogs(named(() => true))],
  ];
  return [
    ...changes,
    ["Show all processes", () => go({ view: "list" })],
    [`Show only what went wrong: ${URGENT.join(", ")}`, () => setQuery("status", URGENT.join(","))],
    ["Logs on disk: how much they take", () => go({ view: "disk" })],
    ["Logs of all, merged", () => go({ view: "logs", names: named(() => true), query: listQuery() })],
    ["Group by group", () => setQuery("by", "group")],
    ["Group by directory", () => setQuery("by", "directory")],
    ["Do not group", () => setQuery("by", "none")],
    ...["name", "cpu", "memory", "uptime", "restarts"].map((key) => [`Sort by ${key}`, () => setQuery("sort", key)]),
    ["Sort in reverse order", reverse],
    ["Sort failed first", () => setQuery("sort", null)],
    ["Select all that are shown", () => selectAll(true), "A"],
    ...(selected.size > 0 ? [["Clear the selection", clearSelection, "Esc"]] : []),
    ["Save the present state as one page (snapshot)", saveSnapshot],
    ["Let another browser in: a fresh address", showLoginAddress],
    ["Theme: light", () => chooseTheme("light")],
    ["Theme: dark", () => chooseTheme("dark")],
    ["Theme: as the system", () => chooseTheme(null)],
    ["Keys and help", help, "?"],
    ["Back to the list", () => go(listAddress()), "Esc"],
  ];
}

/** The palette with everything in it. */
export const everything = () => palette([...ofTargets(), ...ofLogs(), ...general()], null, ofProcesses);
