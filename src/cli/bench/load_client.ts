// One connection of the load generator: connects, publishes copies of one frame, subscribes, acknowledges, and
// tells what comes. Frames gather and are written once a turn.

import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { encodePacket } from "../../packet/encode.ts";
import { PacketType } from "../../packet/packet_type.ts";
import type { SubscriptionRequest } from "../../packet/packets.ts";
import type { ProtocolVersion, QoS } from "../client/settings.ts";
import { FrameScanner } from "./frame_scanner.ts";

export interface LoadHandlers {
  /** A message, acknowledged already; `payload` is valid during the call. */
  readonly onMessage: (bytes: Uint8Array, payloadAt: number, payloadEnd: number) => void;
  /** A message of ours with QoS 1 or 2 has arrived. */
  readonly onAcknowledged: () => void;
  /** There is room for more in the socket. */
  readonly onRoom: () => void;
  /** The connection is gone without our doing; undefined: the broker has closed it. */
  readonly onLost: (error: Error | undefined) => void;
}

interface Credentials {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly keepAlive: number;
}

/** The CONNACK said no. */
export class Refused extends Error {
  override readonly name: string = "Refused";
  readonly code: number;

  constructor(code: number) {
    super(`refused with ${code}`);
    this.code = code;
  }
}

export class LoadClient {
  readonly #stream: Duplex;
  readonly #version: ProtocolVersion;
  readonly #handlers: LoadHandlers;
  readonly #connack = Promise.withResolvers<number>();
  readonly #suback = Promise.withResolvers<readonly number[]>();
  #out = Buffer.allocUnsafe(16_384);
  #outLength = 0;
  #isFlushing = false;
  #isBlocked = false;
  #isClosed = false;
  #packetId = 0;

  constructor(stream: Duplex, version: ProtocolVersion, handlers: LoadHandlers) {
    this.#stream = stream;
    this.#version = version;
    this.#handlers = handlers;
    this.#suback.promise.catch(() => {}); // who does not subscribe does not wait for it
    const scanner = new FrameScanner((...frame) => this.#onFrame(...frame));
    stream.on("data", (chunk: Uint8Array) => {
      try {
        scanner.feed(chunk);
      } catch (error) {
        stream.destroy(error as Error);
      }
    });
    stream.on("drain", () => {
      this.#isBlocked = false;
      this.#handlers.onRoom();
    });
    stream.on("error", (error) => this.#onClosed(error));
    stream.on("close", () => this.#onClosed(undefined));
  }

  /** True while more would only wait in memory. */
  get isBlocked(): boolean {
    return this.#isBlocked || this.#isClosed;
  }

  /** @throws {Refused} @throws {Error} if there is no connection. */
  async connect({ clientId, username, password, keepAlive }: Credentials): Promise<void> {
    this.#append(encodePacket({
      type: PacketType.Connect,
      version: this.#version,
      clientId,
      cleanStart: true,
      keepAlive,
      will: undefined,
      userName: username,
      password: password === undefined ? undefined : Buffer.from(password),
      properties: {},
      isBridge: false,
    }, this.#version));
    const code = await this.#connack.promise;
    if (code !== 0) throw new Refused(code);
  }

  /** Resolves with what is granted. */
  async subscribe(filters: readonly string[], qos: QoS): Promise<readonly number[]> {
    const subscriptions: SubscriptionRequest[] = filters.map((filter) => ({
      topicFilter: filter,
      qos,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    }));
    const packet = { type: PacketType.Subscribe, packetId: 1, subscriptions, properties: {} };
    this.#append(encodePacket(packet, this.#version));
    return await this.#suback.promise;
  }

  /** Sends `frame`, a PUBLISH; with a Packet Identifier at `packetIdAt`, if that is above 0. */
  publish(frame: Uint8Array, packetIdAt: number): void {
    const at = this.#append(frame);
    if (packetIdAt > 0) {
      this.#packetId = this.#packetId % 0xffff + 1;
      this.#out.writeUInt16BE(this.#packetId, at + packetIdAt);
    }
  }

  ping(): void {
    if (!this.#isClosed) this.#append(Uint8Array.of(0xc0, 0));
  }

  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#append(Uint8Array.of(0xe0, 0));
    this.#flush();
    this.#stream.end();
    setTimeout(() => this.#stream.destroy(), 100);
  }

  #append(bytes: Uint8Array): number {
    const at = this.#outLength;
    if (at + bytes.length > this.#out.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * this.#out.length, at + bytes.length));
      larger.set(this.#out.subarray(0, at));
      this.#out = larger;
    }
    this.#out.set(bytes, at);
    this.#outLength = at + bytes.length;
    if (!this.#isFlushing) {
      this.#isFlushing = true;
      queueMicrotask(() => this.#flush());
    }
    return at;
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#outLength === 0 || this.#stream.destroyed) return;
    // The stream keeps what it is given until it is written.
    const bytes = Buffer.from(this.#out.subarray(0, this.#outLength));
    this.#outLength = 0;
    if (!this.#stream.write(bytes)) this.#isBlocked = true;
  }

  #onFrame(header: number, bytes: Uint8Array, start: number, end: number): void {
    switch (header >> 4) {
      case PacketType.Connack:
        return this.#connack.resolve(bytes[start + 1]!);
      case PacketType.Suback:
        return this.#suback.resolve([
          ...bytes.subarray(end - this.#granted(bytes, start, end), end),
        ]);
      case PacketType.Publish:
        return this.#onPublish(header, bytes, start, end);
      case PacketType.Puback:
      case PacketType.Pubcomp:
        return this.#handlers.onAcknowledged();
      case PacketType.Pubrec: {
        const isRefused = end - start > 2 && bytes[start + 2]! >= 0x80; // MQTT 5.0: it ends here
        if (isRefused) this.#handlers.onAcknowledged();
        else this.#append(Uint8Array.of(0x62, 2, bytes[start]!, bytes[start + 1]!));
        return;
      }
      case PacketType.Pubrel:
        this.#append(Uint8Array.of(0x70, 2, bytes[start]!, bytes[start + 1]!));
    }
  }

  /** How many bytes of a SUBACK are Reason Codes. */
  #granted(bytes: Uint8Array, start: number, end: number): number {
    const at = start + 2;
    return end - (this.#version === 5 ? afterProperties(bytes, at) : at);
  }

  #onPublish(header: number, bytes: Uint8Array, start: number, end: number): void {
    let at = start + 2 + (bytes[start]! << 8 | bytes[start + 1]!);
    const qos = header >> 1 & 3;
    if (qos > 0) {
      this.#append(Uint8Array.of(qos === 1 ? 0x40 : 0x50, 2, bytes[at]!, bytes[at + 1]!));
      at += 2;
    }
    if (this.#version === 5) at = afterProperties(bytes, at);
    this.#handlers.onMessage(bytes, at, end);
  }

  #onClosed(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const reason = error ?? new Error("The broker has closed the connection");
    this.#connack.reject(reason);
    this.#suback.reject(reason);
    this.#connack.promise.catch(() => {});
    this.#handlers.onLost(error);
  }
}

/** Where the Properties at `at` end. */
function afterProperties(bytes: Uint8Array, at: number): number {
  let length = 0;
  for (let shift = 0;; shift += 7) {
    const digit = bytes[at++]!;
    length |= (digit & 0x7f) << shift;
    if (digit < 0x80) return at + length;
  }
}
