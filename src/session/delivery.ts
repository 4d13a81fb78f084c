// Delivery: one message for one Session, from the queue through the outbound window to its last
// acknowledgement. DeliveryQueue: those that wait for a place in the window.

import type { QoS } from "../packet/packet_type.ts";
import type { DeliveryRecord } from "./delivery_journal.ts";
import type { Message } from "./message.ts";
import type { StoredBytes } from "./stored_bytes.ts";
import type { SharedGroup } from "./subscription.ts";

/** What the receiver has to answer next (MQTT 5.0, section 4.3). */
export const Awaiting = { Send: 0, Puback: 1, Pubrec: 2, Pubcomp: 3 } as const;
export type Awaiting = typeof Awaiting[keyof typeof Awaiting];

export class Delivery {
  readonly message: Message;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** The group it was picked from, which gets it back if the receiver leaves. */
  readonly group: SharedGroup | undefined;
  /** 0 until it is sent for the first time. */
  packetId = 0;
  awaiting: Awaiting = Awaiting.Send;
  /** Whether it was sent, or its PUBREL was, over the connection that there is now. */
  sentHere = false;
  /** It has its place in the window but is not sent before its Packet Identifier is stored. */
  isHeldBack = false;
  /** The journal's: the order in which deliveries came; 0 if it need not outlive the process, or no longer. */
  number = 0;
  /** Undefined if it need not outlive the process. */
  record: DeliveryRecord | undefined = undefined;

  constructor(
    message: Message,
    qos: QoS,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
    group: SharedGroup | undefined,
  ) {
    this.message = message;
    this.qos = qos;
    this.retain = retain;
    this.subscriptionIdentifiers = subscriptionIdentifiers;
    this.group = group;
  }
}

/** What may wait for one Session, in place of what may for all others. */
export interface QueueLimits {
  readonly messages: number;
  readonly bytes: number;
  /** Whether a message that finds no room takes that of the oldest, instead of being dropped. */
  readonly dropsOldest: boolean;
  /** A message was dropped because of them. */
  onDrop(): void;
}

/** First in, first out, without moving the rest. */
export class DeliveryQueue {
  #items: (Delivery | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  readonly #storedBytes: StoredBytes;

  /** @param storedBytes of all queues, which those of this one are added to. */
  constructor(storedBytes: StoredBytes) {
    this.#storedBytes = storedBytes;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Sum of the sizes of the messages that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether `delivery` is one too many. */
  isFullFor(delivery: Delivery, maximumMessages: number, maximumBytes: number): boolean {
    return this.length >= maximumMessages || this.#bytes + delivery.message.size > maximumBytes;
  }

  push(delivery: Delivery): void {
    this.#items.push(delivery);
    this.#bytes += delivery.message.size;
    this.#storedBytes.take(delivery.message);
  }

  shift(): Delivery | undefined {
    const delivery = this.#items[this.#head];
    if (delivery === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    this.#left(delivery);
    if (this.#head * 2 >= this.#items.length) { // half of it is gone: constant cost on average
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return delivery;
  }

  /** Makes the messages fit to wait for long. */
  settle(): void {
    for (const delivery of this.#items) delivery?.message.settle();
  }

  /** Those that wait, in order. */
  *values(): Generator<Delivery> {
    for (let i = this.#head; i < this.#items.length; i++) yield this.#items[i]!;
  }

  /** Takes out all that `wanted` accepts, in order. */
  extract(wanted: (delivery: Delivery) => boolean): Delivery[] {
    const taken: Delivery[] = [];
    const kept: Delivery[] = [];
    for (const delivery of this.#items) {
      if (delivery === undefined) continue;
      if (wanted(delivery)) {
        taken.push(delivery);
        this.#left(delivery);
      } else {
        kept.push(delivery);
      }
    }
    this.#items = kept;
    this.#head = 0;
    return taken;
  }

  #left({ message }: Delivery): void {
    this.#bytes -= message.size;
    this.#storedBytes.release(message);
  }
}
