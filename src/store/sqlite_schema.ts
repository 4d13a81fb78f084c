// The tables of the store, and how a file of an earlier midge becomes one of today's.
//
//   session 1--n subscription          message 1--n delivery n--1 session
//   session 1--n held (QoS 2) n--1 message          retained n--1 message
//
// Numbers only grow, so messages and deliveries are appended at the end of their tables, where one page takes
// many of them. A payload stands once, however many Sessions wait for it. What may be missing is NULL, which
// takes no room. `sum` is a checksum of the row (row_sum.ts): SQLite itself keeps none.

import { DatabaseSync } from "node:sqlite";

/** "midg": says in the file's header whose it is. */
export const APPLICATION_ID = 0x6d696467;

/** Step n brings a file from version n to n + 1. Steps that were released never change. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE session (
    session INTEGER PRIMARY KEY,
    client_id TEXT NOT NULL,
    user_name TEXT,
    listener TEXT NOT NULL,
    mount_point TEXT NOT NULL,
    expiry_interval INTEGER NOT NULL, -- seconds; 4294967295: never
    disconnected_at INTEGER,          -- milliseconds since 1970; NULL: connected
    last_packet_id INTEGER NOT NULL,
    will_topic_name TEXT,             -- NULL: no Will
    will_flags INTEGER,               -- qos | retain << 2
    will_delay_interval INTEGER,      -- seconds
    will_expiry_interval INTEGER,     -- seconds; NULL: it does not expire
    will_properties BLOB,
    will_payload BLOB,
    sum INTEGER NOT NULL
  );
  CREATE TABLE subscription (
    session INTEGER NOT NULL,
    topic_filter TEXT NOT NULL,
    flags INTEGER NOT NULL,           -- qos | no local << 2 | retain as published << 3 | awaits retained << 4
    identifier INTEGER NOT NULL,      -- 0: none
    sum INTEGER NOT NULL,
    PRIMARY KEY (session, topic_filter)
  ) WITHOUT ROWID;
  CREATE TABLE message (
    message INTEGER PRIMARY KEY,
    topic_name TEXT NOT NULL,
    flags INTEGER NOT NULL,           -- qos | retain << 2
    expires_at INTEGER,               -- milliseconds since 1970; NULL: never
    publisher_id TEXT,
    properties BLOB,
    sum INTEGER NOT NULL,
    payload BLOB                      -- last: what is too long for the page goes to pages of its own
  );
  CREATE TABLE delivery (
    delivery INTEGER PRIMARY KEY,     -- the order in which a Session's messages are sent
    session INTEGER NOT NULL,
    message INTEGER NOT NULL,
    state INTEGER NOT NULL,           -- qos | retain << 2 | awaiting << 3 | packet identifier << 5
    sum INTEGER NOT NULL,
    identifiers TEXT,                 -- Subscription Identifiers, "1,2"
    shared_filter TEXT
  );
  CREATE TABLE held (
    session INTEGER NOT NULL,
    packet_id INTEGER NOT NULL,
    message INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (session, packet_id)
  ) WITHOUT ROWID;
  CREATE TABLE retained (
    topic_name TEXT NOT NULL PRIMARY KEY,
    message INTEGER NOT NULL,
    owner_client_id TEXT,
    owner_user_name TEXT,
    owner_listener TEXT NOT NULL,
    sum INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
];

/** The schema version of the file: how many steps it has behind it; 0: it is empty. */
export function schemaVersion(db: DatabaseSync): number {
  return readNumber(db, "user_version");
}

/**
 * Brings `db` to the last version, each step in a transaction of its own, so that a process that dies
 * on the way goes on where it was.
 * @param steps more than {@link MIGRATIONS} only in tests.
 */
export function migrate(db: DatabaseSync, steps: readonly string[] = MIGRATIONS): void {
  for (let version = schemaVersion(db); version < steps.length; version++) {
    db.exec("BEGIN IMMEDIATE");
    try {
      db.exec(steps[version]!);
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      db.exec(`PRAGMA user_version = ${version + 1}`);
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
}

/** Whether `db` has the tables of today, to the letter: SQLite takes over whatever a damaged file says they are. */
export function hasTodaysTables(db: DatabaseSync): boolean {
  const made = new DatabaseSync(":memory:");
  try {
    migrate(made);
    return tablesOf(db) === tablesOf(made);
  } finally {
    made.close();
  }
}

function tablesOf(db: DatabaseSync): string {
  return JSON.stringify(
    db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").all(),
  );
}

/** The value of a PRAGMA that is a number. */
export function readNumber(db: DatabaseSync, pragma: string): number {
  const row = db.prepare(`PRAGMA ${pragma}`).get() as Record<string, number>;
  return Object.values(row)[0]!;
}
