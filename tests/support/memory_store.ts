// MemoryStore: the store of tests. It applies batches as the real one does, when it is told to, and outlives
// the brokers that use it.

import type { BatchSink, NextNumbers } from "../../src/store/store_journal.ts";
import { readBatch } from "../../src/store/batch_reader.ts";
import type {
  StoreChanges,
  StoredDelivery,
  StoredHeld,
  StoredMessage,
  StoredRetained,
  StoredSession,
  StoredSubscription,
  StoreReader,
} from "../../src/store/stored.ts";

export class MemoryStore implements BatchSink, StoreChanges {
  /** Batches that were committed. */
  batches = 0;
  /** Called when a batch has come; default: nothing happens until {@link commitNow}. */
  onBatch: () => void = () => {};
  readonly sessions = new Map<number, StoredSession>();
  readonly subscriptions = new Map<string, StoredSubscription>();
  readonly messages = new Map<number, StoredMessage>();
  readonly deliveries = new Map<number, StoredDelivery>();
  readonly heldMessages = new Map<string, StoredHeld>();
  readonly retainedMessages = new Map<string, StoredRetained>();
  #underWay: Uint8Array | undefined = undefined;
  readonly #next = { session: 1, message: 1, delivery: 1 };

  /** Whether a batch waits to be committed. */
  get hasBatch(): boolean {
    return this.#underWay !== undefined;
  }

  commit(batch: Uint8Array): void {
    if (this.#underWay !== undefined) throw new Error("a second batch while one is under way");
    this.#underWay = batch;
    this.onBatch();
  }

  /** Applies the batch that is under way. */
  commitNow(): void {
    const batch = this.#underWay;
    if (batch === undefined) throw new Error("no batch is under way");
    this.#underWay = undefined;
    this.batches++;
    readBatch(batch, this);
  }

  /** The process has died: the batch under way is lost. */
  loseBatch(): void {
    this.#underWay = undefined;
  }

  /** Everything, in the order the real store has. @returns the numbers to go on with. */
  read(reader: StoreReader): NextNumbers {
    for (const row of this.sessions.values()) reader.session(row);
    for (const row of this.subscriptions.values()) reader.subscription(row);
    for (const row of this.messages.values()) {
      reader.message(row, row.payload, 0, row.payload.length);
    }
    const deliveries = [...this.deliveries.values()].sort((a, b) => a.delivery - b.delivery);
    for (const row of deliveries) reader.delivery(row);
    for (const row of this.heldMessages.values()) reader.held(row);
    for (const row of this.retainedMessages.values()) reader.retained(row);
    return this.#next;
  }

  /** What refers to something that is not there, or is referred to by nothing. */
  get inconsistencies(): string[] {
    const problems: string[] = [];
    const unused = new Set(this.messages.keys());
    const refer = (what: string, message: number) => {
      if (!this.messages.has(message)) problems.push(`${what} refers to no message`);
      unused.delete(message);
    };
    for (const row of this.deliveries.values()) {
      refer(`delivery ${row.delivery}`, row.message);
      if (!this.sessions.has(row.session)) problems.push(`delivery ${row.delivery} has no Session`);
    }
    for (const row of this.heldMessages.values()) {
      refer(`held ${row.packetId}`, row.message);
      if (!this.sessions.has(row.session)) problems.push(`held ${row.packetId} has no Session`);
    }
    for (const row of this.retainedMessages.values()) {
      refer(`retained ${row.topicName}`, row.message);
    }
    for (const row of this.subscriptions.values()) {
      if (!this.sessions.has(row.session)) problems.push(`${row.topicFilter} has no Session`);
    }
    for (const message of unused) problems.push(`nothing refers to message ${message}`);
    return problems;
  }

  // ---------------------------------------------------------------------------------- the changes

  session(row: StoredSession): void {
    this.sessions.set(row.session, row);
    this.#next.session = Math.max(this.#next.session, row.session + 1);
  }

  sessionEnded(session: number): void {
    this.sessions.delete(session);
    for (const [key, row] of this.subscriptions) {
      if (row.session === session) this.subscriptions.delete(key);
    }
    for (const [key, row] of this.heldMessages) {
      if (row.session === session) this.heldMessages.delete(key);
    }
  }

  subscription(row: StoredSubscription): void {
    this.subscriptions.set(`${row.session} ${row.topicFilter}`, row);
  }

  subscriptionEnded(session: number, topicFilter: string): void {
    this.subscriptions.delete(`${session} ${topicFilter}`);
  }

  message(row: StoredMessage): void {
    this.messages.set(row.message, row);
    this.#next.message = Math.max(this.#next.message, row.message + 1);
  }

  messageEnded(message: number): void {
    this.messages.delete(message);
  }

  delivery(row: StoredDelivery): void {
    this.deliveries.set(row.delivery, row);
    this.#next.delivery = Math.max(this.#next.delivery, row.delivery + 1);
  }

  deliveryChanged(delivery: number, packetId: number, awaiting: 0 | 1 | 2 | 3): void {
    const row = this.deliveries.get(delivery);
    if (row !== undefined) this.deliveries.set(delivery, { ...row, packetId, awaiting });
  }

  deliveryEnded(delivery: number): void {
    this.deliveries.delete(delivery);
  }

  held(row: StoredHeld): void {
    this.heldMessages.set(`${row.session} ${row.packetId}`, row);
  }

  heldEnded(session: number, packetId: number): void {
    this.heldMessages.delete(`${session} ${packetId}`);
  }

  retained(row: StoredRetained): void {
    this.retainedMessages.set(row.topicName, row);
  }

  retainedEnded(topicName: string): void {
    this.retainedMessages.delete(topicName);
  }
}
