// What the commands about stores have in common: which store is meant, and how they end.

import { join } from "node:path";
import type { Command } from "commander";
import { ConfigError, formatProblem } from "../config/config_error.ts";
import { readConfig } from "../config/read_config.ts";
import { StoreError } from "../store/store_error.ts";
import type { Session } from "./commands.ts";
import { ExitCode } from "./exit_code.ts";

export interface StorePlace {
  readonly config?: string;
  readonly store?: string;
}

/** The options that say which store is meant. */
export function withStorePlace(command: Command): Command {
  return command
    .option(
      "-c, --config <CONFIG>",
      "the configuration of the broker, which says where its store is",
    )
    .option("--store <PATH>", "the store itself, as DIRECTORY/midge.db");
}

/**
 * Runs what a command does with its store, and tells what goes wrong.
 * @returns the exit code: 3 for what the operator wrote wrong, 1 for what could not be done.
 */
export async function withStore(
  place: StorePlace,
  session: Session,
  work: (path: string) => Promise<void> | void,
): Promise<number> {
  let path: string;
  try {
    path = await findStore(place);
  } catch (error) {
    const problems = error instanceof ConfigError
      ? error.problems.map(formatProblem)
      : error instanceof PlaceError
      ? [error.message]
      : undefined;
    if (problems === undefined) throw error;
    for (const problem of problems) session.printError(`Error: ${problem}\n`);
    return ExitCode.BadConfiguration;
  }
  try {
    await work(path);
    return ExitCode.Success;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    session.printError(`Error: ${error.message}\n`);
    return ExitCode.StartFailed;
  }
}

class PlaceError extends Error {}

async function findStore({ config, store }: StorePlace): Promise<string> {
  if (store !== undefined && config !== undefined) {
    throw new PlaceError("Which store? Name it by --store or by -c, not both.");
  }
  if (store !== undefined) return store;
  if (config === undefined) {
    throw new PlaceError(
      "Which store? Name the broker's configuration (-c) or the store (--store).",
    );
  }
  const { persistence } = (await readConfig(config)).config;
  return join(persistence.directory, persistence.file);
}
