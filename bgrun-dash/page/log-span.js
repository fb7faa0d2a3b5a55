// The time of which the log view shows what was written: since when, until when.

import { h, setAttribute, setText } from "./dom.js";
import { open, sheet } from "./sheet.js";

/** What is asked for most: `[since, label]`. */
export const LATELY = [["5m", "last 5 minutes"], ["1h", "last hour"], ["1d", "last day"]];

/** "since 10m", "until 14:03", or both. */
export const saying = ({ since, until }) => [since && `since ${since}`, until && `until ${until}`].filter(Boolean).join(" ");

const word = (text) => h("code", { class: "whole" }, text);

/** Asks which time is meant; `view.setSpan` shows it, or says why not. */
export function askSpan(view) {
  const was = view.span ?? { since: "", until: "" };
  const field = (id, label, value, placeholder) => {
    const control = h("input", { type: "text", class: "field mono", id, placeholder, value, autocomplete: "off", spellcheck: "false", "aria-describedby": "span-words span-problem" });
    return { control, element: h("div", { class: "form-field" }, h("label", { for: id }, label), control) };
  };
  const since = field("span-since", "Since", was.since, "the beginning");
  const until = field("span-until", "Until", was.until, "now, and what comes");
  const problem = h("p", { class: "problem", role: "alert", id: "span-problem" });

  async function show(span) {
    setText(problem, "");
    try {
      await view.setSpan(span);
      dialog.close();
    } catch (why) {
      setText(problem, why.message);
      for (const { control } of [since, until]) setAttribute(control, "aria-invalid", control.value && why.message.includes(control.value.trim()) ? "true" : null);
    }
  }

  const lately = LATELY.map(([ago, label]) => h("button", { type: "button", class: "button small", onclick: () => show({ since: ago, until: "" }) }, label));
  const everything = h("button", { type: "button", class: "button", id: "span-everything", onclick: () => show({ since: "", until: "" }) }, "Show everything");
  const form = h("form", { method: "dialog", novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    show({ since: since.control.value.trim(), until: until.control.value.trim() });
  } }, sheet("Written when?", [
    h("div", { class: "lately", role: "group", "aria-label": "Lately" }, lately),
    since.element, until.element,
    h("p", { class: "muted", id: "span-words" }, word("10m"), " and ", word("2h"), " are ago; ", word("14:03"), " is the last one that has been; ", word("2026-11-23"), " and ", word("2026-11-23T14:03:00Z"), " are that day and that moment. Times are those of the machine."),
    problem,
  ], [everything, h("button", { type: "submit", class: "button primary", id: "span-show" }, "Show it")]));
  const dialog = open(form, since.control, { onclose: () => view.window.element.focus() });
}
