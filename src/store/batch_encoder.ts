// BatchEncoder: puts units into words, and keeps count of who refers to which message, so that each is
// stored once and ended with the last one that refers to it.

import type { SessionEntry } from "../broker/sessions.ts";
import type { RetainedRecord } from "../broker/retained_store.ts";
import type { Message } from "../session/message.ts";
import type { BatchWriter } from "./batch_writer.ts";
import { type Change, JournalRecord, type JournalUnit, type RecordKeeper } from "./unit.ts";

export class BatchEncoder {
  readonly #writer: BatchWriter;
  readonly #keeper: RecordKeeper;
  /** Messages that were held, to be let go of when their unit is written. */
  #released: Message[] = [];
  /** The first number that no stored message has. */
  nextMessage = 1;

  /** @param keeper of the records of what is stored. */
  constructor(writer: BatchWriter, keeper: RecordKeeper) {
    this.#writer = writer;
    this.#keeper = keeper;
  }

  /** Writes what of `unit` must be stored. */
  unit(unit: JournalUnit): void {
    for (const change of unit.changes ?? []) this.#change(change);
    for (let i = 0; i < unit.simple.length; i++) {
      const delivery = unit.simple[i]!;
      if (delivery.record !== unit) continue; // it is closed
      const session = unit.sessions[i]!.storedNumber;
      const record = new JournalRecord(session, delivery, undefined, this.#keeper);
      delivery.record = record;
      this.#opened(record);
    }
    for (const record of unit.records ?? []) this.#begun(record);
    for (const record of unit.moves ?? []) this.#moved(record);
    if (this.#released.length === 0) return;
    for (const message of this.#released) this.#dereference(message);
    this.#released = [];
  }

  #begun(record: JournalRecord): void {
    record.unit = undefined;
    if (!record.isClosed) this.#opened(record);
  }

  #moved(record: JournalRecord): void {
    if (record.isClosed) return;
    record.isClosed = true;
    this.closed(record);
  }

  /** Writes what state a delivery that is stored is in now, unless it has ended. */
  changed({ isClosed, delivery }: JournalRecord): void {
    if (isClosed) return;
    this.#writer.deliveryChanged(delivery.number, delivery.packetId, delivery.awaiting);
  }

  /** Writes that a delivery that is stored has ended. */
  closed(record: JournalRecord): void {
    this.#writer.deliveryEnded(record.delivery.number);
    this.#dereference(record.delivery.message);
  }

  #opened({ session, delivery, lastChange }: JournalRecord): void {
    const { number, message, qos, retain, subscriptionIdentifiers, group } = delivery;
    const hasChanged = lastChange !== undefined; // in a later unit
    this.#writer.delivery({
      delivery: number,
      session,
      message: this.#reference(message),
      qos,
      retain,
      subscriptionIdentifiers: subscriptionIdentifiers ?? NONE,
      sharedFilter: group === undefined ? "" : `$share/${group.shareName}/${group.filter}`,
      packetId: hasChanged ? 0 : delivery.packetId,
      awaiting: hasChanged ? 0 : delivery.awaiting,
    });
  }

  #change(change: Change): void {
    const writer = this.#writer;
    switch (change.kind) {
      case "session":
        return this.#session(change.entry);
      case "session ended":
        return writer.sessionEnded(change.number);
      case "will published": {
        const { entry, will } = change;
        entry.publishedWills = entry.publishedWills.filter((each) => each !== will);
        return this.#session(entry);
      }
      case "subscribed": {
        const { session, topicFilter, subscription, awaitsRetained } = change;
        const { qos, noLocal, retainAsPublished, identifier } = subscription;
        return writer.subscription({
          session,
          topicFilter,
          qos,
          noLocal,
          retainAsPublished,
          identifier,
          awaitsRetained,
        });
      }
      case "unsubscribed":
        return writer.subscriptionEnded(change.session, change.topicFilter);
      case "held": {
        const { session, packetId, message } = change;
        return writer.held({ session, packetId, message: this.#reference(message) });
      }
      case "held ended":
        writer.heldEnded(change.session, change.packetId);
        return void this.#released.push(change.message); // its deliveries may stand in the same unit
      case "retained":
        return this.#retained(change.record);
      case "delivery changed":
        return this.changed(change.record);
    }
  }

  #session(entry: SessionEntry): void {
    const { session, identity, listener, mountPoint, disconnectedAtMs } = entry;
    const will = entry.publishedWills[0] ?? entry.will; // what was published is not stored yet
    entry.isChangeNoted = false;
    entry.hasPassingState = will !== undefined || disconnectedAtMs !== undefined;
    this.#writer.session({
      session: session.storedNumber,
      clientId: session.clientId,
      userName: identity.userName,
      listener,
      mountPoint,
      expiryInterval: session.expiryInterval,
      disconnectedAtMs,
      will,
      lastPacketId: session.outbound.lastPacketId,
    });
  }

  /** Writes the retained message that there is now, whichever changes came before. */
  #retained(record: RetainedRecord): void {
    const { topicName, isRemoved, storedMessage } = record;
    const message = isRemoved ? undefined : record.message;
    record.isChangeNoted = false;
    if (message === storedMessage) return;
    if (message === undefined) {
      this.#writer.retainedEnded(topicName);
    } else {
      this.#writer.retained({
        topicName,
        message: this.#reference(message),
        ownerClientId: record.identity?.clientId,
        ownerUserName: record.identity?.userName,
        ownerListener: record.listener,
      });
    }
    record.storedMessage = message;
    if (storedMessage !== undefined) this.#dereference(storedMessage);
  }

  /** The number of `message`, which is stored now if it was not. */
  #reference(message: Message): number {
    message.storedReferences++;
    if (message.storedNumber !== 0) return message.storedNumber;
    const { topicName, payload, forwardedProperties, qos, retain, expiresAtMs, publisherId } =
      message;
    message.storedNumber = this.nextMessage++;
    this.#writer.message({
      message: message.storedNumber,
      topicName,
      payload,
      forwardedProperties,
      qos,
      retain,
      expiresAtMs,
      publisherId,
    });
    return message.storedNumber;
  }

  #dereference(message: Message): void {
    if (--message.storedReferences > 0) return;
    this.#writer.messageEnded(message.storedNumber);
    message.storedNumber = 0;
  }
}

const NONE: readonly number[] = [];
