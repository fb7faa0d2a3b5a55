// The tools of the log view: search, streams, runs, follow, times, wrap, copy, download.

import { rotateLogs, session } from "./actions.js";
import * as api from "./api.js";
import { onDisk } from "./disk.js";
import { arrange, h, icon, iconButton, setText } from "./dom.js";
import { shortEnd } from "./explain.js";
import { count, moment } from "./format.js";
import { askSpan, saying } from "./log-span.js";

const PAUSE_MS = 120;

function toggle(label, title, change) {
  const button = h("button", { type: "button", class: "button small", title, "aria-pressed": "false", onclick: () => change(button.getAttribute("aria-pressed") !== "true") }, label);
  return button;
}

export function logBar(view) {
  let timer = 0;
  const run = () => {
    clearTimeout(timer);
    view.search(find.value, only.getAttribute("aria-pressed") === "true");
  };
  const find = h("input", { type: "search", class: "field find", placeholder: "Search: regular expression", "aria-label": "Search in the log", autocomplete: "off", spellcheck: "false", oninput: () => { clearTimeout(timer); timer = setTimeout(run, PAUSE_MS); }, onkeydown: (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (view.asked !== find.value) run();
    else view.step(event.shiftKey ? -1 : 1);
  } });
  const tally = h("span", { class: "tally", role: "status", id: "hits" });
  const previous = iconButton("up", "Previous hit (Shift+Enter)", () => view.step(-1));
  const next = iconButton("down", "Next hit (Enter)", () => view.step(1));
  const only = toggle("Only hits", "Show only lines that match", (on) => {
    only.setAttribute("aria-pressed", String(on));
    run();
  });
  const tabs = h("div", { class: "tabs", role: "group", "aria-label": "Streams" }, ["both", "stdout", "stderr"].map((tab) => h("button", { type: "button", class: "button small", data: { tab }, "aria-pressed": "false", onclick: () => view.setTab(tab) }, tab)));
  const runs = h("select", { class: "field runs", "aria-label": "Run", hidden: true });
  const follow = toggle("Follow", "Stay at the end (F)", (on) => view.setFollow(on));
  const times = toggle("Times", "Show when each line was written (T)", (on) => view.setTimes(on));
  const wrap = toggle("Wrap", "Wrap long lines (W)", (on) => view.setWrap(on));
  const when = h("button", { type: "button", class: "button small when", title: "Show what was written since, or until, a time", "aria-pressed": "false", onclick: () => askSpan(view) }, "Any time");
  const size = h("span", { class: "muted size", role: "status" });
  const more = h("button", { type: "button", class: "button small", hidden: true, onclick: () => view.source.older(Infinity) }, "Load older");
  const disk = h("span", { class: "muted size disk-size" });
  const rotate = session.readOnly ? null : iconButton("archive", "Rotate: make archives of what is in the logs", async () => {
    await rotateLogs(view.names);
    measure();
  }, { class: "act-rotate" });
  const said = h("p", { class: "problem", role: "alert", hidden: true });
  const element = h("div", { class: "log-bar" },
    h("div", { class: "find-group", role: "search" }, find, tally, previous, next, only, view.far.button),
    tabs, runs, when, h("div", { class: "toggles" }, follow, times, wrap),
    h("div", { class: "ends" }, more, size, disk, rotate, iconButton("copy", "Copy all lines that are shown", () => view.copyAll()), iconButton("download", "Download", () => view.download())),
    said);

  /** Says what these logs take on the disk. */
  async function measure() {
    const known = await Promise.all(view.names.map((name) => api.usage(name).catch(() => [])));
    setText(disk, `· ${onDisk(known.flat())}`);
  }
  measure();

  /** Offers the runs of a single process whose place in the log is known. */
  async function offerRuns() {
    if (view.names.length > 1) return;
    const { runs: known = [] } = await api.details(view.names[0]).catch(() => ({}));
    const placed = known.filter((one) => typeof one.stdout_offset === "number");
    if (placed.length < 2) return;
    arrange(runs, [h("option", { value: "" }, "all runs"), ...placed.map((one) => h("option", { value: String(one.run) }, `run ${one.run}: ${moment(one.started_at)}${one.ended_at ? `, ${shortEnd(one)}` : ""}`))]);
    runs.hidden = false;
    runs.onchange = () => view.setRun(runs.value ? Number(runs.value) : null, placed);
    const asked = new URLSearchParams(location.hash.split("?")[1]).get("run");
    if (asked && placed.some((one) => String(one.run) === asked)) {
      runs.value = asked;
      view.setRun(Number(asked), placed);
    }
  }
  offerRuns();

  return {
    element,
    focus: () => find.select(),
    question: () => find.value,
    ask(text) {
      find.value = text;
    },
    toggles: { follow, times, wrap },
    problem(text) {
      find.setAttribute("aria-invalid", String(text !== null));
      setText(tally, text ?? "");
    },
    say(text) {
      setText(said, text);
      said.hidden = text === "";
    },
    noRun() {
      runs.value = "";
    },
    update() {
      const { lines } = view;
      const total = lines.hits.length;
      if (lines.pattern) setText(tally, view.far.tally ?? (total === 0 ? "no hits" : view.hit >= 0 ? `${(view.hit + 1).toLocaleString("en")} of ${total.toLocaleString("en")}` : count(total, "hit")));
      else if (find.getAttribute("aria-invalid") !== "true") setText(tally, "");
      for (const button of [previous, next]) button.disabled = total === 0 && view.far.hits.length === 0;
      for (const button of tabs.children) button.setAttribute("aria-pressed", String((view.tab ?? "both") === button.dataset.tab));
      follow.setAttribute("aria-pressed", String(view.window.follow));
      times.setAttribute("aria-pressed", String(view.times));
      wrap.setAttribute("aria-pressed", String(view.window.wrap));
      when.setAttribute("aria-pressed", String(view.span !== null));
      setText(when, view.span ? saying(view.span) : "Any time");
      setText(size, count(lines.all.length, "line"));
      more.hidden = !view.source.hasOlder || view.source.streams.some((stream) => stream.older);
    },
  };
}
