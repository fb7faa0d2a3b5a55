// New process, and change of one: what is typed, what is wrong with it, and the command line that it
// amounts to.

import { changed } from "./actions.js";
import * as api from "./api.js";
import { byId, h, iconButton, setText } from "./dom.js";
import { copy } from "./empty.js";
import { formFields } from "./form-fields.js";
import { formVariables } from "./form-variables.js";
import { find, isUp, merge } from "./processes.js";
import { address, editAddress, go, processAddress } from "./router.js";
import { changeOf, problemsOf, specOf, typedOf } from "./spec.js";
import { toast } from "./toast.js";

/** After the last key; typing is not a question yet. */
const PAUSE_MS = 180;

/** What a form for a new process begins with: another process without its secrets and its logs. */
const likeness = (record) => ({ ...typedOf(record), name: `${record.name}-2`, env: "", stdout: "", stderr: "", shared_log: false });

/** A watcher of a process, to be given flags. */
function watcherOf(name) {
  const record = find(name);
  const word = /^[\w.@%+-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
  return { command: `bgrun watch ${word} `, name: `${name}.watch`, group: record?.group ?? "", workdir: record?.workdir ?? "" };
}

/** What stands over another view; `record` is the process that is to be changed, or null. */
function make(record, like, { watch = null } = {}) {
  const was = record ? typedOf(record) : watch ? watcherOf(watch) : like ? likeness(like) : {};
  const { controls, element } = formFields(was, { isChange: record !== null });
  const line = h("code", { class: "line" }, "bgrun run");
  const differs = h("p", { class: "muted", id: "form-changes", role: "status" });
  const general = h("p", { class: "problem", role: "alert", id: "problem-general" });
  const isRunning = record && isUp(find(record.name) ?? record);
  const submit = h("button", { type: "submit", class: "button primary" }, !record ? "Start it" : isRunning ? "Save and restart" : "Save");
  const starts = record && !isRunning ? h("button", { type: "button", class: "button", id: "form-start", onclick: () => send(true) }, "Save and start") : null;
  const close = () => form.closest("dialog").close();
  const freshEnv = () => record !== null && controls.fresh_env.checked;
  let asked = 0;
  let timer = 0;

  const typed = () => Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.type === "checkbox" ? control.checked : control.value]));
  const read = () => (record ? changeOf(typed(), was) : specOf(typed()));

  const variables = formVariables(read, record?.name);

  function complain(problems) {
    for (const name of Object.keys(controls)) {
      const place = byId(`problem-${name}`);
      if (!place) continue;
      const said = problems.filter((problem) => problem.field === name).map((problem) => problem.message).join("\n");
      setText(place, said);
      if (said) controls[name].setAttribute("aria-invalid", "true");
      else controls[name].removeAttribute("aria-invalid");
      if (said) controls[name].closest("details")?.setAttribute("open", "");
    }
    setText(general, problems.filter((problem) => !(problem.field in controls)).map((problem) => problem.message).join("\n"));
  }

  /** Says of a new process that its name is that of one that runs, and leads to that. */
  function sayTaken(name) {
    byId("problem-name").replaceChildren(h("bdi", {}, name), " runs already. ", h("a", { href: address(editAddress(name)) }, "Change it"), ", or choose another name.");
    controls.name.setAttribute("aria-invalid", "true");
  }

  const isTaken = (name) => record === null && find(name) !== undefined && isUp(find(name));

  function showChanges(spec, answer, isWrong) {
    const names = [...(answer.changes ?? [])];
    if (freshEnv()) names.push("all else of its environment");
    // Of what is wrong nobody knows what it would change.
    const none = isWrong ? "" : "Nothing is different yet.";
    if (record) setText(differs, names.length > 0 ? `Different then: ${names.join(", ").replaceAll("_", " ")}.` : none);
    else setText(differs, answer.is_new === false && spec.name && !isTaken(spec.name) ? `There is a process ${spec.name} already: this would replace what is stored of it.` : "");
    submit.disabled = record !== null && names.length === 0 && !isWrong;
  }

  async function check() {
    const mine = ++asked;
    const { spec, problems } = read();
    if (!controls.command.value.trim()) {
      complain(record ? [{ field: "command", message: "What is to be started?" }] : []);
      setText(line, "bgrun run …");
      setText(differs, "");
      variables.look();
      return;
    }
    try {
      const answer = await api.check(spec, record?.name, freshEnv());
      if (mine !== asked) return;
      const wrong = [...problems, ...problemsOf(answer)];
      const taken = isTaken(spec.name);
      complain(taken ? wrong.filter((problem) => problem.field in controls) : wrong);
      if (taken) sayTaken(spec.name);
      if (wrong.length === 0) variables.look();
      if (answer.line) setText(line, answer.line);
      showChanges(spec, answer, wrong.some((problem) => !problem.isAdvice));
      if (!spec.workdir && answer.directory) controls.workdir.placeholder = answer.directory;
    } catch (why) {
      if (mine === asked) complain([...problems, { field: "general", message: why.message }]);
    }
  }

  async function send(isToStart) {
    const { spec, problems } = read();
    if (!controls.command.value.trim()) problems.push({ field: "command", message: "What is to be started?" });
    complain(problems);
    const first = problems.find((problem) => !problem.isAdvice);
    if (first) return controls[first.field]?.focus();
    if (isTaken(spec.name)) {
      sayTaken(spec.name);
      return controls.name.focus();
    }
    submit.disabled = true;
    try {
      const answer = record ? await api.change(record.name, spec, { start: isToStart, fresh_env: freshEnv() }) : await api.start(spec);
      merge([answer]);
      if (record) changed(answer, isRunning ? "changed and restarted" : isToStart ? "changed and started" : "changed");
      else toast(`${answer.name} started`, { stays: 2500 });
      go(processAddress(answer.name), { replace: true });
    } catch (why) {
      setText(general, why.message);
      general.scrollIntoView({ block: "nearest" });
    } finally {
      submit.disabled = false;
    }
    return undefined;
  }

  const form = h("form", { method: "dialog", novalidate: true, oninput: () => { clearTimeout(timer); timer = setTimeout(check, PAUSE_MS); }, onsubmit: (event) => {
    event.preventDefault();
    send(false);
  } },
    h("header", { class: "dialog-title" }, h("h2", { id: "form-title" }, record ? h("span", {}, "Change ", h("bdi", {}, record.name)) : "New process"), iconButton("close", "Close (Esc)", close)),
    element, variables.element,
    h("div", { class: "form-line" }, h("p", { class: "muted" }, record && !isRunning ? "The command line for it, which starts it, too:" : "This will be run:"), h("div", {}, line, iconButton("copy", "Copy this command line", () => copy(line.textContent, "Command line"))), differs),
    general,
    h("footer", {}, h("button", { type: "button", class: "button", onclick: close }, "Cancel"), starts, submit));
  return { element: form, titleId: "form-title", first: controls.command, begin: check };
}

/** The form for a new process; like another one, if the address names it. */
export function newForm(route) {
  const asked = route.query.get("like");
  return make(null, find(asked), { watch: route.query.get("watch") });
}

/** The form for a change of one. */
export async function editForm(route) {
  return make(await api.details(route.names[0]), null);
}
