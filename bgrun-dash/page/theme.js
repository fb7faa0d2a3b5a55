// Light, dark, or as the system is.

import { byId, icon, setAttribute } from "./dom.js";

const ORDER = [null, "light", "dark"];
const current = () => document.documentElement.dataset.theme ?? null;

export function chooseTheme(theme) {
  if (theme) {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
  } else {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem("theme");
  }
  draw();
}

export const nextTheme = () => chooseTheme(ORDER[(ORDER.indexOf(current()) + 1) % ORDER.length]);

export function draw() {
  const theme = current() ?? "system";
  const button = byId("theme");
  button.replaceChildren(icon(theme));
  setAttribute(button, "title", `Theme: ${theme}`);
  setAttribute(button, "aria-label", `Theme: ${theme}. Change`);
}
