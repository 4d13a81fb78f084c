// DeliveryJournal: the port through which Sessions say what of their deliveries must outlive the process.
// Only those with QoS 1 or 2 of a Session that is stored have a DeliveryRecord; the journal makes it.

import type { Delivery } from "./delivery.ts";
import type { Session } from "./session.ts";

/** What a journal knows of a delivery, which says what happens to it. */
export interface DeliveryRecord {
  /** Whether it is stored as it is now. */
  readonly isStored: boolean;
  /** The Packet Identifier, or what the receiver has to answer next, has changed. */
  changed(delivery: Delivery): void;
  /** The exchange is complete, or the message was dropped. */
  closed(delivery: Delivery): void;
  /** The message is another Session's from now on: this ends when that is stored, not before. */
  moved(delivery: Delivery): void;
}

export interface DeliveryJournal {
  /**
   * Whether what a packet to a Client gives away must be stored before it leaves: then a QoS 2 PUBLISH waits for
   * its Packet Identifier, without which a broker that starts again could not tell the message from a new one.
   */
  readonly holdsBack: boolean;
  /** `delivery`, with QoS 1 or 2, is `session`'s from now on: it gets its record. */
  opened(session: Session, delivery: Delivery): void;
  /** Calls `session.stored(delivery)` once everything up to now is stored. */
  sendWhenStored(session: Session, delivery: Delivery): void;
}

/** Keeps nothing. */
export const NO_DELIVERY_JOURNAL: DeliveryJournal = {
  holdsBack: false,
  opened: () => {},
  sendWhenStored: (session, delivery) => session.stored(delivery),
};
