// SqliteStore: batches into the database, each in one transaction. Lives in the worker of the store, or in
// whatever may block.
//
// A batch may be committed again (its worker died before it could say that it was done): rows are replaced, what
// is gone ends again without harm, and numbers are never used twice. So no number of the last batch has to be kept,
// which would cost one more page of every commit.
//
// Within a batch, ends of messages and deliveries come last, sorted into ranges; changes of deliveries come after
// all rows are in. That keeps the meaning, since a number names one row for ever.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { readBatch } from "./batch_reader.ts";
import { eachRun } from "./number_runs.ts";
import { RowInserter } from "./row_inserter.ts";
import {
  flagsOfMessage,
  flagsOfSubscription,
  flagsOfWill,
  stateOfDelivery,
  sumOfDelivery,
  sumOfHeld,
  sumOfMessage,
  sumOfRetained,
  sumOfSession,
  sumOfSubscription,
} from "./row_sum.ts";
import type {
  StoreChanges,
  StoredDelivery,
  StoredHeld,
  StoredMessage,
  StoredRetained,
  StoredSession,
  StoredSubscription,
} from "./stored.ts";

const SESSION = [
  "session",
  "client_id",
  "user_name",
  "listener",
  "mount_point",
  "expiry_interval",
  "disconnected_at",
  "last_packet_id",
  "will_topic_name",
  "will_flags",
  "will_delay_interval",
  "will_expiry_interval",
  "will_properties",
  "will_payload",
  "sum",
];
const SUBSCRIPTION = ["session", "topic_filter", "flags", "identifier", "sum"];
const MESSAGE = [
  "message",
  "topic_name",
  "flags",
  "expires_at",
  "publisher_id",
  "properties",
  "sum",
  "payload",
];
const DELIVERY = [
  "delivery",
  "session",
  "message",
  "state",
  "sum",
  "identifiers",
  "shared_filter",
];
const HELD = ["session", "packet_id", "message", "sum"];
const RETAINED = [
  "topic_name",
  "message",
  "owner_client_id",
  "owner_user_name",
  "owner_listener",
  "sum",
];

export class SqliteStore implements StoreChanges {
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #sessions: RowInserter;
  readonly #subscriptions: RowInserter;
  readonly #messages: RowInserter;
  readonly #deliveries: RowInserter;
  readonly #held: RowInserter;
  readonly #retained: RowInserter;
  readonly #endSession: readonly StatementSync[];
  readonly #endSubscription: StatementSync;
  readonly #endMessages: StatementSync;
  readonly #endDeliveries: StatementSync;
  readonly #endHeld: StatementSync;
  readonly #endRetained: StatementSync;
  readonly #changeDelivery: StatementSync;

  /** Number of a delivery and its new state, by turns. */
  #changedDeliveries: number[] = [];
  #endedMessages: number[] = [];
  #endedDeliveries: number[] = [];

  /** `db` has the tables of today. */
  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#rollback = db.prepare("ROLLBACK");
    this.#sessions = new RowInserter(db, "session", SESSION);
    this.#subscriptions = new RowInserter(db, "subscription", SUBSCRIPTION);
    this.#messages = new RowInserter(db, "message", MESSAGE);
    this.#deliveries = new RowInserter(db, "delivery", DELIVERY);
    this.#held = new RowInserter(db, "held", HELD);
    this.#retained = new RowInserter(db, "retained", RETAINED);
    this.#endSession = ["session", "subscription", "held"].map((table) =>
      db.prepare(`DELETE FROM ${table} WHERE session = ?`)
    );
    this.#endSubscription = db.prepare(
      "DELETE FROM subscription WHERE session = ? AND topic_filter = ?",
    );
    this.#endMessages = db.prepare("DELETE FROM message WHERE message BETWEEN ? AND ?");
    this.#endDeliveries = db.prepare("DELETE FROM delivery WHERE delivery BETWEEN ? AND ?");
    this.#endHeld = db.prepare("DELETE FROM held WHERE session = ? AND packet_id = ?");
    this.#endRetained = db.prepare("DELETE FROM retained WHERE topic_name = ?");
    this.#changeDelivery = db.prepare(
      `UPDATE delivery SET sum = sum + ((state & 7) | ?2) - state, state = (state & 7) | ?2
       WHERE delivery = ?1`,
    );
  }

  /**
   * Applies all changes of `batch`, or none and throws.
   * @throws what SQLite says: the disk is full, and the like.
   */
  commit(batch: Uint8Array): void {
    this.#begin.run();
    try {
      readBatch(batch, this);
      this.#finish();
      this.#commit.run();
    } catch (error) {
      this.#forget();
      if (this.#db.isTransaction) this.#rollback.run(); // SQLite itself may have done it
      throw error;
    }
  }

  session(row: StoredSession): void {
    const { will } = row;
    this.#sessions.values.push(
      row.session,
      row.clientId,
      row.userName ?? null,
      row.listener,
      row.mountPoint,
      row.expiryInterval,
      row.disconnectedAtMs ?? null,
      row.lastPacketId,
      will?.topicName ?? null,
      will === undefined ? null : flagsOfWill(will),
      will?.willDelayInterval ?? null,
      will?.messageExpiryInterval ?? null,
      will?.forwardedProperties ?? null,
      will?.payload ?? null,
      sumOfSession(row),
    );
    this.#sessions.added();
  }

  sessionEnded(session: number): void {
    this.#sessions.flush();
    this.#subscriptions.flush();
    this.#held.flush();
    for (const statement of this.#endSession) statement.run(session);
  }

  subscription(row: StoredSubscription): void {
    this.#subscriptions.values.push(
      row.session,
      row.topicFilter,
      flagsOfSubscription(row),
      row.identifier,
      sumOfSubscription(row),
    );
    this.#subscriptions.added();
  }

  subscriptionEnded(session: number, topicFilter: string): void {
    this.#subscriptions.flush();
    this.#endSubscription.run(session, topicFilter);
  }

  message(row: StoredMessage): void {
    this.#messages.values.push(
      row.message,
      row.topicName,
      flagsOfMessage(row),
      row.expiresAtMs === Infinity ? null : row.expiresAtMs,
      row.publisherId ?? null,
      row.forwardedProperties.length === 0 ? null : row.forwardedProperties,
      sumOfMessage(row, row.payload),
      row.payload.length === 0 ? null : row.payload,
    );
    this.#messages.added();
  }

  messageEnded(message: number): void {
    this.#endedMessages.push(message);
  }

  delivery(row: StoredDelivery): void {
    const identifiers = row.subscriptionIdentifiers.length === 0
      ? null
      : row.subscriptionIdentifiers.join();
    this.#deliveries.values.push(
      row.delivery,
      row.session,
      row.message,
      stateOfDelivery(row),
      sumOfDelivery(row, identifiers),
      identifiers,
      row.sharedFilter === "" ? null : row.sharedFilter,
    );
    this.#deliveries.added();
  }

  deliveryChanged(delivery: number, packetId: number, awaiting: 0 | 1 | 2 | 3): void {
    this.#changedDeliveries.push(delivery, awaiting << 3 | packetId << 5);
  }

  deliveryEnded(delivery: number): void {
    this.#endedDeliveries.push(delivery);
  }

  held(row: StoredHeld): void {
    this.#held.values.push(row.session, row.packetId, row.message, sumOfHeld(row));
    this.#held.added();
  }

  heldEnded(session: number, packetId: number): void {
    this.#held.flush();
    this.#endHeld.run(session, packetId);
  }

  retained(row: StoredRetained): void {
    this.#retained.values.push(
      row.topicName,
      row.message,
      row.ownerClientId ?? null,
      row.ownerUserName ?? null,
      row.ownerListener,
      sumOfRetained(row),
    );
    this.#retained.added();
  }

  retainedEnded(topicName: string): void {
    this.#retained.flush();
    this.#endRetained.run(topicName);
  }

  #finish(): void {
    for (const rows of this.#inserters()) rows.flush();
    for (let i = 0; i < this.#changedDeliveries.length; i += 2) {
      this.#changeDelivery.run(this.#changedDeliveries[i]!, this.#changedDeliveries[i + 1]!);
    }
    eachRun(this.#endedDeliveries, (first, last) => this.#endDeliveries.run(first, last));
    eachRun(this.#endedMessages, (first, last) => this.#endMessages.run(first, last));
    this.#forget();
  }

  #forget(): void {
    for (const rows of this.#inserters()) rows.clear();
    this.#changedDeliveries = [];
    this.#endedDeliveries = [];
    this.#endedMessages = [];
  }

  #inserters(): readonly RowInserter[] {
    return [
      this.#sessions,
      this.#subscriptions,
      this.#messages,
      this.#deliveries,
      this.#held,
      this.#retained,
    ];
  }
}
