// Ten minutes as a line of 60 by 18 pixels; less, as long as less is known.

import { svg } from "./dom.js";

const WIDTH = 60;
const HEIGHT = 18;
/** The least that the width stands for: 40 seconds, so that there is something to see soon. */
const LEAST = 8;

/** The path of a series, its newest sample at the right edge. Pure. */
export function path(series, top) {
  const step = WIDTH / (Math.max(LEAST, series.length) - 1);
  const points = series.map((value, index) => {
    const x = WIDTH - (series.length - 1 - index) * step;
    const y = HEIGHT - 1.5 - (Math.min(value, top) / top) * (HEIGHT - 3);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return points.length > 1 ? `M${points.join("L")}` : "";
}

export function sparkline() {
  const line = svg("path", { d: "" });
  const element = svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, line);
  return {
    element,
    draw(series, least) {
      const d = path(series, 1.2 * Math.max(least, ...series) || 1);
      if (line.getAttribute("d") !== d) line.setAttribute("d", d);
    },
  };
}
