// Our style as a test: which way the folders import, what may not stand above the sans-I/O line, how
// long a file may be. A failure lists every place there is, so that one run is enough.

import assert from "node:assert/strict";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A file imports from its own folder or from one before it in this list. */
const FOLDERS = [
  "packet",
  "topic",
  "access",
  "session",
  "broker",
  "store",
  "transport",
  "bridge",
  "observe",
  "config",
  "server",
  "cli",
];
/** Above the line: no I/O, no clock, no timer, no randomness, no waiting. */
const SANS_IO = FOLDERS.slice(0, FOLDERS.indexOf("broker") + 1);
const MAX_LINES = 400;

interface SourceFile {
  /** From the root of the repository, with "/". */
  readonly path: string;
  readonly text: string;
  /** {@link text} with comments, strings and regular expressions blanked, line by line the same. */
  readonly code: string;
}

interface Import {
  readonly from: string;
  readonly to: string;
  readonly line: number;
  readonly isTypeOnly: boolean;
}

const files = readTree(ROOT, ignored());
const sources = files.filter(({ path }) => path.startsWith("src/") && path.endsWith(".ts"));
const imports = sources.flatMap(importsOf);

Deno.test("a file of src imports from its own folder or from a folder before it", () => {
  const wrong = imports.filter(({ from, to }) => {
    const importer = FOLDERS.indexOf(folderOf(from));
    return importer >= 0 && FOLDERS.indexOf(folderOf(to)) > importer;
  });
  assertNone(wrong.map(({ from, line, to }) => `${from}:${line} imports ${to}`));
});

Deno.test("every folder of src has a place in the order of imports", () => {
  const folders = new Set(sources.map(({ path }) => folderOf(path)));
  assertNone([...folders].filter((folder) => folder !== "mod.ts" && !FOLDERS.includes(folder)));
});

Deno.test("no files of src import each other in a circle, types apart", () => {
  const targets = new Map<string, string[]>(sources.map(({ path }) => [path, []]));
  for (const each of imports) if (!each.isTypeOnly) targets.get(each.from)?.push(each.to);
  assertNone(circlesIn(targets).map((circle) => circle.join(" -> ")));
});

const FORBIDDEN_ABOVE_THE_LINE = [
  { name: "Deno", pattern: /\bDeno\b/ },
  { name: "a clock", pattern: /\bDate\b|\bperformance\b/ },
  { name: "a timer", pattern: /\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/ },
  { name: "randomness", pattern: /\bMath\.random\b|\bcrypto\b/ },
  { name: "async", pattern: /\basync\b|\bawait\b|\bPromise\b/ },
];
for (const { name, pattern } of FORBIDDEN_ABOVE_THE_LINE) {
  Deno.test(`packet, topic, access, session and broker do without ${name}`, () => {
    const above = sources.filter(({ path }) => SANS_IO.includes(folderOf(path)));
    assertNone(above.flatMap((file) => linesThatMatch(file, file.code, pattern)));
  });
}

Deno.test("packet, topic, access, session and broker import nothing that does I/O", () => {
  const allowed = /^(\.{1,2}\/.*|node:buffer)$/;
  const above = sources.filter(({ path }) => SANS_IO.includes(folderOf(path)));
  const wrong = above.flatMap((file) =>
    specifiersOf(file)
      .filter(({ specifier }) => !allowed.test(specifier))
      .map(({ specifier, line }) => `${file.path}:${line} imports ${specifier}`)
  );
  assertNone(wrong);
});

Deno.test(`no file of src has more than ${MAX_LINES} lines`, () => {
  const long = sources.map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > MAX_LINES);
  assertNone(long.map(({ path, lines }) => `${path} has ${lines} lines`));
});

Deno.test("there are no default exports", () => {
  const scripts = files.filter(({ path }) => path.endsWith(".ts"));
  assertNone(scripts.flatMap((file) => linesThatMatch(file, file.code, /\bexport default\b/)));
});

Deno.test("what is left to do names an issue", () => {
  const untagged = /\b(TODO|FIXME)\b(?!\(#\d+\))/;
  const others = files.filter(({ path }) => path !== "tests/tidy_test.ts");
  assertNone(others.flatMap((file) => linesThatMatch(file, file.text, untagged)));
});

Deno.test("no file names a package registry or a mirror of one", () => {
  const registry = /https?:\/\/[^\s/"'`)]*\b(registry|mirror|nexus|artifactory|npmjs|proxy)\b/i;
  assertNone(files.flatMap((file) => linesThatMatch(file, file.text, registry)));
});

Deno.test("no file holds a path of this machine", () => {
  const root = resolve(ROOT);
  const own = [root, dirname(root), Deno.env.get("HOME") ?? "/"]
    .filter((path) => root.split("/").length > 2 && path !== "/")
    .map((path) => `(?<![\\w./-])${escape(path)}/`);
  const paths = new RegExp([...own, "(?<![\\w./-])/(home|Users|root)/\\w"].join("|"));
  assertNone(files.flatMap((file) => linesThatMatch(file, file.text, paths)));
});

Deno.test("the scanner of this test sees code and no comments, strings or regular expressions", () => {
  const text = 'a(); // Deno\n/* Deno\n*/ b("Deno", `Deno ${c}`, \'"\', /"Deno/g.test(d / e));';
  const code = codeOf(text);
  assert.equal(code.split("\n").length, 3);
  assert.ok(!code.includes("Deno"), code);
  for (const name of ["a", "b", "c", "d", "e"]) assert.match(code, new RegExp(`\\b${name}\\b`));
});

// --------------------------------------------------------------------------------------- reading

function ignored(): ReadonlySet<string> {
  const lines = Deno.readTextFileSync(join(ROOT, ".gitignore")).split("\n");
  return new Set([".git", ...lines.map((line) => line.replaceAll("/", "").trim())]);
}

function readTree(folder: string, without: ReadonlySet<string>): SourceFile[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory, isFile }) => {
    if (without.has(name) || name.endsWith(".log")) return [];
    const full = join(folder, name);
    if (isDirectory) return readTree(full, without);
    if (!isFile) return [];
    const bytes = Deno.readFileSync(full);
    if (bytes.includes(0)) return []; // no text
    const text = new TextDecoder().decode(bytes);
    const path = relative(ROOT, full).replaceAll("\\", "/");
    return [{ path, text, code: path.endsWith(".ts") ? codeOf(text) : "" }];
  });
}

/** Blanks what is not code; the newlines stay, and so does what stands in `${…}`. */
function codeOf(text: string): string {
  const comment = /\/\/.*|\/\*[^]*?\*\//.source;
  const quoted = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/.source;
  const template = /`(?:\\.|[^`\\])*`/.source;
  const regExp =
    /(?<=[(,=:[!&|?{};]\s*|return\s+)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\//
      .source;
  const notCode = new RegExp(`${comment}|${quoted}|${template}|${regExp}`, "g");
  return text.replaceAll(notCode, (found) => {
    const kept = found.startsWith("`")
      ? [...found.matchAll(/\$\{([^}]*)\}/g)].map((m) => m[1])
      : [];
    return ` ${kept.join(" ")} ` + found.replaceAll(/[^\n]/g, "");
  });
}

function specifiersOf({ text }: SourceFile): (Omit<Import, "from" | "to"> & {
  readonly specifier: string;
})[] {
  const statement = /^(?:import|export)\s(?<what>[^;'"]*?\bfrom\s*)?["'](?<specifier>[^"']+)["']/gm;
  return [...text.matchAll(statement)].map((match) => ({
    specifier: match.groups!.specifier!,
    line: text.slice(0, match.index).split("\n").length,
    isTypeOnly: isTypeOnly(match[0]),
  }));
}

/** `import type …`, or braces in which every name is a `type`: both are gone at run time. */
function isTypeOnly(statement: string): boolean {
  if (/^(import|export)\s+type\b/.test(statement)) return true;
  const names = /^(?:import|export)\s*\{(?<names>[^}]*)\}\s*from/.exec(statement)?.groups?.names;
  return names !== undefined &&
    names.split(",").filter((name) => name.trim() !== "").every((name) => /^\s*type\s/.test(name));
}

function importsOf(file: SourceFile): Import[] {
  return specifiersOf(file).filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier, line, isTypeOnly }) => ({
      from: file.path,
      to: join(dirname(file.path), specifier).replaceAll("\\", "/"),
      line,
      isTypeOnly,
    }));
}

/** The folder below src, or the name of a file that stands in src itself. */
function folderOf(path: string): string {
  return path.split("/")[1] ?? "";
}

// --------------------------------------------------------------------------------------- judging

/** One circle for each import that closes one, found depth first. */
function circlesIn(targets: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const done = new Set<string>();
  const visit = (path: string, above: readonly string[]): void => {
    const at = above.indexOf(path);
    if (at >= 0) return void circles.push([...above.slice(at), path]);
    if (done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...above, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return circles;
}

function linesThatMatch(file: SourceFile, text: string, pattern: RegExp): string[] {
  return text.split("\n").flatMap((line, i) =>
    pattern.test(line) ? [`${file.path}:${i + 1}: ${line.trim()}`] : []
  );
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function assertNone(found: readonly string[]): void {
  assert.deepEqual(found, []);
}
