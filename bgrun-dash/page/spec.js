// From what was typed into the form to the spec that is started, or to the change of one. Pure.

const BLANK = /\s/;

/** The words of a command line as a shell would split them; null when a quote is left open. */
export function words(line) {
  const found = [];
  let word = null;
  let quote = null;
  for (let at = 0; at < line.length; at += 1) {
    const c = line[at];
    if (quote === "'") {
      if (c === "'") quote = null;
      else word += c;
    } else if (c === "\\" && at + 1 < line.length) {
      at += 1;
      if (quote && !'"\\$`'.includes(line[at])) word = (word ?? "") + c;
      word = (word ?? "") + line[at];
    } else if (quote) {
      if (c === quote) quote = null;
      else word += c;
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= "";
    } else if (BLANK.test(c)) {
      if (word !== null) found.push(word);
      word = null;
    } else {
      word = (word ?? "") + c;
    }
  }
  if (quote) return null;
  if (word !== null) found.push(word);
  return found;
}

/** "500m" → 524288000; null when it is no size. */
export function sizeOf(text) {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  return number === undefined ? null : Math.round(number * 1024 ** " kmgt".indexOf(unit.toLowerCase() || " "));
}

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "1m30s" → 90000; a bare number is seconds; null when it is no duration. */
export function durationOf(text) {
  const asked = text.trim();
  if (/^\d+(\.\d+)?$/.test(asked)) return Math.round(Number(asked) * 1000);
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(asked)) return null;
  return Math.round([...asked.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)].reduce((sum, [, number, unit]) => sum + Number(number) * UNITS_MS[unit], 0));
}

/** 90000 → "90s": as it would be typed. */
export function typedDuration(ms) {
  for (const unit of ["h", "m", "s"]) if (ms > 0 && ms % UNITS_MS[unit] === 0) return `${ms / UNITS_MS[unit]}${unit}`;
  return `${ms}ms`;
}

/** 524288000 → "500m": as it would be typed. */
export function typedSize(count) {
  for (const [unit, size] of [["g", 1024 ** 3], ["m", 1024 ** 2], ["k", 1024]]) if (count > 0 && count % size === 0) return `${count / size}${unit}`;
  return String(count);
}

const NEEDS_SHELL = /(^|\s)(\||\|\||&&|;|>|>>|<|2>&1|&)(\s|$)|\$\w|\$\(|`/;
const NO_SIZE = "a size is a number of bytes, or 500k, 500m, 1g";
const NO_DURATION = "a duration is 500ms, 10s, 5m, 1h30m";

/** What stands for a value that the page does not have. */
export const HIDDEN = "••••••";

const list = (text) => text.split(/[\s,]+/).filter(Boolean);
const lines = (text) => text.split("\n").map((one) => one.trim()).filter(Boolean);

function whole(text, least, complaint) {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least) return number;
  throw new Error(complaint);
}

function of(parse, complaint) {
  return (text) => {
    const value = parse(text);
    if (value === null) throw new Error(complaint);
    return value;
  };
}

/** Of each field of the form: what it comes to in a spec. It throws what is wrong with it. */
const READERS = {
  name: (text) => ({ name: text }),
  workdir: (text) => ({ workdir: text }),
  group: (text) => ({ group: text }),
  keep_alive: (text) => ({ keep_alive: text }),
  memory: (text) => ({ memory_limit_bytes: of(sizeOf, NO_SIZE)(text) }),
  interval: (text) => ({ restart_interval_minutes: whole(text, 1, "a whole number of minutes") }),
  after: (text) => ({ after: list(text) }),
  ready: (text) => ({ ready_probe: text }),
  env_files: (text) => ({ env_files: lines(text) }),
  stop_signal: (text) => ({ stop_signal: text }),
  stop_timeout: (text) => ({ stop_timeout_ms: of(durationOf, NO_DURATION)(text) }),
  backoff: (text) => {
    const [min, max, more] = text.split("..").map(durationOf);
    if (min === null || max === null || max === undefined || more !== undefined || min > max) throw new Error("the shortest and the longest pause: 1s..60s");
    return { backoff_min_ms: min, backoff_max_ms: max };
  },
  max_restarts: (text) => {
    const [, most, window] = /^(\d+)(?:\s*\/\s*(\S+))?$/.exec(text) ?? [];
    const span = window === undefined ? undefined : durationOf(window);
    if (most === undefined || span === null) throw new Error("so many in a row: 10; or within a while: 10/60s");
    return { max_restarts: Number(most), ...(span === undefined ? {} : { restart_window_ms: span }) };
  },
  stop_codes: (text) => ({ stop_exit_codes: list(text).map((code) => {
    if (!(Number(code) <= 255)) throw new Error("exit codes from 0 to 255");
    return whole(code, 0, "exit codes from 0 to 255");
  }) }),
  log_size: (text) => ({ log_max_size_bytes: of(sizeOf, NO_SIZE)(text) }),
  log_keep: (text) => ({ log_keep: whole(text, 0, "a number of archives") }),
  log_total: (text) => ({ log_max_total_bytes: of(sizeOf, NO_SIZE)(text) }),
  config: (text) => ({ configPath: text }),
  stdout: (text) => ({ stdout_path: text }),
  stderr: (text) => ({ stderr_path: text }),
};
/** What is ticked or not, and is called so in a spec, too. */
const TICKS = ["log_compress", "no_config", "shared_log"];
/** The fields of a spec that go when a field of the form is emptied. */
const EMPTIED = {
  group: { group: null },
  memory: { memory_limit_bytes: null },
  interval: { restart_interval_minutes: null },
  after: { after: [] },
  ready: { ready_probe: null },
  env_files: { env_files: [] },
  stop_codes: { stop_exit_codes: [] },
  log_total: { log_max_total_bytes: null },
  config: { configPath: null },
  stdout: { stdout_path: null },
  stderr: { stderr_path: null },
};
const MUST = "this cannot be left empty";

function readCommand(typed, { complain, advise }) {
  const command = typed.command.trim();
  if (typed.shell) return { command };
  const argv = words(command);
  if (argv === null) complain("command", "a quote is left open");
  else if (NEEDS_SHELL.test(command)) advise("command", "this looks like shell: tick “a line of shell” unless these words are meant as they are");
  return { argv: argv ?? [command] };
}

function readEnv(text, { complain }) {
  const env = {};
  for (const line of text.split("\n").filter((one) => one.trim())) {
    const at = line.indexOf("=");
    if (at < 1) complain("env", `“${line.trim()}” is not KEY=VALUE`);
    else env[line.slice(0, at).trim()] = line.slice(at + 1);
  }
  return env;
}

function teller() {
  const problems = [];
  return {
    problems,
    complain: (field, message) => problems.push({ field, message }),
    advise: (field, message) => problems.push({ field, message, isAdvice: true }),
  };
}

function readField(field, text, spec, { complain }) {
  try {
    Object.assign(spec, READERS[field](text));
  } catch (why) {
    complain(field, why.message);
  }
}

/** `{spec, problems}` of the fields of the form for a new process. */
export function specOf(typed) {
  const tell = teller();
  const spec = readCommand(typed, tell);
  for (const field of Object.keys(READERS)) {
    const text = (typed[field] ?? "").trim();
    if (text && !(field === "keep_alive" && text === "never")) readField(field, text, spec, tell);
  }
  for (const field of TICKS) if (typed[field]) spec[field] = true;
  const env = readEnv(typed.env, tell);
  if (Object.keys(env).length > 0) spec.env = env;
  return { spec, problems: tell.problems };
}

/** `{spec, problems}` where `spec` has only what was typed otherwise than it was. */
export function changeOf(typed, was) {
  const tell = teller();
  const spec = {};
  if (typed.command.trim() !== was.command.trim() || typed.shell !== was.shell) Object.assign(spec, readCommand(typed, tell));
  for (const field of Object.keys(READERS)) {
    const text = (typed[field] ?? "").trim();
    if (field === "name" || text === (was[field] ?? "").trim()) continue;
    if (text) readField(field, text, spec, tell);
    else if (EMPTIED[field]) Object.assign(spec, EMPTIED[field]);
    else tell.complain(field, MUST);
  }
  if ("max_restarts" in spec && was.max_restarts.includes("/") && !typed.max_restarts.includes("/")) spec.restart_window_ms = null;
  for (const field of TICKS) if (typed[field] !== was[field]) spec[field] = typed[field];
  const before = readEnv(was.env, teller());
  const now = readEnv(typed.env, tell);
  const env = {};
  for (const key of Object.keys(before)) if (!(key in now)) env[key] = null;
  for (const [key, value] of Object.entries(now)) if (value !== before[key]) env[key] = value;
  if (Object.keys(env).length > 0) spec.env = env;
  return { spec, problems: tell.problems };
}

/** What the form shows of a process as it is. */
export function typedOf(record) {
  const set = record.env_set ?? record.env_keys ?? [];
  return {
    command: record.command,
    shell: record.argv === null,
    name: record.name,
    workdir: record.workdir,
    group: record.group ?? "",
    keep_alive: record.keep_alive,
    memory: record.memory_limit_bytes ? typedSize(record.memory_limit_bytes) : "",
    interval: record.restart_interval_minutes ? String(record.restart_interval_minutes) : "",
    env: set.map((key) => `${key}=${HIDDEN}`).join("\n"),
    after: (record.after ?? []).join(" "),
    ready: record.ready_probe ?? "",
    env_files: (record.env_files ?? []).join("\n"),
    stop_signal: record.stop_signal,
    stop_timeout: typedDuration(record.stop_timeout_ms),
    backoff: `${typedDuration(record.backoff_min_ms)}..${typedDuration(record.backoff_max_ms)}`,
    max_restarts: record.restart_window_ms ? `${record.max_restarts}/${typedDuration(record.restart_window_ms)}` : String(record.max_restarts),
    stop_codes: (record.stop_exit_codes ?? []).join(" "),
    log_size: typedSize(record.log_max_size_bytes),
    log_keep: String(record.log_keep),
    log_total: record.log_max_total_bytes ? typedSize(record.log_max_total_bytes) : "",
    log_compress: record.log_compress === true,
    config: record.configPath ?? "",
    no_config: record.no_config === true,
    stdout: record.stdout_path,
    stderr: record.stderr_path,
    shared_log: record.shared_log === true,
  };
}

const FIELDS = { argv: "command", configPath: "config", program: "command", directory: "workdir", memory_limit_bytes: "memory", restart_interval_minutes: "interval" };

/** The problems of an answer, each at the field of the form that it is about. */
export function problemsOf(answer) {
  return (answer.problems ?? []).map(({ field, message }) => ({ field: FIELDS[field] ?? field, message }));
}
