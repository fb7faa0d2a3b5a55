// Who watches whom: a watcher is a process like any other, known by its command line. Pure, but for
// the list of all.

import { all } from "./processes.js";

const WITH_VALUE = new Set(["--path", "--ignore", "--debounce", "--exec"]);

/** The name of the process that a command line watches, or null. */
export function watchedBy(argv) {
  const [program = "", ...rest] = argv ?? [];
  const tool = program.split("/").pop();
  const words = tool === "bgrun-watch" ? rest : tool === "bgrun" && rest[0] === "watch" ? rest.slice(1) : null;
  if (!words || words.includes("--")) return null;
  for (let at = 0; at < words.length; at += 1) {
    if (WITH_VALUE.has(words[at])) at += 1;
    else if (!words[at].startsWith("-")) return words[at];
  }
  return null;
}

/** All watchers: a map from the watched name to their records. */
function watchers() {
  const found = new Map();
  for (const record of all()) {
    const name = watchedBy(record.argv);
    if (name === null) continue;
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(record);
  }
  return found;
}

/** The names, and those that watch them: these first, so that nobody watches what is gone. */
export function withWatchers(names) {
  const known = watchers();
  const theirs = names.flatMap((name) => (known.get(name) ?? []).map((record) => record.name));
  return [...new Set([...theirs, ...names])];
}
