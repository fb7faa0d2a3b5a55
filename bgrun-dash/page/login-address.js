// A fresh address that lets another browser in, once.

import * as api from "./api.js";
import { h, iconButton } from "./dom.js";
import { copy } from "./empty.js";
import { open, sheet } from "./sheet.js";
import { toast } from "./toast.js";

export async function showLoginAddress() {
  try {
    const { path } = await api.loginAddress();
    const address = `${location.origin}${path}`;
    const line = h("div", { class: "form-line" }, h("div", {}, h("code", { class: "line", id: "login-address" }, address), iconButton("copy", "Copy this address", () => copy(address, "Address"))));
    const done = h("button", { type: "button", class: "button", onclick: (event) => event.target.closest("dialog").close() }, "Close");
    open(sheet("Let another browser in", [h("p", {}, "Whoever opens this address may do what you may. It is good once, and for ten minutes."), line], [done]), done);
  } catch (why) {
    toast(why.message, { bad: true });
  }
}
