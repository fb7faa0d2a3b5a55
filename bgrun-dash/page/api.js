// Requests to the dashboard: JSON in, JSON out, errors as exceptions with the words of the answer.

/** Whether a hint is for those who type commands, or ask by a program: flags, verbs, JSON. */
const isForTerminal = (hint) => /(?:^|[\s'])--?[a-z]|\bbgrun |\{/i.test(hint) && !hint.startsWith("git ");

/** What the dashboard answered instead of doing it. */
export class Refused extends Error {
  constructor(status, body) {
    super([body.error, body.hint && !isForTerminal(body.hint) && body.hint].filter(Boolean).join("\n") || `the dashboard answered ${status}`);
    this.status = status;
  }
}

async function call(method, path, body, signal) {
  const options = { method, credentials: "same-origin", cache: "no-store", signal };
  if (method !== "GET") {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body ?? {});
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch (why) {
    if (why.name === "AbortError") throw why;
    throw new Error("the dashboard cannot be reached");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

const encode = encodeURIComponent;

/** An answer that tells of several; of nothing that was done it is an error instead. */
async function several(answer) {
  const list = await answer;
  if (!Array.isArray(list)) throw new Refused(200, list);
  return list;
}

export const get = (path) => call("GET", path);
export const version = () => get("/api/version");
export const details = (name) => get(`/api/processes/${encode(name)}`);
export const environment = (name) => get(`/api/processes/${encode(name)}/env`);
export const start = (spec) => call("POST", "/api/start", spec);
const asked = (how) => {
  const query = new URLSearchParams(Object.entries(how).filter(([, value]) => value !== undefined && value !== false)).toString();
  return query && `?${query}`;
};
export const stop = (name, how = {}) => call("POST", `/api/stop/${encode(name)}${asked(how)}`);
export const restart = (name, how = {}) => call("POST", `/api/restart/${encode(name)}${asked(how)}`);
export const change = (name, patch, how = {}) => call("POST", `/api/change/${encode(name)}${asked(how)}`, patch);
export const signal = (name, which, tree) => call("POST", `/api/signal/${encode(name)}`, { signal: which, tree });
export const rotate = (name) => call("POST", `/api/rotate/${encode(name)}`);
/** `how` is `{on, keep_alive}`. */
export const guard = (name, how) => call("POST", `/api/guard/${encode(name)}`, how);
export const lookAfter = () => several(call("POST", "/api/guard"));
export const remove = (name, how = {}) => call("DELETE", `/api/processes/${encode(name)}${asked(how)}`);
/** `action` is start, stop, restart or delete; answers what came of each. */
export const batch = (action, names, how = {}) => several(call("POST", "/api/batch", { action, names, ...how }));
export const undoMany = (ids) => several(call("POST", "/api/undo", { ids }));
export const undo = (id) => call("POST", `/api/undo/${encode(id)}`);
/** Of a spec, or of a change of the process of this name. */
export const check = (spec, of, freshEnv) => call("POST", `/api/check${asked({ change: of, fresh_env: freshEnv })}`, spec);
/** What it sets: `{env}`, with all values. */
export const variables = (spec, of) => call("POST", `/api/variables${asked({ change: of })}`, spec);
export const watch = (name, on) => call("POST", `/api/watch/${encode(name)}`, { on });
/** What logs take on the disk: of one process, or of all. */
export const usage = (name) => get(name === undefined ? "/api/usage" : `/api/usage/${encode(name)}`);
export const port = (number) => get(`/api/ports/${number}`);
/** `pids` are those of the others that are to be ended. */
export const freePort = (number, pids) => call("POST", `/api/ports/${number}`, { pids });
export const project = (where, signal) => call("GET", `/api/project${asked(where)}`, undefined, signal);
export const up = (what) => call("POST", "/api/project/up", what);
export const down = (what) => call("POST", "/api/project/down", what);
export const schedule = (by) => get(`/api/schedule?by=${by}`);
export const install = (by) => call("POST", "/api/schedule", { by });
export const uninstall = () => call("DELETE", "/api/schedule");
export const loginAddress = () => call("POST", "/api/login-url");

/** Why a stream of events is refused, which EventSource does not tell; null where it is not. */
export async function refusal(path) {
  const asked = new AbortController();
  try {
    const response = await fetch(path, { credentials: "same-origin", cache: "no-store", signal: asked.signal });
    return response.ok ? null : new Refused(response.status, await response.json().catch(() => ({})));
  } catch {
    return null;
  } finally {
    asked.abort();
  }
}

/** A piece of a log; `where` is `{offset}`, `{before}` or nothing for its end. */
export function log(name, tab, where = {}) {
  const query = new URLSearchParams({ tab, lines: 10_000, ...where });
  return get(`/api/logs/${encode(name)}?${query}`);
}

/** The bytes that were written then: `{from, to}`; `when` is `{since, until}`. */
export const span = (name, tab, when) => get(`/api/logs/${encode(name)}/span?${new URLSearchParams({ tab, ...when })}`);

/** The lines of a whole log that match; `where` is `{tab, grep, ignore_case, before, lines}`. */
export const search = (name, where, signal) => call("GET", `/api/logs/${encode(name)}/search${asked(where)}`, undefined, signal);

export const downloadPath = (name, tab) => `/api/logs/${encode(name)}/download?tab=${tab}`;
