// The table of contents: what starts when the page does, and who hears of what.

import { session } from "./actions.js";
import * as api from "./api.js";
import { everything } from "./choices.js";
import { showDetails, updateDetails } from "./details.js";
import { byId, icon, setText } from "./dom.js";
import { connect } from "./events.js";
import { help } from "./help.js";
import { listenToKeys } from "./keys.js";
import { drawLines, mark, show, tick } from "./list.js";
import { showLogs, updateLogs } from "./logs.js";
import { updateOutage } from "./outage.js";
import { isOverlay, showOverlay } from "./overlay.js";
import { all, beginSampling, seedHistory, subscribe } from "./processes.js";
import { go, onRoute, route, setQuery } from "./router.js";
import { draw as drawTheme, nextTheme } from "./theme.js";

let known = false;

function changed(names) {
  known ||= names === null;
  // An empty list is shown as one only when we know that it is.
  if (known && (names === null || names.size > 0)) show(names);
  updateOutage();
  updateDetails();
  updateLogs();
}

function routed(now, before) {
  if (document.activeElement !== byId("search")) byId("search").value = now.query.get("q") ?? "";
  // What stands over another view leaves that as it was.
  const shown = isOverlay(now) ? (before && !isOverlay(before) ? before : null) : now;
  if (shown) {
    showLogs(shown);
    showDetails(shown);
  }
  showOverlay(now, before);
  if (known) show(new Set());
  mark();
  updateLogs();
}

function bind() {
  byId("help-open").append(icon("help"));
  byId("help-open").onclick = help;
  byId("theme").onclick = nextTheme;
  byId("new").onclick = () => go({ view: "new" });
  byId("palette-open").onclick = everything;
  byId("skip").onclick = () => byId("main").focus();
  byId("search").oninput = (event) => {
    const q = event.target.value;
    if (route.view === "logs") go({ view: "list", query: new URLSearchParams({ q }) });
    else setQuery("q", q, { replace: true });
  };
  byId("grouping").onchange = (event) => {
    localStorage.setItem("grouping", event.target.value);
    setQuery("by", event.target.value);
  };
}

async function learn() {
  try {
    const answer = await api.version();
    session.version = answer.version;
    session.readOnly = answer.read_only === true;
    session.pid = answer.pid;
    setText(byId("host"), [answer.host, session.readOnly ? "read only" : null].filter(Boolean).join(" · "));
    byId("new").hidden = session.readOnly;
    seedHistory(await api.get("/api/history"));
  } catch {
    // The stream says what is wrong, and the lines begin now.
  }
}

bind();
drawTheme();
subscribe(changed);
onRoute(routed);
await learn();
listenToKeys();
routed(route, null);
connect();
beginSampling(drawLines);
setInterval(() => {
  if (document.hidden) return;
  if (all().length > 0) tick();
  updateOutage();
  updateDetails();
}, 1000);
