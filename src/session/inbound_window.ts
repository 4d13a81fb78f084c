// InboundWindow: the QoS 2 messages that the Client began to send and has not released, by Packet
// Identifier (MQTT 5.0, section 4.3.3). A message is held from its PUBLISH to its PUBREL and routed then,
// once, however often the PUBLISH was repeated; that is also when Mosquitto routes it.

import type { Message } from "./message.ts";

interface Held {
  readonly message: Message;
  /** Whether its PUBLISH came over the connection that there is now, and so counts for its quota. */
  isOfThisConnection: boolean;
}

export class InboundWindow {
  #held: Map<number, Held> | undefined = undefined;
  #bytes = 0;
  #quotaUsed = 0;

  /** Number of messages that wait for their PUBREL. */
  get size(): number {
    return this.#held?.size ?? 0;
  }

  /** How many of them the Client's send quota was spent on: it begins anew with each connection (section 4.9). */
  get quotaUsed(): number {
    return this.#quotaUsed;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True if `message` is held already under this Packet Identifier: the PUBLISH was repeated. */
  holds(packetId: number, message: Message): boolean {
    const held = this.#held?.get(packetId)?.message;
    return held !== undefined && held.topicName === message.topicName &&
      equalBytes(held.payload, message.payload);
  }

  /**
   * Holds `message`. Another one under the same Packet Identifier, which the Client has given up by
   * using the identifier again, is replaced, as Mosquitto does.
   */
  hold(packetId: number, message: Message): void {
    this.release(packetId);
    (this.#held ??= new Map()).set(packetId, { message, isOfThisConnection: true });
    this.#bytes += message.size;
    this.#quotaUsed++;
  }

  /** Takes out the message that a PUBREL releases; undefined if none is held. */
  release(packetId: number): Message | undefined {
    const held = this.#held?.get(packetId);
    if (held === undefined) return undefined;
    this.#held!.delete(packetId);
    this.#bytes -= held.message.size;
    if (held.isOfThisConnection) this.#quotaUsed--;
    return held.message;
  }

  /** The connection is gone. */
  disconnect(): void {
    this.#quotaUsed = 0;
    for (const held of this.#held?.values() ?? []) held.isOfThisConnection = false;
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
