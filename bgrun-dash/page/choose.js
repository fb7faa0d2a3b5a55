// Which processes are shown, in what groups and order. Pure: records in, groups out.

/** Statuses in the order of their urgency. */
export const STATUSES = ["failed", "lost", "backoff", "stopping", "starting", "running", "exited", "stopped"];
/** Those that say that something went wrong. */
export const URGENT = STATUSES.slice(0, 3);

export const isUrgent = (record) => URGENT.includes(record.status);

/** How many have each status. */
export function countByStatus(records) {
  const counts = new Map(STATUSES.map((status) => [status, 0]));
  for (const { status } of records) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}

/** Whether every word of the question is somewhere in what people look for. */
export function matches(record, question) {
  const text = [record.name, record.group, record.command, record.workdir, record.status, record.pid, ...(record.ports ?? []).map((port) => `:${port}`)].join(" ").toLowerCase();
  return question.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

const { compare } = new Intl.Collator("en", { numeric: true });
const byName = (a, b) => compare(a.name, b.name);
const rank = (record) => {
  const place = STATUSES.indexOf(record.status);
  return isUrgent(record) ? place : STATUSES.length + (["exited", "stopped"].includes(record.status) ? 1 : 0);
};
const largest = (value) => (a, b) => (value(b) ?? -1) - (value(a) ?? -1) || byName(a, b);

const ORDERS = {
  status: (a, b) => rank(a) - rank(b) || byName(a, b),
  name: byName,
  uptime: largest((record) => record.uptime_ms),
  restarts: largest((record) => record.restarts),
  cpu: largest((record) => record.cpu_percent),
  memory: largest((record) => record.memory_bytes),
};
export const SORTS = Object.keys(ORDERS);

/** What a record is grouped by; null for those that have none. */
export function groupOf(record, by) {
  if (by === "none") return null;
  if (by === "directory") return record.workdir ?? null;
  return record.group ?? null;
}

/**
 * The groups to show, those with the worst status first, those without a name last:
 * `[{key, records}]`. `question` is `{status: Set, q, by, sort}`.
 */
export function choose(records, { status, q, by, sort }) {
  const groups = new Map();
  for (const record of records) {
    if (status.size > 0 && !status.has(record.status)) continue;
    if (q && !matches(record, q)) continue;
    const key = groupOf(record, by);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(record);
  }
  const isReverse = sort.startsWith("-");
  const order = ORDERS[isReverse ? sort.slice(1) : sort] ?? ORDERS.status;
  const list = [...groups].map(([key, members]) => ({ key, records: members.sort(isReverse ? (a, b) => order(b, a) : order) }));
  // Of those in which nothing went wrong, none is worse than the other: they stay where they are.
  const worst = ({ records: members }) => Math.min(STATUSES.length, ...members.map(rank));
  return list.sort((a, b) => {
    const by = worst(a) - worst(b);
    if (by !== 0) return by;
    if ((a.key === null) !== (b.key === null)) return a.key === null ? 1 : -1;
    return compare(String(a.key), String(b.key));
  });
}
