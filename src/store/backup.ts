// Copies of a store: taken beside the broker that uses it, checked, and put back. Works on the calling thread: for commands.

import { Buffer } from "node:buffer";
import { backup, DatabaseSync } from "node:sqlite";
import { exists, giveToOwnerOfFolder, makeFile } from "./file_owner.ts";
import { checkOwner, opening } from "./open_database.ts";
import { verifyStore } from "./read_store.ts";
import { setAside } from "./set_aside.ts";
import { APPLICATION_ID } from "./sqlite_schema.ts";
import { reasonOf, StoreError, unwritable } from "./store_error.ts";
import { StoreLock } from "./store_lock.ts";

/** All of it in one step: a copy in several steps begins anew whenever the broker commits between them. */
const ALL_PAGES = 0x7fff_ffff;
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Copies the store `path` to the file `target`, as it is at this moment, while a broker may be at work on it. The copy is
 * read and compared with its checksums before it gets its name; an earlier backup of that name is replaced.
 * @returns bytes of the copy.
 * @throws {StoreError} if there is no store, it is damaged, or the copy can't be written.
 */
export async function backupStore(path: string, target: string): Promise<number> {
  const partial = `${target}.partial-${Deno.pid}`;
  try {
    checkTarget(path, target);
    makeFile(partial);
    await copyDatabase(path, partial);
    verifyCopy(path, partial);
    closeLog(partial);
    syncFile(partial);
    Deno.renameSync(partial, target);
    return Deno.statSync(target).size;
  } catch (error) {
    throw error instanceof StoreError ? error : unwritable(target, reasonOf(error));
  } finally {
    removeDatabase(partial);
  }
}

/**
 * Puts the copy `source` in the place of the store `path`; what was there is kept under a new name.
 * @returns that name; undefined: nothing was there.
 * @throws {StoreError} if a broker uses the store, or the copy is none or damaged: then nothing has changed.
 */
export function restoreStore(source: string, path: string, nowMs: number): string | undefined {
  using _ = StoreLock.take(path);
  const partial = `${path}.partial-${Deno.pid}`;
  try {
    requireFile(source);
    makeFile(partial);
    Deno.copyFileSync(source, partial);
    Deno.chmodSync(partial, 0o600);
    giveToOwnerOfFolder(partial);
    verifyCopy(source, partial);
    syncFile(partial);
    const kept = exists(path) ? setAside(path, "replaced", nowMs) : undefined;
    Deno.renameSync(partial, path);
    return kept;
  } catch (error) {
    throw error instanceof StoreError ? error : unwritable(path, reasonOf(error));
  } finally {
    removeDatabase(partial);
  }
}

async function copyDatabase(path: string, target: string): Promise<void> {
  requireFile(path);
  const db = opening(path, () => {
    const opened = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    try {
      checkOwner(opened, path);
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  });
  try {
    await backup(db, target, { rate: ALL_PAGES });
  } finally {
    db.close();
  }
}

/** A backup is one file, and stays so when somebody looks into it. */
function closeLog(path: string): void {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = DELETE");
  db.close();
}

/** @throws {StoreError} that names `source`: the copy has what it had. */
function verifyCopy(source: string, copy: string): void {
  try {
    verifyStore(copy);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const found = error.found.replaceAll(copy, source);
    throw new StoreError(error.problem, source, found, "Nothing was changed.");
  }
}

/** A backup replaces nothing but a backup. */
function checkTarget(path: string, target: string): void {
  if (!exists(target)) return;
  const isSame = exists(path) && Deno.realPathSync(path) === Deno.realPathSync(target);
  if (isSame || !isStore(target)) {
    const what = isSame ? "it is the store itself" : "it is no backup of midge's";
    throw new StoreError(
      "unwritable",
      target,
      `${target} is not overwritten: ${what}. Name another file.`,
    );
  }
}

/** By its header (https://sqlite.org/fileformat2.html#the_database_header); or it is empty. */
function isStore(path: string): boolean {
  const header = Buffer.alloc(100);
  using file = Deno.openSync(path);
  const length = file.readSync(header) ?? 0;
  return length === 0 ||
    (header.toString("latin1", 0, 16) === "SQLite format 3\0" &&
      header.readUInt32BE(68) === APPLICATION_ID);
}

function requireFile(path: string): void {
  if (exists(path)) return;
  throw new StoreError("failed", path, `${path} is not there.`);
}

function syncFile(path: string): void {
  using file = Deno.openSync(path, { read: true, write: true });
  file.syncSync();
}

function removeDatabase(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) {
    try {
      Deno.removeSync(path + suffix);
    } catch {
      // it was not there, or nothing can be done about it
    }
  }
}
