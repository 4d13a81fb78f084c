// The end that both front ends share: their input through the schema, its complaints back to the lines
// that they are about.

import type { z } from "zod";
import {
  ConfigError,
  type ConfigNote,
  type ConfigProblem,
  type Location,
  showValue,
} from "./config_error.ts";
import type { Written } from "./config_io.ts";
import { keysAt } from "./json_schema.ts";
import { findOption } from "./mosquitto_options.ts";
import { type Config, ConfigSchema } from "./schema.ts";
import { didYouMean } from "./suggest.ts";

/** What a front end has made of a file. */
export interface Draft {
  /** For the schema. */
  readonly input: unknown;
  /** What the front end itself found wrong. */
  readonly problems: readonly ConfigProblem[];
  readonly notes: readonly ConfigNote[];
  /** Where the value at this path of the input stands, or the nearest one around it. */
  locate(path: readonly PropertyKey[]): Place;
  /** See {@link ReadResult}. */
  find(path: readonly PropertyKey[]): Written | undefined;
}

export interface Place {
  readonly location: Location;
  /** What the operator calls it. */
  readonly name: string;
}

/** @throws {ConfigError} with everything that is wrong, in the order of the file. */
export function finishDraft(draft: Draft): Config {
  const result = ConfigSchema.safeParse(draft.input);
  const ofSchema = result.success
    ? []
    : result.error.issues.flatMap((issue) => describeIssue(issue, draft));
  const problems = [...draft.problems, ...ofSchema];
  if (result.success && problems.length === 0) return result.data;
  throw new ConfigError(inOrder(problems), draft.notes);
}

/** A list of keys and indexes as people write it: listeners[0].port */
export function showPath(path: readonly PropertyKey[]): string {
  return path.map((key, i) =>
    typeof key === "number" ? `[${key}]` : `${i === 0 ? "" : "."}${String(key)}`
  ).join("");
}

function describeIssue(issue: z.core.$ZodIssue, draft: Draft): ConfigProblem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey([...issue.path, key], draft));
  }
  const inner = issue.code === "invalid_union" ? inside(issue.errors) : undefined;
  if (inner !== undefined) {
    return inner.flatMap((each) =>
      describeIssue({ ...each, path: [...issue.path, ...each.path] }, draft)
    );
  }
  const value = valueAt(draft.input, issue.path);
  const { location, name } = draft.locate(issue.path);
  const isMissing = value === undefined && issue.code !== "custom";
  const message = isMissing
    ? `'${name}' is missing`
    : `'${name}': ${issue.message.replace(/^Invalid (input|option): /, "")}`;
  const options = issue.code === "invalid_value" ? issue.values.map(String) : [];
  const hint = didYouMean(showValue(value), options);
  return [problem(location, showValue(value), `${message}.`, hint)];
}

/** Of the alternatives that failed, the one that failed only further in: that was meant. */
function inside(
  alternatives: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  return alternatives.find((issues) =>
    issues.length > 0 &&
    issues.every(({ code, path }) => path.length > 0 || code === "unrecognized_keys")
  );
}

function unknownKey(path: readonly PropertyKey[], draft: Draft): ConfigProblem {
  const key = String(path.at(-1));
  const known = keysAt(path.slice(0, -1));
  const hint = inYaml(key) ?? didYouMean(key, known) ?? `Known here: ${known.join(", ")}.`;
  const { location, name } = draft.locate(path);
  const value = showValue(valueAt(draft.input, path));
  return problem(location, value, `Unknown key '${name}'.`, hint);
}

function problem(
  location: Location,
  value: string,
  message: string,
  hint: string | undefined,
): ConfigProblem {
  return { ...location, category: "invalid", value, message, ...hint !== undefined && { hint } };
}

/** For those who come from mosquitto.conf. */
function inYaml(option: string): string | undefined {
  const { scope, key } = findOption(option) ?? {};
  if (key === undefined || scope === "bridge") return undefined;
  const place = scope === "global"
    ? key
    : scope === "security"
    ? `access.${key}`
    : `listeners[].${key}`;
  return `Mosquitto's '${option}' is '${place}' in YAML.`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return value;
}

/** By line within a file; files in the order in which they first have a problem. */
function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const files = [...new Set(problems.map(({ path }) => path))];
  return problems.toSorted((a, b) =>
    files.indexOf(a.path) - files.indexOf(b.path) || a.line - b.line ||
    (a.column ?? 0) - (b.column ?? 0)
  );
}
