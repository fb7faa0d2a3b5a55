// What the page knows of all processes: a map of records, and who wants to hear of changes.

const records = new Map();
const listeners = new Set();
const history = new Map();

/** A sample every so often, as the dashboard itself takes them; so many are ten minutes. */
const EVERY_MS = 5000;
const SAMPLES = 120;

export const all = () => [...records.values()];
export const find = (name) => records.get(name);

/** Calls `listener(names)` after each change; `names` is null when everything may be different. */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function announce(names) {
  for (const listener of listeners) listener(names);
}

function take(record) {
  const known = records.get(record.name);
  const merged = { ...known, ...record };
  if ("uptime_ms" in record) {
    merged.begun = record.uptime_ms === null ? null : performance.now() - record.uptime_ms;
  }
  records.set(record.name, merged);
}

/** The whole list: what is not in it is gone. */
export function replaceAll(list) {
  const names = new Set(list.map((record) => record.name));
  for (const name of [...records.keys()]) if (!names.has(name)) forget(name);
  list.forEach(take);
  announce(null);
}

/** Records that changed, or only the fields that did. */
export function merge(list) {
  const isNew = list.some((record) => !records.has(record.name));
  list.forEach(take);
  announce(isNew ? null : new Set(list.map((record) => record.name)));
}

function forget(name) {
  records.delete(name);
  history.delete(name);
}

export function remove(names) {
  names.forEach(forget);
  announce(null);
}

/** How long it has been running, by our own clock; null when it does not run. */
export function uptime(record) {
  return record.begun === null || record.begun === undefined ? null : performance.now() - record.begun;
}

/** Statuses in which something of it may live. */
export function isUp(record) {
  return ["starting", "running", "backoff", "stopping"].includes(record.status);
}

/** Its samples of the last ten minutes: `{cpu: […], memory: […]}`, the newest last. */
export const samples = (name) => history.get(name) ?? { cpu: [], memory: [] };

/** What the dashboard has seen before this page was opened. */
export function seedHistory(all) {
  for (const [name, { cpu = [], memory = [] }] of Object.entries(all)) {
    const seen = samples(name);
    const join = (old, own) => [...old.slice(0, Math.max(0, old.length - own.length)), ...own].slice(-SAMPLES);
    history.set(name, { cpu: join(cpu, seen.cpu), memory: join(memory, seen.memory) });
  }
}

function sample() {
  for (const record of records.values()) {
    const known = samples(record.name);
    if (record.memory_bytes === null && known.cpu.length === 0) continue;
    known.cpu.push(record.cpu_percent ?? 0);
    known.memory.push(record.memory_bytes ?? 0);
    for (const series of [known.cpu, known.memory]) if (series.length > SAMPLES) series.shift();
    history.set(record.name, known);
  }
}

/** Begins to take samples; `drawn` is called after each. */
export function beginSampling(drawn) {
  setInterval(() => {
    sample();
    drawn();
  }, EVERY_MS);
}
