// A mosquitto.db into a store: all of it in one transaction, or nothing.

import { BatchWriter } from "./batch_writer.ts";
import { type ImportCounts, importMosquittoDb } from "./mosquitto_import.ts";
import { MosquittoDbError, readMosquittoDb } from "./mosquitto_db.ts";
import { openDatabase } from "./open_database.ts";
import { SqliteStore } from "./sqlite_store.ts";
import { reasonOf, StoreError, unwritable } from "./store_error.ts";
import { StoreLock } from "./store_lock.ts";

/**
 * Takes over the file `source` into the store `path`, which is made if it is not there.
 * @throws {StoreError} if the file can't be read, the store is in use, is not empty or can't be written.
 */
export function importIntoStore(source: string, path: string): ImportCounts {
  const batch = new BatchWriter();
  const counts = readInto(batch, source);
  using _ = StoreLock.take(path);
  const db = openDatabase(path, "power");
  try {
    const used = ["session", "retained", "message"].some((table) =>
      db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined
    );
    if (used) {
      throw new StoreError(
        "failed",
        path,
        `${path} is not empty, and nothing in it is to be mixed up. Move it away, or name another store.`,
      );
    }
    new SqliteStore(db).commit(batch.take());
    return counts;
  } catch (error) {
    throw error instanceof StoreError ? error : unwritable(path, reasonOf(error));
  } finally {
    db.close();
  }
}

function readInto(batch: BatchWriter, source: string): ImportCounts {
  try {
    const savedAtMs = Deno.statSync(source).mtime?.getTime() ?? Date.now();
    return importMosquittoDb(readMosquittoDb(Deno.readFileSync(source)), savedAtMs, batch);
  } catch (error) {
    const isKnown = error instanceof MosquittoDbError ||
      (error instanceof Error && "code" in error && typeof error.code === "string");
    if (!isKnown) throw error;
    throw new StoreError(
      "failed",
      source,
      `${source} can't be taken over: ${(error as Error).message}. Nothing was changed.`,
    );
  }
}
