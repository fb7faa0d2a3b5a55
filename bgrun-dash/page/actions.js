// What can be done to processes: asks the dashboard, says what came of it, offers the way back.

import * as api from "./api.js";
import { bytes } from "./format.js";
import { all, announce, find, isUp, merge, remove } from "./processes.js";
import { confirm } from "./sheet.js";
import { toast } from "./toast.js";
import { withWatchers } from "./watchers.js";

/** Requests under way at once: a browser has six connections, and the stream has one. */
const AT_ONCE = 4;
/** How long something can be taken back from its message. */
const UNDO_MS = 15_000;
/** How long the dashboard itself keeps it. */
const KEPT_MS = 60_000;
let last = null;

export const session = { version: null, readOnly: false, pid: null };

/** Names that something is being done to, and the word for it. */
const busy = new Map();
export const busyWith = (name) => busy.get(name);

/** From so many on it is one request for all of a portion: one tool does it to all of them. */
const MANY = 8;
const PORTION = 100;

/** Each action: the word while it is done, the word when it is, the request, and how it is called for many. */
const ACTS = {
  start: ["starting", "started", (name) => api.start({ name }), ["start"]],
  stop: ["stopping", "stopped", (name) => api.stop(name), ["stop"]],
  stopNow: ["stopping", "killed", (name) => api.stop(name, { timeout_ms: 0 }), ["stop", { timeout_ms: 0 }]],
  restart: ["restarting", "restarted", (name) => api.restart(name), ["restart"]],
  force: ["restarting", "restarted, its ports freed first", (name) => api.restart(name, { force: true })],
  fetch: ["fetching", "brought forward and restarted", (name) => api.restart(name, { fetch: true })],
  remove: ["deleting", "deleted", (name) => api.remove(name), ["delete"]],
  forget: ["deleting", "deleted; its logs stay", (name) => api.remove(name, { keep_logs: true }), ["delete", { keep_logs: true }]],
};

const listed = (names) => (names.length <= 3 ? names.join(", ") : `${names.length} processes`);

/** Does `work` to some of them after the other. */
async function portions(all, work) {
  for (let at = 0; at < all.length; at += PORTION) await work(all.slice(at, at + PORTION));
}

/** Whether it serves this page. */
export const isOwn = (name) => session.pid !== null && find(name)?.pid === session.pid;
/** All that a condition holds for, but not what serves this page. */
export const others = (wanted) => all().filter((record) => wanted(record) && !isOwn(record.name)).map((record) => record.name);

/** Acts that end what serves this page, if they are done to it. */
const ENDS = new Set(["stop", "stopNow", "remove", "forget"]);

async function each(names, work) {
  const left = [...names];
  const worker = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await work(name);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, left.length) }, worker));
}

/** Whether what serves this page may end with them. */
async function mayEnd(kind, names) {
  const own = ENDS.has(kind) && names.find(isOwn);
  if (!own) return true;
  return confirm({ title: `Stop ${own}?`, text: "It serves this page, which can do nothing more then. Your processes run on. In a terminal, bgrun dash starts it again.", does: "Stop it", danger: true });
}

/** What is being done, so that taking it back can wait for it. */
let running = Promise.resolve();

function follow(work) {
  running = work.catch(() => {});
  return work;
}

/** Does one of the acts to all of them; resolves when all have answered. */
export const act = (kind, names) => follow(perform(kind, names));

async function perform(kind, asked) {
  if (session.readOnly || asked.length === 0) return;
  const names = ["remove", "forget"].includes(kind) ? withWatchers(asked) : asked;
  if (!(await mayEnd(kind, names))) return;
  const [doing, done, request, many] = ACTS[kind];
  const failed = [];
  const answers = [];
  // What came of several is shown at once.
  const take = (some) => {
    answers.push(...some);
    const gone = some.filter(({ undo }) => undo).map(({ name }) => name);
    const changed = some.filter(({ undo, id }) => !undo && id);
    if (gone.length > 0) remove(gone);
    if (changed.length > 0) merge(changed);
  };
  const settle = (some) => {
    for (const name of some) busy.delete(name);
    announce(new Set(some));
  };
  const one = async (name) => {
    try {
      take([{ ...(await request(name)), name }]);
    } catch (why) {
      failed.push(`${name}: ${why.message}`);
    } finally {
      settle([name]);
    }
  };
  const some = async (portion) => {
    try {
      const done = await api.batch(many[0], portion, many[1]);
      failed.push(...done.filter(({ error }) => error).map(({ name, error }) => `${name}: ${error}`));
      take(done.filter(({ error }) => !error));
    } catch (why) {
      failed.push(why.message);
    } finally {
      settle(portion);
    }
  };
  for (const name of names) busy.set(name, doing);
  announce(new Set(names));
  await (many && names.length >= MANY ? portions(names, some) : each(names, one));
  answers.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  for (const text of failed.slice(0, 3)) toast(text, { bad: true });
  if (failed.length > 3) toast(`and ${failed.length - 3} more could not be ${done}`, { bad: true });
  if (answers.length > 0) tellWithUndo(`${listed(answers.map(({ name }) => name))} ${done}`, wayBack(kind, answers), { offers: kind === "remove" || kind === "forget" || answers.length > 1 });
}

/** What takes an act back, or null. */
function wayBack(kind, answers) {
  // Watchers come before those whom they watch, and are brought back behind them.
  const ids = answers.filter(({ undo }) => undo).map(({ undo }) => undo).reverse();
  if (ids.length > 0) return () => takeBack(ids);
  const changed = answers.filter(({ outcome }) => outcome !== "already-stopped").map(({ name }) => name);
  if (changed.length === 0) return null;
  if (kind === "stop" || kind === "stopNow") return () => act("start", changed);
  return kind === "start" ? () => act("stop", changed) : null;
}

/** Says what was done; keeps the way back for U, and offers it in the message where it is `offered`. */
export function tellWithUndo(text, back, { offers = true } = {}) {
  if (!back) return toast(text, { stays: 2500 });
  const run = () => {
    if (last?.run === run) last = null;
    // What it offers is done now, also where U has asked for it.
    close();
    return back();
  };
  last = { run, until: Date.now() + KEPT_MS };
  const close = offers ? toast(text, { action: { label: "Undo", run }, stays: UNDO_MS }) : toast(text, { stays: 2500 });
  return close;
}

/** A process was changed: says so, and offers the way back. */
export const changed = (answer, done) => tellWithUndo(`${answer.name} ${done}`, () => takeBack([answer.undo]));

/** Whether there is something that can be taken back. */
export const canUndo = () => last !== null && Date.now() < last.until;

/** Takes the last deletion, change, stop or start back. */
export async function undoLast() {
  if (session.readOnly) return undefined;
  await running;
  return canUndo() ? last.run() : toast("There is nothing to undo.", { stays: 2500 });
}

async function takeBack(ids) {
  const back = [];
  const failed = [];
  const take = (some) => {
    failed.push(...some.filter(({ error }) => error).map(({ error }) => error));
    const there = some.filter(({ error, name }) => !error && name);
    back.push(...there.map(({ name }) => name));
    if (there.length > 0) merge(there);
  };
  if (ids.length >= MANY) {
    await portions(ids, async (some) => {
      try {
        take(await api.undoMany(some));
      } catch (why) {
        failed.push(why.message);
      }
    });
  } else {
    for (const id of ids) take([await api.undo(id).catch((why) => ({ error: why.message }))]);
  }
  for (const text of failed.slice(0, 3)) toast(text, { bad: true });
  if (back.length > 0) toast(`${listed(back)} brought back as before`, { stays: 2500 });
}

/** Does something to many, once that was said with how many and whom. */
export async function actOnMany(kind, names, { title, text, does, danger }) {
  if (names.length > 0 && (await confirm({ title, text, names, does, danger }))) await act(kind, names);
}

/** Begins to restart them when their files change, or ends it where all of them are watched. */
export const toggleWatch = (names, on = names.some((name) => find(name)?.watched !== true)) => follow(watch(names, on));

async function watch(names, on) {
  if (session.readOnly || names.length === 0) return;
  const done = [];
  await each(names, async (name) => {
    try {
      await api.watch(name, on);
      done.push(name);
    } catch (why) {
      toast(`${name}: ${why.message}`, { bad: true });
    }
  });
  if (done.length > 0) tellWithUndo(on ? `${listed(done)}: restarted from now on when files change` : `${listed(done)}: files are no longer watched`, () => toggleWatch(done, !on), { offers: false });
}

/** Restarts them with the environment of the dashboard in place of the stored one. */
export async function refreshEnvironment(name) {
  try {
    const answer = await api.change(name, {}, { fresh_env: true });
    merge([answer]);
    changed(answer, isUp(answer) ? "restarted with the environment of the dashboard" : "has the environment of the dashboard now");
  } catch (why) {
    toast(`${name}: ${why.message}`, { bad: true });
  }
}

/**
 * Asks for each of them, or for many at once: `one(name)` and `many`, as `api.batch` takes it. Says what
 * could not be done; resolves to what was answered of the others.
 */
async function askFor(names, one, many) {
  const answers = [];
  const failed = [];
  const take = async (request, name) => {
    try {
      const done = [await request].flat();
      failed.push(...done.filter(({ error }) => error).map((each) => `${each.name}: ${each.error}`));
      answers.push(...done.filter(({ error }) => !error).map((each) => ({ name, ...each })));
    } catch (why) {
      failed.push(name ? `${name}: ${why.message}` : why.message);
    }
  };
  await (names.length >= MANY ? portions(names, (some) => take(api.batch(many[0], some, many[1]))) : each(names, (name) => take(one(name), name)));
  for (const text of failed.slice(0, 3)) toast(text, { bad: true });
  if (failed.length > 3) toast(`and ${failed.length - 3} more`, { bad: true });
  return answers;
}

/** Sends a signal; nothing else changes. */
export async function sendSignal(names, signal, tree) {
  if (session.readOnly) return;
  const sent = (await askFor(names, (name) => api.signal(name, signal, tree), ["signal", { signal, tree }])).map(({ name }) => name);
  if (sent.length > 0) toast(`${signal} sent to ${listed(sent)}${tree ? " and all that it started" : ""}`, { stays: 2500 });
}

/** Makes archives of what is in the logs. */
export async function rotateLogs(names) {
  if (session.readOnly) return;
  const done = await askFor(names, (name) => api.rotate(name), ["rotate"]);
  const archived = done.reduce((sum, { archived_bytes: count }) => sum + count, 0);
  if (done.length > 0) toast(archived > 0 ? `${bytes(archived)} of logs archived` : "There is too little in the logs to rotate.", { stays: 3500 });
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

/** Turns keep-alive on where it is off, or off where all of them have it. */
export function toggleGuard(names) {
  const off = names.filter((name) => find(name)?.keep_alive === "never");
  const set = (some, policy) => guard(new Map(some.map((name) => [name, policy])));
  return follow(off.length > 0 ? set(off, "always") : set(names, "never"));
}

/** Has each be started again when its policy says so: `policies` are those by name. */
async function guard(policies) {
  if (session.readOnly || policies.size === 0) return;
  const before = new Map([...policies.keys()].map((name) => [name, find(name)?.keep_alive ?? "never"]));
  const answers = [];
  for (const policy of new Set(policies.values())) {
    const names = [...policies.keys()].filter((name) => policies.get(name) === policy);
    const how = policy === "never" ? { on: false } : { on: true, keep_alive: policy };
    answers.push(...(await askFor(names, (name) => api.guard(name, how), ["guard", how])));
  }
  merge(answers);
  const done = answers.map(({ name }) => name);
  if (done.length === 0) return;
  const isOn = policies.get(done[0]) !== "never";
  const back = new Map(done.map((name) => [name, before.get(name)]));
  tellWithUndo(`${listed(done)} will ${isOn ? "be kept alive" : "no longer be kept alive"}`, () => follow(guard(back)), { offers: false });
}
