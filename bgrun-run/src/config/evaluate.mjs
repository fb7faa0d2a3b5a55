// Evaluates one file of configuration in whatever runs this (bun, deno or node), and prints
// its default export as JSON between two marks, or what was wrong and where.
import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";
import process from "node:process";

const { BGRUN_CONFIG_FILE: file, BGRUN_CONFIG_MARK: mark } = process.env;
const url = pathToFileURL(file).href;
const isNode = process.release?.name === "node" && !process.versions.bun && !process.versions.deno;
const stripTypes = "--experimental-strip-types";
const readsNoTypes = isNode && /\.m?ts$/.test(file) && !process.features.typescript
  && !process.execArgv.includes(stripTypes);

function answer(value) {
  const bytes = new TextEncoder().encode(mark + JSON.stringify(value) + mark);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes.subarray(at));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

// Numbers leave as text: a bigint stays exact, and no reader rounds them again.
function leaf(key, value) {
  switch (typeof value) {
    case "bigint":
    case "number":
      return String(value);
    case "function":
    case "symbol":
      throw new TypeError(`${key === "" ? "the default export" : `'${key}'`} is a ${typeof value}`);
    default:
      return value;
  }
}

// The line and column that an error names in the file itself, where it does.
async function place(error) {
  const position = error?.position ?? error?.errors?.[0]?.position;
  if (position?.line) return { line: position.line, column: position.column };
  // Colours, which some put into their stacks.
  const text = `${error?.stack}\n${error?.message}`.replace(/\u001b\[[0-9;]*m/g, "");
  for (const name of [url, file]) {
    const at = text.indexOf(name + ":");
    const found = at >= 0 && /^:(\d+):(\d+)/.exec(text.slice(at + name.length));
    if (found) return { line: Number(found[1]), column: Number(found[2]) };
  }
  return isNode && error instanceof SyntaxError ? await checked() : {};
}

// Node keeps the place of a syntax error to itself, but for those who ask in this way.
async function checked() {
  const { spawnSync } = await import("node:child_process");
  const { readFileSync } = await import("node:fs");
  const type = file.endsWith(".cjs") ? "commonjs" : "module";
  const words = [`--input-type=${type}`, "--check", "-"];
  const { stderr } = spawnSync(process.execPath, words, { input: readFileSync(file) });
  const found = /^\S*:(\d+)\n.*\n(\s*)\^/.exec(String(stderr));
  return found ? { line: Number(found[1]), column: found[2].length + 1 } : {};
}

async function typesAreStripped() {
  if (process.allowedNodeEnvironmentFlags.has(stripTypes)) {
    const { spawnSync } = await import("node:child_process");
    const again = [stripTypes, "--no-warnings", ...process.execArgv];
    const { status } = spawnSync(process.execPath, again, { stdio: "inherit" });
    process.exit(status ?? 1);
  }
  // An older node: TypeScript that is JavaScript can be read all the same.
  const hooks = `import { readFile } from "node:fs/promises";
    export async function load(url, context, next) {
      if (!/^file:.*\\.m?ts$/.test(url)) return next(url, context);
      return { format: "module", source: await readFile(new URL(url)), shortCircuit: true };
    }`;
  const { register } = await import("node:module");
  register?.(`data:text/javascript,${encodeURIComponent(hooks)}`);
}

try {
  if (readsNoTypes) await typesAreStripped();
  delete process.env.BGRUN_CONFIG_FILE;
  delete process.env.BGRUN_CONFIG_MARK;
  const exports = await import(url);
  if (!("default" in exports)) throw new TypeError("there is no default export");
  answer({ value: JSON.parse(JSON.stringify(await exports.default, leaf) ?? "null") });
} catch (error) {
  const what = String(error?.errors?.[0]?.message ?? error?.message ?? error).split("\n")[0];
  const kind = error?.name && error.name !== "Error" ? `${error.name}: ` : "";
  const isAboutTypes = readsNoTypes && error instanceof SyntaxError;
  answer({ error: kind + what, ...(await place(error)), readsNoTypes: isAboutTypes });
}
// Timers and open connections of the file must not keep it.
process.exit(0);
