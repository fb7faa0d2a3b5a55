// Where the lines come from: the end of each log first, what is older behind our back, what is written
// from now on by one stream for all.

import * as api from "./api.js";

/** So much of one stream is kept in the page; what is older can be asked for, or downloaded. */
const KEPT_BYTES = 32 * 1024 * 1024;
const RETRY_MS = 1000;
/** Lines on each side of a place that is visited. */
const AROUND = 500;
export const TABS = ["stdout", "stderr"];

const encoder = new TextEncoder();
// eslint-disable-next-line no-control-regex
const sizeOf = (text) => (/^[\x00-\x7f]*$/.test(text) ? text.length : encoder.encode(text).length);

/** The time of each line of a piece, from sparse marks `[[offset, ms], …]`; null without. */
function times(answer) {
  const marks = answer.marks ?? [];
  if (marks.length === 0) return null;
  let offset = answer.offset;
  let mark = -1;
  return (line) => {
    while (mark + 1 < marks.length && marks[mark + 1][0] <= offset) mark += 1;
    offset += sizeOf(line) + 1;
    return mark < 0 ? null : marks[mark][1];
  };
}

export class LogSource {
  /** `told` is `{appended(source, count), arranged(addedBefore), failed(message), settled()}`. */
  constructor(lines, names, told) {
    this.lines = lines;
    this.told = told;
    this.closed = false;
    /** Whether something could not be read since the stream began. */
    this.failed = false;
    this.names = names;
    this.streams = names.flatMap((name, index) => TABS.map((tab) => ({ name, tab, index, from: null, next: null, busy: false, range: null })));
    for (const stream of this.streams) lines.addSource(stream);
  }

  close() {
    this.closed = true;
    clearTimeout(this.retry);
    this.events?.close();
  }

  /** Reads the ends, begins to follow, and reads on backwards. */
  async open() {
    this.#follow();
    await Promise.all(this.streams.map((stream) => this.#tail(stream)));
    if (this.closed) return;
    this.lines.arrange();
    this.told.arranged(0);
    await Promise.all(this.streams.map((stream) => this.#catchUp(stream)));
    this.older();
  }

  async #tail(stream) {
    try {
      const where = stream.range?.to === undefined || stream.range?.to === null ? { lines: 2000 } : { before: stream.range.to, lines: 2000 };
      const answer = await api.log(stream.name, stream.tab, where);
      if (this.closed) return;
      this.#trim(stream, answer);
      this.lines.clear(stream);
      this.lines.prepend(stream, answer.text, times(answer));
      if (answer.text !== "" && !answer.text.endsWith("\n") && stream.lines.length > 0) stream.lines.at(-1).open = true;
      stream.from = answer.offset;
      stream.next = answer.next_offset;
      stream.failed = false;
    } catch (why) {
      this.#failed(stream, why);
    }
  }

  #failed(stream, why) {
    this.failed = true;
    stream.failed = stream.next === null;
    this.told.failed(`${stream.name}: ${why.message}`);
  }

  /** After an outage: what could not be read in it, and what was written meanwhile. */
  async #resume() {
    const { failed } = this;
    this.failed = false;
    if (failed) {
      this.told.failed("");
      await Promise.all(this.streams.filter((stream) => stream.failed).map((stream) => this.#tail(stream)));
      if (this.closed) return;
      this.lines.arrange();
      this.told.arranged(0);
    }
    await Promise.all(this.streams.map((stream) => this.#catchUp(stream)));
    if (failed) this.older();
  }

  /** Leaves out what was written before the run that is asked for. */
  #trim(stream, answer) {
    const least = stream.range?.from ?? 0;
    if (answer.offset >= least) return;
    const bytes = encoder.encode(answer.text);
    answer.text = new TextDecoder().decode(bytes.subarray(least - answer.offset));
    answer.offset = least;
  }

  /** Shows only what a run wrote: `rangeOf(stream)` is `{from, to}` in bytes, or null for everything. */
  async only(rangeOf) {
    this.visit = null;
    for (const stream of this.streams) {
      stream.range = rangeOf(stream);
      stream.from = null;
      stream.next = null;
    }
    await Promise.all(this.streams.map((stream) => this.#tail(stream)));
    if (this.closed) return;
    this.lines.arrange();
    this.told.arranged(0);
    this.older();
  }

  /** Shows only the lines around a byte of one stream; answers the line that begins there. */
  async around(stream, offset) {
    const mine = (this.visit = {});
    const [before, after] = await Promise.all([
      api.log(stream.name, stream.tab, { before: offset, lines: AROUND }),
      api.log(stream.name, stream.tab, { offset, lines: AROUND }),
    ]);
    if (this.closed || this.visit !== mine) return null;
    for (const other of this.streams) {
      this.lines.clear(other);
      Object.assign(other, { range: { from: 0, to: 0 }, from: null, next: null });
    }
    this.lines.prepend(stream, after.text, times(after));
    const [line = null] = stream.lines;
    this.lines.prepend(stream, before.text, times(before));
    Object.assign(stream, { range: { from: before.offset, to: after.next_offset }, from: before.offset, next: after.next_offset });
    this.lines.arrange();
    this.told.arranged(0);
    return line;
  }

  /** Adds lines before (-1) or behind (1) those of `around`. */
  async widen(stream, by) {
    // A scroll may be told after its lines were left.
    if (stream.busy || this.closed || !stream.range) return;
    const { from, to } = stream.range;
    const mine = this.visit;
    stream.busy = true;
    try {
      const answer = await api.log(stream.name, stream.tab, by < 0 ? { before: from, lines: AROUND } : { offset: to, lines: AROUND });
      if (this.closed || this.visit !== mine || stream.range?.from !== from || answer.text === "") return;
      if (by < 0) {
        const added = this.lines.prepend(stream, answer.text, times(answer));
        stream.range.from = stream.from = answer.offset;
        this.lines.arrange();
        this.told.arranged(added);
      } else {
        this.lines.append(stream, answer.text, times(answer));
        stream.range.to = stream.next = answer.next_offset;
        this.told.arranged(0);
      }
    } catch (why) {
      this.#failed(stream, why);
    } finally {
      stream.busy = false;
    }
  }

  #isLive(stream) {
    return (stream.range?.to ?? null) === null;
  }

  /** Whether something older than what is here is on the disk. */
  get hasOlder() {
    return this.streams.some((stream) => stream.from !== null && stream.from > (stream.range?.from ?? 0) && !stream.ended);
  }

  /** Reads backwards until everything is here, or enough. */
  async older(limit = KEPT_BYTES) {
    const read = async (stream) => {
      if (stream.older) return;
      stream.older = true;
      try {
        const least = () => stream.range?.from ?? 0;
        while (!this.closed && stream.from !== null && stream.from > least() && stream.next - stream.from < limit) {
          const from = stream.from;
          const answer = await api.log(stream.name, stream.tab, { before: from });
          if (this.closed || stream.from !== from) return;
          if (answer.text === "" || answer.offset >= from) {
            stream.ended = true;
            break;
          }
          this.#trim(stream, answer);
          const added = this.lines.prepend(stream, answer.text, times(answer));
          stream.from = answer.offset;
          const before = this.lines.length;
          this.lines.arrange();
          this.told.arranged(stream.visible && added > 0 ? this.lines.length - before : 0);
        }
      } catch (why) {
        this.#failed(stream, why);
      } finally {
        stream.older = false;
      }
    };
    await Promise.all(this.streams.map(read));
    this.told.arranged(0);
    this.told.settled();
  }

  #take(stream, answer, time) {
    stream.next = answer.next_offset;
    const added = this.lines.append(stream, answer.text, time);
    this.told.appended(stream, added);
  }

  /** Reads what was written between what is here and the end. */
  async #catchUp(stream) {
    if (stream.busy || stream.next === null || !this.#isLive(stream)) return;
    stream.busy = true;
    try {
      for (;;) {
        const from = stream.next;
        const answer = await api.log(stream.name, stream.tab, { offset: from });
        if (this.closed || stream.next !== from || answer.text === "") break;
        this.#take(stream, answer, times(answer) ?? Date.now());
      }
    } catch (why) {
      if (why.status === 404) this.told.failed(`${stream.name}: ${why.message}`);
    } finally {
      stream.busy = false;
    }
  }

  #follow() {
    const query = new URLSearchParams(this.names.map((name) => ["name", name]));
    const path = `/api/follow?${query}`;
    let began = false;
    this.events = new EventSource(path);
    this.events.addEventListener("log", (event) => this.#event(JSON.parse(event.data)));
    this.events.onopen = () => {
      began = true;
      this.#resume();
    };
    this.events.onerror = async () => {
      this.events.close();
      const why = began ? null : await api.refusal(path);
      // What is no question will be none in a second either.
      if (why?.status === 400 && !this.closed) this.told.failed(`Not followed, for these are the logs of ${this.names.length}: ${why.message}.`);
      else if (!this.closed) this.retry = setTimeout(() => this.#follow(), RETRY_MS);
    };
  }

  #event(piece) {
    const stream = this.streams.find(({ name, tab }) => name === piece.name && tab === piece.tab);
    if (!stream || stream.next === null || !this.#isLive(stream)) return;
    // Cut by its program: what is there now was written after that.
    if (piece.next_offset < stream.next && piece.offset === 0) stream.next = 0;
    if (piece.offset === stream.next && !stream.busy) this.#take(stream, piece, piece.time ?? Date.now());
    else if (piece.next_offset > stream.next) this.#catchUp(stream);
  }
}
