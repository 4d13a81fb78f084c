// What a configuration can say and this version of midge can't do yet. To ignore it would open what should
// be closed, or lose what should be kept; so it is refused, as a category of its own. Whoever builds one
// of these removes its row.

import type { Draft } from "./config_draft.ts";
import { type ConfigProblem, showValue } from "./config_error.ts";

interface NotYet {
  readonly issue: 3 | 4 | 5 | 6;
  readonly what: string;
  /** Where in the input; `*` stands for every item of a list. */
  readonly path: readonly string[];
  /** Whether this value asks for it. */
  asks(value: unknown): boolean;
}

export const NOT_YET: readonly NotYet[] = [];

/** One problem for each thing that is asked for and not there yet. */
export function findNotYet(draft: Draft): ConfigProblem[] {
  return NOT_YET.flatMap(({ what, path, asks }) =>
    [...valuesAt(draft.input, path)].filter(({ value }) => asks(value)).map(({ at, value }) => ({
      ...draft.locate(at).location,
      category: "not-yet" as const,
      value: showValue(value),
      message: `${draft.locate(at).name}: ${what} can't be had in this version of midge yet.`,
    }))
  );
}

interface Found {
  readonly at: readonly PropertyKey[];
  readonly value: unknown;
}

function* valuesAt(
  value: unknown,
  path: readonly string[],
  at: readonly PropertyKey[] = [],
): Generator<Found> {
  const [key, ...rest] = path;
  if (key === undefined) return void (yield { at, value });
  if (typeof value !== "object" || value === null) return;
  if (key !== "*") {
    const inner = (value as Readonly<Record<string, unknown>>)[key];
    return void (yield* valuesAt(inner, rest, [...at, key]));
  }
  if (!Array.isArray(value)) return;
  for (const [i, item] of value.entries()) yield* valuesAt(item, rest, [...at, i]);
}
