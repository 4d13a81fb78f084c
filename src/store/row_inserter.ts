// RowInserter: many rows into one table, with few calls. A call from JavaScript into SQLite costs more than the row
// it brings, so one statement takes up to 100 rows: three times as many rows a second as one by one.

import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

/** Rows of one statement, the largest first; with 1 at the end, any number of rows can be made of them. */
const SIZES = [100, 10, 1] as const;

export class RowInserter {
  readonly #statements: readonly StatementSync[];
  readonly #columns: number;
  readonly #full: number;
  #values: SQLInputValue[] = [];

  /** Rows of `table`, each of as many values as it has `columns`; one with the same key is replaced. */
  constructor(db: DatabaseSync, table: string, columns: readonly string[]) {
    this.#columns = columns.length;
    this.#full = columns.length * SIZES[0];
    const row = `(${columns.map(() => "?").join(", ")})`;
    this.#statements = SIZES.map((rows) =>
      db.prepare(
        `INSERT OR REPLACE INTO ${table} (${columns.join(", ")}) VALUES ${
          Array(rows).fill(row).join(", ")
        }`,
      )
    );
  }

  /** The values of the rows that are not inserted yet: the caller appends to it, then calls {@link added}. */
  get values(): SQLInputValue[] {
    return this.#values;
  }

  added(): void {
    if (this.#values.length < this.#full) return;
    this.#statements[0]!.run(...this.#values);
    this.#values = [];
  }

  /** Inserts what is left. */
  flush(): void {
    let at = 0;
    SIZES.forEach((rows, i) => {
      const length = rows * this.#columns;
      for (; at + length <= this.#values.length; at += length) {
        this.#statements[i]!.run(...this.#values.slice(at, at + length));
      }
    });
    this.#values = [];
  }

  /** Forgets what was not inserted. */
  clear(): void {
    this.#values = [];
  }
}
