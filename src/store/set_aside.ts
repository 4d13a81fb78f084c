// What happens to a database that can't be used when the operator wants to start all the same: it is kept, under a
// name that says when, together with its log.

import { exists } from "./file_owner.ts";
import { verifyStore } from "./read_store.ts";
import { StoreError, type StoreProblem } from "./store_error.ts";
import { StoreLock } from "./store_lock.ts";

const UNUSABLE: ReadonlySet<StoreProblem> = new Set(["damaged", "foreign", "newer"]);

/**
 * Reads all of the store `path`, and if that can't be used gives it a new name, so that a start begins an empty one.
 * @returns what was found, and the name, in words; undefined: it can be used.
 * @throws {StoreError} `locked` or `unwritable`.
 */
export function setDamagedAside(path: string, nowMs: number): string | undefined {
  using _ = StoreLock.take(path);
  try {
    verifyStore(path);
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreError) || !UNUSABLE.has(error.problem)) throw error;
    return `${error.found} It is kept as ${
      setAside(path, "damaged", nowMs)
    }; midge begins an empty one.`;
  }
}

/**
 * Gives the database `path`, and what belongs to it, a new name in the same folder: NAME.damaged-2026-11-22T10-15-00Z.
 * @param why the word in it.
 * @returns the new path.
 */
export function setAside(path: string, why: "damaged" | "replaced", nowMs: number): string {
  const time = new Date(nowMs).toISOString().replace(/\.\d+Z$/, "Z").replaceAll(":", "-");
  let kept = `${path}.${why}-${time}`;
  for (let n = 2; exists(kept); n++) kept = `${path}.${why}-${time}-${n}`;
  // The database goes last: were it gone alone, SQLite would throw its log away.
  for (const suffix of ["-wal", "-shm", "-journal", ""]) {
    if (exists(path + suffix)) Deno.renameSync(path + suffix, kept + suffix);
  }
  return kept;
}
