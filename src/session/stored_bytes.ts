// StoredBytes: what the broker keeps of messages, all Sessions together: those that wait in queues, or for an absent
// Client's acknowledgement, that are retained, and that are held for their PUBREL. "Stored" as in
// $SYS/broker/store: in memory, be it on disk, too.
//
// A message that is kept in many places is in memory once: its first place counts with all of its bytes, each
// further one with what a place costs. What is sent at once is never counted, as long as its Client is there.

import { type Message, MESSAGE_OVERHEAD } from "./message.ts";

export class StoredBytes {
  /** Bytes. Only {@link hasRoomFor} asks: what is taken all the same is counted all the same. */
  maximum: number;
  #total = 0;

  constructor(maximum: number) {
    this.maximum = maximum;
  }

  /** Bytes of everything that is kept. */
  get total(): number {
    return this.#total;
  }

  /**
   * Whether `message` may be kept in one more place.
   * @param freed bytes that go in return.
   */
  hasRoomFor(message: Message, freed: number = 0): boolean {
    return this.#total + costOf(message) - freed <= this.maximum;
  }

  /** `message` is kept in one more place. */
  take(message: Message): void {
    this.#total += costOf(message);
    message.places++;
  }

  /** `message` is kept in one place less. */
  release(message: Message): void {
    message.places--;
    this.#total -= costOf(message);
  }
}

/** What the next place of `message` costs, or what the last one has. */
function costOf(message: Message): number {
  return message.places === 0 ? message.size : MESSAGE_OVERHEAD;
}
