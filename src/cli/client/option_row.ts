// Options as rows: what an option is called, what its values are, what it changes. The same rows read the
// arguments, make the help text and the completions.

import { UsageError } from "./usage_error.ts";

export interface OptionRow<S> {
  readonly names: readonly string[];
  /** What its value is called in the help text; undefined: it has none. */
  readonly value?: string;
  /** Mosquitto's words for a value that is missing: `no host specified`. */
  readonly missing?: string;
  /** How Mosquitto calls it in {@link missing}; default: its first name. */
  readonly saidAs?: string;
  /** For the help text; undefined: it is not shown. */
  readonly description?: string;
  /** Takes more words than one: comes back with how many of `words`. */
  readonly applyWords?: (settings: S, words: readonly string[]) => number;
  readonly apply?: (settings: S, value: string) => void;
}

/** What the arguments ask for instead of work. */
export type Asked = "help" | "version" | undefined;

/**
 * Reads `args` into `settings`, one after the other.
 * @param takesWord gets what is no option; undefined: there is no such thing.
 * @throws {UsageError} for the first thing that is wrong.
 */
export function applyOptions<S>(
  rows: readonly OptionRow<S>[],
  settings: S,
  args: readonly string[],
  takesWord?: (word: string) => void,
): Asked {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--help") return "help";
    if (arg === "--version") return "version";
    const row = rows.find(({ names }) => names.includes(arg));
    if (row === undefined) {
      if (takesWord === undefined || arg.startsWith("-")) {
        throw new UsageError(`Unknown option '${arg}'.`);
      }
      takesWord(arg);
    } else if (row.applyWords !== undefined) {
      at += row.applyWords(settings, args.slice(at + 1));
    } else if (row.value === undefined) {
      row.apply?.(settings, "");
    } else {
      const value = args[++at];
      if (value === undefined) {
        throw new UsageError(`${row.saidAs ?? row.names[0]} argument given but ${row.missing}.`);
      }
      row.apply?.(settings, value);
    }
  }
  return undefined;
}

/** A whole number as C reads it: with sign, in decimal; NaN if it is none. */
export function wholeNumber(text: string): number {
  return /^\s*[+-]?\d+$/.test(text) ? Number(text) : NaN;
}

/** A whole number from `least` to `most`. @throws {UsageError} `message` if it is none. */
export function numberWithin(
  text: string,
  least: number,
  most: number,
  message: (text: string) => string,
): number {
  const number = wholeNumber(text);
  if (number >= least && number <= most) return number;
  throw new UsageError(message(text));
}
