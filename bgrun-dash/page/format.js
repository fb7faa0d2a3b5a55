// Numbers and times as people read them. Pure.

const UNITS = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];

/** 95061 → "1d 2h"; the two largest units. */
export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return "";
  let left = Math.max(0, Math.floor(ms / 1000));
  const parts = [];
  for (const [unit, seconds] of UNITS) {
    const count = Math.floor(left / seconds);
    if (count > 0 || (unit === "s" && parts.length === 0)) parts.push(count + unit);
    else if (parts.length > 0) break;
    left -= count * seconds;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** A duration for a sentence: short ones with a fraction. */
export function lasted(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms);
}

/** 18808832 → "18M", in 1024s, three digits at most. */
export function bytes(count) {
  if (count === null || count === undefined) return "";
  let size = count;
  for (const unit of ["B", "K", "M", "G", "T"]) {
    if (size < 999.5 || unit === "T") return (size < 9.95 && unit !== "B" ? size.toFixed(1) : Math.round(size)) + (unit === "B" ? " B" : unit);
    size /= 1024;
  }
  return "";
}

/** 2.84 → "2.8%". */
export function percent(value) {
  if (value === null || value === undefined) return "";
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)}%`;
}

/** "1 line", "2 lines", "100,000 lines". */
export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

const two = (number) => String(number).padStart(2, "0");

/** Clock time of a moment in milliseconds: "14:03:07.120". */
export function clock(ms) {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** A moment, with its day unless that is today. */
export function moment(text, now = new Date()) {
  if (!text) return "";
  const at = new Date(text);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  if (at.toDateString() === now.toDateString()) return time;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/** How long ago, in one unit: "now", "5s ago", "3h ago". */
export function ago(text, now = Date.now()) {
  if (!text) return "";
  const passed = now - new Date(text).getTime();
  return passed < 1000 ? "now" : `${duration(passed).split(" ")[0]} ago`;
}

/** A home directory is `~` to its owner. */
export function shortPath(path, home) {
  if (!path) return "";
  return home && (path === home || path.startsWith(`${home}/`)) ? `~${path.slice(home.length)}` : path;
}
