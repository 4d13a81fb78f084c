// Reads a configuration for a test: the Config and notes, or the lines of what is wrong.

import { ConfigError, type ConfigProblem, formatProblem } from "../../src/config/config_error.ts";
import type { ReadResult } from "../../src/config/config_io.ts";
import { readConfig } from "../../src/config/read_config.ts";
import { memoryIO } from "./memory_io.ts";

export type Outcome =
  | { readonly result: ReadResult; readonly problems: readonly [] }
  | { readonly result?: undefined; readonly problems: readonly ConfigProblem[] };

export type Files = Readonly<Record<string, string>>;

/** Reads `text` as m.conf, or as another file. */
export async function read(
  text: string,
  { path = "m.conf", files = {}, environment = {} }: {
    readonly path?: string;
    readonly files?: Files;
    readonly environment?: Files;
  } = {},
): Promise<Outcome> {
  try {
    const io = memoryIO({ ...files, [path]: text }, environment);
    return { result: await readConfig(path, io), problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problems: error.problems };
  }
}

/** What is read, where nothing may be wrong. */
export async function readValid(...args: Parameters<typeof read>): Promise<ReadResult> {
  const outcome = await read(...args);
  if (outcome.result !== undefined) return outcome.result;
  throw new Error(outcome.problems.map(formatProblem).join("\n"));
}

/** The lines of what is wrong. */
export async function problemsOf(...args: Parameters<typeof read>): Promise<string[]> {
  return (await read(...args)).problems.map(formatProblem);
}

/** The value at `limits.maximumQoS` or `listeners.0.port`. */
export function at(config: unknown, path: string): unknown {
  return path.split(".").reduce(
    (value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key],
    config,
  );
}
