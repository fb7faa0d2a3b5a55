// Everything that can be chosen: `[label, run, key]` for the palette, and for the menu of one process.

import { act, canUndo, lookAfterAll, rotateLogs, sendSignal, session, toggleGuard, undoLast } from "./actions.js";
import { copy } from "./empty.js";
import { help } from "./help.js";
import { clearSelection, selectAll, selected, targets } from "./list.js";
import { logsOpen } from "./logs.js";
import { palette } from "./palette.js";
import { all, find, isUp } from "./processes.js";
import { editAddress, go, listAddress, listQuery, logsAddress, processAddress, setQuery } from "./router.js";
import { chooseTheme } from "./theme.js";

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
    ...(up ? [["send a signal …", () => chooseSignal([name])], ["kill now, without waiting", () => act("stopNow", [name])]] : []),
    ["force: free its ports, then restart", () => act("force", [name])],
    ["fetch: bring its git work tree forward, then restart", () => act("fetch", [name])],
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
    logs,
    ...(names.length === 1 ? [[`Change ${whom}`, () => go(editAddress(names[0])), "E"]] : []),
    [`Send a signal to ${whom}`, () => chooseSignal(names)],
    [`Rotate logs of ${whom}`, () => rotateLogs(names)],
    [`Delete ${whom}`, () => act("remove", names), "D"],
  ];
}

function general() {
  const named = (wanted) => all().filter(wanted).map((record) => record.name);
  const changes = session.readOnly ? [] : [
    ...(canUndo() ? [["Undo the last deletion or change", undoLast, "U"]] : []),
    ["New process", () => go({ view: "new" }), "N"],
    ["Start all that do not run", () => act("start", named((record) => !isUp(record)))],
    ["Restart all that failed", () => act("restart", named((record) => ["failed", "lost"].includes(record.status)))],
    ["Stop all", () => act("stop", named(isUp))],
    ["Guard: look once and put right what went wrong", lookAfterAll],
    ["Rotate all logs", () => rotateLogs(named(() => true))],
    ["Clean: delete all that do not run", () => act("remove", named((record) => !isUp(record)))],
    ["Nuke: stop and delete all", () => act("remove", named(() => true))],
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

/** The palette with everything in it. */
export const everything = () => palette([...ofTargets(), ...ofLogs(), ...general(), ...ofProcesses()], null);
