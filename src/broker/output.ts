// Output: everything that goes to one peer. It is the Session's DeliverySink, encodes and counts what is
// sent, hands the Outbox to the Link write by write, and knows when the peer is too slow.

import { PacketType, type ProtocolVersion, type QoS } from "../packet/packet_type.ts";
import { encodePublish, publishFlags } from "../packet/publish.ts";
import type { Message } from "../session/message.ts";
import type { DeliverySink, Publisher } from "../session/session_ports.ts";
import { Backpressure, type SlowPeer } from "./backpressure.ts";
import type { Connection } from "./connection.ts";
import { LARGE_PAYLOAD_BYTES, Outbox } from "./outbox.ts";
import { logAckSent, logPublishSent } from "./packet_log.ts";

const PUBREL = PacketType.Pubrel << 4 | 2;
/** In the flags of a PUBLISH. */
const QOS_2 = 4;

export class Output implements DeliverySink, SlowPeer {
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #mountPoint: string;
  #isUnflushed = false;
  #backpressure: Backpressure | undefined = undefined;
  /** The peer is not read because it does not read our answers. */
  #holdsOwnPeer = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#outbox = new Outbox(connection.parts.buffers);
    this.#mountPoint = connection.policy.mountPoint;
  }

  get isWriting(): boolean {
    return this.#outbox.isWriting;
  }

  /** Bytes that the peer has not taken yet. */
  get waitingBytes(): number {
    return this.#outbox.bytes;
  }

  onStalled(): void {
    this.#connection.onStalled();
  }

  get isCongested(): boolean {
    return this.#outbox.bytes > this.#connection.policy.limits.congestedOutputBytes;
  }

  /** Appends a whole Control Packet. */
  append(packet: Uint8Array): void {
    this.#outbox.append(packet);
    this.#sent();
  }

  /** True if a PUBLISH can be passed on as a publisher of MQTT 5.0 (`v5`) or MQTT 3 behind `mountPoint` sent it. */
  takesBytesOf(v5: boolean, mountPoint: string): boolean {
    const { version, isConnected } = this.#connection;
    return isConnected && (version === 5) === v5 && this.#mountPoint === mountPoint &&
      this.#connection.state.outboundAliases === undefined;
  }

  /** True if a packet of `length` bytes can be appended without a second thought. */
  hasRoomFor(length: number): boolean {
    return !this.isCongested && length <= this.#connection.state.maximumPacketSize;
  }

  /** Appends the packet in `bytes[start, end)`, for which {@link hasRoomFor} was asked. */
  appendBytes(bytes: Uint8Array, start: number, end: number): void {
    this.#outbox.appendRange(bytes, start, end);
    this.#sent();
  }

  /** Appends a PUBACK, PUBREC, PUBREL or PUBCOMP; a Reason Code of 0 is left out. */
  appendAck(firstByte: number, packetId: number, reasonCode: number): void {
    this.#outbox.appendAck(firstByte, packetId, reasonCode);
    this.#sent();
  }

  sendPublish(
    broadcast: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): boolean {
    if (qos === 0 && this.#dropsQoS0(broadcast)) return true;
    const message = this.#mountPoint === "" ? broadcast : broadcast.below(this.#mountPoint);
    const { state, version, parts } = this.#connection;
    const isPlain = state.outboundAliases === undefined &&
      (version !== 5 || subscriptionIdentifiers === undefined);
    const flags = publishFlags(qos, retain, dup);
    const fits = isPlain
      ? this.#appendFrame(message, version, flags, packetId, qos > 0)
      : this.#appendIndividually(message, flags, packetId, subscriptionIdentifiers);
    if (!fits) { // [MQTT-3.1.2-24], [MQTT-3.1.2-25]
      parts.environment.onDrop(state.entry.session, message, "larger than Maximum Packet Size");
      return false;
    }
    if (parts.ports.log.isDebugEnabled) {
      logPublishSent(this.#connection, message, qos, retain, dup, packetId);
    }
    this.#sent();
    parts.statistics.publishSent++;
    parts.statistics.publishBytesSent += message.payloadLength;
    return true;
  }

  sendPubrel(packetId: number): void {
    if (this.#connection.parts.ports.log.isDebugEnabled) {
      logAckSent(this.#connection, PUBREL, packetId, 0);
    }
    this.appendAck(PUBREL, packetId, 0);
  }

  holdBack(publisher: Publisher): void {
    if (publisher === this.#connection) return; // it could not acknowledge either
    this.#beginBackpressure().holdBack(publisher);
  }

  /** Reads no more from a peer that does not read: its answers would pile up without end. */
  pauseReadingIfFull(): void {
    if (this.#holdsOwnPeer) return;
    if (this.#outbox.bytes <= this.#connection.policy.limits.maximumOutputBytes) return;
    this.#holdsOwnPeer = true;
    this.#beginBackpressure();
    this.#connection.pauseReading();
  }

  /** To be called when output or queue may have shrunk. */
  endBackpressureIfDrained(): void {
    if (this.#backpressure === undefined) return;
    const { policy, isConnected } = this.#connection;
    if (this.#outbox.bytes > policy.limits.drainedOutputBytes) return;
    this.#releaseOwnPeer(); // whatever the queue says: only this peer's acknowledgements shorten it
    if (isConnected && !this.#connection.state.entry.session.hasCaughtUp) return;
    this.endBackpressure();
  }

  /** Whoever waits for this peer waits no more. */
  endBackpressure(): void {
    this.#backpressure?.end();
    this.#backpressure = undefined;
    this.#releaseOwnPeer();
  }

  /** Starts the write of what was gathered, unless one is under way. Called once for each batch of input. */
  flush(): void {
    this.#isUnflushed = false;
    if (!this.#outbox.isWriting && this.#connection.phase !== "closed") this.#write();
  }

  /** The write that was under way is complete. */
  written(): void {
    this.#outbox.written();
    if (this.#connection.phase === "closed") return;
    this.progressed();
    this.#write();
    if (!this.#connection.isConnected) return;
    if (!this.isCongested) this.#connection.state.entry.session.pump();
    this.endBackpressureIfDrained();
  }

  /** The peer has taken bytes. */
  progressed(): void {
    if (this.#backpressure === undefined) return;
    this.#backpressure.progressMs = this.#connection.parts.time.nowMs;
  }

  /** Throws away what has not been written. */
  clear(): void {
    this.#outbox.clear();
  }

  #write(): void {
    if (!this.#connection.isLinkOpen) return;
    const bytes = this.#outbox.take();
    if (bytes === undefined) return this.#connection.onOutputEmpty();
    this.#connection.parts.statistics.bytesSent += bytes.length;
    this.#connection.link.write(bytes);
  }

  #sent(): void {
    const { parts } = this.#connection;
    parts.statistics.messagesSent++;
    if (this.#isUnflushed) return;
    this.#isUnflushed = true;
    parts.unflushed.push(this);
    parts.requestFlush();
  }

  /** Appends what all receivers of this kind get alike; false if the Client can't take it. */
  #appendFrame(
    message: Message,
    version: ProtocolVersion,
    flags: number,
    packetId: number,
    hasPacketId: boolean,
  ): boolean {
    const { state, parts } = this.#connection;
    const frame = message.frame(version, hasPacketId);
    if (frame.length > state.maximumPacketSize) return false;
    const expiry = message.expires ? message.remainingExpiry(parts.time.nowMs) : 0;
    const payload = frame.length > LARGE_PAYLOAD_BYTES ? message.own().payload : undefined;
    this.#outbox.appendFrame(frame, flags, packetId, expiry, payload);
    return true;
  }

  /** Appends what no other receiver gets alike; false if the Client can't take it. */
  #appendIndividually(
    message: Message,
    flags: number,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): boolean {
    const { state, parts } = this.#connection;
    const aliases = state.outboundAliases;
    const known = aliases?.get(message.topicName) ?? 0;
    const alias = known !== 0 ? known : aliases?.next ?? 0;
    const encode = (topicAlias: number, topicName: string) =>
      encodePublish({
        dup: (flags & 8) !== 0,
        qos: (flags >> 1 & 3) as QoS,
        retain: (flags & 1) !== 0,
        topicName,
        packetId,
        topicAlias,
        messageExpiryInterval: message.expires
          ? message.remainingExpiry(parts.time.nowMs)
          : undefined,
        subscriptionIdentifiers,
        forwardedProperties: message.forwardedProperties,
        payload: message.payload,
      }, 5);
    const { topicName } = message;
    const bytes = encode(alias, known === 0 ? topicName : "");
    const setsAlias = known === 0 && alias !== 0;
    // An exchange with QoS 2 that has begun must be able to begin again, by a connection that knows no alias.
    const isRepeatable = known === 0 || (flags & QOS_2) === 0 ||
      bytes.length + 3 * topicName.length <= state.maximumPacketSize ||
      encode(0, topicName).length <= state.maximumPacketSize;
    if (!isRepeatable) return false;
    if (bytes.length <= state.maximumPacketSize) {
      if (setsAlias) aliases!.assign(message.topicName);
      this.#outbox.append(bytes);
      return true;
    }
    const withoutAlias = setsAlias ? encode(0, topicName) : bytes; // an alias is no reason not to send it
    if (withoutAlias.length > state.maximumPacketSize) return false;
    this.#outbox.append(withoutAlias);
    return true;
  }

  #releaseOwnPeer(): void {
    if (!this.#holdsOwnPeer) return;
    this.#holdsOwnPeer = false;
    this.#connection.resumeReading();
  }

  #dropsQoS0(message: Message): boolean {
    const { bytes } = this.#outbox;
    const { parts, state, policy } = this.#connection;
    const { congestedOutputBytes, maximumOutputBytes } = policy.limits;
    if (bytes <= congestedOutputBytes) return false;
    if (bytes <= maximumOutputBytes && !this.#backpressure?.isSlow) return false;
    this.#beginBackpressure(); // so that a peer that takes nothing is noticed
    parts.environment.onDrop(state.entry.session, message, "output full");
    return true;
  }

  #beginBackpressure(): Backpressure {
    const { parts, policy } = this.#connection;
    return this.#backpressure ??= new Backpressure(
      parts.deadlines,
      policy.limits,
      parts.time.nowMs,
      this,
    );
  }
}
