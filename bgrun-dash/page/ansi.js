// A line as the program wrote it: its colours kept, everything else that a terminal would obey made
// visible or left out. Pure, but for the elements that it makes.

import { colours } from "./ansi-colours.js";
import { h } from "./dom.js";

// CSI, OSC (ended by BEL or ST), other strings, and escapes of two characters.
// eslint-disable-next-line no-control-regex
const ESCAPE = /\x1b\[([0-9;:<=>?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~]?|\x9b/g;
// Control characters, and those that turn the direction of text around.
// eslint-disable-next-line no-control-regex
const UNSEEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g;

/** What a program drew over with carriage returns is what a terminal would show last. */
export function afterReturns(text) {
  if (!text.includes("\r")) return text;
  const parts = text.replace(/\r+$/, "").split("\r");
  return parts[parts.length - 1];
}

function visible(text) {
  return text.replace(UNSEEN, (c) => {
    const code = c.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return "\u2421";
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

const plainStyle = () => ({ classes: new Set(), color: null, back: null });

/** One of 256: the first sixteen by number, the others as red, green and blue. */
function palette(n) {
  if (n < 16) return n;
  if (n > 231) return Array(3).fill((n - 232) * 10 + 8);
  const level = (part) => (part === 0 ? 0 : 55 + part * 40);
  const cube = n - 16;
  return [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)];
}

const FLAGS = { 1: "bold", 2: "faint", 3: "italic", 4: "underline", 7: "inverse", 9: "struck" };
const UNFLAGS = { 22: ["bold", "faint"], 23: ["italic"], 24: ["underline"], 27: ["inverse"], 29: ["struck"] };

/** What `5;n` or `2;r;g;b` says, and how many codes that is. */
function extended(codes) {
  if (codes[0] === 5) return [palette(codes[1] & 255), 2];
  if (codes[0] === 2) return [[1, 2, 3].map((at) => codes[at] & 255), 4];
  return [null, 0];
}

/** A code with parts of its own, as `38:5:208`, `38:2::255:0:0` (ISO 8613-6) or `4:3`. */
function obeyParts(style, [code, kind, ...rest]) {
  // Between the kind and red there is room for a colour space, which not everybody leaves.
  const [value] = extended([kind, ...(kind === 2 && rest.length > 3 ? rest.slice(1) : rest)]);
  if (code === 38) style.color = value;
  else if (code === 48) style.back = value;
  else if (code === 4) style.classes[kind === 0 ? "delete" : "add"]("underline");
}

function obey(style, parameters) {
  const fields = parameters.split(";");
  const codes = fields.map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at];
    if (fields[at].includes(":")) obeyParts(style, fields[at].split(":").map(Number));
    else if (code === 0) Object.assign(style, plainStyle());
    else if (FLAGS[code]) style.classes.add(FLAGS[code]);
    else if (UNFLAGS[code]) UNFLAGS[code].forEach((flag) => style.classes.delete(flag));
    else if (code >= 30 && code <= 37) style.color = code - 30;
    else if (code >= 90 && code <= 97) style.color = code - 82;
    else if (code >= 40 && code <= 47) style.back = code - 40;
    else if (code >= 100 && code <= 107) style.back = code - 92;
    else if (code === 39) style.color = null;
    else if (code === 49) style.back = null;
    else if (code === 38 || code === 48 || code === 58) {
      const [value, taken] = extended(codes.slice(at + 1));
      // 58 is the colour of an underline, which is not shown; what it takes is no code of its own.
      if (code === 38) style.color = value;
      else if (code === 48) style.back = value;
      at += taken;
    }
  }
}

/** The pieces of a line: `[{text, style}]`, the style null where there is none. */
export function pieces(raw) {
  const text = afterReturns(raw);
  if (!text.includes("\x1b") && !text.includes("\x9b")) return text ? [{ text: visible(text), style: null }] : [];
  const found = [];
  const style = plainStyle();
  let from = 0;
  const take = (to) => {
    if (to <= from) return;
    const isPlain = style.classes.size === 0 && style.color === null && style.back === null;
    found.push({ text: visible(text.slice(from, to)), style: isPlain ? null : { ...style, classes: new Set(style.classes) } });
  };
  for (const match of text.matchAll(ESCAPE)) {
    take(match.index);
    if (match[2] === "m" && !/[<=>?]/.test(match[1])) obey(style, match[1]);
    from = match.index + match[0].length;
  }
  take(text.length);
  return found;
}

/** What is to be read of a line, and searched: no escapes. */
export function plain(raw) {
  if (!/[^\x20-\x7e\t]/.test(raw)) return raw;
  return pieces(raw).map((piece) => piece.text).join("");
}

function dress(element, { classes, color, back }, isHit) {
  for (const name of classes) element.classList.add(`ansi-${name}`);
  // What was searched for has colours of its own.
  if (isHit) return element;
  const [isInverse, isFaint] = [classes.has("inverse"), classes.has("faint")];
  if (typeof color === "number" && back === null && !isInverse && !isFaint) {
    element.classList.add(`ansi-fg-${color}`);
  } else if (color !== null || back !== null || isInverse || isFaint) {
    Object.assign(element.style, colours({ color, back, isInverse, isFaint }));
  }
  return element;
}

/** The elements of a line; `hits` are `[from, to, class]` in its plain text, in order. */
export function render(raw, hits = []) {
  const nodes = [];
  let at = 0;
  for (const { text, style } of pieces(raw)) {
    const cuts = [at, at + text.length];
    for (const [from, to] of hits) for (const cut of [from, to]) if (cut > at && cut < at + text.length) cuts.push(cut);
    cuts.sort((a, b) => a - b);
    for (let index = 0; index + 1 < cuts.length; index += 1) {
      const part = text.slice(cuts[index] - at, cuts[index + 1] - at);
      if (!part) continue;
      const hit = hits.find(([from, to]) => cuts[index] >= from && cuts[index + 1] <= to);
      let node = document.createTextNode(part);
      if (style) node = dress(h("span", {}, node), style, hit !== undefined);
      nodes.push(hit ? h("mark", { class: hit[2] }, node) : node);
    }
    at += text.length;
  }
  return nodes;
}
