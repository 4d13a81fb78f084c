// Journal: the port to durable state, the only way there. The handlers say what changes; what an acknowledgement
// promises is stored before it leaves (DESIGN, "What an acknowledgement means"):
//
//   const matched = routeMessage(...)       changes are noted in the unit that gathers
//   const unit = journal.awaited()          that unit: all of it is stored together or not at all
//   acknowledge(connection, unit, ...)      the PUBACK leaves when the unit is stored; at once if there is nothing
//   journal.seal()                          what came in one piece from a Client is processed: its unit is complete

import type { Will } from "../packet/packets.ts";
import type { DeliveryJournal } from "../session/delivery_journal.ts";
import { NO_DELIVERY_JOURNAL } from "../session/delivery_journal.ts";
import type { Message } from "../session/message.ts";
import type { Session } from "../session/session.ts";
import type { Publisher } from "../session/session_ports.ts";
import type { Subscription } from "../session/subscription.ts";
import type { RetainedRecord } from "./retained_store.ts";
import type { SessionEntry } from "./sessions.ts";

/** Changes that are stored together or not at all. */
export interface Unit {
  /** True once they are stored, or need not be any more. */
  readonly isDone: boolean;
  /** Tells `waiter` when {@link isDone} becomes true. */
  tell(waiter: UnitWaiter): void;
}

export interface UnitWaiter {
  unitDone(): void;
}

export interface Journal extends DeliveryJournal {
  /** Whether anything is stored at all. */
  readonly isStoring: boolean;
  /** Why nothing can be stored at the moment, in words; undefined if all is well. */
  readonly trouble: string | undefined;
  /** The unit that what has changed is in, for somebody who waits for it; undefined if there is nothing to wait for. */
  awaited(): Unit | undefined;
  /** What has changed is a unit of its own: what changes next is not stored together with it. */
  seal(): void;
  /** The unit that gathers is stored with or behind everything that has changed up to now, even if it is nothing itself. */
  awaitEarlier(): void;
  /** Whether a Session of the Client with this Client Identifier has ended, and that is not stored yet. */
  isEnding(clientId: string): boolean;
  /** True if so much waits to be stored that whoever adds to it should be slowed down. */
  readonly isCongested: boolean;
  /** Slows `publisher` down until that is over. */
  holdBack(publisher: Publisher): void;

  /** A Session that is to be stored was made: it gets its number. */
  sessionMade(entry: SessionEntry): void;
  /** Its connection, Will Message, user or expiry has changed. */
  sessionChanged(entry: SessionEntry): void;
  sessionEnded(session: Session): void;
  /** `will` was published: it is not stored any more when the message is. */
  willPublished(entry: SessionEntry, will: Will): void;
  /** @param awaitsRetained whether retained messages are still to be sent for it. */
  subscribed(
    session: Session,
    topicFilter: string,
    subscription: Subscription,
    awaitsRetained: boolean,
  ): void;
  unsubscribed(session: Session, topicFilter: string): void;
  /** A QoS 2 message waits for its PUBREL. */
  held(session: Session, packetId: number, message: Message): void;
  heldEnded(session: Session, packetId: number, message: Message): void;
  /**
   * The retained message in `record` is another one, or there is none any more.
   * @param isAwaited whether an acknowledgement waits for that.
   */
  retainedChanged(record: RetainedRecord, isAwaited: boolean): void;
}

/** Nothing outlives the process. */
export const NO_JOURNAL: Journal = {
  ...NO_DELIVERY_JOURNAL,
  isStoring: false,
  trouble: undefined,
  awaited: () => undefined,
  seal: () => {},
  awaitEarlier: () => {},
  isEnding: () => false,
  isCongested: false,
  holdBack: () => {},
  sessionMade: () => {},
  sessionChanged: () => {},
  sessionEnded: () => {},
  willPublished: () => {},
  subscribed: () => {},
  unsubscribed: () => {},
  held: () => {},
  heldEnded: () => {},
  retainedChanged: () => {},
};
