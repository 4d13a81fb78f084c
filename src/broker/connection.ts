// Connection: the protocol machine of one Network Connection, without I/O.
//
//   awaiting-connect --CONNECT--> authenticating --accepted--> connected --end--> closing --> closed
//
// The transport calls `receive`, `written`, `closed`; the connection calls its Link. Each call runs to
// completion. What the packets mean stands in the on_*.ts files beside this one; here is what holds for
// all of them: the order of phases, the one place that catches an MqttError, output, Keep Alive, the end.

import { MqttError } from "../packet/mqtt_error.ts";
import { PacketDecoder } from "../packet/packet_decoder.ts";
import { PACKET_NAMES, PacketType, type ProtocolVersion, type QoS } from "../packet/packet_type.ts";
import type { DisconnectPacket, Packet, Will } from "../packet/packets.ts";
import { encodePacket } from "../packet/encode.ts";
import { encodePublish, publishFlags } from "../packet/publish.ts";
import { describeReasonCode, ReasonCode } from "../packet/reason_code.ts";
import type { Message } from "../session/message.ts";
import type { DeliverySink, Publisher } from "../session/session.ts";
import type { InboundTopicAliases, OutboundTopicAliases } from "../session/topic_aliases.ts";
import { Backpressure } from "./backpressure.ts";
import type { Deadline } from "./deadlines.ts";
import { onAuth, type PendingExchange } from "./on_auth.ts";
import { onConnect, refuseConnect } from "./on_connect.ts";
import { onPuback, onPubcomp, onPublish, onPubrec, onPubrel } from "./on_publish.ts";
import { onSubscribe, onUnsubscribe } from "./on_subscribe.ts";
import { Outbox } from "./outbox.ts";
import type { Parts } from "./parts.ts";
import type { Link } from "./ports.ts";
import type { SessionEntry } from "./sessions.ts";

export type Phase = "awaiting-connect" | "authenticating" | "connected" | "closing" | "closed";

/** What a CONNECT settled for as long as the connection lasts. */
export interface ConnectedState {
  readonly entry: SessionEntry;
  /** Milliseconds without a packet after which the connection ends; 0: never. */
  readonly keepAliveMs: number;
  /** Bytes of a Control Packet that the Client takes. */
  readonly maximumPacketSize: number;
  readonly inboundAliases: InboundTopicAliases | undefined;
  readonly outboundAliases: OutboundTopicAliases | undefined;
  /** Session Expiry Interval of the CONNECT: a DISCONNECT may not raise it from 0. */
  readonly initialExpiryInterval: number;
  readonly authenticationMethod: string | undefined;
  /** A bridge of Mosquitto: its Subscriptions are No Local and Retain As Published. */
  readonly isBridge: boolean;
}

export class Connection implements DeliverySink, Publisher, Deadline {
  dueSlot = 0;
  readonly parts: Parts;
  readonly link: Link;
  phase: Phase = "awaiting-connect";
  /** Client Identifier, or the address as long as there is none. */
  clientId: string;
  will: Will | undefined = undefined;
  /** An exchange of AUTH packets that has begun. */
  exchange: PendingExchange | undefined = undefined;
  #state: ConnectedState | undefined = undefined;
  readonly #decoder: PacketDecoder;
  readonly #outbox: Outbox;
  #isUnflushed = false;
  #closesGracefully = false;
  #lastPacketMs: number;
  #backpressure: Backpressure | undefined = undefined;
  #pauses = 0;
  /** The last packet has been put to somebody who answers later: no further one until then. */
  #isAwaitingAnswer = false;
  /** Bytes that came behind that packet. */
  #heldInput: Uint8Array | undefined = undefined;

  constructor(parts: Parts, link: Link) {
    this.parts = parts;
    this.link = link;
    this.clientId = link.remoteAddress;
    this.#outbox = new Outbox(parts.buffers);
    this.#lastPacketMs = parts.time.nowMs;
    this.#decoder = new PacketDecoder({
      topicNames: parts.topicNames,
      maximumPacketSize: parts.limits.maximumPacketSize,
      expectsConnect: true,
    });
    parts.deadlines.set(this, this.#lastPacketMs + parts.limits.connectTimeoutMs);
  }

  get version(): ProtocolVersion {
    return this.#decoder.version;
  }

  /** @throws {Error} if the connection is not connected: a mistake of ours. */
  get state(): ConnectedState {
    if (this.#state === undefined) throw new Error(`no CONNECT was accepted from ${this.clientId}`);
    return this.#state;
  }

  get isConnected(): boolean {
    return this.phase === "connected";
  }

  /** False once the connection is ending. */
  get isOpen(): boolean {
    return this.phase !== "closing" && this.phase !== "closed";
  }

  // ------------------------------------------------------------------ input, called by the transport

  /** Bytes from the peer. `chunk` is not kept: the transport may reuse it. */
  receive(chunk: Uint8Array, nowMs: number): void {
    const { statistics, time } = this.parts;
    time.nowMs = nowMs;
    statistics.bytesReceived += chunk.length;
    if (!this.isOpen) return;
    if (this.#heldInput !== undefined) {
      this.#heldInput = concat(this.#heldInput, chunk);
      return;
    }
    this.#process(chunk);
    if (this.#outbox.bytes > this.parts.limits.maximumOutputBytes) {
      this.holdBack(this); // it does not read our answers
    }
  }

  /** The bytes given to `Link.write` are written, all of them. */
  written(nowMs: number): void {
    this.parts.time.nowMs = nowMs;
    this.#outbox.written();
    if (this.phase === "closed") return;
    if (this.#backpressure !== undefined) this.#backpressure.progressMs = nowMs;
    this.#write();
    if (this.phase === "connected") {
      if (!this.isCongested) this.state.entry.session.pump();
      this.endBackpressureIfDrained();
    }
  }

  /** Some of the bytes given to `Link.write` are written. */
  progressed(nowMs: number): void {
    if (this.#backpressure !== undefined) this.#backpressure.progressMs = nowMs;
  }

  /** The peer ended the Network Connection, or it broke. */
  closed(nowMs: number): void {
    this.parts.time.nowMs = nowMs;
    if (this.phase === "closed") return;
    if (this.phase !== "closing") this.#logNotice(`Client ${this.clientId} closed its connection.`);
    this.#end();
    this.phase = "closed";
    this.#forget();
  }

  #process(chunk: Uint8Array): void {
    const decoder = this.#decoder;
    const { statistics, time } = this.parts;
    let received = 0;
    try {
      decoder.push(chunk);
      for (;;) {
        const packet = decoder.next();
        if (packet === undefined) break;
        received++;
        if (packet.type === PacketType.Publish && this.phase === "connected") {
          onPublish(this, packet);
        } else {
          this.#dispatch(packet);
        }
        if (this.#isAwaitingAnswer) {
          this.#heldInput = decoder.holdUnread();
          this.pauseReading();
          break;
        }
        if (!this.isOpen) break;
      }
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.#refuse(error);
    }
    if (received > 0) this.#lastPacketMs = time.nowMs; // complete packets only feed Keep Alive
    statistics.messagesReceived += received;
  }

  #dispatch(packet: Packet): void {
    if (this.parts.ports.log.isDebugEnabled) this.#logReceived(packet);
    if (packet.type === PacketType.Connect) {
      if (this.phase === "awaiting-connect") return onConnect(this, packet);
      throw new MqttError(ReasonCode.ProtocolError, "second CONNECT"); // [MQTT-3.1.0-2]
    }
    if (packet.type === PacketType.Auth) return onAuth(this, packet);
    if (this.phase !== "connected") { // [MQTT-3.1.2-30]
      throw new MqttError(ReasonCode.ProtocolError, `${PACKET_NAMES[packet.type]} before CONNACK`);
    }
    switch (packet.type) {
      case PacketType.Publish:
        return onPublish(this, packet);
      case PacketType.Puback:
        return onPuback(this, packet);
      case PacketType.Pubrec:
        return onPubrec(this, packet);
      case PacketType.Pubrel:
        return onPubrel(this, packet);
      case PacketType.Pubcomp:
        return onPubcomp(this, packet);
      case PacketType.Subscribe:
        return onSubscribe(this, packet);
      case PacketType.Unsubscribe:
        return onUnsubscribe(this, packet);
      case PacketType.Pingreq:
        return this.send({ type: PacketType.Pingresp }); // [MQTT-3.12.4-1]
      case PacketType.Disconnect:
        return this.#onDisconnect(packet);
      case PacketType.Connack:
      case PacketType.Suback:
      case PacketType.Unsuback:
      case PacketType.Pingresp:
        throw new MqttError(
          ReasonCode.ProtocolError,
          `${PACKET_NAMES[packet.type]} is the broker's to send`,
        );
      default:
        return unreachable(packet);
    }
  }

  #onDisconnect(packet: DisconnectPacket): void {
    const { session } = this.state.entry;
    const expiryInterval = packet.properties.sessionExpiryInterval;
    if (expiryInterval !== undefined) {
      if (expiryInterval !== 0 && this.state.initialExpiryInterval === 0) { // section 3.14.2.2.2
        throw new MqttError(
          ReasonCode.ProtocolError,
          "DISCONNECT raises a Session Expiry Interval of 0",
        );
      }
      session.expiryInterval = expiryInterval;
    }
    if (packet.reasonCode !== ReasonCode.DisconnectWithWill) this.will = undefined; // [MQTT-3.14.4-3]
    this.#logNotice(`Client ${this.clientId} disconnected.`);
    this.#end();
    this.#close("at once"); // the peer does not read any more
  }

  // ------------------------------------------------------------------------------- how it goes on

  /** The CONNECT was accepted; its CONNACK was sent. */
  establish(state: ConnectedState): void {
    this.#state = state;
    this.phase = "connected";
    this.#lastPacketMs = this.parts.time.nowMs;
    this.parts.deadlines.cancel(this);
    if (state.keepAliveMs > 0) {
      this.parts.deadlines.set(this, this.#lastPacketMs + state.keepAliveMs);
    }
  }

  /** The packet at hand is put to somebody who may answer later; {@link continueReading} follows. */
  awaitAnswer(): void {
    this.#isAwaitingAnswer = true;
  }

  /** The answer is there: what came behind the packet is processed now. */
  continueReading(): void {
    this.#isAwaitingAnswer = false;
    const held = this.#heldInput;
    if (held === undefined) return;
    this.#heldInput = undefined;
    this.resumeReading();
    if (this.isOpen) this.#process(held);
  }

  /** The version of everything that follows, known from the CONNECT. */
  setVersion(version: ProtocolVersion): void {
    this.#decoder.version = version;
    this.#decoder.expectsConnect = false;
  }

  /** Connect timeout and Keep Alive. */
  onDeadline(nowMs: number): void {
    this.parts.time.nowMs = nowMs;
    if (this.phase === "closing") return this.#abort();
    if (this.phase !== "connected") {
      this.#logNotice(`Client ${this.clientId} sent no CONNECT in time, disconnecting.`);
      return this.#abort();
    }
    const dueMs = this.#lastPacketMs + this.state.keepAliveMs;
    if (nowMs < dueMs) return this.parts.deadlines.set(this, dueMs);
    this.#logNotice(`Client ${this.clientId} has exceeded timeout, disconnecting.`);
    this.disconnect(ReasonCode.KeepAliveTimeout); // [MQTT-3.1.2-22]
  }

  // --------------------------------------------------------------------------------------- output

  send(packet: Packet): void {
    this.#append(encodePacket(packet, this.version));
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP without Properties. */
  sendAck(firstByte: number, packetId: number, reasonCode: ReasonCode): void {
    this.#outbox.appendAck(firstByte, packetId, this.version === 5 ? reasonCode : 0);
    this.#sent();
  }

  sendPublish(
    message: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): boolean {
    if (qos === 0 && this.#dropsQoS0(message)) return true;
    const { maximumPacketSize, outboundAliases } = this.#state!;
    const version = this.version;
    if (outboundAliases !== undefined || (version === 5 && subscriptionIdentifiers !== undefined)) {
      const bytes = this.#encodeIndividually(
        message,
        qos,
        retain,
        dup,
        packetId,
        subscriptionIdentifiers,
      );
      if (bytes === undefined) return this.#refuseTooLarge(message);
      this.#append(bytes);
    } else {
      const frame = message.frame(version, qos > 0);
      if (frame.length > maximumPacketSize) return this.#refuseTooLarge(message); // [MQTT-3.1.2-24]
      const expiry = message.expires ? message.remainingExpiry(this.parts.time.nowMs) : 0;
      const payload = frame.length > LARGE_FRAME_BYTES ? message.own().payload : undefined;
      this.#outbox.appendFrame(frame, publishFlags(qos, retain, dup), packetId, expiry, payload);
      this.#sent();
    }
    const { statistics } = this.parts;
    statistics.publishSent++;
    statistics.publishBytesSent += message.payload.length;
    return true;
  }

  sendPubrel(packetId: number): void {
    this.sendAck(PUBREL_FIRST_BYTE, packetId, ReasonCode.Success);
  }

  get isCongested(): boolean {
    return this.#outbox.bytes > this.parts.limits.congestedOutputBytes;
  }

  holdBack(publisher: Publisher): void {
    this.#backpressure ??= new Backpressure(
      this.parts.deadlines,
      this.parts.limits,
      this.parts.time.nowMs,
      () => this.#onStalled(),
    );
    this.#backpressure.holdBack(publisher);
  }

  /** To be called when output or queue may have shrunk. */
  endBackpressureIfDrained(): void {
    if (this.#backpressure === undefined) return;
    if (this.#outbox.bytes > this.parts.limits.drainedOutputBytes) return;
    if (this.#state?.entry.session.isFallingBehind) return;
    this.#backpressure.end();
    this.#backpressure = undefined;
  }

  pauseReading(): void {
    if (this.#pauses++ === 0) this.link.pauseReading();
  }

  resumeReading(): void {
    if (--this.#pauses === 0 && this.phase !== "closed") this.link.resumeReading();
  }

  /** Starts the write of what was gathered, unless one is under way. Called once for each batch of input. */
  flush(): void {
    this.#isUnflushed = false;
    if (!this.#outbox.isWriting && this.phase !== "closed") this.#write();
  }

  // ------------------------------------------------------------------------------------- the end

  /**
   * Ends the connection for a reason of the broker's: DISCONNECT in MQTT 5.0 [MQTT-3.14.0-1], just the end in
   * MQTT 3. Its Will Message is published as if the connection had broken.
   */
  disconnect(reasonCode: ReasonCode): void {
    if (this.phase !== "connected") return this.#abort();
    if (this.version === 5) {
      this.send({ type: PacketType.Disconnect, reasonCode, properties: {} });
    }
    this.#end();
    this.#close("gracefully");
  }

  /**
   * Another connection takes the Session [MQTT-3.1.4-3].
   * @param endsSession the new connection wants a Clean Start.
   */
  takeOver(endsSession: boolean): void {
    const { will } = this;
    if (will !== undefined && endsSession) this.will = { ...will, willDelayInterval: 0 };
    this.disconnect(ReasonCode.SessionTakenOver);
  }

  /** The CONNECT was refused and the peer was told: closes once it had time to read that. */
  closeAfterRefusal(): void {
    this.#end();
    this.#close("gracefully");
  }

  #refuse(error: MqttError): void {
    const why = `${describeReasonCode(error.reasonCode)}: ${error.message}`;
    this.#logNotice(`Client ${this.clientId} disconnected: ${why}.`);
    if (this.phase === "connected") return this.disconnect(error.reasonCode);
    const version = error.connectVersion ??
      (this.phase === "authenticating" ? this.version : undefined);
    if (version === undefined) return this.#abort(); // nobody knows what would be understood
    refuseConnect(this, version, error.reasonCode);
  }

  /** The Session goes on without this connection, or ends. */
  #end(): void {
    const state = this.#state;
    this.parts.deadlines.cancel(this);
    this.#backpressure?.end();
    this.#backpressure = undefined;
    if (state === undefined || this.phase !== "connected") return;
    this.phase = "closing";
    const will = this.will;
    this.will = undefined;
    this.parts.lifecycle.connectionEnded(state.entry, will);
  }

  /** Closes when all that waits is written; "gracefully" leaves the peer time to read it. */
  #close(how: "at once" | "gracefully"): void {
    if (this.phase === "closed") return;
    this.phase = "closing";
    this.#closesGracefully = how === "gracefully";
    const { deadlines, time, limits } = this.parts;
    deadlines.set(this, time.nowMs + 2 * limits.drainMs);
    if (!this.#outbox.isWriting) this.#write();
  }

  #abort(): void {
    this.#end();
    if (this.phase === "closed") return;
    this.phase = "closed";
    this.link.close();
    this.#forget();
  }

  #forget(): void {
    this.#outbox.clear();
    this.parts.deadlines.cancel(this);
    this.parts.connections.delete(this);
  }

  #onStalled(): void {
    this.#logNotice(`Client ${this.clientId} takes no data, disconnecting.`);
    this.#abort();
  }

  // ------------------------------------------------------------------------------------- helpers

  #write(): void {
    const bytes = this.#outbox.take();
    if (bytes !== undefined) {
      this.parts.statistics.bytesSent += bytes.length;
      return this.link.write(bytes);
    }
    if (this.phase !== "closing") return;
    this.phase = "closed";
    this.#forget();
    if (this.#closesGracefully) this.link.closeGracefully(this.parts.limits.drainMs);
    else this.link.close();
  }

  #append(packet: Uint8Array): void {
    this.#outbox.append(packet);
    this.#sent();
  }

  #sent(): void {
    this.parts.statistics.messagesSent++;
    if (this.#isUnflushed) return;
    this.#isUnflushed = true;
    this.parts.unflushed.push(this);
    this.parts.requestFlush();
  }

  /** Encodes what no other receiver gets alike; undefined if the Client can't take it. */
  #encodeIndividually(
    message: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): Uint8Array | undefined {
    const { maximumPacketSize, outboundAliases } = this.#state!;
    const known = outboundAliases?.get(message.topicName) ?? 0;
    const alias = known !== 0 ? known : outboundAliases?.next ?? 0;
    const bytes = encodePublish({
      dup,
      qos,
      retain,
      topicName: known === 0 ? message.topicName : "",
      packetId,
      topicAlias: alias,
      messageExpiryInterval: message.expires
        ? message.remainingExpiry(this.parts.time.nowMs)
        : undefined,
      subscriptionIdentifiers,
      forwardedProperties: message.forwardedProperties,
      payload: message.payload,
    }, 5);
    if (bytes.length > maximumPacketSize) return undefined;
    if (known === 0 && alias !== 0) outboundAliases!.assign(message.topicName);
    return bytes;
  }

  #dropsQoS0(message: Message): boolean {
    const { bytes } = this.#outbox;
    const { congestedOutputBytes, maximumOutputBytes } = this.parts.limits;
    if (bytes <= congestedOutputBytes) return false;
    if (bytes <= maximumOutputBytes && !this.#backpressure?.isSlow) return false;
    this.parts.environment.onDrop(this.#state!.entry.session, message, "output full");
    return true;
  }

  #refuseTooLarge(message: Message): false {
    const { session } = this.#state!.entry;
    this.parts.environment.onDrop(session, message, "larger than Maximum Packet Size");
    return false;
  }

  #logNotice(text: string): void {
    this.parts.ports.log.write("notice", text);
  }

  #logReceived(packet: Packet): void {
    this.parts.ports.log.write(
      "debug",
      `Received ${PACKET_NAMES[packet.type]} from ${this.clientId}`,
    );
  }
}

const PUBREL_FIRST_BYTE = PacketType.Pubrel << 4 | 2;
const LARGE_FRAME_BYTES = 16_384;

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${value}`);
}
