// SimulatedClient: a correct MQTT client, as a state machine on the virtual clock: it connects, comes back when
// it has lost its connection, keeps its Session as long as the broker says that it is present, and forgets
// it otherwise. What it publishes, receives and subscribes to stands in the files beside this one.

import { PacketDecoder } from "../../src/packet/packet_decoder.ts";
import { PACKET_NAMES, PacketType } from "../../src/packet/packet_type.ts";
import type { ConnackPacket, ConnectPacket, Packet } from "../../src/packet/packets.ts";
import type { Properties } from "../../src/packet/properties.ts";
import { encodePacket } from "../../src/packet/encode.ts";
import { TopicNameCache } from "../../src/packet/topic_name_cache.ts";
import { connectPacket, newWill } from "./connecting.ts";
import type { ClientContext, ClientSpec } from "./client_parts.ts";
import type { Life } from "./life.ts";
import type { Messages } from "./messages.ts";
import type { LinkClient, Loss, SimulatedLink } from "./network.ts";
import { Publishing } from "./publishing.ts";
import type { Random } from "./random.ts";
import { Receiving } from "./receiving.ts";
import { SessionRecord } from "./records.ts";
import type { Scheduler } from "./scheduler.ts";
import { Subscribing } from "./subscribing.ts";
import type { Wills } from "./wills.ts";
import type { WireObserver } from "./wire_observer.ts";

const CONNECT_TIMEOUT_MS = 8_000;
/** How much earlier than its link a connection may end for the broker: it drains its output first. */
const DRAIN_MS = 4_000;

/** What a client needs of its world. */
export interface ClientHost {
  readonly scheduler: Scheduler;
  readonly messages: Messages;
  readonly wills: Wills;
  readonly life: Life;
  /** True when everything is to come to rest: clients come back soon. */
  readonly isCalm: boolean;
  openLink(
    client: LinkClient,
    connect: ConnectPacket,
    onDone: (wire: WireObserver) => void,
  ): { link: SimulatedLink; wire: WireObserver };
  log(text: string): void;
  fail(text: string): never;
}

export class SimulatedClient implements ClientContext {
  readonly spec: ClientSpec;
  readonly random: Random;
  readonly messages: Messages;
  readonly publishing = new Publishing(this);
  readonly receiving = new Receiving(this);
  readonly subscribing = new Subscribing(this);
  /** All Sessions that it has had; the last may be the one it has now. */
  readonly sessions: SessionRecord[] = [];
  /** It comes back by itself when it has lost its connection. */
  comesBack = true;
  isOnline = false;
  readonly #host: ClientHost;
  #link: SimulatedLink | undefined = undefined;
  #wire: WireObserver | undefined = undefined;
  /** Of the last connection that the broker accepted. */
  #acceptedWire: WireObserver | undefined = undefined;
  #decoder: PacketDecoder | undefined = undefined;
  readonly #topicNames = new TopicNameCache();
  #lastPacketId = 0;
  #lastHeardMs = 0;
  #isReading = true;
  #startsClean = false;
  #wantsCleanStart = false;
  /** When the broker was done with the last connection that it accepted; Infinity while it is not. */
  #brokerDoneMs = -Infinity;
  /** When it lost its last connection that was accepted. */
  #lostMs = -Infinity;

  constructor(host: ClientHost, spec: ClientSpec, random: Random) {
    this.#host = host;
    this.spec = spec;
    this.random = random;
    this.messages = host.messages;
  }

  get nowMs(): number {
    return this.#host.scheduler.nowMs;
  }

  get session(): SessionRecord | undefined {
    const last = this.sessions.at(-1);
    return last?.endedMs === Infinity ? last : undefined;
  }

  get hasLink(): boolean {
    return this.#link !== undefined;
  }

  get isQuiet(): boolean {
    return this.isOnline && !this.#link!.isBroken && this.publishing.isQuiet &&
      this.receiving.isQuiet &&
      this.subscribing.isQuiet;
  }

  // ------------------------------------------------------------------------- begin and end

  /** Opens a connection; one that there is lives on without its client, until the broker ends it. */
  connect(): void {
    // The broker may take CONNECTs that race each other in any order; a client with a Session has one at a time.
    const isConnecting = this.#wire !== undefined && !this.#wire.isAccepted && !this.#wire.isDone;
    if (isConnecting && !this.spec.isClean) {
      if (this.#link === undefined) this.#comeBackAfter(500);
      return;
    }
    if (this.#link !== undefined) this.#forgetLink();
    const { spec } = this;
    this.#startsClean = spec.isClean || this.#wantsCleanStart;
    const will = this.random.chance(spec.willChance) ? newWill(this) : undefined;
    const delaySeconds = will !== undefined && spec.version === 5
      ? this.random.pick([0, 0, 1, 5, 10])
      : 0;
    const connect = connectPacket(spec, this.#startsClean, will, delaySeconds);
    this.#decoder = new PacketDecoder({
      topicNames: this.#topicNames,
      maximumPacketSize: Infinity,
    });
    this.#decoder.version = spec.version;
    const client: LinkClient = {
      onBytes: (bytes) => {
        if (this.#link === link) this.#onBytes(bytes);
      },
      onEnd: () => {
        if (this.#link === link) this.lost();
      },
    };
    const { link, wire } = this.#host.openLink(client, connect, (done) => {
      if (this.#acceptedWire === done) this.#brokerDoneMs = this.nowMs;
      this.#host.wills.onDone(done, this.spec);
    });
    this.#host.wills.add(will, delaySeconds, spec, wire);
    this.#link = link;
    this.#wire = wire;
    this.#isReading = true;
    this.log(`connects as ${link.remoteAddress}${this.#startsClean ? ", clean" : ""}`);
    this.send(connect);
    this.later(CONNECT_TIMEOUT_MS, () => {
      if (this.isOnline) return;
      this.log("gives up waiting for CONNACK");
      this.#link!.hangUp();
      this.lost();
    });
  }

  /** Ends the connection as MQTT has it. */
  disconnect(expirySeconds?: number): void {
    if (!this.isOnline) return;
    const properties: Properties = expirySeconds === undefined
      ? {}
      : { sessionExpiryInterval: expirySeconds };
    this.log("disconnects");
    this.send({ type: PacketType.Disconnect, reasonCode: 0, properties });
    this.#link!.hangUp();
    this.lost();
  }

  /** Closes the connection without a word. */
  close(): void {
    this.#link?.hangUp();
    this.lost();
  }

  /** The network breaks. */
  loseNetwork(loss: Loss): void {
    this.#link?.lose(loss);
  }

  /** Gives up its Session with the next connection. */
  startAnew(): void {
    this.#wantsCleanStart = true;
  }

  /** Stops reading, or reads again. */
  set isReading(value: boolean) {
    if (this.#link === undefined || this.#isReading === value) return;
    this.log(value ? "reads again" : "stops reading");
    this.#isReading = value;
    this.#lastHeardMs = this.nowMs;
    this.#link.clientReads = value;
  }

  /**
   * The broker was killed, which had run since `startedMs`.
   * @param sureMs what it had noted before that is stored.
   */
  onDeath(startedMs: number, sureMs: number): void {
    const acceptedMs = this.#acceptedWire?.acceptedMs ?? Infinity;
    if (acceptedMs >= startedMs && acceptedMs < sureMs) this.proveSession();
  }

  proveSession(): void {
    if (this.session !== undefined) this.session.isProven = true;
  }

  get mayBeDeclined(): boolean {
    return this.#host.life.store !== undefined;
  }

  /** The connection is over. */
  lost(): void {
    if (this.#link === undefined) return;
    this.log("has no connection");
    this.#forgetLink();
    if (!this.comesBack) return;
    this.#comeBackAfter(this.#host.isCalm ? 100 : this.random.skewed(0, 6_000));
  }

  #comeBackAfter(delayMs: number): void {
    this.#host.scheduler.after(delayMs, () => {
      if (this.#link === undefined && this.comesBack) this.connect();
    });
  }

  #forgetLink(): void {
    // Without CONNACK it can't know whether that was its old Session or, that one having expired, a new one.
    const { expirySeconds } = this.spec;
    if (!this.isOnline && expirySeconds > 0 && expirySeconds < Infinity) {
      this.#wantsCleanStart = true;
    }
    this.#link!.clientReads = true; // whatever still comes is thrown away
    this.#link = undefined;
    this.#decoder = undefined;
    const wasOnline = this.isOnline;
    this.isOnline = false;
    this.publishing.stop();
    this.subscribing.stop();
    if (wasOnline) this.#lostMs = this.nowMs;
    if (this.spec.expirySeconds === 0) this.session?.end(this.nowMs);
  }

  // --------------------------------------------------------------------------------- packets

  send(packet: Packet): void {
    this.#link?.send(encodePacket(packet, this.spec.version));
  }

  later(delayMs: number, run: () => void): void {
    const link = this.#link;
    this.#host.scheduler.after(delayMs, () => {
      if (link !== undefined && this.#link === link) run();
    });
  }

  takePacketId(): number {
    do this.#lastPacketId = this.#lastPacketId % 65_535 + 1; while (
      this.publishing.uses(this.#lastPacketId) || this.subscribing.uses(this.#lastPacketId)
    );
    return this.#lastPacketId;
  }

  wrong(text: string): never {
    return this.#host.fail(`${this.spec.id}: ${text}`);
  }

  log(text: string): void {
    this.#host.log(`${this.spec.id} ${text}`);
  }

  #onBytes(bytes: Uint8Array): void {
    const decoder = this.#decoder!;
    this.#lastHeardMs = this.nowMs;
    decoder.push(bytes);
    for (let packet; this.#decoder === decoder && (packet = decoder.next()) !== undefined;) {
      this.#onPacket(packet);
    }
  }

  #onPacket(packet: Packet): void {
    switch (packet.type) {
      case PacketType.Connack:
        return this.#onConnack(packet);
      case PacketType.Publish:
        return this.receiving.onPublish(packet);
      case PacketType.Pubrel:
        return this.receiving.onPubrel(packet.packetId);
      case PacketType.Puback:
      case PacketType.Pubrec:
      case PacketType.Pubcomp:
        return this.publishing.onAck(packet);
      case PacketType.Suback:
        return this.subscribing.onSuback(packet);
      case PacketType.Unsuback:
        return this.subscribing.onUnsuback(packet);
      case PacketType.Pingresp:
        return;
      case PacketType.Disconnect:
        return this.#onDisconnect(packet.reasonCode);
      default:
        return this.wrong(`gets ${PACKET_NAMES[packet.type]}`);
    }
  }

  /** What can happen to a correct client: Keep Alive while the network was away, take-over, a broker that stops. */
  #onDisconnect(reasonCode: number): void {
    this.log(`gets DISCONNECT 0x${reasonCode.toString(16)}`);
    if (reasonCode !== 0x8b && reasonCode !== 0x8d && reasonCode !== 0x8e) {
      this.wrong(`DISCONNECT with 0x${reasonCode.toString(16)}`);
    }
    this.#link!.hangUp();
    this.lost();
  }

  #onConnack(packet: ConnackPacket): void {
    if (packet.reasonCode !== 0) {
      this.log(`is refused with 0x${packet.reasonCode.toString(16)}`);
      this.#link!.hangUp();
      return this.lost();
    }
    const { version } = this.spec;
    const isPresent = version === 3 ? !this.#startsClean : packet.sessionPresent;
    this.#judgeSessionPresent(isPresent);
    const old = this.session;
    const session = isPresent && old !== undefined ? old : this.#newSession();
    this.log(`is connected, session ${isPresent ? "present" : "new"}`);
    this.isOnline = true;
    this.#wantsCleanStart = false;
    this.#acceptedWire = this.#wire;
    this.#brokerDoneMs = this.#wire!.isDone ? this.nowMs : Infinity;
    const { properties } = packet;
    const quota = properties.receiveMaximum ?? 65_535;
    this.receiving.start(session);
    this.publishing.start(session === old, quota, properties.topicAliasMaximum ?? 0);
    this.subscribing.start(session);
    this.#keepAlive(properties.serverKeepAlive ?? this.spec.keepAlive);
  }

  #judgeSessionPresent(isPresent: boolean): void {
    const { expirySeconds } = this.spec;
    if (isPresent && (this.#startsClean || expirySeconds === 0)) this.wrong("a Session is present");
    if (this.#startsClean || this.session === undefined || isPresent) return;
    // A new Session is stored with the first thing that is acknowledged in it, or soon.
    if (!this.session.isProven && this.#host.life.deathsSince(this.session.madeMs) > 0) return;
    const goneMs = this.#brokerDoneMs === Infinity ? 0 : this.nowMs - this.#brokerDoneMs;
    if (goneMs + DRAIN_MS < expirySeconds * 1000) {
      this.wrong(`the Session is lost after ${goneMs} ms`);
    }
  }

  #newSession(): SessionRecord {
    this.session?.end(this.#lostMs);
    const session = new SessionRecord(this.spec.id, this.nowMs, this.#wire!.acceptedMs);
    this.sessions.push(session);
    return session;
  }

  #keepAlive(seconds: number): void {
    this.#lastHeardMs = this.nowMs;
    if (seconds === 0) return;
    this.later(seconds * this.random.integer(400, 900), () => this.#ping(seconds));
  }

  #ping(seconds: number): void {
    if (this.#isReading && this.nowMs - this.#lastHeardMs > 3 * seconds * 1000 + 2_000) {
      this.log("hears nothing any more");
      this.close();
      return;
    }
    this.send({ type: PacketType.Pingreq });
    this.later(seconds * this.random.integer(400, 900), () => this.#ping(seconds));
  }
}
