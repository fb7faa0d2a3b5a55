// The buttons of one process, wherever it is shown.

import { act, session, toggle, toggleGuard, toggleWatch } from "./actions.js";
import { menu } from "./choices.js";
import { arrange, h, icon, iconButton, setAttribute } from "./dom.js";
import { isUp } from "./processes.js";
import { address, logsAddress } from "./router.js";
import { watchedBy } from "./watchers.js";

function label(button, text) {
  setAttribute(button, "aria-label", text);
  setAttribute(button, "title", text);
}

/** `{element, update(record)}`; `withLogs` adds the way to its logs, `withWatch` a switch for watching. */
export function buttons(name, { withLogs = true, withWatch = false } = {}) {
  const power = iconButton("stop", "Stop", () => toggle([name]));
  const restart = iconButton("restart", `Restart ${name} (R)`, () => act("restart", [name]), { class: "act-restart" });
  const guard = iconButton("guard", "Guard", () => toggleGuard([name]), { class: "act-guard" });
  const watch = withWatch ? iconButton("watch", `Watch files of ${name}`, () => toggleWatch([name]), { class: "act-watch" }) : null;
  const remove = iconButton("remove", `Delete ${name} (D)`, () => act("remove", [name]), { class: "danger act-remove" });
  const logs = h("a", { class: "icon-button act-logs", title: `Logs of ${name} (L)`, "aria-label": `Logs of ${name}` }, icon("logs"));
  const more = iconButton("more", `More for ${name} (M)`, () => menu(name), { class: "act-more", "aria-haspopup": "dialog" });
  const element = h("div", { class: "actions", role: "group", "aria-label": `Actions for ${name}` });
  arrange(element, session.readOnly ? [...(withLogs ? [logs] : []), more] : [power, restart, ...(withLogs ? [logs] : []), guard, ...(watch ? [watch] : []), remove, more]);
  let wasUp = null;
  let wasGuarded = null;
  return {
    element,
    update(record) {
      const up = isUp(record);
      if (up !== wasUp) {
        power.replaceChildren(icon(up ? "stop" : "start"));
        power.classList.toggle("act-stop", up);
        power.classList.toggle("act-start", !up);
        label(power, `${up ? "Stop" : "Start"} ${name} (S)`);
        wasUp = up;
      }
      const guarded = record.keep_alive !== "never";
      if (guarded !== wasGuarded) {
        guard.replaceChildren(icon(guarded ? "guarded" : "guard"));
        setAttribute(guard, "aria-pressed", String(guarded));
        setAttribute(guard, "aria-label", `Keep ${name} alive`);
        setAttribute(guard, "title", guarded ? `Kept alive (${record.keep_alive}): click to let it end (G)` : "Keep alive: start it again when it ends (G)");
        wasGuarded = guarded;
      }
      if (watch) {
        watch.hidden = watchedBy(record.argv) !== null;
        setAttribute(watch, "aria-pressed", String(record.watched === true));
        setAttribute(watch, "title", record.watched ? "Restarted when its files change: click to end that (W)" : "Restart it when files in its directory change (W)");
      }
      setAttribute(logs, "href", address(logsAddress([name])));
    },
  };
}
