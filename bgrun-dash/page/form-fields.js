// The fields of the form for a new process, and for a change of one.

import { h } from "./dom.js";

const text = (placeholder, more = {}) => h("input", { type: "text", placeholder, autocomplete: "off", autocapitalize: "off", spellcheck: "false", ...more });
const mono = (placeholder, more = {}) => text(placeholder, { class: "mono", ...more });
const area = (placeholder, rows) => h("textarea", { rows, class: "mono", placeholder, spellcheck: "false" });
const tick = (name) => h("input", { type: "checkbox", name });

function field(name, label, control, note) {
  control.id = `form-${name}`;
  control.name = name;
  control.classList.add("field");
  control.setAttribute("aria-describedby", `problem-${name}`);
  return h("div", { class: `form-field form-${name}` }, h("label", { for: control.id }, label, note ? h("span", { class: "muted" }, ` ${note}`) : null), control, h("p", { class: "problem", id: `problem-${name}`, "aria-live": "polite" }));
}

/** `{controls, element}`; `typed` is what stands in them at first. */
export function formFields(typed, { isChange }) {
  const controls = {
    command: mono("node server.js", { required: true }),
    shell: tick("shell"),
    name: text("from the command"),
    group: text("none"),
    workdir: mono("where the dashboard was started"),
    env: area("PORT=3000\nNODE_ENV=production", 3),
    keep_alive: h("select", {}, h("option", { value: "never" }, "leave it ended"), h("option", { value: "on-failure" }, "start it again when it fails"), h("option", { value: "always" }, "always start it again")),
    memory: text("none, or 500m, 1g"),
    interval: text("never", { inputmode: "numeric" }),
    after: text("nothing, or db cache:running"),
    ready: mono("port, http:…, log:…, after:2s …", { title: "port, http://…, log:RE, cmd:… or after:2s" }),
    fresh_env: tick("fresh_env"),
    env_files: area(".env", 2),
    config: mono(".config.toml, where there is one"),
    no_config: tick("no_config"),
    stdout: mono("in the state directory"),
    stderr: mono("in the state directory"),
    shared_log: tick("shared_log"),
    backoff: mono("1s..60s"),
    max_restarts: mono("10, or 10/60s"),
    stop_codes: mono("none"),
    stop_signal: mono("SIGTERM"),
    stop_timeout: mono("10s"),
    log_size: mono("10m"),
    log_keep: mono("5", { inputmode: "numeric" }),
    log_total: mono("no limit"),
    log_compress: tick("log_compress"),
  };
  for (const [name, value] of Object.entries(typed)) {
    if (!controls[name]) continue;
    if (controls[name].type === "checkbox") controls[name].checked = value;
    else controls[name].value = value;
  }
  const at = (name, label, note) => field(name, label, controls[name], note);
  const element = h("div", {},
    h("div", { class: "form-fields" },
      at("command", "Command"),
      h("label", { class: "tick" }, controls.shell, " a line of shell ", h("span", { class: "muted" }, "(pipes, variables, &&)")),
      isChange ? null : at("name", "Name"),
      at("group", "Group"),
      isChange ? at("keep_alive", "When it ends") : null,
      at("workdir", "Directory"),
      at("env", "Environment", isChange ? "one KEY=VALUE a line; hidden values stay as they are" : "one KEY=VALUE a line; all else as the dashboard has it"),
      isChange ? h("label", { class: "tick" }, controls.fresh_env, h("span", {}, "take all else anew ", h("span", { class: "muted" }, "(PATH, HOME …: as the dashboard has it from its own start)"))) : null,
      at("memory", "Memory limit"),
      at("interval", "Restart every (minutes)"),
      isChange ? null : at("keep_alive", "When it ends")),
    h("details", { class: "form-more" }, h("summary", {}, "More: order and readiness, configuration, restarts, stopping, logs"),
      h("div", { class: "form-fields" },
        at("after", "Starts after"),
        at("ready", "Ready when"),
        at("env_files", "Files of variables", "one a line, read at every start"),
        at("config", "Configuration file"),
        h("label", { class: "tick alone-tick" }, controls.no_config, " read no configuration"),
        at("backoff", "Pauses between restarts"),
        at("max_restarts", "Gives up after"),
        at("stop_codes", "Not again after exit codes"),
        at("stop_signal", "Stopped by"),
        at("stop_timeout", "Killed after"),
        at("log_size", "Rotate a log beyond"),
        at("log_keep", "Archives of each log"),
        at("log_total", "All logs together"),
        at("stdout", "File for stdout"),
        at("stderr", "File for stderr"),
        h("label", { class: "tick alone-tick" }, controls.log_compress, " compress archives"),
        h("label", { class: "tick alone-tick" }, controls.shared_log, " may share its log files"))));
  return { controls, element };
}
