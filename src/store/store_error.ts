// What can be wrong with a store, for whoever starts a broker on it.

/**
 * - `locked`: another broker uses it; `unwritable`: its folder or a file can't be made or written;
 * - `foreign`: the file is no store of midge's; `newer`: a later midge has written it;
 * - `damaged`: it was one, and can't be read any more; `failed`: anything else.
 */
export type StoreProblem = "locked" | "unwritable" | "foreign" | "newer" | "damaged" | "failed";

/** Its message names the file, and says what to do. */
export class StoreError extends Error {
  override readonly name = "StoreError";

  /** @param found what is the matter, a sentence. @param advice what to do; "": that is plain. */
  constructor(
    readonly problem: StoreProblem,
    readonly path: string,
    readonly found: string,
    readonly advice = "",
  ) {
    super(advice === "" ? found : `${found} ${advice}`);
  }
}

/** Result codes of SQLite, without what extends them (https://sqlite.org/rescode.html). */
const REASONS: Readonly<Record<number, string>> = {
  5: "another process has locked the database",
  6: "another process has locked the database",
  7: "there is not enough memory",
  8: "the database can't be written (read-only)",
  10: "the disk reports an error",
  11: "the database is damaged",
  13: "the disk is full",
  14: "the database file can't be opened",
  26: "the file is not a database",
};

interface SqliteFailure {
  readonly errcode: number;
}

function isSqliteFailure(error: unknown): error is Error & SqliteFailure {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number";
}

/** The primary result code of SQLite that `error` carries; 0: it is none of SQLite's errors. */
export function sqliteCodeOf(error: unknown): number {
  return isSqliteFailure(error) ? error.errcode & 0xff : 0;
}

/** Why it failed, in words for the log. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const reason = REASONS[sqliteCodeOf(error)];
  return reason === undefined ? text : `${reason} (SQLite: ${text})`;
}

export function unwritable(path: string, reason: string): StoreError {
  return new StoreError(
    "unwritable",
    path,
    `${path} can't be written: ${reason}.`,
    "It and its folder must belong to the user that midge runs as, with room on their disk.",
  );
}
