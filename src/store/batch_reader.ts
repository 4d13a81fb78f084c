// Reads what a BatchWriter has written. Batches never leave the process, so one that makes no sense is a
// mistake of ours.

import { Buffer } from "node:buffer";
import type { QoS } from "../packet/packet_type.ts";
import { NO_BYTES } from "../packet/publish.ts";
import { TopicNameCache } from "../packet/topic_name_cache.ts";
import { ChangeKind } from "./batch_writer.ts";
import type { Will } from "../packet/packets.ts";
import type { StoreChanges } from "./stored.ts";

/**
 * Calls `changes` for each change in `batch`, in order. Byte fields are views into `batch`.
 * @throws {RangeError} if it is not what a BatchWriter writes.
 */
export function readBatch(batch: Uint8Array, changes: StoreChanges): void {
  const cursor = new Cursor(batch);
  while (!cursor.isAtEnd) readChange(cursor, changes);
}

function readChange(cursor: Cursor, changes: StoreChanges): void {
  const kind = cursor.byte();
  switch (kind) {
    case ChangeKind.Session:
      return changes.session({
        session: cursor.integer(),
        clientId: cursor.text(),
        userName: cursor.optionalText(),
        listener: cursor.text(),
        mountPoint: cursor.text(),
        expiryInterval: cursor.integer(),
        disconnectedAtMs: unlessNaN(cursor.time()),
        lastPacketId: cursor.integer(),
        will: readWill(cursor),
      });
    case ChangeKind.SessionEnded:
      return changes.sessionEnded(cursor.integer());
    case ChangeKind.Subscription: {
      const session = cursor.integer();
      const topicFilter = cursor.text();
      const flags = cursor.byte();
      return changes.subscription({
        session,
        topicFilter,
        qos: (flags & 3) as QoS,
        noLocal: (flags & 4) !== 0,
        retainAsPublished: (flags & 8) !== 0,
        awaitsRetained: (flags & 16) !== 0,
        identifier: cursor.integer(),
      });
    }
    case ChangeKind.SubscriptionEnded:
      return changes.subscriptionEnded(cursor.integer(), cursor.text());
    case ChangeKind.Message: {
      const message = cursor.integer();
      const topicName = cursor.repeatedText();
      const payload = cursor.binary();
      const forwardedProperties = cursor.binary();
      const flags = cursor.byte();
      return changes.message({
        message,
        topicName,
        payload,
        forwardedProperties,
        qos: (flags & 3) as QoS,
        retain: (flags & 4) !== 0,
        expiresAtMs: cursor.time(),
        publisherId: cursor.repeatedOptionalText(),
      });
    }
    case ChangeKind.MessageEnded:
      return changes.messageEnded(cursor.integer());
    case ChangeKind.Delivery: {
      const delivery = cursor.integer();
      const session = cursor.integer();
      const message = cursor.integer();
      const flags = cursor.byte();
      return changes.delivery({
        delivery,
        session,
        message,
        qos: (flags & 3) as QoS,
        retain: (flags & 4) !== 0,
        awaiting: (flags >> 3) as 0 | 1 | 2 | 3,
        packetId: cursor.integer(),
        subscriptionIdentifiers: cursor.integers(),
        sharedFilter: cursor.text(),
      });
    }
    case ChangeKind.DeliveryChanged:
      return changes.deliveryChanged(
        cursor.integer(),
        cursor.integer(),
        cursor.byte() as 0 | 1 | 2 | 3,
      );
    case ChangeKind.DeliveryEnded:
      return changes.deliveryEnded(cursor.integer());
    case ChangeKind.Held:
      return changes.held({
        session: cursor.integer(),
        packetId: cursor.integer(),
        message: cursor.integer(),
      });
    case ChangeKind.HeldEnded:
      return changes.heldEnded(cursor.integer(), cursor.integer());
    case ChangeKind.Retained:
      return changes.retained({
        topicName: cursor.text(),
        message: cursor.integer(),
        ownerClientId: cursor.optionalText(),
        ownerUserName: cursor.optionalText(),
        ownerListener: cursor.text(),
      });
    case ChangeKind.RetainedEnded:
      return changes.retainedEnded(cursor.text());
    default:
      throw new RangeError(`no change has the kind ${kind}`);
  }
}

function readWill(cursor: Cursor): Will | undefined {
  if (cursor.byte() === 0) return undefined;
  const topicName = cursor.text();
  const payload = cursor.binary();
  const flags = cursor.byte();
  return {
    topicName,
    payload,
    qos: (flags & 3) as QoS,
    retain: (flags & 4) !== 0,
    willDelayInterval: cursor.integer(),
    messageExpiryInterval: oneLess(cursor.integer()),
    forwardedProperties: cursor.binary(),
  };
}

function unlessNaN(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

function oneLess(value: number): number | undefined {
  return value === 0 ? undefined : value - 1;
}

/** Many messages have the same few Topic Names and publishers. */
const REPEATED = new TopicNameCache();
const NONE: readonly number[] = [];

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw new RangeError("the batch ends within a change");
    this.#at++;
    return value;
  }

  integers(): readonly number[] {
    const length = this.integer();
    return length === 0 ? NONE : Array.from({ length }, () => this.integer());
  }

  integer(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
      unit *= 0x80;
    }
  }

  time(): number {
    const value = this.#bytes.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  text(): string {
    return this.#textOf(this.integer());
  }

  optionalText(): string | undefined {
    const length = this.integer();
    return length === 0 ? undefined : this.#textOf(length - 1);
  }

  /** As {@link text}, faster for one that was read before. */
  repeatedText(): string {
    return this.#repeatedOf(this.integer());
  }

  repeatedOptionalText(): string | undefined {
    const length = this.integer();
    return length === 0 ? undefined : this.#repeatedOf(length - 1);
  }

  binary(): Uint8Array {
    const length = this.integer();
    if (length === 0) return NO_BYTES;
    this.#check(length);
    const start = this.#at;
    this.#at += length;
    return this.#bytes.subarray(start, this.#at);
  }

  #textOf(length: number): string {
    this.#check(length);
    const start = this.#at;
    this.#at += length;
    return this.#bytes.toString("utf8", start, this.#at);
  }

  #repeatedOf(length: number): string {
    this.#check(length);
    const start = this.#at;
    this.#at += length;
    return REPEATED.read(this.#bytes, start, this.#at);
  }

  #check(length: number): void {
    if (this.#at + length > this.#bytes.length) {
      throw new RangeError("the batch ends within a change");
    }
  }
}
