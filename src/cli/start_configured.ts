// What only a start with a configuration needs.

import { join } from "node:path";
import type { Log } from "../broker/ports.ts";
import { ConfigError, formatProblem } from "../config/config_error.ts";
import { readConfig } from "../config/read_config.ts";
import type { Config } from "../config/schema.ts";
import { setDamagedAside } from "../store/set_aside.ts";
import { becomeUser, type Note } from "./become_user.ts";

/**
 * What gives up root as the configuration at `path` has it, and says what a reload can't read any more then.
 * @throws {UserError}
 */
export function dropPrivileges(path: string): (config: Config) => Promise<readonly Note[]> {
  return async ({ user }) => {
    const { hasChanged, notes } = becomeUser(user);
    if (!hasChanged) return notes;
    try {
      await readConfig(path);
      return notes;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const lost = error.problems.map((problem): Note => ({
        level: "warning",
        text: `A reload will change nothing, because this user can't read it: ${
          formatProblem(problem)
        }`,
      }));
      return [...notes, ...lost];
    }
  };
}

/**
 * For --set-damaged-store-aside: a store that can't be used gets a new name, and the log says so.
 * @throws {StoreError} if a broker uses it, or its folder can't be written.
 */
export function setDamagedStoreAside({ persistence }: Config, log: Log): void {
  if (persistence.durability === "none") return;
  const found = setDamagedAside(join(persistence.directory, persistence.file), Date.now());
  if (found !== undefined) log.write("warning", found);
}

/** The message is for the operator. */
export class PidFileError extends Error {
  override readonly name = "PidFileError";
}

/**
 * Writes the number of this process to `path`.
 * @throws {PidFileError}
 * @returns what removes the file again.
 */
export function writePidFile(path: string | null): () => void {
  if (path === null) return () => {};
  try {
    Deno.writeTextFileSync(path, `${Deno.pid}\n`);
  } catch (error) {
    throw new PidFileError(`Unable to write pid file. ${(error as Error).message}`);
  }
  return () => {
    try {
      Deno.removeSync(path);
    } catch (error) {
      // Gone already, or in a folder of root's: it says nothing about who runs now.
      const isHarmless = error instanceof Deno.errors.NotFound ||
        error instanceof Deno.errors.PermissionDenied;
      if (!isHarmless) throw error;
    }
  };
}
