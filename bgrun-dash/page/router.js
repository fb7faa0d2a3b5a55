// The address of each view, after the `#`: it is never sent to the server, and the back button works.
//
//   #/?status=failed&q=web      the list
//   #/process/web               details of one process beside the list
//   #/logs/web/api?find=error   logs of one or several
//   #/new                       the form
//   #/edit/web                  the same for a change
//   #/port?port=3000            who listens there
//   #/project?path=/srv/shop    a project file
//   #/schedule, #/disk          the guard, by cron or systemd; what logs take

const listeners = new Set();
const ALONE = ["new", "port", "project", "schedule", "disk"];

/** What an address means: `{view, names, query}`. */
export function parse(hash) {
  const [path, search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view, ...rest] = path.split("/").filter(Boolean);
  let names = [];
  try {
    names = rest.map(decodeURIComponent);
  } catch {
    // A broken escape names nothing.
  }
  const known = ALONE.includes(view) || (["process", "logs", "edit"].includes(view) && names.length > 0);
  return { view: known ? view : "list", names, query: new URLSearchParams(search) };
}

/** The address of a view. */
export function address({ view = "list", names = [], query = new URLSearchParams() }) {
  const path = view === "list" ? "" : [view, ...names.map(encodeURIComponent)].join("/");
  const search = query.toString();
  return `#/${path}${search ? `?${search}` : ""}`;
}

export let route = parse(location.hash);

function follow() {
  if (location.hash && !location.hash.startsWith("#/")) return;
  const before = route;
  route = parse(location.hash);
  for (const listener of listeners) listener(route, before);
}

/** Calls `listener(route, before)` whenever the address changes. */
export function onRoute(listener) {
  listeners.add(listener);
}

/** Goes to a view; `replace` leaves no step for the back button. */
export function go(to, { replace = false } = {}) {
  const hash = address(to);
  if (hash === (location.hash || "#/")) return;
  history[replace ? "replaceState" : "pushState"](null, "", hash);
  follow();
}

/** The parts of the address that choose what is in the list; they stay while details open and close. */
const LIST = ["status", "q", "by", "sort"];

export function listQuery() {
  const kept = new URLSearchParams();
  for (const key of LIST) if (route.query.has(key)) kept.set(key, route.query.get(key));
  return kept;
}

export const processAddress = (name) => ({ view: "process", names: [name], query: listQuery() });
export const editAddress = (name) => ({ view: "edit", names: [name], query: listQuery() });
export const logsAddress = (names) => ({ view: "logs", names, query: listQuery() });
export const listAddress = () => ({ view: "list", query: listQuery() });

/** Changes one part of the question that the address asks. */
export function setQuery(key, value, options) {
  const query = new URLSearchParams(route.query);
  if (value) query.set(key, value);
  else query.delete(key);
  go({ ...route, query }, options);
}

window.addEventListener("popstate", follow);
