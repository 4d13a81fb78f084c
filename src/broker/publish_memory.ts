// PublishMemory: what a connection remembers of its last PUBLISH, so that the next one to the same Topic Name
// need not be decoded, looked up and encoded again (DESIGN, "Speed").
//
//   chunk  |30 0e 00 03 a / b payload|30 0e 00 03 a / b payload|30 ...
//            `-- as remembered: its bytes go to each receiver as they are
//
// It holds for PUBLISHes with QoS 0 and without RETAIN, Properties or Topic Alias, whose receivers all take
// those very bytes: connected, of the same kind of version and mount point, without aliases and identifiers. For
// everything else, and as soon as a Subscription, a connection or an access rule has changed, the packet goes
// the whole way through on_publish.ts; so the two ways must always come to the same.

import { PacketType } from "../packet/packet_type.ts";
import type { PublishPacket } from "../packet/publish.ts";
import { copyBytes } from "../packet/bytes.ts";
import type { Session } from "../session/session.ts";
import type { Connection } from "./connection.ts";
import type { Output } from "./output.ts";

/** QoS 0, no DUP, no RETAIN. */
const PLAIN_PUBLISH = PacketType.Publish << 4;

export class PublishMemory {
  readonly #connection: Connection;
  readonly #isV5: boolean;
  /** Length and UTF-8 of the Topic Name, as they stand in the packet; and an empty Property Length in MQTT 5.0. */
  #pattern: Uint8Array;
  #outputs: readonly Output[];
  /** The router's generation that all this holds for; -1 for none. */
  #generation = -1;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#isV5 = connection.version === 5;
    this.#pattern = new Uint8Array(0);
    this.#outputs = [];
  }

  /** Remembers `packet`, which has just been routed, if it is of the kind. */
  remember(packet: PublishPacket): void {
    const { router, sessions, environment } = this.#connection.parts;
    this.#generation = -1;
    if (this.#connection.policy.limits.maximumPayloadSize > 0) return;
    if (packet.bytes[packet.start] !== PLAIN_PUBLISH) return;
    const patternStart = packet.topicStart - 2;
    if (this.#isV5 && !this.#endsWithoutProperties(packet)) return;
    const { clientId, lastTopicName, policy } = this.#connection;
    const outputs: Output[] = [];
    const isPlain = router.visitReceivers(lastTopicName!, clientId, (session: Session) => {
      const output = sessions.get(session.clientId)?.connection?.output;
      if (output === undefined) return !environment.queuesQoS0Messages; // nobody there
      if (!output.takesBytesOf(this.#isV5, policy.mountPoint)) return false;
      outputs.push(output);
      return true;
    });
    if (!isPlain) return;
    const pattern = packet.bytes.subarray(patternStart, packet.payloadStart);
    if (!startsWith(this.#pattern, pattern)) this.#pattern = copyBytes(pattern);
    this.#outputs = outputs;
    this.#generation = router.generation;
  }

  /**
   * Delivers all the PUBLISHes at the start of `bytes[at, end)` that are as remembered.
   * @returns the offset behind the last of them.
   */
  deliver(bytes: Uint8Array, at: number, end: number): number {
    const { router, statistics, ports } = this.#connection.parts;
    const { limits } = this.#connection.policy;
    if (ports.log.isDebugEnabled) return at; // the whole way has a line for each packet
    if (this.#generation !== router.generation) return at;
    const pattern = this.#pattern;
    const outputs = this.#outputs;
    let count = 0;
    let payloadBytes = 0;
    while (at + 1 < end && bytes[at] === PLAIN_PUBLISH) {
      let remaining = bytes[at + 1]!;
      let body = at + 2;
      if (remaining >= 0x80) {
        const second = bytes[at + 2]!; // if it is behind `end`, so is `next`
        if (second >= 0x80 || second === 0) break; // large ones, and malformed ones, go the whole way
        remaining = (remaining & 0x7f) + second * 0x80;
        body = at + 3;
      }
      const next = body + remaining;
      if (next > end || next - at > limits.maximumPacketSize) break;
      if (remaining < pattern.length || !startsWithAt(bytes, body, pattern)) break;
      if (!this.#haveRoom(next - at)) break;
      for (let i = 0; i < outputs.length; i++) outputs[i]!.appendBytes(bytes, at, next);
      count++;
      payloadBytes += remaining - pattern.length;
      at = next;
    }
    if (count === 0) return at;
    statistics.messagesReceived += count;
    statistics.publishReceived += count;
    statistics.publishBytesReceived += payloadBytes;
    statistics.publishSent += count * outputs.length;
    statistics.publishBytesSent += payloadBytes * outputs.length;
    return at;
  }

  /** True if every receiver takes a packet of `length` bytes without being slowed down or asked twice. */
  #haveRoom(length: number): boolean {
    const outputs = this.#outputs;
    for (let i = 0; i < outputs.length; i++) if (!outputs[i]!.hasRoomFor(length)) return false;
    return true;
  }

  /** In MQTT 5.0 the payload must follow a Property Length of 0. */
  #endsWithoutProperties(packet: PublishPacket): boolean {
    return packet.payloadStart === packet.topicEnd + 1;
  }
}

function startsWith(known: Uint8Array, pattern: Uint8Array): boolean {
  return known.length === pattern.length && startsWithAt(pattern, 0, known);
}

function startsWithAt(bytes: Uint8Array, at: number, pattern: Uint8Array): boolean {
  for (let i = 0; i < pattern.length; i++) if (bytes[at + i] !== pattern[i]) return false;
  return true;
}
