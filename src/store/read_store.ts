// readStore: what the store holds, given back at the start. Works on the calling thread and blocks it, which nobody minds
// before the first Client is let in. What has expired meanwhile and what belongs to nothing any more is left out,
// counted, and removed from the database.

import type { DatabaseSync } from "node:sqlite";
import { BatchWriter } from "./batch_writer.ts";
import { checkStructure, openDatabase, opening } from "./open_database.ts";
import { SortedNumbers } from "./sorted_numbers.ts";
import { SqliteStore } from "./sqlite_store.ts";
import { sqliteCodeOf } from "./store_error.ts";
import type { MessageHead, StoreReader } from "./stored.ts";
import { StoredRows } from "./stored_rows.ts";

export interface ReadStoreOptions {
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Called now and then with rows done and rows in all. */
  readonly progress?: (done: number, total: number) => void;
}

export interface StoreContents {
  readonly sessions: number;
  readonly subscriptions: number;
  readonly messages: number;
  readonly deliveries: number;
  readonly retained: number;
  /** Messages that had expired. */
  readonly expired: number;
  /** Rows that belonged to nothing. */
  readonly orphans: number;
  /** The next numbers that are free. */
  readonly nextSession: number;
  readonly nextMessage: number;
  readonly nextDelivery: number;
}

const PROGRESS_ROWS = 10_000;

/**
 * Opens the store `path`, or makes an empty one, and gives all that it holds to `reader`, in the order that
 * {@link StoreReader} wants. The caller holds the {@link StoreLock}.
 * @throws {StoreError} `unwritable`, `foreign`, `newer`, `damaged`; `reader` may have been called before that is found.
 */
export function readStore(
  path: string,
  reader: StoreReader,
  options: ReadStoreOptions,
): StoreContents {
  return use(path, (db) => new Reading(db, path, reader, options).run());
}

/**
 * Reads all of the store `path`, and compares all checksums.
 * @throws {StoreError} as {@link readStore}.
 */
export function verifyStore(path: string): void {
  use(path, (db) => {
    const rows = new StoredRows(db, path);
    const ignore = () => {};
    rows.sessions(ignore);
    rows.subscriptions(ignore);
    rows.messages(ignore);
    rows.deliveries(ignore);
    rows.held(ignore);
    rows.retained(ignore);
  });
}

function use<T>(path: string, work: (db: DatabaseSync) => T): T {
  return opening(path, () => {
    const db = openDatabase(path, "process");
    try {
      checkStructure(db, path);
      return work(db);
    } finally {
      db.close();
    }
  });
}

/** One pass over all tables, and a look beforehand at the deliveries that have begun. */
class Reading {
  readonly #db: DatabaseSync;
  readonly #rows: StoredRows;
  readonly #reader: StoreReader;
  readonly #options: ReadStoreOptions;
  readonly #total: number;
  /** What is to be removed. */
  readonly #useless = new BatchWriter();

  readonly #sessions = new Set<number>();
  /** Messages that stay although they expired: somebody has begun to receive them, or to send them. */
  readonly #begun = new Set<number>();
  /** Messages that the reader got, and whether anything refers to them. */
  readonly #given = new SortedNumbers();
  readonly #isUsed: Uint8Array;
  #messages = 0;
  readonly #expired = new Set<number>();

  #done = 0;
  #subscriptions = 0;
  #deliveries = 0;
  #retained = 0;
  #orphans = 0;
  #lastSession = 0;
  #lastMessage = 0;
  #lastDelivery = 0;

  constructor(db: DatabaseSync, path: string, reader: StoreReader, options: ReadStoreOptions) {
    this.#db = db;
    this.#rows = new StoredRows(db, path);
    this.#reader = reader;
    this.#options = options;
    const count = (table: string) => this.#rows.count(table);
    const messages = count("message");
    this.#total = count("session") + count("subscription") + messages + count("delivery") +
      count("held") + count("retained");
    this.#isUsed = new Uint8Array(messages);
  }

  run(): StoreContents {
    this.#readSessions();
    this.#readSubscriptions();
    this.#rows.begun((message, session) => {
      if (this.#sessions.has(session)) this.#begun.add(message);
    });
    this.#readMessages();
    this.#readDeliveries();
    this.#readHeld();
    this.#readRetained();
    this.#withdrawUnused();
    this.#options.progress?.(this.#total, this.#total);
    this.#removeUseless();
    return {
      sessions: this.#sessions.size,
      subscriptions: this.#subscriptions,
      messages: this.#messages,
      deliveries: this.#deliveries,
      retained: this.#retained,
      expired: this.#expired.size,
      orphans: this.#orphans,
      nextSession: this.#lastSession + 1,
      nextMessage: this.#lastMessage + 1,
      nextDelivery: this.#lastDelivery + 1,
    };
  }

  #readSessions(): void {
    this.#rows.sessions((row) => {
      this.#step();
      this.#lastSession = row.session;
      this.#sessions.add(row.session);
      this.#reader.session(row);
    });
  }

  #readSubscriptions(): void {
    this.#rows.subscriptions((row) => {
      this.#step();
      if (this.#isSessionMissing(row.session)) {
        return this.#useless.subscriptionEnded(row.session, row.topicFilter);
      }
      this.#subscriptions++;
      this.#reader.subscription(row);
    });
  }

  #readMessages(): void {
    this.#rows.messages((row, block, start, end) => {
      this.#step();
      this.#lastMessage = row.message;
      if (this.#isExpired(row)) {
        this.#expired.add(row.message);
        return this.#useless.messageEnded(row.message);
      }
      this.#given.add(row.message);
      this.#reader.message(row, block, start, end);
    });
  }

  #readDeliveries(): void {
    this.#rows.deliveries((row) => {
      this.#step();
      this.#lastDelivery = row.delivery;
      if (this.#isSessionMissing(row.session) || this.#isMissing(row.message)) {
        return this.#useless.deliveryEnded(row.delivery);
      }
      this.#deliveries++;
      this.#reader.delivery(row);
    });
  }

  #readHeld(): void {
    this.#rows.held((row) => {
      this.#step();
      if (this.#isSessionMissing(row.session) || this.#isMissing(row.message)) {
        return this.#useless.heldEnded(row.session, row.packetId);
      }
      this.#reader.held(row);
    });
  }

  #readRetained(): void {
    this.#rows.retained((row) => {
      this.#step();
      if (this.#isMissing(row.message)) return this.#useless.retainedEnded(row.topicName);
      this.#retained++;
      this.#reader.retained(row);
    });
  }

  /** What refers to a message comes after it: only now is it known which ones nothing does. */
  #withdrawUnused(): void {
    this.#messages = this.#given.length;
    for (let index = 0; index < this.#given.length; index++) {
      if (this.#isUsed[index] === 1) continue;
      const message = this.#given.at(index);
      this.#messages--;
      this.#orphans++;
      this.#useless.messageEnded(message);
      this.#reader.messageUnused(message);
    }
  }

  #isExpired(row: MessageHead): boolean {
    return row.expiresAtMs <= this.#options.nowMs && !this.#begun.has(row.message);
  }

  #isSessionMissing(session: number): boolean {
    if (this.#sessions.has(session)) return false;
    this.#orphans++;
    return true;
  }

  /** The reader did not get `message`; if it did, it is used. */
  #isMissing(message: number): boolean {
    const index = this.#given.indexOf(message);
    if (index >= 0) {
      this.#isUsed[index] = 1;
      return false;
    }
    if (!this.#expired.has(message)) this.#orphans++;
    return true;
  }

  /** That there is no room for it is no reason not to start: then the next start does it. */
  #removeUseless(): void {
    if (this.#useless.changes === 0) return;
    try {
      new SqliteStore(this.#db).commit(this.#useless.take());
    } catch (error) {
      if (sqliteCodeOf(error) === 0) throw error;
    }
  }

  #step(): void {
    if (++this.#done % PROGRESS_ROWS === 0) this.#options.progress?.(this.#done, this.#total);
  }
}
