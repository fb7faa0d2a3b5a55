// Short messages at the edge, with at most one thing to do about them.

import { byId, h, iconButton } from "./dom.js";

const READ_MS = 6000;

/** Shows a message; `action` is `{label, run}`. Returns what takes it away. */
export function toast(text, { bad = false, action = null, stays = READ_MS } = {}) {
  const close = () => element.remove();
  const button = action && h("button", { type: "button", class: "button small", onclick: () => { close(); action.run(); } }, action.label);
  const element = h("div", { class: bad ? "toast bad" : "toast" }, h("p", {}, text), button, iconButton("close", "Dismiss", close));
  byId("toasts").append(element);
  // What is being read or reached for stays.
  const leave = () => {
    if (element.matches(":hover, :focus-within")) setTimeout(leave, 1000);
    else close();
  };
  if (!bad) setTimeout(leave, stays);
  while (byId("toasts").childElementCount > 4) byId("toasts").firstElementChild.remove();
  return close;
}
