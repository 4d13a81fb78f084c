// RestoringReader: what the store gives back, row by row, as the broker's own objects.

import type { Restoration } from "../broker/restoration.ts";
import type { SessionEntry } from "../broker/sessions.ts";
import { Delivery } from "../session/delivery.ts";
import { Message } from "../session/message.ts";
import type { TopicName } from "../topic/topic_name.ts";
import { SortedNumbers } from "./sorted_numbers.ts";
import type { StoreJournal } from "./store_journal.ts";
import type {
  MessageHead,
  StoredDelivery,
  StoredHeld,
  StoredRetained,
  StoredSession,
  StoredSubscription,
  StoreReader,
} from "./stored.ts";

export class RestoringReader implements StoreReader {
  readonly #restoration: Restoration;
  readonly #journal: StoreJournal;
  readonly #sessions = new Map<number, SessionEntry>();
  /** In the order of their numbers. A Map of a million takes a second to fill. */
  readonly #messages: Message[] = [];
  readonly #numbers = new SortedNumbers();

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

  message(row: MessageHead, block: Uint8Array, start: number, end: number): void {
    const message = Message.restored(
      row as MessageHead & { topicName: TopicName },
      block,
      start,
      end,
    );
    message.storedNumber = row.message;
    this.#numbers.add(row.message);
    this.#messages.push(message);
  }

  /** It goes with this reader. */
  messageUnused(_message: number): void {}

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
    const message = this.#messages[this.#numbers.indexOf(number)];
    if (message === undefined) {
      throw new Error(`the store refers to message ${number}, which it has not`);
    }
    message.storedReferences++;
    return message;
  }
}
