// JournalUnit: changes that are stored together or not at all, and who waits for that.

import type { Unit } from "../broker/journal.ts";
import type { Will } from "../packet/packets.ts";
import type { Message } from "../session/message.ts";
import type { Delivery } from "../session/delivery.ts";
import type { DeliveryRecord } from "../session/delivery_journal.ts";
import type { Session } from "../session/session.ts";
import type { Subscription } from "../session/subscription.ts";
import type { RetainedRecord } from "../broker/retained_store.ts";
import type { SessionEntry } from "../broker/sessions.ts";

/** A change that is not a delivery's beginning; it is put into words when its batch leaves. */
export type Change =
  | { readonly kind: "session"; readonly entry: SessionEntry }
  | { readonly kind: "session ended"; readonly number: number; readonly clientId: string }
  | { readonly kind: "will published"; readonly entry: SessionEntry; readonly will: Will }
  | {
    readonly kind: "subscribed";
    readonly session: number;
    readonly topicFilter: string;
    readonly subscription: Subscription;
    readonly awaitsRetained: boolean;
  }
  | { readonly kind: "unsubscribed"; readonly session: number; readonly topicFilter: string }
  | {
    readonly kind: "held" | "held ended";
    readonly session: number;
    readonly packetId: number;
    readonly message: Message;
  }
  | { readonly kind: "retained"; readonly record: RetainedRecord }
  | { readonly kind: "delivery changed"; readonly record: JournalRecord };

/** What the journal knows of one delivery. */
export class JournalRecord implements DeliveryRecord {
  readonly number: number;
  readonly session: number;
  readonly delivery: Delivery;
  /** The unit it begins in, as long as that has not been written. */
  unit: JournalUnit | undefined;
  isClosed = false;
  /** The unit of its last change. */
  lastChange: JournalUnit | undefined = undefined;
  readonly #journal: RecordKeeper;

  constructor(
    number: number,
    session: number,
    delivery: Delivery,
    unit: JournalUnit | undefined,
    journal: RecordKeeper,
  ) {
    this.number = number;
    this.session = session;
    this.delivery = delivery;
    this.unit = unit;
    this.#journal = journal;
  }

  /** It has ended, or its Client may acknowledge it any moment. */
  get mayEndSoon(): boolean {
    const { qos, sentHere, group } = this.delivery;
    return this.isClosed || (qos === 1 && sentHere && group === undefined);
  }

  get isStored(): boolean {
    return this.unit === undefined && (this.lastChange === undefined || this.lastChange.isDone);
  }

  changed(): void {
    const { unit, delivery } = this;
    // Else it is written as it is then; but with QoS 2, no message may be found on its way before an earlier one.
    if (unit === undefined || (unit.isSealed && delivery.qos === 2)) {
      this.#journal.recordChanged(this);
    }
  }

  closed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#journal.recordClosed(this);
  }

  moved(): void {
    this.#journal.recordMoved(this);
  }
}

/** What a record needs of its journal. */
export interface RecordKeeper {
  recordChanged(record: JournalRecord): void;
  recordClosed(record: JournalRecord): void;
  recordMoved(record: JournalRecord): void;
}

export class JournalUnit implements Unit {
  /** The deliveries that begin in it: mostly there is one. */
  first: JournalRecord | undefined = undefined;
  others: JournalRecord[] | undefined = undefined;
  /** Undefined as long as there are none: then the unit is done when all its deliveries are. */
  changes: Change[] | undefined = undefined;
  /** Deliveries that end with this unit, because other Sessions' in it take their place. */
  moved: JournalRecord[] | undefined = undefined;
  /** QoS 2 messages that may be sent when the unit is stored. */
  sends: { readonly session: Session; readonly delivery: Delivery }[] | undefined = undefined;
  /** Deliveries that are not closed. */
  open = 0;
  /** What it counts for while it waits to be written. */
  bytes = 0;
  /** Later ones have higher numbers. */
  readonly number: number;
  /** When it is to be written at the latest, in ms of the broker's clock. */
  dueMs = 0;
  /** Nothing more is added to it. */
  isSealed = false;
  isDone = false;
  waiter: { unitDone(): void } | undefined = undefined;

  constructor(number: number) {
    this.number = number;
  }

  add(record: JournalRecord): void {
    this.open++;
    if (this.first === undefined) this.first = record;
    else (this.others ??= []).push(record);
  }

  /** True if it is done when all its deliveries are. */
  get isOfDeliveries(): boolean {
    return this.changes === undefined && this.sends === undefined && this.moved === undefined;
  }

  /** True if all that is in it are messages on their way to Clients that may acknowledge them any moment. */
  get mayBeDoneSoon(): boolean {
    if (!this.isOfDeliveries) return false;
    if (this.first !== undefined && !this.first.mayEndSoon) return false;
    return this.others === undefined || this.others.every((record) => record.mayEndSoon);
  }

  /** All of it is stored, or need not be. */
  done(): void {
    if (this.isDone) return;
    this.isDone = true;
    for (const { session, delivery } of this.sends ?? []) session.stored(delivery);
    this.waiter?.unitDone();
    this.first = this.others = undefined; // records that live on refer to their units
    this.changes =
      this.moved =
      this.sends =
      this.waiter =
        undefined;
  }
}
