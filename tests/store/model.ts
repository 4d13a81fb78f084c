// What a store should hold, in Maps; and a StoreReader that writes down what it is given.

import assert from "node:assert/strict";
import type {
  MessageHead,
  StoreChanges,
  StoredDelivery,
  StoredHeld,
  StoredMessage,
  StoredRetained,
  StoredSession,
  StoredSubscription,
  StoreReader,
} from "../../src/store/stored.ts";

/** Rows by their keys. */
export interface Contents {
  readonly sessions: Map<number, StoredSession>;
  readonly subscriptions: Map<string, StoredSubscription>;
  readonly messages: Map<number, StoredMessage>;
  readonly deliveries: Map<number, StoredDelivery>;
  readonly held: Map<string, StoredHeld>;
  readonly retained: Map<string, StoredRetained>;
}

function empty(): Contents {
  return {
    sessions: new Map(),
    subscriptions: new Map(),
    messages: new Map(),
    deliveries: new Map(),
    held: new Map(),
    retained: new Map(),
  };
}

/** Applies changes as their documentation says. */
export class StoreModel implements StoreChanges {
  readonly rows = empty();

  session(row: StoredSession): void {
    this.rows.sessions.set(row.session, row);
  }
  sessionEnded(session: number): void {
    this.rows.sessions.delete(session);
    for (const map of [this.rows.subscriptions, this.rows.held]) {
      for (const [key, row] of map) if (row.session === session) map.delete(key);
    }
  }
  subscription(row: StoredSubscription): void {
    this.rows.subscriptions.set(`${row.session} ${row.topicFilter}`, row);
  }
  subscriptionEnded(session: number, topicFilter: string): void {
    this.rows.subscriptions.delete(`${session} ${topicFilter}`);
  }
  message(row: StoredMessage): void {
    this.rows.messages.set(row.message, {
      ...row,
      payload: row.payload.slice(),
      forwardedProperties: row.forwardedProperties.slice(),
    });
  }
  messageEnded(message: number): void {
    this.rows.messages.delete(message);
  }
  delivery(row: StoredDelivery): void {
    this.rows.deliveries.set(row.delivery, row);
  }
  deliveryChanged(delivery: number, packetId: number, awaiting: 0 | 1 | 2 | 3): void {
    const row = this.rows.deliveries.get(delivery);
    if (row !== undefined) this.rows.deliveries.set(delivery, { ...row, packetId, awaiting });
  }
  deliveryEnded(delivery: number): void {
    this.rows.deliveries.delete(delivery);
  }
  held(row: StoredHeld): void {
    this.rows.held.set(`${row.session} ${row.packetId}`, row);
  }
  heldEnded(session: number, packetId: number): void {
    this.rows.held.delete(`${session} ${packetId}`);
  }
  retained(row: StoredRetained): void {
    this.rows.retained.set(row.topicName, row);
  }
  retainedEnded(topicName: string): void {
    this.rows.retained.delete(topicName);
  }

  /** What a start at `nowMs` gives back: nothing expired, nothing that belongs to nothing. */
  readableAt(nowMs: number): Contents {
    const { sessions, subscriptions, messages, deliveries, held, retained } = this.rows;
    const users = [...deliveries.values(), ...held.values()]
      .filter(({ session }) => sessions.has(session));
    const begun = new Set(
      users.filter((row) => !("awaiting" in row) || row.awaiting !== 0).map((row) => row.message),
    );
    const wanted = new Set([...users, ...retained.values()].map(({ message }) => message));
    const given = select(
      messages,
      ({ message, expiresAtMs }) =>
        wanted.has(message) && (begun.has(message) || expiresAtMs > nowMs),
    );
    const isWhole = (row: { session: number; message: number }) =>
      sessions.has(row.session) && given.has(row.message);
    return {
      sessions,
      subscriptions: select(subscriptions, ({ session }) => sessions.has(session)),
      messages: given,
      deliveries: select(deliveries, isWhole),
      held: select(held, isWhole),
      retained: select(retained, ({ message }) => given.has(message)),
    };
  }
}

function select<K, V>(map: Map<K, V>, wanted: (row: V) => boolean): Map<K, V> {
  return new Map([...map].filter(([, row]) => wanted(row)));
}

/** Writes down what it is given, and insists on the order. */
export class RecordingReader implements StoreReader {
  readonly rows = empty();
  #lastMessage = -1;
  #lastDelivery = -1;

  session(row: StoredSession): void {
    assert.equal(this.rows.messages.size + this.rows.subscriptions.size, 0, "Sessions come first");
    this.rows.sessions.set(row.session, row);
  }
  subscription(row: StoredSubscription): void {
    assert.ok(this.rows.sessions.has(row.session));
    this.rows.subscriptions.set(`${row.session} ${row.topicFilter}`, row);
  }
  message(row: MessageHead, block: Uint8Array, start: number, end: number): void {
    assert.ok(row.message > this.#lastMessage);
    this.#lastMessage = row.message;
    this.rows.messages.set(row.message, { ...row, payload: block.subarray(start, end) });
  }
  messageUnused(message: number): void {
    assert.ok(this.rows.messages.delete(message));
  }
  delivery(row: StoredDelivery): void {
    assert.ok(this.rows.messages.has(row.message) && this.rows.sessions.has(row.session));
    assert.ok(row.delivery > this.#lastDelivery);
    this.#lastDelivery = row.delivery;
    this.rows.deliveries.set(row.delivery, row);
  }
  held(row: StoredHeld): void {
    assert.ok(this.rows.messages.has(row.message) && this.rows.sessions.has(row.session));
    this.rows.held.set(`${row.session} ${row.packetId}`, row);
  }
  retained(row: StoredRetained): void {
    assert.ok(this.rows.messages.has(row.message));
    this.rows.retained.set(row.topicName, row);
  }
}

/** One line for each row, in an order of their own: equal if the contents are. */
export function dump(contents: Contents): string[] {
  return Object.entries(contents).flatMap(([table, rows]) =>
    [...(rows as Map<string | number, unknown>).values()]
      .map((row) => `${table} ${JSON.stringify(plain(row))}`).sort()
  );
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `hex ${new Uint8Array(value).toHex()}`;
  if (value === Infinity) return "never";
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
  return Object.fromEntries(entries.map(([name, each]) => [name, plain(each)]));
}
