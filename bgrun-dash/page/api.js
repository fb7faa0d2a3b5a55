// Requests to the dashboard: JSON in, JSON out, errors as exceptions with the words of the answer.

/** What the dashboard answered instead of doing it. */
export class Refused extends Error {
  constructor(status, body) {
    super([body.error, body.hint && `hint: ${body.hint}`].filter(Boolean).join("\n") || `the dashboard answered ${status}`);
    this.status = status;
  }
}

async function call(method, path, body) {
  const options = { method, credentials: "same-origin", cache: "no-store" };
  if (method !== "GET") {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body ?? {});
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("the dashboard cannot be reached");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

const encode = encodeURIComponent;

export const get = (path) => call("GET", path);
export const version = () => get("/api/version");
export const details = (name) => get(`/api/processes/${encode(name)}`);
export const environment = (name) => get(`/api/processes/${encode(name)}/env`);
export const start = (spec) => call("POST", "/api/start", spec);
export const stop = (name) => call("POST", `/api/stop/${encode(name)}`);
export const restart = (name) => call("POST", `/api/restart/${encode(name)}`);
export const guard = (name, on) => call("POST", `/api/guard/${encode(name)}`, { on });
export const remove = (name) => call("DELETE", `/api/processes/${encode(name)}`);
export const undo = (id) => call("POST", `/api/undo/${encode(id)}`);
export const check = (spec) => call("POST", "/api/check", spec);

/** A piece of a log; `where` is `{offset}`, `{before}` or nothing for its end. */
export function log(name, tab, where = {}) {
  const query = new URLSearchParams({ tab, lines: 10_000, ...where });
  return get(`/api/logs/${encode(name)}?${query}`);
}

export const downloadPath = (name, tab) => `/api/logs/${encode(name)}/download?tab=${tab}`;
