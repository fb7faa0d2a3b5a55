// The stream of changes, and how old what we show is when it breaks.

import * as api from "./api.js";
import { announce, merge, remove, replaceAll } from "./processes.js";

/** No sign of life for so long means that the connection is dead, whatever the browser thinks. */
const SILENCE_MS = 25_000;
const RETRY_MS = [500, 1000, 2000, 4000];

export const connection = { state: "connecting", heard: Date.now() };
let source = null;
let lastId = "";
let failures = 0;
let retry = 0;

function become(state) {
  if (connection.state === state) return;
  connection.state = state;
  announce(new Set());
}

function heard() {
  connection.heard = Date.now();
  failures = 0;
  become("live");
}

function on(name, use) {
  source.addEventListener(name, (event) => {
    heard();
    if (event.lastEventId) lastId = event.lastEventId;
    use(JSON.parse(event.data || "null"));
  });
}

function open() {
  clearTimeout(retry);
  source?.close();
  const query = new URLSearchParams({ looking: String(!document.hidden) });
  if (lastId) query.set("last_event_id", lastId);
  source = new EventSource(`/api/events?${query}`);
  on("list", replaceAll);
  on("change", merge);
  on("gone", remove);
  on("ping", () => {});
  source.onopen = heard;
  source.onerror = broken;
}

/** EventSource hides why it failed, and gives up after a refusal: we ask, and try again ourselves. */
async function broken() {
  source.close();
  const pause = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
  failures += 1;
  clearTimeout(retry);
  retry = setTimeout(open, pause);
  try {
    await api.version();
    if (failures > 2) become("away");
  } catch (why) {
    become(why.status === 401 || why.status === 403 ? "signed-out" : "away");
  }
}

/** Tries at once, for a person who does not want to wait. */
export function reconnect() {
  failures = 0;
  open();
}

export function connect() {
  open();
  setInterval(() => {
    if (connection.state === "live" && Date.now() - connection.heard > SILENCE_MS) broken();
  }, 1000);
  // What nobody looks at is not sampled.
  document.addEventListener("visibilitychange", reconnect);
  window.addEventListener("online", reconnect);
  // The browser would keep the stream of a page that is only kept for the back button.
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => event.persisted && reconnect());
}
