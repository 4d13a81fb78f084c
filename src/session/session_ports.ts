// The ports of a Session: what it sends to, what it pulls from, and what the broker gives it.

import type { QoS } from "../packet/packet_type.ts";
import type { Delivery } from "./delivery.ts";
import type { DeliveryJournal } from "./delivery_journal.ts";
import type { Message } from "./message.ts";
import type { Session } from "./session.ts";
import type { StoredBytes } from "./stored_bytes.ts";

/** Why a message did not reach a Session. */
export type DropReason =
  | "queue full"
  | "maximumStoredBytes reached"
  | "output full"
  | "larger than Maximum Packet Size"
  | "expired"
  | "nobody left to take it";

/** Somebody whose messages can be slowed down: the connection of a Client that publishes. */
export interface Publisher {
  /** Stops reading from it until {@link resumeReading} was called as often. */
  pauseReading(): void;
  resumeReading(): void;
}

/** What a Session sends to: the connection of its Client. */
export interface DeliverySink {
  /** True while so much output waits that nothing more should be added. */
  readonly isCongested: boolean;
  /** Sends a PUBLISH; false if the Client can't take it because of its size. */
  sendPublish(
    message: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): boolean;
  sendPubrel(packetId: number): void;
  /** Slows `publisher` down, for a bounded time, until this Client has caught up. */
  holdBack(publisher: Publisher): void;
}

/** What a Session is given by the broker. */
export interface SessionEnvironment {
  /** Milliseconds of the broker's clock. */
  readonly nowMs: number;
  /** Messages that may wait for one Session. */
  readonly maximumQueuedMessages: number;
  /** Bytes that the messages that wait for one Session may have. */
  readonly maximumQueuedBytes: number;
  /** Bytes that the messages under way to one Client may have; 0: no limit. */
  readonly maximumInflightBytes: number;
  /** Whether QoS 0 messages wait for a Client that is not connected. */
  readonly queuesQoS0Messages: boolean;
  /** What all Sessions together may keep waiting. */
  readonly storedBytes: StoredBytes;
  readonly journal: DeliveryJournal;
  /** A message for `session` was dropped. */
  onDrop(session: Session, message: Message, reason: DropReason): void;
}

/** Messages that wait outside of the queue until there is room for them. */
export interface DeliverySource {
  /** Topic Filter whose Subscription they are for; a new source for it replaces this one. */
  readonly topicFilter: string;
  /** The next one, undefined when there are no more. */
  next(): Delivery | undefined;
}
