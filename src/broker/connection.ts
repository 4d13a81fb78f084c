// Connection: the protocol machine of one Network Connection, without I/O.
//
//   awaiting-connect --CONNECT--> authenticating --accepted--> connected --end--> closing --> closed
//
// The transport calls `receive`, `written`, `closed`; the connection calls its Link. Each call runs to
// completion. What the packets mean stands in the on_*.ts files beside this one; here is what holds for
// all of them: the order of phases, the one place that catches an MqttError, output, Keep Alive, the end.

import { concatBytes } from "../packet/bytes.ts";
import { MqttError } from "../packet/mqtt_error.ts";
import { PacketDecoder } from "../packet/packet_decoder.ts";
import { PACKET_NAMES, PacketType, type ProtocolVersion } from "../packet/packet_type.ts";
import type { Packet, Will } from "../packet/packets.ts";
import { encodePacket } from "../packet/encode.ts";
import { disconnectReasonCodeFor, ReasonCode } from "../packet/reason_code.ts";
import { unreachable } from "../packet/unreachable.ts";
import type { Publisher } from "../session/session_ports.ts";
import type { TopicName } from "../topic/topic_name.ts";
import type { Deadline } from "./deadlines.ts";
import type { ListenerPolicy } from "./listener_policy.ts";
import { onAuth, type PendingExchange } from "./on_auth.ts";
import { refuseConnect } from "./connack.ts";
import type { ConnectedState } from "./connected_state.ts";
import { logEnd, logEndFor, logMistake } from "./connection_log.ts";
import { onConnect } from "./on_connect.ts";
import { onDisconnect } from "./on_disconnect.ts";
import { onPuback, onPubcomp, onPublish, onPubrec, onPubrel } from "./on_publish.ts";
import { onSubscribe, onUnsubscribe } from "./on_subscribe.ts";
import { Output } from "./output.ts";
import { logAckSent, logReceived, logSent } from "./packet_log.ts";
import type { Parts } from "./parts.ts";
import type { Link } from "./ports.ts";
import type { PublishMemory } from "./publish_memory.ts";

export type Phase = "awaiting-connect" | "authenticating" | "connected" | "closing" | "closed";

export class Connection implements Publisher, Deadline {
  dueSlot = 0;
  readonly parts: Parts;
  readonly link: Link;
  policy: ListenerPolicy;
  phase: Phase = "awaiting-connect";
  clientId: string; // the address as long as there is none
  /** Made with the first PUBLISH. */
  publishMemory: PublishMemory | undefined = undefined;
  /** The Topic Name of the last PUBLISH, as the Client says it: not checked again while it is the same. */
  lastSaidName: TopicName | undefined = undefined;
  /** The same with the mount point. */
  lastTopicName: TopicName | undefined = undefined;
  will: Will | undefined = undefined;
  /** An exchange of AUTH packets that has begun. */
  exchange: PendingExchange | undefined = undefined;
  #state: ConnectedState | undefined = undefined;
  readonly output: Output;
  isLinkOpen = true; // false once the transport has said that the Link is gone
  readonly #decoder: PacketDecoder;
  #closesGracefully = false;
  #lastPacketMs: number;
  #pauses = 0;
  /** Bytes that came behind the packet during which reading was paused. */
  #heldInput: Uint8Array | undefined = undefined;

  constructor(parts: Parts, link: Link, policy: ListenerPolicy) {
    this.parts = parts;
    this.policy = policy;
    this.link = link;
    this.clientId = link.remoteAddress;
    this.output = new Output(this);
    this.#lastPacketMs = parts.time.nowMs;
    this.#decoder = new PacketDecoder({
      topicNames: parts.topicNames,
      maximumPacketSize: policy.limits.maximumPacketSize,
      expectsConnect: true,
    });
    parts.deadlines.set(this, this.#lastPacketMs + policy.limits.connectTimeoutMs);
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

  /** `chunk[0, length)` came from the peer. It is not kept: the transport may reuse it. */
  receive(chunk: Uint8Array, length: number, nowMs: number): void {
    const { statistics, time } = this.parts;
    time.nowMs = nowMs;
    statistics.bytesReceived += length;
    if (!this.isOpen) return;
    if (this.#heldInput !== undefined) {
      this.#heldInput = concatBytes(this.#heldInput, chunk.subarray(0, length));
      return;
    }
    this.#process(chunk, length);
    this.output.pauseReadingIfFull();
  }

  /** The bytes given to `Link.write` are written, all of them. */
  written(): void {
    this.output.written();
  }

  /** Some of the bytes given to `Link.write` are written. */
  progressed(): void {
    this.output.progressed();
  }

  /** The peer ended the Network Connection, or it broke. */
  closed(nowMs: number): void {
    this.parts.time.nowMs = nowMs;
    this.isLinkOpen = false;
    if (this.phase === "closed") return;
    const held = this.#heldInput;
    if (held !== undefined && this.phase === "connected") {
      this.#heldInput = undefined;
      this.#process(held, held.length, false); // it came before the end: a DISCONNECT may be among it
    }
    if (this.phase !== "closing") logEnd(this, "connection closed by client");
    this.#end();
    this.phase = "closed";
    this.#forget();
  }

  /** @param canPause false if there is no later for what stands behind a packet that pauses reading. */
  #process(chunk: Uint8Array, length: number, canPause = true): void {
    const decoder = this.#decoder;
    const { statistics, time } = this.parts;
    let received = 0;
    try {
      decoder.push(chunk, length);
      for (;;) {
        if (this.publishMemory !== undefined && !decoder.hasPartialPacket) {
          const remembered = this.publishMemory.deliver(chunk, decoder.position, length);
          if (remembered !== decoder.position) {
            decoder.position = remembered;
            this.#lastPacketMs = time.nowMs;
          }
        }
        const packet = decoder.next();
        if (packet === undefined) break;
        received++;
        if (packet.type === PacketType.Publish && this.phase === "connected") {
          onPublish(this, packet);
        } else {
          this.#dispatch(packet);
        }
        if (!this.isOpen) break;
        if (canPause && this.#pauses > 0) {
          this.#heldInput = decoder.holdUnread();
          break;
        }
      }
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.#refuse(error);
    }
    this.parts.journal.seal();
    if (received > 0) this.#lastPacketMs = time.nowMs; // complete packets only feed Keep Alive
    statistics.messagesReceived += received;
  }

  #dispatch(packet: Packet): void {
    if (this.parts.ports.log.isDebugEnabled) logReceived(this, packet);
    if (packet.type === PacketType.Connect) {
      if (this.phase === "awaiting-connect") return onConnect(this, packet);
      throw new MqttError(ReasonCode.ProtocolError, "second CONNECT"); // [MQTT-3.1.0-2]
    }
    if (packet.type === PacketType.Auth) return onAuth(this, packet);
    if (packet.type === PacketType.Disconnect) return onDisconnect(this, packet);
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

  // ------------------------------------------------------------------------------- how it goes on

  /** The CONNECT was accepted; its CONNACK was sent. */
  establish(state: ConnectedState): void {
    this.#state = state;
    this.phase = "connected";
    this.#decoder.maximumPacketSize = this.policy.limits.maximumPacketSize; // as its CONNACK says
    this.#lastPacketMs = this.parts.time.nowMs;
    const { keepAliveMs } = state; // if the time to CONNECT is still set, onDeadline goes on to Keep Alive
    if (keepAliveMs === 0) return this.parts.deadlines.cancel(this);
    if (keepAliveMs < this.policy.limits.connectTimeoutMs) {
      this.parts.deadlines.set(this, this.#lastPacketMs + keepAliveMs);
    }
  }

  /** Reads and processes nothing more until {@link resumeReading} was called as often. */
  pauseReading(): void {
    if (this.#pauses++ === 0) this.link.pauseReading();
  }

  resumeReading(): void {
    if (--this.#pauses > 0 || !this.isOpen) return;
    if (this.#heldInput === undefined) return this.link.resumeReading();
    this.parts.resumed.push(this); // not at once: whoever lets us go on may be in the middle of something
    this.parts.requestFlush();
  }

  /** Processes what came before reading was paused, and reads on. */
  processHeldInput(): void {
    const held = this.#heldInput;
    if (held === undefined || this.#pauses > 0 || !this.isOpen) return;
    this.#heldInput = undefined;
    this.#process(held, held.length);
    if (this.#pauses === 0 && this.isOpen) this.link.resumeReading();
  }

  /** The version of all that follows, known from the CONNECT. */
  setVersion(version: ProtocolVersion): void {
    this.#decoder.version = version;
    this.#decoder.expectsConnect = false;
  }

  /** Connect timeout and Keep Alive. */
  onDeadline(nowMs: number): void {
    this.parts.time.nowMs = nowMs;
    if (this.phase === "closing") return this.#abort();
    if (this.phase !== "connected") {
      logEndFor(this, ReasonCode.KeepAliveTimeout);
      return this.#abort();
    }
    if (this.#pauses > 0) this.#lastPacketMs = nowMs; // its PINGREQ may wait where we do not look
    const dueMs = this.#lastPacketMs + this.state.keepAliveMs;
    if (nowMs < dueMs) return this.parts.deadlines.set(this, dueMs);
    this.disconnect(ReasonCode.KeepAliveTimeout); // [MQTT-3.1.2-22]
  }

  // --------------------------------------------------------------------------------------- output

  send(packet: Packet): void {
    const bytes = encodePacket(packet, this.version);
    if (this.#state !== undefined && bytes.length > this.#state.maximumPacketSize) { // [MQTT-3.1.2-24]
      const { maximumPacketSize } = this.#state;
      const name = PACKET_NAMES[packet.type];
      logEnd(this, `no ${name} fits its Maximum Packet Size of ${maximumPacketSize}`);
      return this.#abort();
    }
    if (this.parts.ports.log.isDebugEnabled) logSent(this, packet);
    this.output.append(bytes);
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP without Properties. */
  sendAck(firstByte: number, packetId: number, reasonCode: ReasonCode): void {
    const code = this.version === 5 ? reasonCode : 0;
    if (this.parts.ports.log.isDebugEnabled) logAckSent(this, firstByte, packetId, code);
    this.output.appendAck(firstByte, packetId, code);
  }

  // ------------------------------------------------------------------------------------- the end
  /**
   * Ends the connection for a reason of the broker's: DISCONNECT in MQTT 5.0 [MQTT-3.14.0-1], just the end in
   * MQTT 3. Its Will Message is published as if the connection had broken.
   */
  disconnect(reasonCode: ReasonCode): void {
    if (!this.isOpen) return;
    if (this.version === 5 && this.phase === "connected" && this.state.isAnnounced) {
      const code = disconnectReasonCodeFor(reasonCode);
      const packet: Packet = { type: PacketType.Disconnect, reasonCode: code, properties: {} };
      if (this.parts.ports.log.isDebugEnabled) logSent(this, packet);
      this.output.append(encodePacket(packet, 5));
    }
    if (reasonCode !== ReasonCode.ServerShuttingDown) logEndFor(this, reasonCode);
    if (this.phase !== "connected") return this.#abort();
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

  /** The Client wants to end the connection, and reads no more. */
  endByClient(): void {
    logEnd(this, undefined);
    this.#end();
    this.#close("at once");
  }

  /** The CONNECT was refused and the peer was told: closes once it had time to read that. */
  closeAfterRefusal(): void {
    this.#end();
    this.#close("gracefully");
  }

  #refuse(error: MqttError): void {
    logMistake(this, error.reasonCode, error.message);
    if (this.phase === "connected") return this.disconnect(error.reasonCode);
    const version = error.connectVersion ??
      (this.phase === "authenticating" ? this.version : undefined);
    if (version === undefined) return this.disconnect(error.reasonCode); // nobody knows what would be understood
    refuseConnect(this, version, error.reasonCode);
  }

  /** The Session goes on without this connection, or ends. */
  #end(): void {
    const state = this.#state;
    this.parts.deadlines.cancel(this);
    this.output.endBackpressure();
    if (state === undefined || this.phase !== "connected") return;
    this.phase = "closing";
    const will = this.will;
    this.will = undefined;
    this.parts.lifecycle.connectionEnded(state.entry, will);
    state.held?.abandon();
  }

  /** Closes when all that waits is written; "gracefully" leaves the peer time to read it. */
  #close(how: "at once" | "gracefully"): void {
    if (this.phase === "closed") return;
    this.phase = "closing";
    this.#closesGracefully = how === "gracefully";
    const { deadlines, time } = this.parts;
    deadlines.set(this, time.nowMs + 2 * this.policy.limits.drainMs);
    this.output.flush();
  }

  /** All that waited is written: a connection that is ending ends now. */
  onOutputEmpty(): void {
    if (this.phase !== "closing") return;
    this.phase = "closed";
    this.#forget();
    if (this.#closesGracefully) this.link.closeGracefully(this.policy.limits.drainMs);
    else this.link.close();
  }

  /** The Client takes none of its output. */
  onStalled(): void {
    logEnd(this, "takes no data");
    this.#abort();
  }

  #abort(): void {
    this.#end();
    if (this.phase === "closed") return;
    this.phase = "closed";
    if (this.isLinkOpen) this.link.close();
    this.#forget();
  }

  #forget(): void {
    this.output.clear();
    this.parts.deadlines.cancel(this);
    this.parts.connections.delete(this);
  }
}
