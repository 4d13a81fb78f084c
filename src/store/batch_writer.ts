// BatchWriter: changes as one compact run of bytes, which the worker of the store takes over.
//
//   |kind|fields ...|kind|fields ...|     kind: one byte, see ChangeKind
//   unsigned integers: 7 bits a byte, the lowest first, up to 2^53; times: float64
//   text and bytes: length, then UTF-8 or bytes; what may be missing has 1 added to its length, 0: missing

import { Buffer } from "node:buffer";
import type { Will } from "../packet/packets.ts";
import type {
  StoreChanges,
  StoredDelivery,
  StoredHeld,
  StoredMessage,
  StoredRetained,
  StoredSession,
  StoredSubscription,
} from "./stored.ts";

/** First byte of each change. */
export const ChangeKind = {
  Session: 1,
  SessionEnded: 2,
  Subscription: 3,
  SubscriptionEnded: 4,
  Message: 5,
  MessageEnded: 6,
  Delivery: 7,
  DeliveryChanged: 8,
  DeliveryEnded: 9,
  Held: 10,
  HeldEnded: 11,
  Retained: 12,
  RetainedEnded: 13,
} as const;

const FIRST_CAPACITY = 65_536;
/** Strings up to this length are looked at byte by byte: most are short and ASCII. */
const SHORT_TEXT = 64;

export class BatchWriter implements StoreChanges {
  #bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #length = 0;
  #changes = 0;

  /** Bytes written since the last {@link take}. */
  get length(): number {
    return this.#length;
  }

  /** Changes written since the last {@link take}. */
  get changes(): number {
    return this.#changes;
  }

  /** What was written, as bytes that nobody else holds; begins anew. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    this.#changes = 0;
    if (this.#bytes.length > 64 * FIRST_CAPACITY) {
      this.#bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
    }
    return taken;
  }

  session(row: StoredSession): void {
    this.#begin(ChangeKind.Session);
    this.#integer(row.session);
    this.#text(row.clientId);
    this.#optionalText(row.userName);
    this.#text(row.listener);
    this.#text(row.mountPoint);
    this.#integer(row.expiryInterval);
    this.#time(row.disconnectedAtMs ?? NaN);
    this.#integer(row.lastPacketId);
    this.#will(row.will);
  }

  sessionEnded(session: number): void {
    this.#begin(ChangeKind.SessionEnded);
    this.#integer(session);
  }

  subscription(row: StoredSubscription): void {
    this.#begin(ChangeKind.Subscription);
    this.#integer(row.session);
    this.#text(row.topicFilter);
    this.#byte(
      row.qos | (row.noLocal ? 4 : 0) | (row.retainAsPublished ? 8 : 0) |
        (row.awaitsRetained ? 16 : 0),
    );
    this.#integer(row.identifier);
  }

  subscriptionEnded(session: number, topicFilter: string): void {
    this.#begin(ChangeKind.SubscriptionEnded);
    this.#integer(session);
    this.#text(topicFilter);
  }

  message(row: StoredMessage): void {
    this.#begin(ChangeKind.Message);
    this.#integer(row.message);
    this.#text(row.topicName);
    this.#binary(row.payload);
    this.#binary(row.forwardedProperties);
    this.#byte(row.qos | (row.retain ? 4 : 0));
    this.#time(row.expiresAtMs);
    this.#optionalText(row.publisherId);
  }

  messageEnded(message: number): void {
    this.#begin(ChangeKind.MessageEnded);
    this.#integer(message);
  }

  delivery(row: StoredDelivery): void {
    this.#begin(ChangeKind.Delivery);
    this.#integer(row.delivery);
    this.#integer(row.session);
    this.#integer(row.message);
    this.#byte(row.qos | (row.retain ? 4 : 0) | row.awaiting << 3);
    this.#integer(row.packetId);
    this.#integer(row.subscriptionIdentifiers.length);
    for (const identifier of row.subscriptionIdentifiers) this.#integer(identifier);
    this.#text(row.sharedFilter);
  }

  deliveryChanged(delivery: number, packetId: number, awaiting: 0 | 1 | 2 | 3): void {
    this.#begin(ChangeKind.DeliveryChanged);
    this.#integer(delivery);
    this.#integer(packetId);
    this.#byte(awaiting);
  }

  deliveryEnded(delivery: number): void {
    this.#begin(ChangeKind.DeliveryEnded);
    this.#integer(delivery);
  }

  held(row: StoredHeld): void {
    this.#begin(ChangeKind.Held);
    this.#integer(row.session);
    this.#integer(row.packetId);
    this.#integer(row.message);
  }

  heldEnded(session: number, packetId: number): void {
    this.#begin(ChangeKind.HeldEnded);
    this.#integer(session);
    this.#integer(packetId);
  }

  retained(row: StoredRetained): void {
    this.#begin(ChangeKind.Retained);
    this.#text(row.topicName);
    this.#integer(row.message);
    this.#optionalText(row.ownerClientId);
    this.#optionalText(row.ownerUserName);
    this.#text(row.ownerListener);
  }

  retainedEnded(topicName: string): void {
    this.#begin(ChangeKind.RetainedEnded);
    this.#text(topicName);
  }

  #will(will: Will | undefined): void {
    if (will === undefined) return this.#byte(0);
    this.#byte(1);
    this.#text(will.topicName);
    this.#binary(will.payload);
    this.#byte(will.qos | (will.retain ? 4 : 0));
    this.#integer(will.willDelayInterval);
    this.#integer(will.messageExpiryInterval === undefined ? 0 : will.messageExpiryInterval + 1);
    this.#binary(will.forwardedProperties);
  }

  #begin(kind: number): void {
    this.#changes++;
    this.#byte(kind);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  #integer(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = rest % 0x80 | 0x80;
      rest = rest < 0x8000_0000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  #time(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  #text(text: string): void {
    if (text.length <= SHORT_TEXT && this.#ascii(text, 0)) return;
    const length = Buffer.byteLength(text);
    this.#integer(length);
    this.#utf8(text, length);
  }

  #optionalText(text: string | undefined): void {
    if (text === undefined) return this.#byte(0);
    if (text.length <= SHORT_TEXT && this.#ascii(text, 1)) return;
    const length = Buffer.byteLength(text);
    this.#integer(length + 1);
    this.#utf8(text, length);
  }

  /** Writes `text` with its length and `more`; false, and nothing written, if it is not all ASCII. */
  #ascii(text: string, more: number): boolean {
    const { length } = text;
    this.#reserve(length + 1);
    const bytes = this.#bytes;
    const start = this.#length;
    bytes[start] = length + more;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      bytes[start + 1 + i] = code;
    }
    this.#length = start + 1 + length;
    return true;
  }

  #utf8(text: string, length: number): void {
    this.#reserve(length);
    this.#bytes.write(text, this.#length, length, "utf8");
    this.#length += length;
  }

  #binary(bytes: Uint8Array): void {
    this.#integer(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#length + length));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
