// The logs of one process or several: opening, following, searching.

import { plain, render } from "./ansi.js";
import * as api from "./api.js";
import { buttons } from "./buttons.js";
import { byId, h, setText } from "./dom.js";
import { copy } from "./empty.js";
import { clock, count } from "./format.js";
import { logBar } from "./log-bar.js";
import { FarHits } from "./log-far.js";
import { logHead } from "./log-head.js";
import { Lines, LONGEST } from "./log-lines.js";
import { LogSource } from "./log-source.js";
import { LogWindow } from "./log-window.js";
import { go, listAddress, processAddress, route, setQuery } from "./router.js";

let open = null;

/** What is no letter that is looked for: `\S`, `\u00E9`. */
const ESCAPES = /\\(?:u[0-9a-f]{4}|x[0-9a-f]{2}|c[a-z]|.)/gi;

/** The pattern that was typed: a regular expression, capitals count only where there are some. */
function patternOf(text) {
  if (!text) return { pattern: null, problem: null };
  try {
    return { pattern: new RegExp(text, /[A-Z]/.test(text.replace(ESCAPES, "")) ? "g" : "gi"), problem: null };
  } catch (why) {
    return { pattern: null, problem: why.message.replace(/^Invalid regular expression: (?:\/.*\/[a-z]*: )?/s, "") };
  }
}

class LogsView {
  constructor(names) {
    this.names = names;
    this.waiting = 0;
    this.hit = -1;
    /** The place that is visited: `{stream, offset}`; null at the end. */
    this.island = null;
    this.rangeOf = () => null;
    /** What was searched for last, as it was typed: a pattern writes a slash in its own way. */
    this.asked = null;
    /** The times of which it is shown what was written, `{since, until}`; null for all. */
    this.span = null;
    this.lines = new Lines();
    this.lines.read = (line) => plain(line.text.length > LONGEST ? line.text.slice(0, LONGEST) : line.text);
    this.window = new LogWindow(this.lines, (line, row) => this.draw(line, row));
    this.source = new LogSource(this.lines, names, {
      appended: (stream, added) => this.appended(added),
      arranged: (before) => this.arranged(before),
      failed: (message) => this.bar.say(message),
      settled: () => !this.island && this.far.soon(),
    });
    this.far = new FarHits(this);
    this.bar = logBar(this);
    this.head = logHead(this, buttons);
    this.fresh = h("button", { type: "button", class: "button primary fresh", hidden: true, onclick: () => this.window.toEnd() });
    this.nothing = h("p", { class: "muted nothing", role: "status", hidden: true });
    this.element = h("div", { class: "logs-frame" }, this.head.element, this.bar.element, this.far.element, h("div", { class: "log-place" }, this.window.element, this.nothing, this.fresh));
    this.window.onFollow = (follows) => this.followed(follows);
    this.window.onTop = () => this.island && this.source.widen(this.island.stream, -1);
    this.window.onBottom = () => this.island && this.source.widen(this.island.stream, 1);
    this.window.wrap = localStorage.getItem("wrap") === "true";
    this.times = localStorage.getItem("times") === "true";
    this.applyShape();
    this.bar.update();
  }

  applyShape() {
    this.element.classList.toggle("wraps", this.window.wrap);
    this.element.classList.toggle("times", this.times);
    this.element.classList.toggle("merged", this.names.length > 1);
  }

  draw(line, row) {
    const text = line.text.length > LONGEST ? line.text.slice(0, LONGEST) : line.text;
    const isNow = this.hit >= 0 && this.lines.rowOfHit(this.hit) === row;
    const hits = [];
    if (this.lines.pattern) {
      line.plain ??= plain(text);
      for (const match of line.plain.matchAll(this.lines.pattern)) {
        if (match[0] !== "" && hits.length < 200) hits.push([match.index, match.index + match[0].length, isNow ? "now" : ""]);
      }
    }
    const { tab, name, index } = line.source;
    return h("div", { class: `log-line ${tab}${isNow ? " now" : ""}` },
      h("span", { class: "time" }, line.time ? clock(line.time) : "–"),
      this.names.length > 1 ? h("bdi", { class: `from ansi-fg-${[4, 5, 6, 2, 3, 1][index % 6]}` }, name) : null,
      h("span", { class: "mark", title: tab }, tab === "stderr" ? "!" : "\u00a0"),
      h("span", { class: "text" }, render(text, hits), line.text.length > LONGEST ? h("em", {}, ` … ${count(line.text.length - LONGEST, "more character")}`) : null));
  }

  appended(added) {
    if (!this.window.follow) {
      this.waiting += added;
      setText(this.fresh, `↓ ${count(this.waiting, "new line")}`);
      this.fresh.hidden = this.waiting === 0;
    }
    this.window.extended();
    this.sayNothing();
    this.bar.update();
  }

  /** Says that there are no lines, once it is known. */
  sayNothing() {
    const seen = this.source.streams.filter((stream) => stream.visible);
    const isKnown = this.lines.all.length === 0 && seen.every((stream) => stream.next !== null);
    const who = this.names.length > 1 ? "They have" : "It has";
    const where = (this.tab ?? "both") === "both" ? "" : ` to ${this.tab}`;
    const part = this.span || this.run ? `Nothing was written${where} then.` : seen.every((stream) => stream.next === 0) ? `${who} written nothing${where} yet.` : "";
    setText(this.nothing, isKnown ? part : "");
    this.nothing.hidden = !isKnown || part === "";
  }

  arranged(before) {
    if (this.hit >= 0) this.hit = this.lines.hits.findIndex((index) => this.lines.all[index] === this.hitLine);
    if (before > 0) this.window.prepended(before);
    else this.window.refresh();
    this.sayNothing();
    this.bar.update();
  }

  followed(follows) {
    if (follows) {
      this.waiting = 0;
      this.fresh.hidden = true;
    }
    this.bar.update();
  }

  /** Shows the lines around a byte of a stream. */
  async visit(stream, offset) {
    this.island = { stream, offset };
    this.setFollow(false);
    let line = null;
    try {
      line = await this.source.around(stream, offset);
    } catch (why) {
      this.bar.say(why.message);
    }
    if (!line || this.island?.offset !== offset) return;
    this.far.place(this.island, line.time);
    this.hitLine = line;
    this.hit = this.lines.hits.findIndex((index) => this.lines.all[index] === line);
    const row = this.lines.isFiltered ? this.hit : this.lines.all.indexOf(line);
    if (row >= 0) this.window.reveal(row);
    this.bar.update();
    setQuery("at", [this.names.indexOf(stream.name), stream.tab, offset].join("."), { replace: true });
  }

  /** Back to the end of the log, and what is written now. */
  async leaveIsland() {
    if (!this.island) return;
    this.island = null;
    this.hit = -1;
    this.far.place(null);
    setQuery("at", null, { replace: true });
    await this.source.only(this.rangeOf);
    this.window.toEnd();
  }

  /** Follows, or stands still. */
  setFollow(on) {
    if (on && this.island) return this.leaveIsland();
    if (on) return this.window.toEnd();
    this.window.follow = false;
    this.followed(false);
  }

  search(text, onlyHits) {
    const { pattern, problem } = patternOf(text);
    this.bar.problem(problem);
    if (problem) return;
    this.asked = text;
    if (pattern?.source !== this.lines.pattern?.source) this.far.forget();
    this.lines.search(pattern, onlyHits);
    this.hit = -1;
    this.window.refresh();
    if (pattern && this.lines.hits.length > 0) this.stepHere(-1);
    this.far.soon();
    this.bar.update();
    setQuery("find", text, { replace: true });
  }

  /** Goes to the next hit (1) or the one before (-1), also into what is not loaded. */
  step(by) {
    if (this.far.at >= 0) {
      if (!this.far.step(by) && by > 0) this.leaveIsland();
      return;
    }
    const isFirst = this.hit === 0 || this.lines.hits.length === 0;
    if (by < 0 && isFirst && this.far.hits.length > 0) this.far.step(by);
    else this.stepHere(by);
  }

  /** The same among the lines that are loaded; from nowhere, to the last one. */
  stepHere(by) {
    const total = this.lines.hits.length;
    if (total === 0) return;
    if (this.hit < 0) this.hit = by < 0 ? total - 1 : Math.min(total - 1, Math.max(0, this.lines.hitFrom(this.window.firstRow)));
    else this.hit = (this.hit + by + total) % total;
    this.hitLine = this.lines.all[this.lines.hits[this.hit]];
    this.window.reveal(this.lines.rowOfHit(this.hit));
    this.bar.update();
  }

  setTab(tab) {
    this.leaveIsland();
    for (const stream of this.source.streams) stream.visible = tab === "both" || stream.tab === tab;
    this.tab = tab;
    this.lines.arrange();
    this.hit = -1;
    this.far.forget();
    this.far.soon();
    this.window.refresh();
    this.sayNothing();
    this.bar.update();
    setQuery("tab", tab === "both" ? null : tab, { replace: true });
  }

  setWrap(on) {
    this.window.wrap = on;
    localStorage.setItem("wrap", String(on));
    this.applyShape();
    this.window.refresh();
    this.bar.update();
  }

  setTimes(on) {
    this.times = on;
    localStorage.setItem("times", String(on));
    this.applyShape();
    this.window.refresh();
    this.bar.update();
  }

  /** Shows what one run wrote, or everything. */
  setRun(run, runs) {
    const at = runs.findIndex((known) => known.run === run);
    this.run = run;
    this.#only(null, (stream) => {
      if (at < 0) return null;
      const start = (known) => known?.[`${stream.tab}_offset`] ?? null;
      return { from: start(runs[at]) ?? 0, to: start(runs[at - 1]) };
    });
    setQuery("run", at < 0 ? null : String(run), { replace: true });
  }

  /** Shows what was written then; of a log of which nobody knows when, everything. */
  async setSpan(span) {
    const isAll = !span.since && !span.until;
    const unknown = [];
    const find = async (stream) => {
      try {
        return [stream, isAll ? null : await api.span(stream.name, stream.tab, span)];
      } catch (why) {
        if (why.status !== 409) throw why;
        unknown.push(why.message);
        return [stream, null];
      }
    };
    const spans = new Map(await Promise.all(this.source.streams.map(find)));
    this.run = null;
    this.bar.noRun();
    this.bar.say([...new Set(unknown)].join("\n"));
    this.#only(isAll ? null : span, (stream) => spans.get(stream));
    setQuery("run", null, { replace: true });
  }

  /** Shows a part of each log: what `rangeOf(stream)` says. */
  #only(span, rangeOf) {
    this.span = span;
    this.island = null;
    this.hit = -1;
    this.far.forget();
    this.far.place(null);
    this.rangeOf = rangeOf;
    this.source.only(rangeOf);
    this.window.toEnd();
    this.bar.update();
    for (const key of ["since", "until"]) setQuery(key, span?.[key] || null, { replace: true });
  }

  copyAll() {
    const text = [];
    for (let row = 0; row < this.lines.length; row += 1) {
      const line = this.lines.at(row);
      text.push((this.names.length > 1 ? `${line.source.name} ${line.source.tab === "stderr" ? "!" : "|"} ` : "") + plain(line.text));
    }
    copy(`${text.join("\n")}\n`, count(text.length, "line"));
  }

  download() {
    for (const stream of this.source.streams) {
      if (!stream.visible) continue;
      const link = h("a", { href: api.downloadPath(stream.name, stream.tab), download: `${stream.name}-${stream.tab}.txt` });
      document.body.append(link);
      link.click();
      link.remove();
    }
  }

  close() {
    this.far.forget();
    this.source.close();
  }
}

/** Shows the logs that the address names, or none. */
export function showLogs(now) {
  const names = now.view === "logs" ? now.names : [];
  const place = byId("logs");
  place.hidden = names.length === 0;
  byId("list").hidden = names.length > 0;
  if (open && open.names.join("/") === names.join("/")) return;
  open?.close();
  open = null;
  place.replaceChildren();
  if (names.length === 0) return;
  open = new LogsView(names);
  place.append(open.element);
  const tab = now.query.get("tab");
  if (tab) open.setTab(tab);
  const mine = open;
  const asked = now.query.get("find");
  const span = { since: now.query.get("since") ?? "", until: now.query.get("until") ?? "" };
  open.source.open().then(() => {
    if (open !== mine) return;
    if (asked && mine.bar.question() === asked) mine.search(asked, mine.lines.onlyHits);
    if (span.since || span.until) mine.setSpan(span).catch((why) => mine.bar.say(why.message));
    const [index, side, offset] = (now.query.get("at") ?? "").split(".");
    const stream = mine.source.streams.find((one) => one.name === names[Number(index)] && one.tab === side);
    if (stream && Number.isSafeInteger(Number(offset))) mine.visit(stream, Number(offset));
  });
  if (asked) mine.bar.ask(asked);
  mine.window.element.focus();
}

export const logsOpen = () => open;
export const updateLogs = () => open?.head.update();

/** Back to where one process is shown, or to the list. */
export function leaveLogs() {
  go(route.names.length === 1 ? processAddress(route.names[0]) : listAddress());
}
