// CrashClient: a client that does all that the specification asks of one whose broker may die at any moment: it keeps
// what is not acknowledged over reconnects, sends it again in order and with DUP, and takes a QoS 2 message once.
//
//   publish() -> [ waiting ] -> [ under way, by Packet Identifier ] -> acknowledged
//                                   ^ sent again after a reconnect

import { encodePacket } from "../../src/packet/encode.ts";
import { PacketDecoder } from "../../src/packet/packet_decoder.ts";
import { PacketType, type ProtocolVersion } from "../../src/packet/packet_type.ts";
import type { ConnackPacket, Packet, Will } from "../../src/packet/packets.ts";
import { encodePublish, type PublishPacket } from "../../src/packet/publish.ts";
import { TopicNameCache } from "../../src/packet/topic_name_cache.ts";
import { connect, request } from "../vectors/vector.ts";
import type { History, QoS, SentMessage, SubscriptionSpan } from "./history.ts";

export interface ClientOptions {
  readonly clientId: string;
  readonly version: ProtocolVersion;
  /** Its Session outlives its connections. */
  readonly isPersistent: boolean;
  readonly port: number;
  /** Messages under way from here. */
  readonly window: number;
  /** Milliseconds before it acknowledges; 0: at once. */
  readonly ackDelayMs: () => number;
  /** Subscribes anew with each connection, as many clients do. */
  readonly resubscribes?: boolean;
  /** The Will Message of its next connection. */
  readonly will?: () => Will;
}

interface Sending {
  readonly message: SentMessage;
  state: "PUBLISH" | "PUBREL";
}

const RETRY_MS = 15;
const QUIET_MS = 5_000;

export class CrashClient {
  readonly options: ClientOptions;
  readonly #history: History;
  #isWanted = true;
  #isStopped = false;
  #socket: Deno.TcpConn | undefined = undefined;
  #isConnected = false;
  #output: Uint8Array[] = [];
  #isWriting = false;
  #waiting: SentMessage[] = [];
  readonly #underWay = new Map<number, Sending>();
  /** QoS 2 messages received and not released. */
  readonly #received = new Set<number>();
  #lastPacketId = 0;
  #requests = new Map<number, (reasonCodes: readonly number[]) => void>();
  /** What it wants to be subscribed to, and is told again after a reconnect until it is acknowledged. */
  readonly #wanted: { span: SubscriptionSpan; isEnding: boolean; isToSend: boolean }[] = [];
  #startsClean: boolean;
  /** Something was acknowledged that only a Session that is kept can hold. */
  #mustBePresent = false;
  #wake: (() => void) | undefined = undefined;
  readonly #running: Promise<void>;
  /** When the connection that there is now began to be of worth: the broker has acknowledged something on it. */
  connections = 0;
  isEstablished = false;
  onEstablished: () => void = () => {};

  constructor(options: ClientOptions, history: History) {
    this.options = options;
    this.#history = history;
    this.#startsClean = !options.isPersistent;
    this.#running = this.#run();
  }

  get clientId(): string {
    return this.options.clientId;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Nothing is under way in either direction, and all Subscriptions are as they are wanted. */
  get isIdle(): boolean {
    return this.#isConnected && this.#waiting.length === 0 && this.#underWay.size === 0 &&
      (this.#received.size === 0 || !this.#history.isPromised) && // their PUBREL may never come
      this.#wanted.every(({ span, isEnding }) => !isEnding && span.acknowledgedAt !== Infinity);
  }

  /** In words. */
  get state(): string {
    const unsubscribed = this.#wanted.filter(({ span, isEnding }) =>
      isEnding || span.acknowledgedAt === Infinity
    );
    return `${this.clientId} (${this.#isConnected ? "connected" : "not connected"}, ` +
      `${this.#waiting.length} wait, ${this.#underWay.size} under way, ${this.#received.size} not released, ` +
      `${unsubscribed.length} Subscriptions under way)`;
  }

  get backlog(): number {
    return this.#waiting.length + this.#underWay.size;
  }

  publish(message: SentMessage): void {
    this.#waiting.push(message);
    this.#fillWindow();
  }

  subscribe(topicFilter: string, qos: QoS): void {
    const span: SubscriptionSpan = {
      topicFilter,
      qos,
      subscribedAt: this.#history.tick(),
      acknowledgedAt: Infinity,
      endingAt: Infinity,
      endedAt: Infinity,
    };
    this.#history.spansOf(this.clientId).push(span);
    this.#wanted.push({ span, isEnding: false, isToSend: true });
    if (this.#isConnected) this.#sendWishes();
  }

  unsubscribe(topicFilter: string): void {
    const wish = this.#wanted.find((each) => each.span.topicFilter === topicFilter);
    if (wish === undefined || wish.isEnding || wish.span.acknowledgedAt === Infinity) return;
    wish.isEnding = true;
    wish.isToSend = true;
    wish.span.endingAt = this.#history.tick();
    if (this.#isConnected) this.#sendWishes();
  }

  isSubscribed(topicFilter: string): boolean {
    return this.#wanted.some(({ span, isEnding }) =>
      span.topicFilter === topicFilter && !isEnding && span.acknowledgedAt !== Infinity
    );
  }

  wants(topicFilter: string): boolean {
    return this.#wanted.some(({ span }) => span.topicFilter === topicFilter);
  }

  /** @param how DISCONNECT first, or just the end of the connection. */
  goOffline(how: "in order" | "abruptly"): void {
    this.#isWanted = false;
    if (how === "in order" && this.#isConnected) {
      this.isEstablished = false; // no Will Message is expected
      this.#send(encodePacket(
        { type: PacketType.Disconnect, reasonCode: 0, properties: {} },
        this.options.version,
      ));
      const socket = this.#socket;
      setTimeout(() => closeQuietly(socket), 5);
    } else closeQuietly(this.#socket);
  }

  goOnline(): void {
    this.#isWanted = true;
    this.#wake?.();
  }

  /** Comes back with a Clean Start: what the Session held is gone. */
  startClean(): void {
    this.#startsClean = true;
    closeQuietly(this.#socket);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake?.();
    closeQuietly(this.#socket);
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      if (!this.#isWanted) {
        await new Promise<void>((resolve) => this.#wake = resolve);
        continue;
      }
      try {
        const socket = await Deno.connect({ hostname: "127.0.0.1", port: this.options.port });
        socket.setNoDelay(true);
        await this.#serve(socket);
      } catch (error) {
        if (!isNetworkError(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #serve(socket: Deno.TcpConn): Promise<void> {
    const { version } = this.options;
    const decoder = new PacketDecoder({
      topicNames: new TopicNameCache(),
      maximumPacketSize: 1_000_000,
    });
    decoder.version = version;
    this.#socket = socket;
    this.#output = [];
    this.#requests = new Map();
    const quiet = setTimeout(() => closeQuietly(socket), QUIET_MS); // a CONNACK must not take so long
    try {
      this.#sendConnect();
      const buffer = new Uint8Array(65_536);
      for (;;) {
        const length = await socket.read(buffer);
        if (length === null) break;
        decoder.push(buffer.subarray(0, length), length);
        for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
          if (packet.type === PacketType.Connack) clearTimeout(quiet);
          this.#onPacket(packet);
        }
      }
    } finally {
      clearTimeout(quiet);
      this.#isConnected = false;
      this.#socket = undefined;
      closeQuietly(socket);
    }
  }

  #sendConnect(): void {
    const { clientId, version, isPersistent, will } = this.options;
    this.isEstablished = false;
    this.connections++;
    if (this.#startsClean) {
      // What waits is given up, too: nothing is promised by these Subscriptions any more.
      for (const { span } of this.#wanted) span.endingAt = span.subscribedAt;
    }
    this.#send(encodePacket(
      connect({
        clientId,
        version,
        cleanStart: this.#startsClean,
        will: will?.(),
        properties: version === 5 && isPersistent ? { sessionExpiryInterval: 3_600 } : {},
      }),
      version,
    ));
  }

  #onConnack({ reasonCode, sessionPresent }: ConnackPacket): void {
    const history = this.#history;
    if (reasonCode !== 0) {
      history.fail(`${this.clientId}: CONNACK with 0x${reasonCode.toString(16)}`);
      return closeQuietly(this.#socket);
    }
    const hadToBePresent = this.#mustBePresent && !this.#startsClean;
    if (hadToBePresent && !sessionPresent && this.options.version !== 3) {
      history.unkept(`${this.clientId}: its Session is lost`);
    }
    if (this.#startsClean && sessionPresent) history.fail(`${this.clientId}: no Clean Start`);
    if (this.options.isPersistent) this.#startsClean = false;
    if (!sessionPresent) this.#beginAnew();
    this.#isConnected = true;
    for (const [packetId, sending] of this.#underWay) {
      if (sending.state === "PUBREL") this.#acknowledge(PacketType.Pubrel, packetId);
      else this.#sendPublish(packetId, sending.message, sessionPresent);
    }
    for (const wish of this.#wanted) {
      wish.isToSend = this.options.resubscribes === true || wish.isEnding ||
        wish.span.acknowledgedAt === Infinity;
    }
    this.#sendWishes();
    this.#fillWindow();
  }

  /** The broker has no Session: nothing of it holds any more. */
  #beginAnew(): void {
    const at = this.#history.tick();
    this.#received.clear();
    this.#mustBePresent = false;
    for (const [packetId, { message, state }] of this.#underWay) {
      message.mayDouble = true;
      if (state === "PUBLISH") continue;
      // What was received but not released is gone with the Session.
      this.#underWay.delete(packetId);
      this.#history.note(message, "given up: its Session is gone");
    }
    for (const { span, isEnding } of this.#wanted.splice(0)) {
      span.endingAt = Math.min(span.endingAt, at);
      span.endedAt = at;
      if (!isEnding) this.subscribe(span.topicFilter, span.qos);
    }
  }

  #sendWishes(): void {
    for (const wish of this.#wanted) {
      if (!wish.isToSend) continue;
      wish.isToSend = false;
      if (wish.isEnding) this.#sendUnsubscribe(wish.span);
      else this.#sendSubscribe(wish.span);
    }
  }

  #sendSubscribe(span: SubscriptionSpan): void {
    const { topicFilter, qos } = span;
    const packetId = this.#takePacketId();
    this.#requests.set(packetId, ([reasonCode]) => {
      if (reasonCode !== qos) {
        return this.#history.fail(`${this.clientId}: SUBACK ${reasonCode} for ${topicFilter}`);
      }
      span.acknowledgedAt = Math.min(span.acknowledgedAt, this.#history.tick());
      this.#establish();
    });
    this.#send(encodePacket({
      type: PacketType.Subscribe,
      packetId,
      subscriptions: [request({ topicFilter, qos })],
      properties: {},
    }, this.options.version));
  }

  #sendUnsubscribe(span: SubscriptionSpan): void {
    const packetId = this.#takePacketId();
    this.#requests.set(packetId, () => {
      span.endedAt = this.#history.tick();
      this.#wanted.splice(this.#wanted.findIndex((wish) => wish.span === span), 1);
    });
    this.#send(encodePacket({
      type: PacketType.Unsubscribe,
      packetId,
      topicFilters: [span.topicFilter],
      properties: {},
    }, this.options.version));
  }

  /** Something was acknowledged, so its Session, if it is persistent, and the CONNECT are stored. */
  #establish(): void {
    this.#mustBePresent = this.options.isPersistent;
    if (this.isEstablished) return;
    this.isEstablished = true;
    this.onEstablished();
  }

  #onPacket(packet: Packet): void {
    switch (packet.type) {
      case PacketType.Connack:
        return this.#onConnack(packet);
      case PacketType.Publish:
        return this.#onPublish(packet);
      case PacketType.Puback:
        return this.#onPuback(packet.packetId, packet.reasonCode);
      case PacketType.Pubrec:
        return this.#onPubrec(packet.packetId, packet.reasonCode);
      case PacketType.Pubcomp:
        return this.#onPubcomp(packet.packetId);
      case PacketType.Pubrel:
        this.#received.delete(packet.packetId);
        return this.#later(() => this.#acknowledge(PacketType.Pubcomp, packet.packetId));
      case PacketType.Suback:
        return this.#answered(packet.packetId, packet.reasonCodes);
      case PacketType.Unsuback:
        return this.#answered(packet.packetId, packet.reasonCodes);
      default: // DISCONNECT: the end comes behind it
    }
  }

  #answered(packetId: number, reasonCodes: readonly number[]): void {
    const answered = this.#requests.get(packetId);
    this.#requests.delete(packetId);
    answered?.(reasonCodes);
  }

  #onPublish(packet: PublishPacket): void {
    const { packetId, qos, retain, dup } = packet;
    const payload = new TextDecoder().decode(
      packet.bytes.subarray(packet.payloadStart, packet.end),
    );
    const isRepeated = qos === 2 && this.#received.has(packetId);
    if (qos === 2) this.#received.add(packetId);
    if (isRepeated) this.#history.counts.repeated++;
    else this.onMessage(packet.topicName, payload, qos, retain, dup);
    if (qos === 1) this.#later(() => this.#acknowledge(PacketType.Puback, packetId));
    if (qos === 2) this.#later(() => this.#acknowledge(PacketType.Pubrec, packetId));
  }

  onMessage(topicName: string, payload: string, qos: number, retain: boolean, dup: boolean): void {
    const history = this.#history;
    history.counts.received++;
    if (payload === "") return; // what clears a retained message comes to those who are there
    const message = history.messages.get(Number(payload));
    if (message === undefined) return; // of a time that was checked, or a Will Message
    if (message.topicName !== topicName) {
      history.fail(`${this.clientId} received it as ${topicName}`, message);
    }
    const at = history.tick();
    message.receipts.push({ clientId: this.clientId, at, qos, isRetained: retain });
    const how = `${retain ? " as retained" : ""}${dup ? " with DUP" : ""}`;
    history.note(message, `${this.clientId} received it with QoS ${qos}${how}`);
  }

  #onPuback(packetId: number, reasonCode: number): void {
    const sending = this.#underWay.get(packetId);
    if (sending === undefined) return;
    this.#underWay.delete(packetId);
    if (reasonCode >= 0x80) this.#history.fail(`PUBACK 0x${reasonCode}`, sending.message);
    this.#finished(sending.message, "PUBACK");
  }

  #onPubrec(packetId: number, reasonCode: number): void {
    const sending = this.#underWay.get(packetId);
    if (sending !== undefined) {
      if (reasonCode >= 0x80) this.#history.fail(`PUBREC 0x${reasonCode}`, sending.message);
      if (sending.state === "PUBLISH") {
        // From now on it is released, not sent again: behind those that were before it.
        this.#underWay.delete(packetId);
        this.#underWay.set(packetId, { message: sending.message, state: "PUBREL" });
        this.#history.note(sending.message, "PUBREC");
      }
      this.#establish();
    }
    this.#acknowledge(PacketType.Pubrel, packetId);
  }

  #onPubcomp(packetId: number): void {
    const sending = this.#underWay.get(packetId);
    if (sending === undefined) return;
    this.#underWay.delete(packetId);
    this.#finished(sending.message, "PUBCOMP");
  }

  #finished(message: SentMessage, by: string): void {
    message.acknowledgedAt = this.#history.tick();
    this.#history.counts.acknowledged++;
    this.#history.note(message, by);
    this.#fillWindow();
  }

  #fillWindow(): void {
    while (this.#isConnected && this.#underWay.size < this.options.window) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      const packetId = this.#takePacketId();
      this.#underWay.set(packetId, { message, state: "PUBLISH" });
      this.#history.counts.sent++;
      this.#sendPublish(packetId, message, false);
    }
  }

  #sendPublish(packetId: number, message: SentMessage, dup: boolean): void {
    if (message.sentAt === Infinity) message.sentAt = this.#history.tick();
    this.#history.note(message, `sent as ${packetId}${dup ? " with DUP" : ""}`);
    this.#send(encodePublish({
      topicName: message.topicName,
      payload: new TextEncoder().encode(message.payload),
      qos: message.qos,
      retain: message.isRetained,
      dup,
      packetId,
    }, this.options.version));
  }

  #acknowledge(
    type:
      | typeof PacketType.Puback
      | typeof PacketType.Pubrec
      | typeof PacketType.Pubrel
      | typeof PacketType.Pubcomp,
    packetId: number,
  ): void {
    this.#send(encodePacket(
      { type, packetId, reasonCode: 0, properties: {} },
      this.options.version,
    ));
  }

  /** After as long as this client takes to answer, in order, unless the connection has ended by then. */
  #later(answer: () => void): void {
    const delayMs = this.options.ackDelayMs();
    if (delayMs === 0) return answer();
    const socket = this.#socket;
    setTimeout(() => {
      if (this.#socket === socket && this.#isConnected) answer();
    }, delayMs);
  }

  #takePacketId(): number {
    do this.#lastPacketId = this.#lastPacketId % 65_535 + 1; while (
      this.#underWay.has(this.#lastPacketId) || this.#requests.has(this.#lastPacketId)
    );
    return this.#lastPacketId;
  }

  #send(bytes: Uint8Array): void {
    this.#output.push(bytes);
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    await Promise.resolve(); // gathers what this turn sends
    while (this.#output.length > 0 && this.#socket !== undefined) {
      const socket = this.#socket;
      const bytes = new Uint8Array(this.#output.reduce((sum, each) => sum + each.length, 0));
      let length = 0;
      for (const each of this.#output.splice(0)) {
        bytes.set(each, length);
        length += each.length;
      }
      try {
        for (let at = 0; at < length;) at += await socket.write(bytes.subarray(at));
      } catch (error) {
        if (!isNetworkError(error)) throw error;
        break; // the read ends, too
      }
    }
    this.#isWriting = false;
  }
}

function isNetworkError(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.NotConnected || error instanceof Deno.errors.TimedOut;
}

function closeQuietly(socket: Deno.TcpConn | undefined): void {
  try {
    socket?.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already
  }
}
