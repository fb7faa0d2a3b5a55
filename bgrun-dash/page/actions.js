// What can be done to processes: asks the dashboard, says what came of it, offers the way back.

import * as api from "./api.js";
import { bytes } from "./format.js";
import { announce, find, isUp, merge, remove } from "./processes.js";
import { toast } from "./toast.js";

/** Requests under way at once: a browser has six connections, and the stream has one. */
const AT_ONCE = 4;
/** How long something can be taken back from its message. */
const UNDO_MS = 15_000;
/** How long the dashboard itself keeps it. */
const KEPT_MS = 60_000;
let last = null;

export const session = { version: null, readOnly: false };

/** Names that something is being done to, and the word for it. */
const busy = new Map();
export const busyWith = (name) => busy.get(name);

/** Each action: the word while it is done, the word when it is, and the request. */
const ACTS = {
  start: ["starting", "started", (name) => api.start({ name })],
  stop: ["stopping", "stopped", (name) => api.stop(name)],
  stopNow: ["stopping", "killed", (name) => api.stop(name, { timeout_ms: 0 })],
  restart: ["restarting", "restarted", (name) => api.restart(name)],
  force: ["restarting", "restarted, its ports freed first", (name) => api.restart(name, { force: true })],
  fetch: ["fetching", "brought forward and restarted", (name) => api.restart(name, { fetch: true })],
  remove: ["deleting", "deleted", (name) => api.remove(name)],
  forget: ["deleting", "deleted; its logs stay", (name) => api.remove(name, { keep_logs: true })],
};

const listed = (names) => (names.length === 1 ? names[0] : `${names.length} processes`);

async function each(names, work) {
  const left = [...names];
  const worker = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await work(name);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, left.length) }, worker));
}

/** Does one of the acts to all of them; resolves when all have answered. */
export async function act(kind, names) {
  if (session.readOnly || names.length === 0) return;
  const [doing, done, request] = ACTS[kind];
  const failed = [];
  const undo = [];
  const succeeded = [];
  for (const name of names) busy.set(name, doing);
  announce(new Set(names));
  await each(names, async (name) => {
    try {
      const answer = await request(name);
      succeeded.push(name);
      if (answer.undo) {
        remove([name]);
        undo.push(answer.undo);
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
  if (succeeded.length > 0) tellWithUndo(`${listed(succeeded)} ${done}`, undo);
}

/** Says what was done, and offers the way back where there is one. */
function tellWithUndo(text, ids) {
  if (ids.length === 0) return toast(text, { stays: 2500 });
  last = { ids, until: Date.now() + KEPT_MS };
  return toast(text, { action: { label: "Undo", run: () => takeBack(ids) }, stays: UNDO_MS });
}

/** A process was changed: says so, and offers the way back. */
export const changed = (answer, done) => tellWithUndo(`${answer.name} ${done}`, [answer.undo]);

/** Whether there is something that can be taken back. */
export const canUndo = () => last !== null && Date.now() < last.until;

/** Takes the last deletion or change back. */
export function undoLast() {
  if (canUndo()) return takeBack(last.ids);
  return toast("There is nothing to undo.", { stays: 2500 });
}

async function takeBack(ids) {
  if (last?.ids === ids) last = null;
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
  if (back.length > 0) toast(`${listed(back)} brought back as before`, { stays: 2500 });
}

/** Sends a signal; nothing else changes. */
export async function sendSignal(names, signal, tree) {
  if (session.readOnly) return;
  const sent = [];
  await each(names, async (name) => {
    try {
      await api.signal(name, signal, tree);
      sent.push(name);
    } catch (why) {
      toast(`${name}: ${why.message}`, { bad: true });
    }
  });
  if (sent.length > 0) toast(`${signal} sent to ${listed(sent)}${tree ? " and all that it started" : ""}`, { stays: 2500 });
}

/** Makes archives of what is in the logs. */
export async function rotateLogs(names) {
  if (session.readOnly) return;
  let archived = 0;
  let isDone = true;
  await each(names, async (name) => {
    try {
      for (const { archived_bytes: count } of await api.rotate(name)) archived += count;
    } catch (why) {
      isDone = false;
      toast(`${name}: ${why.message}`, { bad: true });
    }
  });
  if (isDone) toast(archived > 0 ? `${bytes(archived)} of logs archived` : "There is too little in the logs to rotate.", { stays: 3500 });
}

/** One look of the guard at everything. */
export async function lookAfterAll() {
  try {
    const done = await api.lookAfter();
    const words = done.map(({ name, action, error }) => `${name}: ${error ?? action}`);
    toast(words.length > 0 ? words.join("\n") : "The guard found nothing to put right.", { bad: done.some(({ error }) => error), stays: 6000 });
  } catch (why) {
    toast(why.message, { bad: true });
  }
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
