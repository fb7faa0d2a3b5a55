// Virtual scrolling: of any number of lines only those in sight are elements.

import { h } from "./dom.js";

/** Rows beyond the edges, so that scrolling shows no gap. */
const MARGIN = 25;
/** Browsers cannot lay out more than some 30 million pixels. */
const TALLEST = 15_000_000;
/** Keys by which the browser scrolls back. */
const UP = new Set(["ArrowUp", "PageUp", "Home"]);

export class LogWindow {
  #lines;
  #draw;
  #sizer = h("div", { class: "log-sizer" });
  #block = h("div", { class: "log-block" });
  #rows = new Map();
  #tops = null;
  #rowHeight = 20;
  #columns = 80;
  #pending = false;
  #lastTop = 0;
  follow = true;
  wrap = false;
  /** Called when the reader leaves or comes back to the end. */
  onFollow = () => {};
  /** Called when the beginning comes near. */
  onTop = () => {};
  /** Called when the end does. */
  onBottom = () => {};

  constructor(lines, draw) {
    this.#lines = lines;
    this.#draw = draw;
    this.element = h("div", { class: "log-view", tabindex: "0", role: "log", "aria-live": "off", "aria-label": "Log lines" }, this.#sizer);
    this.#sizer.append(this.#block);
    this.element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.element.addEventListener("wheel", (event) => event.deltaY < 0 && this.#leave(), { passive: true });
    this.element.addEventListener("keydown", (event) => UP.has(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey && this.#leave());
    new ResizeObserver(() => this.refresh()).observe(this.element);
  }

  #measure() {
    const probe = h("div", { class: "log-line probe" }, h("span", { class: "text" }, "0".repeat(100)));
    this.#block.append(probe);
    this.#rowHeight = probe.getBoundingClientRect().height || 20;
    const letter = probe.firstChild.getBoundingClientRect().width / 100 || 8;
    probe.remove();
    const sample = [...this.#rows.values()][0]?.querySelector(".text");
    const width = sample ? sample.getBoundingClientRect().width : this.element.clientWidth - 24;
    this.#columns = Math.max(20, Math.floor((this.wrap ? width : this.element.clientWidth - 24) / letter));
  }

  /** The height of one line; for a wrapped one an estimate that is exact for plain ASCII. */
  #height(row) {
    return this.#rowHeight * Math.max(1, Math.ceil(Math.min(this.#lines.at(row).text.length, 10_000) / this.#columns));
  }

  #layout() {
    if (!this.wrap) {
      this.#tops = null;
      return;
    }
    const tops = new Float64Array(this.#lines.length + 1);
    for (let row = 0; row < this.#lines.length; row += 1) tops[row + 1] = tops[row] + this.#height(row);
    this.#tops = tops;
  }

  #top(row) {
    return this.#tops ? this.#tops[row] : row * this.#rowHeight;
  }

  #rowAt(y) {
    if (!this.#tops) return Math.floor(y / this.#rowHeight);
    let low = 0;
    let high = this.#lines.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#tops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #scale(total) {
    return total > TALLEST ? TALLEST / total : 1;
  }

  get firstRow() {
    return this.#rowAt(this.element.scrollTop / this.#scale(this.#top(this.#lines.length)));
  }

  /** Everything may be different: other lines, another width, other words. */
  refresh() {
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.#measure();
    this.#layout();
    this.paint();
  }

  /** Lines were added at the end. */
  extended() {
    if (this.#tops) {
      const known = this.#tops.length - 1;
      if (known > this.#lines.length) return this.refresh();
      const tops = new Float64Array(this.#lines.length + 1);
      tops.set(this.#tops);
      for (let row = Math.max(0, known - 1); row < this.#lines.length; row += 1) tops[row + 1] = tops[row] + this.#height(row);
      this.#tops = tops;
    }
    // The last line that was shown may have grown.
    const last = Math.max(-1, ...this.#rows.keys());
    this.#rows.get(last)?.remove();
    this.#rows.delete(last);
    this.schedule();
  }

  /** So many lines were put before the first: what is being read stays where it is. */
  prepended(count) {
    const wasAt = this.element.scrollTop;
    const before = this.#top(this.#lines.length - count);
    this.refresh();
    if (!this.follow) this.element.scrollTop = wasAt + this.#top(this.#lines.length) - before;
    this.paint();
  }

  schedule() {
    if (this.#pending) return;
    this.#pending = true;
    const paint = () => {
      if (!this.#pending) return;
      this.#pending = false;
      this.paint();
    };
    requestAnimationFrame(paint);
    // A page in the background has no frames; it shall not be behind when it is looked at.
    if (document.hidden) setTimeout(paint, 100);
  }

  paint() {
    const count = this.#lines.length;
    const total = this.#top(count);
    const scale = this.#scale(total);
    this.#sizer.style.height = `${total * scale}px`;
    if (this.follow) this.#scrollToEnd();
    const at = this.element.scrollTop / scale;
    const from = Math.max(0, this.#rowAt(at) - MARGIN);
    const to = Math.min(count, this.#rowAt(at + this.element.clientHeight) + MARGIN);
    for (const [row, element] of this.#rows) {
      if (row >= from && row < to) continue;
      element.remove();
      this.#rows.delete(row);
    }
    let next = this.#block.firstChild;
    for (let row = from; row < to; row += 1) {
      let element = this.#rows.get(row);
      if (!element) {
        element = this.#draw(this.#lines.at(row), row);
        this.#rows.set(row, element);
        this.#block.insertBefore(element, next);
      } else {
        next = element.nextSibling;
      }
    }
    this.#block.style.transform = `translateY(${this.#top(from) - at + this.element.scrollTop}px)`;
    if (this.follow) this.#scrollToEnd();
  }

  /** Its scroll event comes later, and is not the reader's, who may have left meanwhile. */
  #scrollToEnd() {
    this.element.scrollTop = this.element.scrollHeight;
    this.#lastTop = this.element.scrollTop;
  }

  #atEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < this.#rowHeight * 1.5;
  }

  #leave() {
    if (!this.follow || this.element.scrollHeight <= this.element.clientHeight) return;
    this.follow = false;
    this.onFollow(false);
  }

  #scrolled() {
    const { scrollTop } = this.element;
    const isUp = scrollTop < this.#lastTop - 1;
    // A smooth scroll up begins with less than a pixel, and is not the way back to the end.
    const isDown = scrollTop > this.#lastTop;
    this.#lastTop = scrollTop;
    if (this.follow && isUp && !this.#atEnd()) this.#leave();
    else if (!this.follow && isDown && this.#atEnd()) this.toEnd();
    if (scrollTop < 800) this.onTop();
    if (!this.follow && this.element.scrollHeight - scrollTop - this.element.clientHeight < 800) this.onBottom();
    this.schedule();
  }

  /** Goes to the end and stays there. */
  toEnd() {
    const was = this.follow;
    this.follow = true;
    if (!was) this.onFollow(true);
    this.paint();
  }

  /** Brings a row into the middle. */
  reveal(row) {
    this.#leave();
    const scale = this.#scale(this.#top(this.#lines.length));
    this.element.scrollTop = Math.max(0, (this.#top(row) - this.element.clientHeight / 2) * scale);
    this.#lastTop = this.element.scrollTop;
    for (const element of this.#rows.values()) element.remove();
    this.#rows.clear();
    this.paint();
  }
}
