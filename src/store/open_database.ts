// The database file: made, opened, known as ours, brought to today's tables, checked.

import { DatabaseSync } from "node:sqlite";
import { giveToOwnerOfFolder, makeFile } from "./file_owner.ts";
import {
  APPLICATION_ID,
  hasTodaysTables,
  migrate,
  MIGRATIONS,
  readNumber,
  schemaVersion,
} from "./sqlite_schema.ts";
import { reasonOf, sqliteCodeOf, StoreError, unwritable } from "./store_error.ts";

/** What an acknowledgement promises: that it outlives the power, or the process. */
export type Durability = "power" | "process" | "relaxed";

/** Pages in the write-ahead log before they are moved into the database: 8 MiB. */
const CHECKPOINT_PAGES = 2_000;
/** A log that grew beyond this, while somebody was reading, is cut back. */
const LOG_LIMIT_BYTES = 16 * 1_048_576;
const BUSY_TIMEOUT_MS = 2_000;

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/**
 * Opens the store `path` for writing, and makes it where there is none.
 * @throws {StoreError} `unwritable`, `foreign`, `newer` or `damaged`.
 */
export function openDatabase(path: string, durability: Durability): DatabaseSync {
  return opening(path, () => {
    if (makeFile(path)) giveToOwnerOfFolder(path);
    const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      prepareDatabase(db, path, durability);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** Says what is wrong with the file in place of what SQLite says. */
export function opening<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    switch (sqliteCodeOf(error)) {
      case SQLITE_CORRUPT:
        throw damaged(path, (error as Error).message);
      case SQLITE_NOTADB:
        throw foreign(path, "it is no SQLite database, or its first bytes are damaged");
      case 0: // none of SQLite's
        throw error;
      default:
        throw unwritable(path, reasonOf(error));
    }
  }
}

function prepareDatabase(db: DatabaseSync, path: string, durability: Durability): void {
  checkOwner(db, path);
  if (schemaVersion(db) === 0) db.exec("PRAGMA auto_vacuum = INCREMENTAL"); // before the first table
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"};
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = ${LOG_LIMIT_BYTES};
    PRAGMA temp_store = MEMORY;
    PRAGMA foreign_keys = OFF;
  `);
  migrate(db);
}

/** @throws {StoreError} `foreign` or `newer`; an empty file is nobody's. */
export function checkOwner(db: DatabaseSync, path: string): void {
  const version = schemaVersion(db);
  const id = readNumber(db, "application_id");
  const isEmpty = readNumber(db, "page_count") === 0;
  if (isEmpty) return;
  if (id !== APPLICATION_ID || version === 0) {
    throw foreign(path, "it is an SQLite database, but none of midge's");
  }
  if (version > MIGRATIONS.length) {
    throw new StoreError(
      "newer",
      path,
      `${path} was written by a newer midge (schema ${version}, this one knows ${MIGRATIONS.length}).`,
      "Start that version, or restore a backup of this one.",
    );
  }
}

/**
 * Looks at the structure of the whole file (about half a second for a million rows); the rows' checksums
 * are compared when they are read.
 * @throws {StoreError} `damaged`.
 */
export function checkStructure(db: DatabaseSync, path: string): void {
  if (!hasTodaysTables(db)) throw damaged(path, "its tables are not what they were made as");
  const rows = db.prepare("PRAGMA quick_check(3)").all() as { quick_check: string }[];
  const found = rows.map((row) => row.quick_check).filter((text) => text !== "ok");
  if (found.length > 0) throw damaged(path, found.join("; "));
}

function foreign(path: string, why: string): StoreError {
  return new StoreError(
    "foreign",
    path,
    `${path} is not a store of midge's: ${why}.`,
    "Name another file, or move this one away.",
  );
}

export function damaged(path: string, why: string): StoreError {
  return new StoreError(
    "damaged",
    path,
    `${path} is damaged: ${why}.`,
    "Put a backup back (midge restore), or start with --set-damaged-store-aside: the file is kept under a new " +
      "name, and midge begins an empty one.",
  );
}
