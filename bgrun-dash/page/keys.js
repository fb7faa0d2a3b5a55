// Everything by keyboard.

import { act, session, toggle, toggleGuard, toggleWatch, undoLast } from "./actions.js";
import { everything, menu } from "./choices.js";
import { byId } from "./dom.js";
import { help, singleKeys } from "./help.js";
import { clearSelection, focusCursor, moveCursor, selectAll, selected, setCursor, targets, toggleSelected } from "./list.js";
import { leaveLogs, logsOpen } from "./logs.js";
import { editAddress, go, listAddress, listQuery, processAddress, route } from "./router.js";

const isTyping = (element) => element?.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");

function escape() {
  const focused = document.activeElement;
  if (isTyping(focused)) {
    focused.blur();
    if (focused.id === "search") focusCursor();
    else logsOpen()?.window.element.focus();
  } else if (route.view === "logs" && logsOpen()?.far.isOpen) {
    logsOpen().far.open(false);
    logsOpen().window.element.focus();
  } else if (route.view === "logs") {
    leaveLogs();
  } else if (route.view === "edit") {
    // It is not there yet.
    go(processAddress(route.names[0]));
  } else if (route.view === "process") {
    const [name] = route.names;
    go(listAddress());
    setCursor(name);
    focusCursor();
  } else if (selected.size > 0) {
    clearSelection();
  } else if (route.query.has("q") || route.query.has("status")) {
    go({ view: "list" });
  } else {
    setCursor(null);
  }
}

const open = () => {
  const [name] = targets();
  if (name) go(processAddress(name));
};

const LIST = {
  j: () => moveCursor(1),
  k: () => moveCursor(-1),
  ArrowDown: () => moveCursor(1),
  ArrowUp: () => moveCursor(-1),
  x: toggleSelected,
  a: () => selectAll(true),
  l: () => targets().length > 0 && go({ view: "logs", names: targets(), query: listQuery() }),
  "/": () => byId("search").select(),
};
const LOGS = {
  f: () => logsOpen().setFollow(!logsOpen().window.follow),
  w: () => logsOpen().setWrap(!logsOpen().window.wrap),
  t: () => logsOpen().setTimes(!logsOpen().times),
  End: () => logsOpen().window.toEnd(),
  "/": () => logsOpen().bar.focus(),
};
const ACTIONS = {
  r: (names) => act("restart", names),
  s: (names) => toggle(names),
  d: (names) => act("remove", names),
  g: (names) => toggleGuard(names),
  w: (names) => toggleWatch(names),
  e: ([name]) => name && go(editAddress(name)),
  m: ([name]) => name && menu(name),
};
/** What may be done where nothing may be changed. */
const LOOKS = ["m"];

function whom() {
  return route.view === "logs" ? route.names : targets();
}

/** What a key does here, or null. */
function meaning(key) {
  const inLogs = route.view === "logs" && logsOpen();
  const own = (inLogs ? LOGS : LIST)[key];
  if (own) return own;
  if (session.readOnly && (key in ACTIONS || key === "n") && !LOOKS.includes(key)) return null;
  if (ACTIONS[key]) return () => ACTIONS[key](whom());
  if (key === "n") return () => go({ view: "new" });
  if (key === "u") return undoLast;
  if (key === "?") return help;
  return null;
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const isModal = document.querySelector("dialog[open]") !== null;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (!isModal) everything();
      return;
    }
    if (isModal || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      event.preventDefault();
      escape();
      return;
    }
    const { target } = event;
    if (isTyping(target)) {
      if (target.id === "search" && ["ArrowDown", "Enter"].includes(event.key)) {
        event.preventDefault();
        moveCursor(1);
      }
      return;
    }
    if (event.key === "Enter") {
      // A focused link or button has a meaning of its own.
      if (target.closest("a, button, input, summary")) return;
      event.preventDefault();
      open();
      return;
    }
    if (event.repeat && event.key.toLowerCase() in ACTIONS) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const isSingle = key.length === 1;
    if (isSingle && !singleKeys()) return;
    if (key.startsWith("Arrow") && target.closest(".details, .log-view, .tail")) return;
    const does = meaning(key);
    if (!does) return;
    event.preventDefault();
    does();
  });
}
