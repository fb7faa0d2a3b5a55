// A dialog with a title, something to read or fill in, and what can be done; and asking once more
// before something large.

import { h, iconButton } from "./dom.js";

/** The inside of a dialog: title and content, and a line of buttons below. */
export function sheet(title, content, buttons) {
  return h("div", { class: "sheet" },
    h("header", { class: "dialog-title" }, h("h2", { id: "sheet-title" }, title), iconButton("close", "Close (Esc)", (event) => event.target.closest("dialog").close())),
    h("div", { class: "sheet-content" }, content),
    h("footer", {}, buttons));
}

/** Shows it until it is closed. */
export function open(inside, first, { onclose } = {}) {
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "sheet-title", onclose: () => {
    dialog.remove();
    onclose?.();
  } }, inside);
  document.body.append(dialog);
  dialog.showModal();
  first?.focus();
  return dialog;
}

const LISTED = 12;

/** Asks before something is done to many, or for good; resolves to the answer. */
export function confirm({ title, text, names = [], does, danger = false }) {
  return new Promise((resolve) => {
    let answer = false;
    const say = (value) => (event) => {
      answer = value;
      event.target.closest("dialog").close();
    };
    const cancel = h("button", { type: "button", class: "button", onclick: say(false) }, "Cancel");
    const more = names.length > LISTED ? [h("li", { class: "muted" }, `and ${names.length - LISTED} more`)] : [];
    const list = names.length > 0 ? h("ul", { class: "whom" }, names.slice(0, LISTED).map((name) => h("li", {}, h("bdi", {}, name))), more) : null;
    const inside = sheet(title, [text ? h("p", {}, text) : null, list].filter(Boolean), [cancel, h("button", { type: "button", class: danger ? "button danger-fill" : "button primary", onclick: say(true) }, does)]);
    // Enter that chose it in the palette must not answer, too.
    open(inside, cancel, { onclose: () => resolve(answer) });
  });
}
