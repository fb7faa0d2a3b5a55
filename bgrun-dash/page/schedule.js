// The guard, every minute and after a boot: by cron or systemd.

import * as api from "./api.js";
import { h, setText } from "./dom.js";
import { sheet } from "./sheet.js";

export function scheduleSheet() {
  const by = h("select", { class: "field", id: "schedule-by", onchange: () => look() }, h("option", { value: "cron" }, "cron"), h("option", { value: "systemd" }, "systemd"));
  const text = h("pre", { class: "tail", id: "schedule-text", tabindex: "0", "aria-label": "What would be written" });
  const said = h("p", { id: "schedule-said", role: "status" });
  const problem = h("p", { class: "problem", role: "alert" });
  const button = (label, kind, id, run) => h("button", { type: "button", class: `button ${kind}`, id, onclick: async () => {
    setText(problem, "");
    try {
      setText(said, (await run()).text || "Done.");
    } catch (why) {
      setText(said, "");
      setText(problem, why.message);
    }
  } }, label);
  const element = sheet("Look every minute", [
    h("p", {}, "The guard starts again what was lost in a crash or a reboot and is to be kept alive, and restarts what has passed its memory limit or its interval. cron or systemd can have it look every minute."),
    h("div", { class: "form-field" }, h("label", { for: "schedule-by" }, "By"), by),
    h("p", { class: "muted" }, "This would be written:"), text, said, problem,
  ], [
    button("Take it back", "", "schedule-uninstall", () => api.uninstall()),
    button("Install", "primary", "schedule-install", () => api.install(by.value)),
  ]);

  async function look() {
    try {
      setText(text, (await api.schedule(by.value)).text);
    } catch (why) {
      setText(text, why.message);
    }
  }

  return { element, first: by, begin: look };
}
