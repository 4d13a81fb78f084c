// StoreJournal: gathers changes, hands them to the store in batches, and lets go of acknowledgements when
// their batch is stored. Without I/O: the store is a BatchSink, time comes in.
//
//   handlers --changes--> [ current ] --seal--> [ units ]  --+
//                                      `------> [ young ]  --+--> batch --> BatchSink --committed--> done
//                             deliveries that ended: [ closed ] --'
//
// One batch is under way at a time, and while it is, the next one gathers: a slow disk gets large batches, a
// fast one small ones. Messages that are on their way to connected Clients stay "young" for a moment: most are
// acknowledged before their time is over and are never written. What nobody waits for is written lazily.

import type { Journal } from "../broker/journal.ts";
import type { RetainedRecord } from "../broker/retained_store.ts";
import type { SessionEntry } from "../broker/sessions.ts";
import type { Will } from "../packet/packets.ts";
import type { Delivery } from "../session/delivery.ts";
import type { Message } from "../session/message.ts";
import type { Session } from "../session/session.ts";
import type { Publisher } from "../session/session_ports.ts";
import type { Subscription } from "../session/subscription.ts";
import { BatchEncoder } from "./batch_encoder.ts";
import { BatchWriter } from "./batch_writer.ts";
import { EndingSessions } from "./ending_sessions.ts";
import { SlowSessions } from "./slow_sessions.ts";
import { type Change, JournalRecord, JournalUnit, type RecordKeeper } from "./unit.ts";
import { YoungUnits } from "./young_units.ts";

/** How long what nobody waits for may wait. */
const LAZY_MS = 250;
/** A timer may be so much too early. */
const TIMER_SLACK_MS = 2;
/** Bytes after which a batch is full. */
const MAX_BATCH_BYTES = 4_194_304;
/** Bytes of messages that wait to be stored, from which on publishers are slowed down. */
const MAX_WAITING_BYTES = 67_108_864;
/** What a change is counted with besides its message. */
const CHANGE_BYTES = 64;

/** What one is counted with that is about a Session. */
const SESSION_BYTES = 2_000;

/** Where batches go; one at a time, until {@link StoreJournal.committed}. */
export interface BatchSink {
  commit(batch: Uint8Array): void;
}

export interface StoreJournalOptions {
  readonly sink: BatchSink;
  /** Milliseconds of the broker's clock. */
  readonly clock: () => number;
  /** Asks for a call of {@link StoreJournal.flush} when the current batch of input is processed. */
  readonly scheduleFlush: () => void;
  /** Asks for a call of {@link StoreJournal.flush} in `delayMs`; the next call replaces this one. */
  readonly scheduleTimer: (delayMs: number) => void;
  /** Milliseconds for which everything may wait while acknowledgements leave at once; undefined: they wait. */
  readonly relaxedMs: number | undefined;
  /** Bytes after which a batch is full; default 4 MiB. */
  readonly maxBatchBytes?: number;
}

/** The first numbers that nothing in the store has. */
export interface NextNumbers {
  readonly session: number;
  readonly message: number;
  readonly delivery: number;
}

export class StoreJournal implements Journal, RecordKeeper {
  readonly isStoring = true;
  readonly holdsBack: boolean;
  trouble: string | undefined = undefined;
  readonly #options: StoreJournalOptions;
  readonly #writer = new BatchWriter();
  readonly #encoder: BatchEncoder;
  readonly #lazyMs: number;
  readonly #maxBatchBytes: number;
  #current: JournalUnit | undefined = undefined;
  #units: JournalUnit[] = [];
  readonly #young = new YoungUnits();
  /** When the unit that gathers, or the last one, was begun in a turn of the event loop: one look at the clock for all. */
  #turnMs = 0;
  readonly #slow = new SlowSessions();
  readonly #keepsUp = (session: Session): boolean =>
    session.isConnected && !session.isFallingBehind &&
    !this.#slow.has(session, this.#turnMs);
  #closed: JournalRecord[] = [];
  /** Stored deliveries that were sent since. */
  #changed: JournalRecord[] = [];
  /** Whether somebody waits for one of the units. */
  #isUrgent = false;
  /** When what nobody waits for is to be written; Infinity: there is nothing. */
  #lazyDueMs = Infinity;
  #isFlushAsked = false;
  #timerDueMs = Infinity;
  #underWay: JournalUnit[] | undefined = undefined;
  #waitingBytes = 0;
  readonly #heldBack = new Set<Publisher>();
  readonly #ending = new EndingSessions();
  #nextUnit = 1;
  #nextSession = 1;
  #nextDelivery = 1;

  constructor(options: StoreJournalOptions) {
    this.#options = options;
    this.holdsBack = options.relaxedMs === undefined;
    this.#lazyMs = options.relaxedMs ?? LAZY_MS;
    this.#maxBatchBytes = options.maxBatchBytes ?? MAX_BATCH_BYTES;
    this.#encoder = new BatchEncoder(this.#writer, this);
  }

  /** To be called before anything else when the store is not empty. */
  continueFrom({ session, message, delivery }: NextNumbers): void {
    this.#nextSession = session;
    this.#nextDelivery = delivery;
    this.#encoder.nextMessage = message;
  }

  /** Takes up a delivery that is stored. */
  restore(delivery: Delivery, number: number, session: number): void {
    delivery.number = number;
    delivery.record = new JournalRecord(session, delivery, undefined, this);
  }

  // ------------------------------------------------------------------------------ what has changed

  sessionMade(entry: SessionEntry): void {
    entry.session.storedNumber = this.#nextSession++;
    this.sessionChanged(entry);
  }

  sessionChanged(entry: SessionEntry): void {
    if (entry.isChangeNoted) return;
    entry.isChangeNoted = true;
    this.#note({ kind: "session", entry }, SESSION_BYTES);
  }

  sessionEnded(session: Session): void {
    const { clientId, storedNumber } = session;
    this.#note({ kind: "session ended", number: storedNumber, clientId });
    this.#ending.add(clientId);
  }

  isEnding(clientId: string): boolean {
    return this.#ending.has(clientId);
  }

  willPublished(entry: SessionEntry, will: Will): void {
    entry.publishedWills = [...entry.publishedWills, will];
    this.#note({ kind: "will published", entry, will }, SESSION_BYTES);
  }

  subscribed(
    session: Session,
    topicFilter: string,
    subscription: Subscription,
    awaitsRetained: boolean,
  ): void {
    this.#note({
      kind: "subscribed",
      session: session.storedNumber,
      topicFilter,
      subscription,
      awaitsRetained,
    });
  }

  unsubscribed(session: Session, topicFilter: string): void {
    this.#note({ kind: "unsubscribed", session: session.storedNumber, topicFilter });
  }

  held(session: Session, packetId: number, message: Message): void {
    this.#note({ kind: "held", session: session.storedNumber, packetId, message }, message.size);
  }

  heldEnded(session: Session, packetId: number, message: Message): void {
    this.#note({ kind: "held ended", session: session.storedNumber, packetId, message });
  }

  retainedChanged(record: RetainedRecord, isAwaited: boolean): void {
    if (record.topicName.startsWith("$SYS/")) return; // the broker says it anew
    if (record.isChangeNoted && !isAwaited) return; // one note is enough until it is written
    record.isChangeNoted = true;
    this.#note({ kind: "retained", record }, record.message.size);
  }

  opened(session: Session, delivery: Delivery): void {
    const unit = this.#open();
    delivery.number = this.#nextDelivery++;
    if (delivery.qos === 1 && delivery.group === undefined) {
      unit.addSimple(session, delivery);
    } else {
      const record = new JournalRecord(session.storedNumber, delivery, unit, this);
      delivery.record = record;
      unit.add(record);
    }
    this.#weigh(unit, delivery.message.size + CHANGE_BYTES);
  }

  sendWhenStored(session: Session, delivery: Delivery): void {
    (this.#open().sends ??= []).push({ session, delivery });
  }

  recordChanged(record: JournalRecord): void {
    if (record.delivery.qos === 2) {
      this.#note({ kind: "delivery changed", record });
      record.lastChange = this.#current;
      return;
    }
    // That a message with QoS 1 was sent need not be stored before anything else is: it is only sent again with DUP.
    this.#changed.push(record);
    this.#waitLazily();
  }

  recordMoved(record: JournalRecord): void {
    (this.#open().moves ??= []).push(record);
  }

  recordClosed(record: JournalRecord): void {
    const { unit } = record;
    if (unit === undefined) {
      this.#closed.push(record);
      return this.#waitLazily();
    }
    this.closedIn(unit, record.delivery);
  }

  closedIn(unit: JournalUnit, delivery: Delivery): void {
    this.#weigh(unit, -delivery.message.size - CHANGE_BYTES);
    if (--unit.open === 0 && unit !== this.#current && unit.isOfDeliveries) unit.done();
  }

  // ---------------------------------------------------------------------------- when it is stored

  awaited(): JournalUnit | undefined {
    const unit = this.#current;
    if (unit === undefined || !this.holdsBack) return undefined;
    unit.isAwaited = true;
    return unit;
  }

  seal(): void {
    const unit = this.#current;
    if (unit === undefined) return;
    this.#current = undefined;
    unit.isSealed = true;
    if (!unit.mayBeDoneSoon(this.#keepsUp)) {
      this.#units.push(unit);
      this.#young.hurryBefore(unit);
      if (unit.isAwaited || unit.sends !== undefined) this.#isUrgent = true;
      return this.#waitLazily();
    }
    if (unit.open === 0) return unit.done();
    unit.dueMs = this.#turnMs + (this.holdsBack ? this.#young.waitMs(unit) : this.#lazyMs);
    this.#young.add(unit);
  }

  awaitEarlier(): void {
    if (this.#underWay !== undefined || this.#units.length > 0) this.#open().changes ??= [];
  }

  get isCongested(): boolean {
    return this.#waitingBytes > MAX_WAITING_BYTES;
  }

  holdBack(publisher: Publisher): void {
    if (this.#heldBack.has(publisher)) return;
    this.#heldBack.add(publisher);
    publisher.pauseReading();
  }

  /** Hands over what is due, unless a batch is under way. */
  flush(): void {
    this.#isFlushAsked = false;
    this.seal();
    if (this.#underWay !== undefined) return;
    const nowMs = this.#options.clock();
    const isDue = this.#isUrgent || this.#lazyDueMs <= nowMs;
    const first = this.#young.oldest();
    if (isDue || (first !== undefined && first.dueMs <= nowMs)) return this.#handOver(nowMs);
    const dueMs = Math.min(this.#lazyDueMs, first?.dueMs ?? Infinity);
    if (this.#timerDueMs <= nowMs + TIMER_SLACK_MS) this.#timerDueMs = Infinity; // it has fired, or it may have
    if (dueMs !== Infinity) this.#setTimer(dueMs, nowMs);
  }

  /** Nothing can be stored at the moment; the batch that is under way is tried again. */
  failing(reason: string): void {
    this.trouble = reason;
  }

  /** Storing works again. */
  recovered(): void {
    this.trouble = undefined;
  }

  /** Hands over everything, due or not. @returns whether a batch is under way. */
  flushAll(): boolean {
    this.seal();
    if (this.#underWay === undefined) this.#handOver(Infinity);
    return this.#underWay !== undefined;
  }

  /** The batch that was handed over is stored. */
  committed(): void {
    const units = this.#underWay ?? [];
    this.#underWay = undefined;
    for (const unit of units) {
      this.#ending.stored(unit.changes);
      unit.done();
    }
    this.#letGoOn();
    this.flush();
  }

  #handOver(nowMs: number): void {
    const writer = this.#writer;
    const underWay: JournalUnit[] = [];
    for (const record of this.#changed) this.#encoder.changed(record);
    for (const record of this.#closed) this.#encoder.closed(record);
    this.#changed = [];
    this.#closed = [];
    const fullBytes = writer.length + this.#maxBatchBytes;
    let units = 0;
    while (writer.length < fullBytes) { // in the order they were made, as far as they are due
      const next = this.#units[units];
      const young = this.#young.takeDue(next?.number ?? Infinity, nowMs);
      if (young === undefined) units++;
      const unit = young ?? next;
      if (unit === undefined) break;
      if (unit.isDone) continue;
      if (unit === young && unit.dueMs <= nowMs) this.#slow.addThoseOf(unit);
      this.#weigh(unit, -unit.bytes);
      this.#encoder.unit(unit);
      underWay.push(unit);
    }
    this.#units = this.#units.slice(units);
    this.#isUrgent = this.#units.length > 0;
    if (!this.#isUrgent) this.#lazyDueMs = Infinity;
    this.#underWay = underWay;
    if (writer.length === 0) return this.committed(); // nothing of it had to be stored after all
    this.#options.sink.commit(writer.take());
  }

  /** The unit that gathers. */
  #open(): JournalUnit {
    if (this.#current === undefined) {
      this.#current = new JournalUnit(this.#nextUnit++, this);
      this.#askForFlush();
    }
    return this.#current;
  }

  #note(change: Change, bytes: number = 0): void {
    const unit = this.#open();
    (unit.changes ??= []).push(change);
    this.#weigh(unit, bytes + CHANGE_BYTES);
  }

  #weigh(unit: JournalUnit, bytes: number): void {
    unit.bytes += bytes;
    this.#waitingBytes += bytes;
  }

  #waitLazily(): void {
    if (this.#lazyDueMs !== Infinity) return;
    this.#askForFlush();
    this.#lazyDueMs = this.#turnMs + this.#lazyMs;
  }

  #askForFlush(): void {
    if (this.#isFlushAsked) return;
    this.#isFlushAsked = true;
    this.#turnMs = this.#options.clock();
    this.#options.scheduleFlush();
  }

  #setTimer(dueMs: number, nowMs: number): void {
    if (dueMs >= this.#timerDueMs) return;
    this.#timerDueMs = dueMs;
    this.#options.scheduleTimer(Math.max(0, dueMs - nowMs));
  }

  #letGoOn(): void {
    if (this.#heldBack.size === 0 || this.#waitingBytes * 2 > MAX_WAITING_BYTES) return;
    const publishers = [...this.#heldBack];
    this.#heldBack.clear();
    for (const publisher of publishers) publisher.resumeReading();
  }
}
