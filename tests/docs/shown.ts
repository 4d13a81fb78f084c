// Compares what a page shows with what was printed, apart from what is different each time.

import assert from "node:assert/strict";

/** What is different each time, on every page, and what stands for it. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/^\d{10}: /, ""], // the time of a line of the log, which a page may leave out
  [/\b\d{4}-\d\d-\d\dT\d\d[:-]\d\d[:-]\d\d(\.\d+)?(Z?[+-]\d{4}|Z)?/, "TIME"],
  [/(127\.0\.0\.1|\[::1\]):(?:[3-6]\d{4})\b/, "$1:PORT"], // those of Clients
  [/\b(auto-)?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b/, "ID"],
  [/\bmqttjs_[0-9a-f]+/, "ID"],
  [/\b\d+(\.\d+)? ms\b/, "N ms"],
  [/"pid":\d+/, '"pid":N'],
];

/** @throws {assert.AssertionError} unless `printed` is what `shown` says. */
export function assertShown(
  shown: readonly string[],
  printed: readonly string[],
  varies: readonly RegExp[],
  where: string,
): void {
  const wanted = shown.map((line) => masked(line, varies));
  const real = printed.map((line) => masked(line, varies));
  if (matches(wanted, real)) return;
  assert.deepEqual(printed, shown, `${where} prints`);
  assert.fail(where);
}

/** Those of `shown` that are not among the lines `printed`. */
export function missing(
  shown: readonly string[],
  printed: readonly string[],
  varies: readonly RegExp[],
): string[] {
  const real = printed.map((line) => masked(line, varies));
  return shown.filter((line) =>
    line !== "…" && !real.some((each) => isLine(masked(line, varies), each))
  );
}

function masked(line: string, varies: readonly RegExp[]): string {
  const own = varies.map((pattern) => [pattern, "VARIES"] as const);
  return [...MASKS, ...own].reduce(
    (text, [pattern, to]) => text.replaceAll(new RegExp(pattern, "g"), to),
    line.trimEnd(),
  );
}

function matches(shown: readonly string[], printed: readonly string[]): boolean {
  const [first, ...rest] = shown;
  if (first === undefined) return printed.length === 0;
  if (first === "…") {
    return printed.some((_, i) => matches(rest, printed.slice(i))) || matches(rest, []);
  }
  return printed.length > 0 && isLine(first, printed[0]!) && matches(rest, printed.slice(1));
}

function isLine(shown: string, printed: string): boolean {
  const parts = shown.split("…").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(printed);
}
