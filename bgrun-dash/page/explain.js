// How a process ended, as a sentence. Pure.

import { lasted } from "./format.js";

const SIGNALS = {
  SIGKILL: "it was ended by force: somebody sent SIGKILL, or the machine ran out of memory",
  SIGSEGV: "it touched memory that is not its own, which is a bug in it or in a library",
  SIGABRT: "it gave up by itself (abort), often after a failed assertion",
  SIGTERM: "somebody outside bgrun asked it to end",
  SIGINT: "somebody interrupted it",
  SIGHUP: "it was told that its terminal is gone",
  SIGBUS: "it used memory that could not be read, such as a file that was cut short",
  SIGFPE: "it divided by zero or did other impossible arithmetic",
  SIGILL: "it executed an instruction that this processor does not have",
  SIGPIPE: "it wrote to a reader that was gone",
  SIGTRAP: "it hit a breakpoint",
  SIGXCPU: "it used up its processor time",
};
const CODES = {
  126: "a command was found but could not be executed",
  127: "a command was not found",
  130: "it was interrupted (SIGINT)",
  134: "its main program aborted (SIGABRT)",
  137: "its main program was killed (SIGKILL), perhaps for want of memory",
  139: "its main program touched memory that is not its own (SIGSEGV)",
  143: "its main program was asked to end (SIGTERM)",
};

const by = (end) => (end.exit_signal ? ` (${end.exit_signal})` : "");

function what(end) {
  switch (end.exit_reason) {
    case "exit":
      if (end.exit_code === 0) return "ended by itself with exit code 0";
      return `failed with exit code ${end.exit_code}${CODES[end.exit_code] ? `: ${CODES[end.exit_code]}` : ""}`;
    case "signal":
      return `was ended by ${end.exit_signal}${SIGNALS[end.exit_signal] ? `: ${SIGNALS[end.exit_signal]}` : ""}`;
    case "stop":
      return end.exit_signal === "SIGKILL" ? "was asked to stop, did not in time, and was killed (SIGKILL)" : `was stopped on request${by(end)}`;
    case "restart": return `was stopped to be restarted${by(end)}`;
    case "watch": return `was restarted because a file changed${by(end)}`;
    case "memory-limit": return `was restarted because it needed more memory than its limit${by(end)}`;
    case "interval": return `was restarted because its interval was over${by(end)}`;
    case "shutdown": return `was stopped by a shutdown or logout${by(end)}`;
    case "exec": return `could not be executed${end.exit_code === null || end.exit_code === undefined ? "" : ` (${end.exit_code})`}`;
    case "unknown": return "ended unseen: the machine or its supervisor died, so nobody knows how";
    default: return null;
  }
}

/** A few words for a column: "code 3", "SIGKILL", "stopped". */
export function shortEnd(record) {
  switch (record.exit_reason) {
    case null: case undefined: return "";
    case "exit": return `code ${record.exit_code}`;
    case "signal": return record.exit_signal;
    case "stop": return "stopped";
    case "exec": return "not executable";
    case "memory-limit": return "memory limit";
    default: return record.exit_reason;
  }
}

/** Whether the last end was nobody's wish. */
export function isBadEnd(record) {
  if (record.exit_reason === "exit") return record.exit_code !== 0;
  return ["signal", "exec", "unknown", "memory-limit"].includes(record.exit_reason);
}

/** The last finished run of a record with `runs`, the latest first. */
export function lastEnd(details) {
  const run = (details.runs ?? []).find((candidate) => candidate.ended_at);
  return run ?? (details.exit_reason ? { ...details, run: null, started_at: null } : null);
}

/** "Run 3 failed with exit code 3, 0.1 s after it was started." */
export function sentence(end) {
  const happened = end && what(end);
  if (!happened) return null;
  const subject = end.run ? `Run ${end.run}` : "The last run";
  const started = end.started_at ? new Date(end.started_at).getTime() : NaN;
  const lived = new Date(end.ended_at).getTime() - started;
  const after = Number.isNaN(lived) || end.exit_reason === "exec" ? "" : `, ${lasted(lived)} after it was started`;
  // "failed with exit code 127: a command was not found" would run on: the time comes first then.
  const [head, why] = happened.split(/: (.*)/s);
  return why ? `${subject} ${head}${after}: ${why}.` : `${subject} ${happened}${after}.`;
}

/** What follows from it: again soon, given up, or nothing. */
export function consequence(record, now = Date.now()) {
  if (record.status === "backoff" && record.next_restart_at) {
    return `It starts again in ${lasted(Math.max(0, new Date(record.next_restart_at).getTime() - now))}.`;
  }
  if (record.status === "failed" && record.wanted === "up" && record.keep_alive !== "never" && record.restarts > 0) {
    return `bgrun has given up after ${record.restarts} restarts.`;
  }
  if (record.status === "lost") return record.keep_alive === "never" ? "It should run and does not. Start it again." : "It should run and does not; the guard will start it again.";
  if (record.status === "running" && record.supervised === false) return "It runs without its supervisor: nothing would start it again. `bgrun guard` finds a new one for it.";
  return null;
}
