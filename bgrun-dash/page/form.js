// New process: what is typed, what is wrong with it, and the command line that it amounts to.

import * as api from "./api.js";
import { byId, h, iconButton, setText } from "./dom.js";
import { copy } from "./empty.js";
import { find, merge } from "./processes.js";
import { go, listAddress, processAddress } from "./router.js";
import { problemsOf, specOf } from "./spec.js";
import { toast } from "./toast.js";

/** After the last key; typing is not a question yet. */
const PAUSE_MS = 180;

let dialog = null;

function field(name, label, control, note) {
  control.id = `form-${name}`;
  control.name = name;
  control.classList.add("field");
  control.setAttribute("aria-describedby", `problem-${name}`);
  return h("div", { class: `form-field form-${name}` }, h("label", { for: control.id }, label, note ? h("span", { class: "muted" }, ` ${note}`) : null), control, h("p", { class: "problem", id: `problem-${name}`, "aria-live": "polite" }));
}

const text = (placeholder, more = {}) => h("input", { type: "text", placeholder, autocomplete: "off", autocapitalize: "off", spellcheck: "false", ...more });

function make(like) {
  const controls = {
    command: text("node server.js", { class: "mono", required: true, value: like?.command ?? "" }),
    shell: h("input", { type: "checkbox", name: "shell", checked: like ? like.argv === null : false }),
    name: text("from the command", { value: like ? `${like.name}-2` : "" }),
    workdir: text("where the dashboard was started", { class: "mono", value: like?.workdir ?? "" }),
    group: text("none", { value: like?.group ?? "" }),
    keep_alive: h("select", {}, h("option", { value: "never" }, "leave it ended"), h("option", { value: "on-failure" }, "start it again when it fails"), h("option", { value: "always" }, "always start it again")),
    memory: text("none, or 500m, 1g", { inputmode: "text", value: like?.memory_limit_bytes ? String(like.memory_limit_bytes) : "" }),
    interval: text("never", { inputmode: "numeric", value: like?.restart_interval_minutes ? String(like.restart_interval_minutes) : "" }),
    env: h("textarea", { rows: 3, class: "mono", placeholder: "PORT=3000\nNODE_ENV=production", spellcheck: "false" }),
  };
  controls.keep_alive.value = like?.keep_alive ?? "never";
  const line = h("code", { class: "line" }, "bgrun run");
  const general = h("p", { class: "problem", role: "alert", id: "problem-general" });
  const submit = h("button", { type: "submit", class: "button primary" }, "Start it");
  let asked = 0;
  let timer = 0;

  const typed = () => Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.type === "checkbox" ? control.checked : control.value]));

  function complain(problems) {
    for (const name of Object.keys(controls)) {
      const place = byId(`problem-${name}`);
      if (!place) continue;
      const said = problems.filter((problem) => problem.field === name).map((problem) => problem.message).join("\n");
      setText(place, said);
      if (said) controls[name].setAttribute("aria-invalid", "true");
      else controls[name].removeAttribute("aria-invalid");
    }
    setText(general, problems.filter((problem) => !(problem.field in controls)).map((problem) => problem.message).join("\n"));
  }

  async function check() {
    const mine = ++asked;
    const { spec, problems } = specOf(typed());
    if (!controls.command.value.trim()) {
      complain([]);
      setText(line, "bgrun run …");
      return;
    }
    try {
      const answer = await api.check(spec);
      if (mine !== asked) return;
      complain([...problems, ...problemsOf(answer)]);
      if (answer.line) setText(line, answer.line);
      if (!spec.workdir && answer.directory) controls.workdir.placeholder = answer.directory;
    } catch (why) {
      if (mine === asked) complain([...problems, { field: "general", message: why.message }]);
    }
  }

  const form = h("form", { method: "dialog", novalidate: true, oninput: () => { clearTimeout(timer); timer = setTimeout(check, PAUSE_MS); }, onsubmit: async (event) => {
    event.preventDefault();
    const { spec, problems } = specOf(typed());
    if (!controls.command.value.trim()) problems.push({ field: "command", message: "What is to be started?" });
    complain(problems);
    const first = problems.find((problem) => !problem.isAdvice);
    if (first) return controls[first.field]?.focus();
    submit.disabled = true;
    try {
      const record = await api.start(spec);
      merge([record]);
      toast(`${record.name} started`, { stays: 2500 });
      go(processAddress(record.name), { replace: true });
    } catch (why) {
      setText(general, why.message);
    } finally {
      submit.disabled = false;
    }
  } },
    h("header", { class: "dialog-title" }, h("h2", { id: "form-title" }, "New process"), iconButton("close", "Close (Esc)", () => dialog.close())),
    h("div", { class: "form-fields" },
      field("command", "Command", controls.command),
      h("label", { class: "tick" }, controls.shell, " a line of shell ", h("span", { class: "muted" }, "(pipes, variables, &&)")),
      field("name", "Name", controls.name),
      field("group", "Group", controls.group),
      field("workdir", "Directory", controls.workdir),
      field("env", "Environment", controls.env, "one KEY=VALUE a line"),
      field("keep_alive", "When it ends", controls.keep_alive),
      field("memory", "Memory limit", controls.memory),
      field("interval", "Restart every (minutes)", controls.interval)),
    h("div", { class: "form-line" }, h("p", { class: "muted" }, "This will be run:"), h("div", {}, line, iconButton("copy", "Copy this command line", () => copy(line.textContent, "Command line")))),
    general,
    h("footer", {}, h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"), submit));
  return { form, check, first: controls.command };
}

/** Opens or closes the form, as the address says. */
export function showForm(route, before) {
  if (route.view !== "new") {
    dialog?.close();
    return;
  }
  if (dialog) return;
  const { form, check, first } = make(find(route.query.get("like")));
  const opened = h("dialog", { class: "dialog form", "aria-labelledby": "form-title", onclose: () => {
    opened.remove();
    dialog = null;
    if (location.hash.startsWith("#/new")) go(before && before.view !== "new" ? before : listAddress());
  } }, form);
  dialog = opened;
  document.body.append(opened);
  opened.showModal();
  first.focus();
  check();
}
