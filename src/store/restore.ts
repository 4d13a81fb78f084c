// RestoringReader: what the store gives back, row by row, as the broker's own objects.

import type { Restoration } from "../broker/restoration.ts";
import type { SessionEntry } from "../broker/sessions.ts";
import { Delivery } from "../session/delivery.ts";
import { Message } from "../session/message.ts";
import type { TopicName } from "../topic/topic_name.ts";
import type { StoreJournal } from "./store_journal.ts";
import type {
  StoredDelivery,
  StoredHeld,
  StoredMessage,
  StoredRetained,
  StoredSession,
  StoredSubscription,
  StoreReader,
} from "./stored.ts";

export class RestoringReader implements StoreReader {
  readonly #restoration: Restoration;
  readonly #journal: StoreJournal;
  readonly #sessions = new Map<number, SessionEntry>();
  readonly #messages = new Map<number, Message>();

  constructor(restoration: Restoration, journal: StoreJournal) {
    this.#restoration = restoration;
    this.#journal = journal;
  }

  session(row: StoredSession): void {
    this.#sessions.set(row.session, this.#restoration.session(row));
  }

  subscription(row: StoredSubscription): void {
    this.#restoration.subscription(this.#entry(row.session), row);
  }

  message({ message: number, topicName, ...fields }: StoredMessage): void {
    const message = new Message({ ...fields, topicName: topicName as TopicName });
    message.storedNumber = number;
    this.#messages.set(number, message);
  }

  delivery(row: StoredDelivery): void {
    const { session, subscriptionIdentifiers, sharedFilter } = row;
    const message = this.#refer(row.message);
    const delivery = new Delivery(
      message,
      row.qos,
      row.retain,
      subscriptionIdentifiers.length === 0 ? undefined : subscriptionIdentifiers,
      sharedFilter === "" ? undefined : this.#restoration.group(sharedFilter),
    );
    delivery.packetId = row.packetId;
    delivery.awaiting = row.awaiting;
    this.#journal.restore(delivery, row.delivery, session);
    this.#restoration.delivery(this.#entry(session), delivery);
  }

  held({ session, packetId, message }: StoredHeld): void {
    this.#restoration.held(this.#entry(session), packetId, this.#refer(message));
  }

  retained({ message, ownerClientId, ownerUserName, ownerListener }: StoredRetained): void {
    const owner = ownerClientId === undefined
      ? undefined
      : { clientId: ownerClientId, userName: ownerUserName };
    this.#restoration.retained(this.#refer(message), owner, ownerListener);
  }

  #entry(session: number): SessionEntry {
    const entry = this.#sessions.get(session);
    if (entry === undefined) {
      throw new Error(`the store refers to Session ${session}, which it has not`);
    }
    return entry;
  }

  #refer(number: number): Message {
    const message = this.#messages.get(number);
    if (message === undefined) {
      throw new Error(`the store refers to message ${number}, which it has not`);
    }
    message.storedReferences++;
    return message;
  }
}
