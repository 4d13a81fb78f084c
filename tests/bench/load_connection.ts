/**
 * One MQTT connection of the load generator, made to cost as little as possible.
 *
 *     read ─► one reused buffer ─► walk the fixed headers, count ─┬─► onProgress()  (Flow publishes)
 *                 (no decoding, no allocation)                    └─► acknowledgements ─► outgoing
 *     write ◄─ flying buffer ◄─ swap ◄─ outgoing buffer (everything since the last write)
 *
 * One read and one write are under way at most. What is received is answered in one batch for each
 * read: PUBACK, PUBREC, PUBREL and PUBCOMP are appended while walking and written together.
 * When the broker closes the connection or refuses something, `onFailure` gets the reason.
 */

import {
  DISCONNECT,
  encodeConnect,
  encodeSubscribe,
  type PublishBlock,
  type QoS,
} from "./frames.ts";
import type { Transport } from "./transport.ts";
import { type LoadSocket, WebSocketConn } from "./websocket_conn.ts";

const PACKET_PUBACK = 4;
const PACKET_PUBREC = 5;
const PACKET_PUBREL = 6;
const PACKET_PUBCOMP = 7;
const PACKET_SUBACK = 9;
const FIRST_BYTE_PUBACK = 0x40;
const FIRST_BYTE_PUBREC = 0x50;
const FIRST_BYTE_PUBREL = 0x62;
const FIRST_BYTE_PUBCOMP = 0x70;
const SUBACK_FAILURE = 0x80;

export interface LoadConnectionOptions {
  readonly port: number;
  readonly clientId: string;
  /** Default 64 KiB; a connection of a wide fan-out takes less. */
  readonly readBufferLength?: number;
  readonly transport?: Transport | undefined;
  /** PEM: the CA of a broker that speaks TLS. */
  readonly authority?: string | undefined;
  /** Its Session outlives the connection. */
  readonly keepsSession?: boolean | undefined;
  readonly onFailure: (reason: string) => void;
}

export class LoadConnection {
  /** PUBLISH packets received. */
  received = 0;
  /** PUBACK and PUBCOMP packets received. */
  acknowledged = 0;
  /** Called after every read batch with the number of PUBLISH packets in it. */
  onProgress: (received: number) => void = () => {};
  /** Called for every PUBLISH with the place where its payload ends. */
  onPublish: ((bytes: DataView, payloadEnd: number) => void) | undefined = undefined;

  readonly #connection: LoadSocket;
  readonly #clientId: string;
  readonly #onFailure: (reason: string) => void;
  readonly #read: Uint8Array<ArrayBuffer>;
  readonly #readView: DataView;
  #outgoing = new Uint8Array(16 * 1024);
  #outgoingLength = 0;
  #flying = new Uint8Array(16 * 1024);
  #writing = false;
  #closed = false;
  #subacksAwaited = 0;
  #onSubscribed: () => void = () => {};

  private constructor(connection: LoadSocket, options: LoadConnectionOptions) {
    this.#connection = connection;
    this.#clientId = options.clientId;
    this.#onFailure = options.onFailure;
    this.#read = new Uint8Array(options.readBufferLength ?? 64 * 1024);
    this.#readView = new DataView(this.#read.buffer);
  }

  static async open(options: LoadConnectionOptions): Promise<LoadConnection> {
    const connection = await connectMqtt(options, options.clientId);
    const opened = new LoadConnection(connection, options);
    opened.#readLoop().catch((error: Error) => opened.#fail(error.message));
    return opened;
  }

  /** Resolves when the broker has granted all filters, sent `filtersPerPacket` at a time. */
  async subscribe(filters: readonly string[], qos: QoS, filtersPerPacket = 50): Promise<void> {
    const subscribed = new Promise<void>((resolve) => this.#onSubscribed = resolve);
    for (let at = 0; at < filters.length; at += filtersPerPacket) {
      const packetId = ++this.#subacksAwaited;
      this.#append(encodeSubscribe(packetId, filters.slice(at, at + filtersPerPacket), qos));
    }
    this.flush();
    await subscribed;
  }

  /** Appends `count` frames of the block; the last Packet Identifier used is returned. */
  appendPublishes(block: PublishBlock, from: number, count: number, lastPacketId: number): number {
    const { frameLength } = block;
    const start = this.#outgoingLength;
    this.#append(block.bytes.subarray(from * frameLength, (from + count) * frameLength));
    if (block.qos === 0) return lastPacketId;
    let at = start + block.packetIdOffset;
    for (let index = 0; index < count; index++, at += frameLength) {
      lastPacketId = lastPacketId === 0xffff ? 1 : lastPacketId + 1;
      this.#outgoing[at] = lastPacketId >> 8;
      this.#outgoing[at + 1] = lastPacketId & 0xff;
    }
    return lastPacketId;
  }

  /** Starts to write what was appended, unless a write is under way, which then goes on with it. */
  flush(): void {
    if (this.#writing || this.#outgoingLength === 0) return;
    this.#writing = true;
    this.#writeLoop().catch((error: Error) => this.#fail(error.message));
  }

  /** Ends the connection as a Client does. */
  async disconnect(): Promise<void> {
    this.#closed = true;
    await disconnectMqtt(this.#connection);
  }

  close(): void {
    this.#closed = true;
    this.#connection.close();
  }

  async #writeLoop(): Promise<void> {
    while (this.#outgoingLength > 0) {
      const bytes = this.#outgoing;
      const length = this.#outgoingLength;
      this.#outgoing = this.#flying;
      this.#flying = bytes;
      this.#outgoingLength = 0;
      let written = 0;
      while (written < length) {
        written += await this.#connection.write(bytes.subarray(written, length));
      }
    }
    this.#writing = false;
  }

  async #readLoop(): Promise<void> {
    const bytes = this.#read;
    let held = 0; // the part of a packet that the last read ended in
    while (true) {
      const count = await this.#connection.read(held === 0 ? bytes : bytes.subarray(held));
      if (count === null) throw new Error("the broker closed the connection");
      const end = held + count;
      const receivedBefore = this.received;
      const consumed = this.#walk(end);
      held = end - consumed;
      if (consumed > 0 && held > 0) bytes.copyWithin(0, consumed, end);
      if (held === bytes.length) throw new Error("the broker sent a packet beyond the buffer");
      this.onProgress(this.received - receivedBefore);
      this.flush();
    }
  }

  /** Counts and answers the whole packets in the read buffer; returns where they end. */
  #walk(end: number): number {
    const bytes = this.#read;
    let at = 0;
    let received = 0;
    while (at + 2 <= end) {
      const firstByte = bytes[at] ?? 0;
      let body = at + 2;
      let length = bytes[at + 1] ?? 0;
      if (length > 0x7f) {
        length &= 0x7f;
        let byte = 0x80;
        for (let shift = 7; byte > 0x7f; shift += 7) {
          if (body >= end) {
            this.received += received;
            return at;
          }
          byte = bytes[body++] ?? 0;
          length |= (byte & 0x7f) << shift;
        }
      }
      const next = body + length;
      if (next > end) break;
      if ((firstByte & 0xf0) === 0x30) {
        received++;
        if ((firstByte & 0x06) !== 0) this.#acknowledgePublish(firstByte, body);
        if (this.onPublish !== undefined) this.onPublish(this.#readView, next);
      } else {
        this.#handleOther(firstByte >> 4, body, next);
      }
      at = next;
    }
    this.received += received;
    return at;
  }

  #acknowledgePublish(firstByte: number, body: number): void {
    const packetIdAt = body + 2 + this.#readView.getUint16(body);
    const isQoS1 = (firstByte & 0x06) === 0x02;
    this.#appendAcknowledgement(isQoS1 ? FIRST_BYTE_PUBACK : FIRST_BYTE_PUBREC, packetIdAt);
  }

  #handleOther(packetType: number, body: number, end: number): void {
    switch (packetType) {
      case PACKET_PUBACK:
      case PACKET_PUBCOMP:
        this.acknowledged++;
        break;
      case PACKET_PUBREC:
        this.#appendAcknowledgement(FIRST_BYTE_PUBREL, body);
        break;
      case PACKET_PUBREL:
        this.#appendAcknowledgement(FIRST_BYTE_PUBCOMP, body);
        break;
      case PACKET_SUBACK:
        this.#handleSuback(body, end);
        break;
      default:
        this.#fail(`the broker sent an unexpected packet of type ${packetType}`);
    }
  }

  #handleSuback(body: number, end: number): void {
    for (let at = body + 2; at < end; at++) {
      if (this.#read[at] === SUBACK_FAILURE) this.#fail("the broker refused a subscription");
    }
    if (--this.#subacksAwaited === 0) this.#onSubscribed();
  }

  #appendAcknowledgement(firstByte: number, packetIdAt: number): void {
    const at = this.#reserve(4);
    this.#outgoing[at] = firstByte;
    this.#outgoing[at + 1] = 2;
    this.#outgoing[at + 2] = this.#read[packetIdAt] ?? 0;
    this.#outgoing[at + 3] = this.#read[packetIdAt + 1] ?? 0;
  }

  #append(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#outgoing.set(bytes, at);
  }

  #reserve(length: number): number {
    const at = this.#outgoingLength;
    this.#outgoingLength = at + length;
    if (this.#outgoingLength > this.#outgoing.length) {
      const grown = new Uint8Array(2 * this.#outgoingLength);
      grown.set(this.#outgoing.subarray(0, at));
      this.#outgoing = grown;
    }
    return at;
  }

  #fail(reason: string): void {
    if (!this.#closed) this.#onFailure(`${this.#clientId}: ${reason}`);
  }
}

const KEEP_ALIVE_SECONDS = 600;
const CONNACK_LENGTH = 4;

/** A connection on which the broker has accepted our CONNECT. */
export async function connectMqtt(
  { port, transport, authority, keepsSession = false }: Pick<
    LoadConnectionOptions,
    "port" | "transport" | "authority" | "keepsSession"
  >,
  clientId: string,
): Promise<LoadSocket> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  socket.setNoDelay(true);
  const connection = transport === "websocket"
    ? await WebSocketConn.upgrade(socket)
    : transport === "tls"
    ? await Deno.startTls(socket, { hostname: "127.0.0.1", caCerts: [authority ?? ""] })
    : socket;
  await connection.write(encodeConnect(clientId, KEEP_ALIVE_SECONDS, keepsSession));
  const connack = new Uint8Array(CONNACK_LENGTH);
  let filled = 0;
  while (filled < CONNACK_LENGTH) {
    const count = await connection.read(connack.subarray(filled));
    if (count === null) throw new Error(`${clientId}: the broker closed instead of a CONNACK`);
    filled += count;
  }
  if (connack[0] !== 0x20 || connack[3] !== 0) {
    throw new Error(`${clientId}: the broker refused the connection with code ${connack[3]}`);
  }
  return connection;
}

export async function disconnectMqtt(connection: LoadSocket): Promise<void> {
  await connection.write(DISCONNECT);
  connection.close();
}
