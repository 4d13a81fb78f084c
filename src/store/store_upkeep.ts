// StoreUpkeep: what the database needs beside commits. Counts the bytes that reach the disk; gives free pages back to the
// file system in small steps while nothing else is to do. Nothing is written while nothing changes.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { readNumber } from "./sqlite_schema.ts";
import type { CommitCost } from "./store_messages.ts";

/** Nothing committed for so long: time to tidy up. */
const IDLE_MS = 5_000;
const STEP_MS = 50;
const PAGES_PER_STEP = 256;
/** Fewer free pages than this (4 MiB) are kept: they will be needed again. */
const FREE_PAGES_KEPT = 1_024;
/** A frame of the log is a page with a header. */
const FRAME_HEADER = 24;

interface Checkpoint {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

export class StoreUpkeep implements Disposable {
  readonly #db: DatabaseSync;
  readonly #state: StatementSync;
  readonly #vacuum: StatementSync;
  readonly #pageSize: number;
  #logFrames: number;
  #movedFrames: number;
  #idleTimer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#state = db.prepare("PRAGMA wal_checkpoint(NOOP)");
    this.#vacuum = db.prepare(`PRAGMA incremental_vacuum(${PAGES_PER_STEP})`);
    this.#pageSize = readNumber(db, "page_size");
    const { log, checkpointed } = this.#read();
    this.#logFrames = log;
    this.#movedFrames = checkpointed;
  }

  /** A commit that began at `startedMs` (of `performance`) is done. */
  committed(startedMs: number): CommitCost {
    const milliseconds = performance.now() - startedMs;
    const { log, checkpointed } = this.#read();
    // A log that was moved as a whole begins anew.
    const written = log < this.#logFrames ? log : log - this.#logFrames;
    const moved = checkpointed < this.#movedFrames
      ? checkpointed
      : checkpointed - this.#movedFrames;
    this.#logFrames = log;
    this.#movedFrames = checkpointed;
    this.#vacuumLater(IDLE_MS);
    return {
      milliseconds,
      logBytes: written * (this.#pageSize + FRAME_HEADER),
      databaseBytes: moved * this.#pageSize,
    };
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#idleTimer);
  }

  #read(): Checkpoint {
    return this.#state.get() as unknown as Checkpoint;
  }

  #vacuumLater(inMs: number): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#vacuumStep(), inMs);
  }

  #vacuumStep(): void {
    try {
      if (readNumber(this.#db, "freelist_count") < FREE_PAGES_KEPT + PAGES_PER_STEP) return;
      this.#vacuum.all(); // it frees a page for each row it is asked for
    } catch {
      return; // it is no trouble that more room is taken than need be; the next commit comes back here
    }
    this.#vacuumLater(STEP_MS);
  }
}
