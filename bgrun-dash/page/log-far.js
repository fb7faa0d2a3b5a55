// Hits that lie beyond the lines that are loaded: the dashboard searches the whole log, and a hit is
// shown with the lines around it.

import * as api from "./api.js";
import { arrange, h, iconButton, setAttribute, setText } from "./dom.js";
import { clock, count, moment } from "./format.js";

/** The hits that are asked for at once. */
const AT_ONCE = 200;
/** After the last key. */
const PAUSE_MS = 350;

const inOrder = (a, b) => (a.time ?? 0) - (b.time ?? 0) || a.offset - b.offset;

export class FarHits {
  #view;
  #timer = 0;
  #asking = null;
  #list = h("ol", { class: "far-list", tabindex: "0", "aria-label": "Older hits" });
  #said = h("p", { class: "problem", role: "alert", hidden: true });
  #more = h("button", { type: "button", class: "button small", hidden: true, onclick: () => this.older() }, "Older still");
  #title = h("strong");
  hits = [];
  /** The hit that is being shown with its lines; -1 when the end of the log is. */
  at = -1;

  constructor(view) {
    this.#view = view;
    this.button = h("button", { type: "button", class: "button small far-open", hidden: true, "aria-expanded": "false", title: "Hits in lines that are not loaded", onclick: () => this.open(!this.isOpen) });
    this.panel = h("section", { class: "far", "aria-label": "Older hits", hidden: true },
      h("header", {}, this.#title, this.#more, iconButton("close", "Close the older hits", () => this.open(false))), this.#said, this.#list);
    this.back = h("button", { type: "button", class: "button small primary", onclick: () => view.leaveIsland() }, "Back to the end");
    this.where = h("span");
    this.bar = h("div", { class: "island", role: "status", hidden: true }, this.where, this.back);
    this.element = h("div", { class: "log-extra" }, this.panel, this.bar);
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  open(on) {
    this.panel.hidden = !on;
    setAttribute(this.button, "aria-expanded", String(on));
    if (on) this.#list.scrollTop = this.#list.scrollHeight;
  }

  /** The question is another one, or none. */
  forget() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
    this.hits = [];
    this.at = -1;
    this.#said.hidden = true;
    this.button.hidden = true;
    this.open(false);
  }

  /** Looks soon, when no more is typed. */
  soon() {
    clearTimeout(this.#timer);
    if (this.#streams().length > 0) this.#timer = setTimeout(() => this.look(), PAUSE_MS);
  }

  /** The streams of which there is more than what is loaded. */
  #streams() {
    const { source, lines, island } = this.#view;
    if (!lines.pattern) return [];
    return source.streams.filter((stream) => stream.visible && (island || (stream.from !== null && stream.from > (stream.range?.from ?? 0) && !stream.ended)));
  }

  #question(before) {
    const { pattern } = this.#view.lines;
    return { grep: pattern.source, ignore_case: pattern.ignoreCase, before, lines: AT_ONCE };
  }

  /** Asks for the last hits before what is loaded. */
  look() {
    const { island } = this.#view;
    return this.#ask(this.#streams(), (stream) => (island ? undefined : stream.from), () => []);
  }

  /** Asks for those before the first one. */
  older() {
    return this.#ask(this.#streams().filter((stream) => stream.farMore), (stream) => this.hits.find((hit) => hit.stream === stream)?.offset, () => this.hits);
  }

  /** Puts what is found before those that `known` says. */
  async #ask(streams, before, known) {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#said.hidden = true;
    setText(this.button, "searching older lines …");
    this.button.hidden = streams.length === 0;
    this.button.disabled = true;
    const shown = this.hits[this.at];
    const search = async (stream) => {
      const least = stream.range && !this.#view.island ? stream.range.from : 0;
      const answer = await api.search(stream.name, { tab: stream.tab, ...this.#question(before(stream)) }, asking.signal);
      const hits = answer.hits.filter((hit) => hit.offset >= least);
      stream.farMore = answer.more && hits.length === answer.hits.length;
      return hits.map((hit) => ({ ...hit, stream, time: hit.time ? Date.parse(hit.time) : null }));
    };
    try {
      const found = await Promise.all(streams.map(search));
      if (asking.signal.aborted) return;
      this.hits = [...found.flat(), ...known()].sort(inOrder);
      this.at = this.hits.findIndex((hit) => hit.stream === shown?.stream && hit.offset === shown?.offset);
    } catch (why) {
      if (asking.signal.aborted) return;
      setText(this.#said, `Older lines could not be searched: ${why.message}`);
      this.#said.hidden = false;
      this.open(true);
    }
    this.#asking = null;
    this.#draw();
    if (this.hits.length > 0 && this.#view.lines.hits.length === 0 && this.at < 0) this.open(true);
  }

  get #hasMore() {
    return this.#view.source.streams.some((stream) => stream.visible && stream.farMore);
  }

  #draw() {
    this.button.disabled = this.hits.length === 0 && this.#said.hidden;
    const total = `${this.hits.length.toLocaleString("en")}${this.#hasMore ? "+" : ""}`;
    setText(this.button, this.hits.length === 0 ? "none older" : `${total} older`);
    this.button.hidden = this.hits.length === 0 && this.#said.hidden && this.#view.lines.hits.length > 0;
    setText(this.#title, `${total} ${this.hits.length === 1 ? "hit" : "hits"} in lines that are not loaded`);
    this.#more.hidden = !this.#hasMore;
    const height = this.#list.scrollHeight - this.#list.scrollTop;
    arrange(this.#list, this.hits.map((hit, index) => {
      hit.element ??= this.#row(hit);
      setAttribute(hit.element.firstChild, "aria-current", index === this.at ? "true" : null);
      return hit.element;
    }));
    this.#list.scrollTop = this.#list.scrollHeight - height;
  }

  #row(hit) {
    const { names, lines } = this.#view;
    const parts = [];
    let from = 0;
    for (const match of hit.text.matchAll(lines.pattern)) {
      if (match[0] === "" || parts.length > 100) break;
      parts.push(hit.text.slice(from, match.index), h("mark", {}, match[0]));
      from = match.index + match[0].length;
    }
    const stamp = hit.time ? `${moment(new Date(hit.time).toISOString()).replace(/ ?\d\d:\d\d:\d\d$/, "")} ${clock(hit.time)}`.trim() : "–";
    return h("li", {}, h("button", { type: "button", onclick: () => this.go(this.hits.indexOf(hit)) },
      h("span", { class: "time" }, stamp), names.length > 1 ? h("bdi", { class: "from" }, hit.stream.name) : null,
      h("span", { class: "mark" }, hit.stream.tab === "stderr" ? "!" : "\u00a0"),
      h("span", { class: "text" }, ...parts, hit.text.slice(from), hit.is_cut ? " …" : "")));
  }

  /** Shows a hit with the lines around it. */
  async go(index) {
    const hit = this.hits[index];
    if (!hit) return;
    this.at = index;
    this.#draw();
    hit.element.scrollIntoView({ block: "nearest" });
    await this.#view.visit(hit.stream, hit.offset);
  }

  /** The next one (1) or the one before (-1); false when there is none. */
  step(by) {
    const next = this.at < 0 ? this.hits.length - 1 : this.at + by;
    if (next < 0 && this.#hasMore) this.older().then(() => this.at > 0 && this.go(this.at - 1));
    else if (next >= 0 && next < this.hits.length) this.go(next);
    else return false;
    return true;
  }

  /** Says where in the log the reader is; null is its end. */
  place(island, time) {
    this.bar.hidden = island === null;
    if (island === null) {
      this.at = -1;
      this.#draw();
      return;
    }
    setText(this.where, `An older part of ${island.stream.name}, ${island.stream.tab}${time ? `, written ${moment(new Date(time).toISOString())}` : ""}. What is new is at the end.`);
  }

  /** "3 of 200+ older", or null. */
  get tally() {
    return this.at < 0 ? null : `${(this.at + 1).toLocaleString("en")} of ${this.hits.length.toLocaleString("en")}${this.#hasMore ? "+" : ""} older`;
  }
}
