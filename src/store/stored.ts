// What the store holds, row by row, on its way there (batches) and back (at the start). Numbers that name
// something (`session`, `message`, `delivery`) are given by the journal, never used twice, and below 2^53.
//
//   session 1--n subscription          message 1--n delivery n--1 session
//   session 1--n held (QoS 2) n--1 message          retained n--1 message

import type { RestoredSession, RestoredSubscription } from "../broker/restoration.ts";
import type { QoS } from "../packet/packet_type.ts";

export type StoredSession = RestoredSession;
export type StoredSubscription = RestoredSubscription;

/** A message but for its payload. */
export interface MessageHead {
  readonly message: number;
  readonly topicName: string;
  readonly forwardedProperties: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Milliseconds since 1970; Infinity: it does not expire. */
  readonly expiresAtMs: number;
  /** Client Identifier of the publisher; undefined: the broker itself. */
  readonly publisherId: string | undefined;
}

export interface StoredMessage extends MessageHead {
  readonly payload: Uint8Array;
}

export interface StoredDelivery {
  readonly delivery: number;
  readonly session: number;
  readonly message: number;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  /** The Topic Filter of the Shared Subscription it came by, `$share/…` included; "": none. */
  readonly sharedFilter: string;
  /** 0 as long as it waits to be sent. */
  readonly packetId: number;
  /** What the receiver has to answer next: 0 nothing (not sent), 1 PUBACK, 2 PUBREC, 3 PUBCOMP. */
  readonly awaiting: 0 | 1 | 2 | 3;
}

/** A QoS 2 message that its Client has not released. */
export interface StoredHeld {
  readonly session: number;
  readonly packetId: number;
  readonly message: number;
}

export interface StoredRetained {
  readonly topicName: string;
  readonly message: number;
  /** Whose right to publish it counts (check_retain_source); undefined: nobody's. */
  readonly ownerClientId: string | undefined;
  readonly ownerUserName: string | undefined;
  /** The listener whose access rules hold for the owner. */
  readonly ownerListener: string;
}

/** The changes that a batch is made of. */
export interface StoreChanges {
  /** Adds a Session or replaces what is known of it. */
  session(row: StoredSession): void;
  /** With its Subscriptions and held messages; its deliveries are ended one by one. */
  sessionEnded(session: number): void;
  /** Adds or replaces. */
  subscription(row: StoredSubscription): void;
  subscriptionEnded(session: number, topicFilter: string): void;
  message(row: StoredMessage): void;
  messageEnded(message: number): void;
  delivery(row: StoredDelivery): void;
  deliveryChanged(delivery: number, packetId: number, awaiting: 0 | 1 | 2 | 3): void;
  deliveryEnded(delivery: number): void;
  /** Adds or replaces. */
  held(row: StoredHeld): void;
  heldEnded(session: number, packetId: number): void;
  /** Adds or replaces. */
  retained(row: StoredRetained): void;
  retainedEnded(topicName: string): void;
}

/** Takes up what the store held: all Sessions first, then messages before what refers to them. */
export interface StoreReader {
  session(row: StoredSession): void;
  subscription(row: StoredSubscription): void;
  /** In the order of their numbers. The payload is `block[start, end)`: many messages may share a block. */
  message(row: MessageHead, block: Uint8Array, start: number, end: number): void;
  /** Nothing will refer to a message that was given. */
  messageUnused(message: number): void;
  /** In the order of their numbers. */
  delivery(row: StoredDelivery): void;
  held(row: StoredHeld): void;
  retained(row: StoredRetained): void;
}
