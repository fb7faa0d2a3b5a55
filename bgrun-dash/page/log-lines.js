// All lines that are shown, of one or several streams, in one order; and which of them match.

/** Lines longer than this are searched and shown in part. */
export const LONGEST = 10_000;

/**
 * One line: `{source, text, time, seq, open}`. `time` is in milliseconds, null where nobody knows;
 * `open` is a line that its program has not finished.
 */
export class Lines {
  constructor() {
    this.sources = [];
    this.all = [];
    this.shown = null;
    this.hits = [];
    this.pattern = null;
    this.onlyHits = false;
    this.seq = 0;
    this.read = (line) => line.text;
  }

  addSource(source) {
    this.sources.push(source);
    source.lines = [];
    source.visible = true;
  }

  #split(source, text, time) {
    const parts = text.split("\n");
    const last = parts.pop();
    const made = parts.map((part) => ({ source, text: part, time: typeof time === "function" ? time(part) : time, open: false }));
    if (last !== "") made.push({ source, text: last, time: typeof time === "function" ? time(last) : time, open: true });
    return made;
  }

  /** What a program has written since; returns how many lines are new. */
  append(source, text, time = null) {
    let rest = text;
    const last = source.lines.at(-1);
    if (last?.open) {
      const end = rest.indexOf("\n");
      last.text += end < 0 ? rest : rest.slice(0, end);
      last.open = end < 0;
      last.plain = undefined;
      rest = end < 0 ? "" : rest.slice(end + 1);
      if (source.visible) this.#test(last, this.all.lastIndexOf(last));
    }
    const made = this.#split(source, rest, time);
    for (const line of made) source.lines.push(line);
    if (!source.visible || made.length === 0) return 0;
    for (const line of made) {
      this.all.push(line);
      this.#test(line, this.all.length - 1);
    }
    return made.length;
  }

  /** What was written before all that is known of a stream. It ends with a whole line. */
  prepend(source, text, time = null) {
    const made = this.#split(source, text, time);
    for (const line of made) line.open = false;
    source.lines = made.concat(source.lines);
    return made.length;
  }

  clear(source) {
    source.lines = [];
  }

  /**
   * Puts the streams into one order: by time where it is known. A line without one keeps its place
   * after the line before it in its stream.
   */
  arrange() {
    const lists = this.sources.filter((source) => source.visible).map((source) => source.lines);
    if (lists.length <= 1) {
      this.all = lists.length === 1 ? lists[0].slice() : [];
    } else {
      const keyed = [];
      for (const list of lists) {
        let time = 0;
        for (const line of list) {
          time = Math.max(time, line.time ?? time);
          keyed.push({ line, time });
        }
      }
      keyed.sort((a, b) => a.time - b.time);
      this.all = keyed.map(({ line }) => line);
    }
    this.search(this.pattern, this.onlyHits);
  }

  #matches(line) {
    line.plain ??= this.read(line);
    // Not test(): that would leave behind where the next search of the pattern begins.
    return line.plain.search(this.pattern) >= 0;
  }

  #test(line, index) {
    if (!this.pattern) return;
    const known = this.hits.at(-1) === index;
    const matches = this.#matches(line);
    if (matches && !known) this.hits.push(index);
    if (!matches && known) this.hits.pop();
  }

  /** Looks for a pattern in all lines; `onlyHits` hides the others. */
  search(pattern, onlyHits) {
    this.pattern = pattern;
    this.onlyHits = onlyHits;
    this.hits = [];
    if (pattern) this.all.forEach((line, index) => this.#matches(line) && this.hits.push(index));
  }

  get isFiltered() {
    return this.onlyHits && this.pattern !== null;
  }

  /** How many rows there are, and the line in each. */
  get length() {
    return this.isFiltered ? this.hits.length : this.all.length;
  }

  at(row) {
    return this.all[this.isFiltered ? this.hits[row] : row];
  }

  /** The row of the n-th hit. */
  rowOfHit(hit) {
    return this.isFiltered ? hit : this.hits[hit];
  }

  /** The first hit at or after a row. */
  hitFrom(row) {
    if (this.isFiltered) return Math.min(row, this.hits.length - 1);
    let low = 0;
    let high = this.hits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.hits[middle] < row) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
