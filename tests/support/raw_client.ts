// RawClient: a peer that sends what it is told to and reads when it is told to. For what a well-behaved
// client library would never do.

import assert from "node:assert/strict";
import { encodePacket } from "../../src/packet/encode.ts";
import { PacketDecoder } from "../../src/packet/packet_decoder.ts";
import type { ProtocolVersion } from "../../src/packet/packet_type.ts";
import { PACKET_NAMES, PacketType } from "../../src/packet/packet_type.ts";
import type { ConnectPacket, Packet } from "../../src/packet/packets.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { TopicNameCache } from "../../src/packet/topic_name_cache.ts";
import { hex } from "../vectors/hex.ts";
import { connect, type PacketData, request } from "../vectors/vector.ts";

const READ_BYTES = 65_536;
const READ_TIMEOUT_MS = 5_000;

/** The packets of one type; the acknowledgements share one interface. */
type PacketOf<T extends PacketType, P extends Packet = Packet> = P extends
  { readonly type: infer K } ? T extends K ? P : never
  : never;

export class RawClient implements Disposable {
  readonly #socket: Deno.Conn;
  readonly #decoder: PacketDecoder;
  readonly #buffer = new Uint8Array(READ_BYTES);
  #isClosed = false;
  #isChunkRead = true;

  private constructor(socket: Deno.Conn, version: ProtocolVersion) {
    this.#socket = socket;
    this.#decoder = new PacketDecoder({
      topicNames: new TopicNameCache(),
      maximumPacketSize: 268_435_460,
    });
    this.#decoder.version = version;
  }

  /** A peer that has said nothing yet. */
  static async open(port: number, version: ProtocolVersion = 5): Promise<RawClient> {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    socket.setNoDelay(true);
    return new RawClient(socket, version);
  }

  /** A peer on a connection that is there already, such as one of TLS. */
  static over(socket: Deno.Conn, version: ProtocolVersion = 5): RawClient {
    return new RawClient(socket, version);
  }

  /** A Client whose CONNECT was accepted. */
  static async connect(port: number, fields: Partial<ConnectPacket> = {}): Promise<RawClient> {
    const packet = connect(fields);
    const client = await RawClient.open(port, packet.version);
    await client.send(packet);
    assert.equal((await client.expect(PacketType.Connack)).reasonCode, 0);
    return client;
  }

  get version(): ProtocolVersion {
    return this.#decoder.version;
  }

  /** Writes a packet, or bytes, or what hex.ts reads as bytes. */
  async send(what: PacketData | Uint8Array | string): Promise<void> {
    const bytes = bytesOf(what, this.version);
    for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
  }

  /** The next packet, valid until the next call; undefined when the broker has ended the stream. */
  async next(timeoutMs: number = READ_TIMEOUT_MS): Promise<Packet | undefined> {
    for (;;) {
      if (!this.#isChunkRead) {
        const packet = this.#decoder.next();
        if (packet !== undefined) return packet;
        this.#isChunkRead = true;
      }
      const length = await this.#read(timeoutMs);
      if (length === null) return undefined;
      this.#decoder.push(this.#buffer.subarray(0, length));
      this.#isChunkRead = false;
    }
  }

  /** The next packet, which is of `type`. */
  async expect<T extends PacketType>(type: T, timeoutMs?: number): Promise<PacketOf<T>> {
    const packet = await this.next(timeoutMs);
    const got = packet === undefined ? "the end of the stream" : PACKET_NAMES[packet.type];
    assert.equal(got, PACKET_NAMES[type]);
    return packet as PacketOf<T>;
  }

  /** What is left to read is nothing but the end of the stream. */
  async expectEnd(timeoutMs?: number): Promise<void> {
    const packet = await this.next(timeoutMs);
    assert.equal(packet && PACKET_NAMES[packet.type], undefined);
  }

  async subscribe(topicFilter: string, qos: 0 | 1 | 2 = 0): Promise<void> {
    await this.send({
      type: PacketType.Subscribe,
      packetId: 1,
      subscriptions: [request({ topicFilter, qos })],
      properties: {},
    });
    await this.expect(PacketType.Suback);
  }

  /** Comes back when the broker has processed all that was sent before. */
  async ping(timeoutMs?: number): Promise<void> {
    await this.send({ type: PacketType.Pingreq });
    await this.expect(PacketType.Pingresp, timeoutMs);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #read(timeoutMs: number): Promise<number | null> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.close();
    }, timeoutMs);
    try {
      return await this.#socket.read(this.#buffer);
    } catch (error) {
      if (isLate) assert.fail(`the broker sent nothing for ${timeoutMs} ms`);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

function bytesOf(what: PacketData | Uint8Array | string, version: ProtocolVersion): Uint8Array {
  if (typeof what === "string") return hex(what);
  if (what instanceof Uint8Array) return what;
  return what.type === PacketType.Publish
    ? encodePublish(what, version)
    : encodePacket(what, version);
}
