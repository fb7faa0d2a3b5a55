// Making elements. Whatever comes from outside becomes text here, never markup: this page has no
// innerHTML, and a policy that forbids inline script and style.

/** An element: `h("a", {class: "x", href: "…", onclick: f, data: {k: v}}, "text", child, null)`. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Sets a text only where it differs: what is not touched is not laid out again. */
export function setText(node, text) {
  const only = node.firstChild;
  // A text that stays the same node costs a list of hundreds no new styles.
  if (only?.nodeType === Node.TEXT_NODE && only === node.lastChild) {
    if (only.data !== text) only.data = text;
  } else if (node.textContent !== text) {
    node.textContent = text;
  }
}

/** Sets or takes away an attribute, only where it differs. */
export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value);
  }
}

/** Makes `parent` hold just these children in this order, moving as few as possible. */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  let next = parent.firstChild;
  for (const child of children) {
    if (child === next) next = next.nextSibling;
    else parent.insertBefore(child, next);
  }
}

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element. */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const SHAPES = {
  start: ["M7 4.5v15l12-7.5z"],
  stop: ["M6 6h12v12H6z"],
  restart: ["M20 11a8 8 0 1 0-2.3 6.3", "M20 4v7h-7"],
  logs: ["M4 6h16M4 12h16M4 18h10"],
  guard: ["M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z"],
  guarded: ["M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6z", "M8.5 12l2.5 2.5 4.5-5"],
  remove: ["M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13"],
  close: ["M6 6l12 12M18 6L6 18"],
  back: ["M14 5l-7 7 7 7"],
  up: ["M6 15l6-6 6 6"],
  down: ["M6 9l6 6 6-6"],
  right: ["M9 6l6 6-6 6"],
  light: ["M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M19 5l-1.4 1.4M6.4 17.6L5 19"],
  dark: ["M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z"],
  system: ["M3 5h18v11H3zM9 20h6M12 16v4"],
  help: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M9.5 9.5a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.1 1-1.1 1.7M12 16.8v.2"],
  copy: ["M9 9h11v11H9z", "M5 15H4V4h11v1"],
  download: ["M12 4v11M7 11l5 5 5-5M5 20h14"],
  watch: ["M2 12s3.5-6.5 10-6.5S22 12 22 12s-3.5 6.5-10 6.5S2 12 2 12z", "M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z"],
  archive: ["M4 4h16v5H4z", "M5.5 9v11h13V9", "M10 13h4"],
  more: ["M5 12h.01M12 12h.01M19 12h.01"],
  edit: ["M4 20l1-4L16 5l3 3L8 19z", "M14 7l3 3"],
};

/** A picture that repeats a label; it says nothing to a screen reader. */
export function icon(name) {
  const paths = SHAPES[name].map((d) => svg("path", { d }));
  return svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, ...paths);
}

/** A button with a picture; `label` is its name and its tooltip. */
export function iconButton(name, label, onclick, attributes = {}) {
  const { class: more = "", ...rest } = attributes;
  return h("button", { type: "button", class: `icon-button ${more}`.trim(), title: label, "aria-label": label, onclick, ...rest }, icon(name));
}
