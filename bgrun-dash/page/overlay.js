// Views that stand over another one, and have an address of their own: forms and sheets.

import { session } from "./actions.js";
import { diskSheet } from "./disk.js";
import { h } from "./dom.js";
import { editForm, newForm } from "./form.js";
import { portSheet } from "./port.js";
import { projectSheet } from "./project.js";
import { address, go, listAddress, route as now } from "./router.js";
import { scheduleSheet } from "./schedule.js";
import { toast } from "./toast.js";

/** Each answers `{element, titleId, first, begin}`. */
const MAKERS = { new: newForm, edit: editForm, port: portSheet, project: projectSheet, schedule: scheduleSheet, disk: diskSheet };
/** Those that are of use where nothing may be changed. */
const LOOKS = new Set(["disk"]);

let dialog = null;

export const isOverlay = (route) => Object.hasOwn(MAKERS, route.view);

function open(before, { element, titleId = "sheet-title", first, begin, end, kind = "form" }) {
  const opened = h("dialog", { class: `dialog ${kind}`, "aria-labelledby": titleId, onclose: () => {
    opened.remove();
    end?.();
    if (dialog !== opened) return;
    dialog = null;
    if (isOverlay(now)) go(before && !isOverlay(before) ? before : listAddress());
  } }, element);
  dialog = opened;
  document.body.append(opened);
  opened.showModal();
  first?.focus();
  begin?.();
}

/** Opens or closes what the address says. */
export async function showOverlay(route, before) {
  if (!isOverlay(route)) {
    dialog?.close();
    return;
  }
  if (dialog && isOverlay(before ?? {}) && address(before) === address(route)) return;
  if (dialog) {
    // It makes room for another one, and leads nowhere.
    const old = dialog;
    dialog = null;
    old.close();
  }
  if (session.readOnly && !LOOKS.has(route.view)) {
    go(listAddress(), { replace: true });
    return;
  }
  try {
    const made = await MAKERS[route.view](route);
    if (!dialog && address(now) === address(route)) open(before, made);
  } catch (why) {
    toast(why.message, { bad: true });
    go(listAddress(), { replace: true });
  }
}
