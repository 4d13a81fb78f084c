// InboundWindow: the QoS 2 messages that the Client began to send and has not released, by Packet
// Identifier (MQTT 5.0, section 4.3.3). A message is held from its PUBLISH to its PUBREL and routed then,
// once, however often the PUBLISH was repeated; that is also when Mosquitto routes it.

import type { Message } from "./message.ts";
import type { StoredBytes } from "./stored_bytes.ts";

export class InboundWindow {
  #held: Map<number, Message> | undefined = undefined;
  #bytes = 0;
  #quotaUsed = 0;
  readonly #storedBytes: StoredBytes;

  /** @param storedBytes of all Sessions, which those that are held here are added to. */
  constructor(storedBytes: StoredBytes) {
    this.#storedBytes = storedBytes;
  }

  /** The messages that wait for their PUBREL, by Packet Identifier. */
  get held(): ReadonlyMap<number, Message> {
    return this.#held ?? NOTHING;
  }

  /** Number of messages that wait for their PUBREL. */
  get size(): number {
    return this.#held?.size ?? 0;
  }

  /**
   * How much of its send quota the Client has used: it begins anew with each connection, and a PUBCOMP gives
   * back one whenever its exchange was begun (section 4.9).
   */
  get quotaUsed(): number {
    return this.#quotaUsed;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True if `message` is held already under this Packet Identifier: the PUBLISH was repeated. */
  holds(packetId: number, message: Message): boolean {
    const held = this.#held?.get(packetId);
    return held !== undefined && held.topicName === message.topicName &&
      equalBytes(held.payload, message.payload);
  }

  /**
   * Holds `message`. Another one under the same Packet Identifier, which the Client has given up by
   * using the identifier again, is replaced, as Mosquitto does.
   * @returns the one that was replaced.
   */
  hold(packetId: number, message: Message): Message | undefined {
    const replaced = this.release(packetId);
    this.restore(packetId, message);
    this.#quotaUsed++;
    return replaced;
  }

  /** Takes up a message that was held before the broker started again. */
  restore(packetId: number, message: Message): void {
    (this.#held ??= new Map()).set(packetId, message);
    this.#bytes += message.size;
    this.#storedBytes.take(message);
  }

  /** Takes out the message that a PUBREL releases; undefined if none is held. */
  release(packetId: number): Message | undefined {
    const message = this.#held?.get(packetId);
    if (message === undefined) return undefined;
    this.#held!.delete(packetId);
    this.#bytes -= message.size;
    this.#storedBytes.release(message);
    if (this.#quotaUsed > 0) this.#quotaUsed--;
    return message;
  }

  /** The connection is gone. */
  disconnect(): void {
    this.#quotaUsed = 0;
  }
}

const NOTHING: ReadonlyMap<number, Message> = new Map();

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
