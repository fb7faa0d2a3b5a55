// What can be done to processes: asks the dashboard, says what came of it, offers the way back.

import * as api from "./api.js";
import { announce, find, isUp, merge, remove } from "./processes.js";
import { toast } from "./toast.js";

/** Requests under way at once: a browser has six connections, and the stream has one. */
const AT_ONCE = 4;
/** How long a deleted process can be brought back from its message. */
const UNDO_MS = 15_000;
/** How long the dashboard itself keeps it. */
const KEPT_MS = 60_000;
let lastDeletion = null;

export const session = { version: null, readOnly: false };

/** Names that something is being done to, and the word for it. */
const busy = new Map();
export const busyWith = (name) => busy.get(name);

const WORDS = {
  start: ["starting", "started"],
  stop: ["stopping", "stopped"],
  restart: ["restarting", "restarted"],
  remove: ["deleting", "deleted"],
};
const REQUESTS = {
  start: (name) => api.start({ name }),
  stop: api.stop,
  restart: api.restart,
  remove: api.remove,
};

const listed = (names) => (names.length === 1 ? names[0] : `${names.length} processes`);

async function each(names, work) {
  const left = [...names];
  const worker = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await work(name);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, left.length) }, worker));
}

/** Does `start`, `stop`, `restart` or `remove` to all of them; resolves when all have answered. */
export async function act(kind, names) {
  if (session.readOnly || names.length === 0) return;
  const [doing, done] = WORDS[kind];
  const failed = [];
  const undo = [];
  const succeeded = [];
  for (const name of names) busy.set(name, doing);
  announce(new Set(names));
  await each(names, async (name) => {
    try {
      const answer = await REQUESTS[kind](name);
      succeeded.push(name);
      if (kind === "remove") {
        remove([name]);
        if (answer.undo) undo.push(answer.undo);
      } else if (answer.name) merge([answer]);
    } catch (why) {
      failed.push(`${name}: ${why.message}`);
    } finally {
      busy.delete(name);
      announce(new Set([name]));
    }
  });
  for (const text of failed.slice(0, 3)) toast(text, { bad: true });
  if (failed.length > 3) toast(`and ${failed.length - 3} more could not be ${done}`, { bad: true });
  if (succeeded.length > 0) {
    const action = undo.length > 0 ? { label: "Undo", run: () => bringBack(undo) } : null;
    if (action) lastDeletion = { ids: undo, until: Date.now() + KEPT_MS };
    toast(`${listed(succeeded)} ${done}`, { action, stays: action ? UNDO_MS : 2500 });
  }
}

/** Whether there is a deletion that can be taken back. */
export const canUndo = () => lastDeletion !== null && Date.now() < lastDeletion.until;

/** Takes the last deletion back. */
export function undoLast() {
  if (canUndo()) return bringBack(lastDeletion.ids);
  return toast("There is nothing to undo.", { stays: 2500 });
}

async function bringBack(ids) {
  if (lastDeletion?.ids === ids) lastDeletion = null;
  const back = [];
  for (const id of ids) {
    try {
      const answer = await api.undo(id);
      if (answer.name) {
        back.push(answer.name);
        merge([answer]);
      }
    } catch (why) {
      toast(why.message, { bad: true });
    }
  }
  if (back.length > 0) toast(`${listed(back)} brought back`, { stays: 2500 });
}

/** Stops what is up, starts what is not. */
export function toggle(names) {
  const up = names.filter((name) => find(name) && isUp(find(name)));
  return up.length > 0 ? act("stop", up) : act("start", names);
}

/** Turns keep-alive on, or off where all of them have it. */
export async function toggleGuard(names) {
  if (session.readOnly) return;
  const on = names.some((name) => find(name)?.keep_alive === "never");
  await each(names, async (name) => {
    try {
      const answer = await api.guard(name, on);
      merge([answer.name ? answer : { name, keep_alive: on ? "always" : "never" }]);
    } catch (why) {
      toast(`${name}: ${why.message}`, { bad: true });
    }
  });
  toast(`${listed(names)} ${on ? "will be kept alive" : "will no longer be kept alive"}`, { stays: 2500 });
}
