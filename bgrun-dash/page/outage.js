// The title, the icon, and the bar that says that what is shown is old.

import { byId, h, setAttribute, setText } from "./dom.js";
import { connection, reconnect } from "./events.js";
import { countByStatus, isUrgent, URGENT } from "./choose.js";
import { duration } from "./format.js";
import { all } from "./processes.js";

const WORDS = { connecting: "connecting", live: "live", away: "disconnected", "signed-out": "signed out" };

/** "(2 failed, 1 lost) bgrun", as the counters have it; pure. */
export function titleOf(records, state) {
  if (state === "away" || state === "signed-out") return "(disconnected) bgrun";
  const counts = countByStatus(records);
  const wrong = URGENT.filter((status) => counts.get(status) > 0).map((status) => `${counts.get(status)} ${status}`);
  return wrong.length > 0 ? `(${wrong.join(", ")}) bgrun` : "bgrun";
}

function bar() {
  const place = byId("outage");
  const isAway = connection.state === "away" || connection.state === "signed-out";
  place.hidden = !isAway;
  if (!isAway) {
    place.replaceChildren();
    delete place.dataset.state;
    return;
  }
  if (place.dataset.state !== connection.state) {
    place.dataset.state = connection.state;
    const why = connection.state === "away" ? "The dashboard cannot be reached." : "This browser is signed out.";
    const hint = connection.state === "away" ? "Your processes run on. Start it again: bgrun dash" : "Get a new address: bgrun dash --url";
    place.replaceChildren(h("span", {}, why), h("span", { class: "age", "aria-live": "off" }), h("span", {}, hint), h("button", { type: "button", class: "button small", onclick: reconnect }, "Try now"));
  }
  setText(place.querySelector(".age"), `What you see is ${duration(Date.now() - connection.heard)} old.`);
}

export function updateOutage() {
  const records = all();
  const isAway = connection.state !== "live";
  const title = titleOf(records, connection.state);
  if (document.title !== title) document.title = title;
  const isOff = connection.state === "away" || connection.state === "signed-out";
  setAttribute(byId("icon"), "href", isOff ? "/icon-offline.svg" : records.some(isUrgent) ? "/icon-failed.svg" : "/icon.svg");
  const live = byId("live");
  if (!live.firstChild) live.append(h("span", { class: "live-words" }));
  setText(live.firstChild, WORDS[connection.state]);
  live.classList.toggle("away", isAway);
  bar();
}
