// The colours that a program chose, as far as they can be read: each is drawn towards black, white
// or the colour of text until it stands out, in the light theme and in the dark one.

/** What WCAG asks between words and what is behind them. */
const READABLE = 4.5;
const STEP = 0.05;
const BLACK = [0, 0, 0];
const WHITE = [255, 255, 255];
/** The sixteen of a terminal where they are behind words, or before such: the theme is hidden there. */
const SIXTEEN = ["000000", "b3261e", "1f7a3f", "c79a12", "1f55c4", "8b2f97", "0f7c8f", "c6cad0", "5d6269", "ff7b72", "5fc98a", "f0c674", "86a9ff", "dd9cf0", "5cc8d8", "ffffff"].map(parts);
/** Whatever a line of a log can lie on: the page, under the pointer, found, or of stderr. */
const GROUNDS = ["--surface", "--page", "--hover", "--chosen", "--bad-wash"];
/** So many are kept: a rainbow of true colours has more, and they are cheap to find again. */
const MOST_KEPT = 4096;

function parts(hex) {
  return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function luminance(colour) {
  const [red, green, blue] = colour.map((part) => (part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const mix = (from, to, part) => from.map((value, at) => Math.round(value + (to[at] - value) * part));
const end = (ground) => (contrast(WHITE, ground) > contrast(BLACK, ground) ? WHITE : BLACK);

/** The colour nearest to `wanted`, on the way to `furthest`, that can be read on all `grounds`. */
function readable(wanted, grounds, furthest) {
  for (let part = 0; part < 1; part += STEP) {
    const mixed = mix(wanted, furthest, part);
    if (grounds.every((ground) => contrast(mixed, ground) >= READABLE)) return mixed;
  }
  return furthest;
}

let themes = null;

/** Both themes as the style sheet has them: light first. */
function known() {
  if (themes) return themes;
  const sheet = getComputedStyle(document.documentElement);
  const both = (name) => sheet.getPropertyValue(name).match(/[0-9a-f]{6}/gi).map(parts);
  themes = [0, 1].map((at) => ({
    text: both("--text")[at],
    surface: both("--surface")[at],
    grounds: GROUNDS.map((name) => both(name)[at]),
    sixteen: SIXTEEN.map((_, number) => both(`--ansi-${number}`)[at]),
  }));
  return themes;
}

const from = (sixteen, colour) => (typeof colour === "number" ? sixteen[colour] : colour);

/** `[colour, background]` in one theme, null where it stays as it is. */
function within(theme, { color, back, isInverse, isFaint }) {
  let before = color;
  let behind = from(SIXTEEN, back);
  if (isInverse) {
    before = back ?? (color === null ? theme.surface : null);
    behind = from(SIXTEEN, color) ?? theme.text;
  }
  if (!behind) {
    const wanted = from(theme.sixteen, before) ?? theme.text;
    return [readable(isFaint ? mix(wanted, theme.surface, 0.3) : wanted, theme.grounds, theme.text), null];
  }
  const wanted = from(SIXTEEN, before) ?? end(behind);
  return [readable(isFaint ? mix(wanted, behind, 0.3) : wanted, [behind], end(behind)), behind];
}

const kept = new Map();
const inBoth = ([light, dark]) => light && `light-dark(rgb(${light.join(" ")}), rgb(${dark.join(" ")}))`;

/**
 * `{color, background}` as a style has them, the background null where there is none. `color` and
 * `back` are one of the sixteen by number, three parts, or null.
 */
export function colours(style) {
  const key = [style.color, style.back, style.isInverse, style.isFaint].join("/");
  let found = kept.get(key);
  if (!found) {
    const [light, dark] = known().map((theme) => within(theme, style));
    found = { color: inBoth([light[0], dark[0]]), background: inBoth([light[1], dark[1]]) };
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(key, found);
  }
  return found;
}
