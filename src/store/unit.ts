// JournalUnit: changes that are stored together or not at all, and who waits for that.

import type { Unit, UnitWaiter } from "../broker/journal.ts";
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

/** What the journal knows of a delivery that is stored, or that more can happen to than that it ends. */
export class JournalRecord implements DeliveryRecord {
  readonly session: number;
  readonly delivery: Delivery;
  /** The unit it begins in, as long as that has not been written. */
  unit: JournalUnit | undefined;
  isClosed = false;
  /** The unit of its last change. */
  lastChange: JournalUnit | undefined = undefined;
  readonly #keeper: RecordKeeper;

  constructor(
    session: number,
    delivery: Delivery,
    unit: JournalUnit | undefined,
    keeper: RecordKeeper,
  ) {
    this.session = session;
    this.delivery = delivery;
    this.unit = unit;
    this.#keeper = keeper;
  }

  get isStored(): boolean {
    return this.unit === undefined && (this.lastChange === undefined || this.lastChange.isDone);
  }

  changed(): void {
    const { unit, delivery } = this;
    // Else it is written as it is then; but with QoS 2, no message may be found on its way before an earlier one.
    if (unit === undefined || (unit.isSealed && delivery.qos === 2)) {
      this.#keeper.recordChanged(this);
    }
  }

  closed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#keeper.recordClosed(this);
  }

  moved(): void {
    this.#keeper.recordMoved(this);
  }
}

/** What units and records need of their journal. */
export interface RecordKeeper {
  recordChanged(record: JournalRecord): void;
  recordClosed(record: JournalRecord): void;
  recordMoved(record: JournalRecord): void;
  /** A delivery without a record of its own, which began in `unit`, has ended before that was written. */
  closedIn(unit: JournalUnit, delivery: Delivery): void;
}

/**
 * Changes that are stored together or not at all. It is itself the record of its "simple" deliveries, most of which
 * end before anything is written: QoS 1, and by no Shared Subscription.
 */
export class JournalUnit implements Unit, DeliveryRecord {
  readonly isStored = false;
  /** Deliveries that begin in it, and their Sessions; their record is the unit while they are open. */
  simple: Delivery[] = [];
  sessions: Session[] = [];
  /** The other deliveries that begin in it. */
  records: JournalRecord[] | undefined = undefined;
  /** Undefined as long as there are none: then the unit is done when all its deliveries are. */
  changes: Change[] | undefined = undefined;
  /** Deliveries that end with this unit, because other Sessions' in it take their place. */
  moves: JournalRecord[] | undefined = undefined;
  /** QoS 2 messages that may be sent when the unit is stored. */
  sends: { readonly session: Session; readonly delivery: Delivery }[] | undefined = undefined;
  /** Deliveries that have begun in it, and those of them that are not closed. */
  begun = 0;
  open = 0;
  /** What it counts for while it waits to be written. */
  bytes = 0;
  /** Later ones have higher numbers. */
  readonly number: number;
  /** When it is to be written at the latest, in ms of the broker's clock. */
  dueMs = 0;
  /** Some of its messages were not sent at once, when it was sealed. */
  hasQueued = false;
  /** Somebody waits for it. */
  isAwaited = false;
  /** Nothing more is added to it. */
  isSealed = false;
  isDone = false;
  readonly #keeper: RecordKeeper;
  #waiter: UnitWaiter | undefined = undefined;
  #otherWaiters: UnitWaiter[] | undefined = undefined;

  constructor(number: number, keeper: RecordKeeper) {
    this.number = number;
    this.#keeper = keeper;
  }

  /** `delivery`, with QoS 1 and by no Shared Subscription, begins in this unit. */
  addSimple(session: Session, delivery: Delivery): void {
    this.begun++;
    this.open++;
    this.simple.push(delivery);
    this.sessions.push(session);
    delivery.record = this;
  }

  add(record: JournalRecord): void {
    this.begun++;
    this.open++;
    (this.records ??= []).push(record);
  }

  /** True if it is done when all its deliveries are. */
  get isOfDeliveries(): boolean {
    return this.changes === undefined && this.sends === undefined && this.moves === undefined;
  }

  /**
   * True if all that is in it are messages which their Clients may acknowledge any moment.
   * @param keepsUp whether a Session will soon have sent what waits for it.
   */
  mayBeDoneSoon(keepsUp: (session: Session) => boolean): boolean {
    if (!this.isOfDeliveries) return false;
    if (this.records !== undefined && !this.records.every(({ isClosed }) => isClosed)) return false;
    const { simple, sessions } = this;
    for (let i = 0; i < simple.length; i++) {
      const delivery = simple[i]!;
      if (delivery.record !== this || delivery.sentHere) continue;
      if (!keepsUp(sessions[i]!)) return false;
      this.hasQueued = true;
    }
    return true;
  }

  /** The Sessions that a delivery with QoS 1 begins for in it, which is not closed; some more than once. */
  *openSessions(): Generator<number> {
    for (const [i, delivery] of this.simple.entries()) {
      if (delivery.record === this) yield this.sessions[i]!.storedNumber;
    }
    for (const { session, delivery, isClosed } of this.records ?? []) {
      if (delivery.qos === 1 && !isClosed) yield session;
    }
  }

  tell(waiter: UnitWaiter): void {
    if (this.#waiter === undefined) this.#waiter = waiter;
    else if (this.#waiter !== waiter) (this.#otherWaiters ??= []).push(waiter);
  }

  /** All of it is stored, or need not be. */
  done(): void {
    if (this.isDone) return;
    this.isDone = true;
    for (const { session, delivery } of this.sends ?? []) session.stored(delivery);
    const waiter = this.#waiter;
    const others = this.#otherWaiters;
    this.simple = NO_DELIVERIES; // deliveries that live on may refer to their units
    this.sessions = NO_SESSIONS;
    this.records =
      this.changes =
      this.moves =
      this.sends =
      this.#waiter =
      this.#otherWaiters =
        undefined;
    waiter?.unitDone();
    for (const other of others ?? []) other.unitDone();
  }

  // As the record of its simple deliveries. It is written as they are then.

  changed(): void {}

  closed(delivery: Delivery): void {
    delivery.record = undefined;
    this.#keeper.closedIn(this, delivery);
  }

  moved(): void {
    throw new Error("only messages of a Shared Subscription go to another Session");
  }
}

const NO_DELIVERIES: Delivery[] = [];
const NO_SESSIONS: Session[] = [];
