// From what was typed into the form to the spec that is started. Pure.

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

const NEEDS_SHELL = /(^|\s)(\||\|\||&&|;|>|>>|<|2>&1|&)(\s|$)|\$\w|\$\(|`/;

/** `{spec, problems}` of the fields of the form. */
export function specOf(typed) {
  const spec = {};
  const problems = [];
  const complain = (field, message) => problems.push({ field, message });
  const advise = (field, message) => problems.push({ field, message, isAdvice: true });
  const command = typed.command.trim();
  if (typed.shell) {
    spec.command = command;
  } else {
    const argv = words(command);
    if (argv === null) complain("command", "a quote is left open");
    else if (NEEDS_SHELL.test(command)) advise("command", "this looks like shell: tick “a line of shell” unless these words are meant as they are");
    spec.argv = argv ?? [command];
  }
  for (const field of ["name", "workdir", "group"]) if (typed[field].trim()) spec[field] = typed[field].trim();
  if (typed.keep_alive !== "never") spec.keep_alive = typed.keep_alive;
  if (typed.memory.trim()) {
    spec.memory_limit_bytes = sizeOf(typed.memory);
    if (spec.memory_limit_bytes === null) complain("memory", "a size is a number of bytes, or 500k, 500m, 1g");
  }
  if (typed.interval.trim()) {
    spec.restart_interval_minutes = Number(typed.interval);
    if (!(Number.isInteger(spec.restart_interval_minutes) && spec.restart_interval_minutes > 0)) complain("interval", "a whole number of minutes");
  }
  const env = {};
  for (const line of typed.env.split("\n").filter((one) => one.trim())) {
    const at = line.indexOf("=");
    if (at < 1) complain("env", `“${line.trim()}” is not KEY=VALUE`);
    else env[line.slice(0, at).trim()] = line.slice(at + 1);
  }
  if (Object.keys(env).length > 0) spec.env = env;
  return { spec, problems };
}

const FIELDS = { argv: "command", program: "command", directory: "workdir", memory_limit_bytes: "memory", restart_interval_minutes: "interval" };

/** The problems of an answer, each at the field of the form that it is about. */
export function problemsOf(answer) {
  return (answer.problems ?? []).map(({ field, message }) => ({ field: FIELDS[field] ?? field, message }));
}
