// PacketDecoder: a stream of chunks in, Control Packets out.
//
//   push(chunk)   chunk: |..rest of a packet|packet|packet|start of a packet..|
//   next()               `-- completed in    `----- read in place            `-- copied and kept
//                            the kept part          (views into the chunk)       for the next chunk
//
// It owns the framing: the fixed header and Maximum Packet Size. A Control Packet that is not complete
// is copied as its bytes arrive, into a buffer that grows with them: nothing is allocated on the word
// of a Remaining Length. What the bytes mean is decode.ts's.

import { copyBytes } from "./bytes.ts";
import { malformed } from "./byte_reader.ts";
import { decodePacket } from "./decode.ts";
import { MqttError } from "./mqtt_error.ts";
import { PACKET_NAMES, PacketType, type ProtocolVersion, REQUIRED_FLAGS } from "./packet_type.ts";
import type { Packet } from "./packets.ts";
import { NO_BYTES } from "./publish.ts";
import { ReasonCode } from "./reason_code.ts";
import type { TopicNameCache } from "./topic_name_cache.ts";

/** One byte and a Remaining Length of at most four. */
const MAX_FIXED_HEADER_BYTES = 5;

/** What TLS begins with; a CONNECT with these flags is malformed anyhow. */
const TLS_HANDSHAKE = 0x16;
/** The first letter of GET. */
const HTTP_GET = 0x47;

export class PacketDecoder {
  /** Version of the packets that follow; the CONNECT says it. */
  version: ProtocolVersion = 4;
  /** Bytes, fixed header included, that a Control Packet may have. */
  maximumPacketSize: number;
  /** Until the CONNECT is there, everything else is refused on its first byte [MQTT-3.1.0-1]. */
  expectsConnect: boolean;

  /**
   * Offset in the chunk of the next packet. Whoever has read packets from there itself sets it to the offset
   * behind them; not while {@link hasPartialPacket}.
   */
  position = 0;

  readonly #topicNames: TopicNameCache;
  #chunk: Uint8Array = NO_BYTES;
  /** Offset behind the last byte of #chunk that was pushed. */
  #end = 0;
  /** The start of a packet whose end has not come yet. */
  #partial: Uint8Array | undefined = undefined;
  #partialLength = 0;
  /** Offset of the variable header, as the last #readFixedHeader found it. */
  #body = 0;

  constructor(options: {
    readonly topicNames: TopicNameCache;
    readonly maximumPacketSize: number;
    readonly expectsConnect?: boolean;
  }) {
    this.#topicNames = options.topicNames;
    this.maximumPacketSize = options.maximumPacketSize;
    this.expectsConnect = options.expectsConnect ?? false;
  }

  /** True if a packet has begun and not ended: all of it is kept here. */
  get hasPartialPacket(): boolean {
    return this.#partial !== undefined;
  }

  /**
   * Takes the next bytes, `chunk[0, length)`. Call {@link next} until it returns undefined before the next
   * push: packets borrow `chunk`.
   */
  push(chunk: Uint8Array, length: number = chunk.length): void {
    this.#chunk = chunk;
    this.position = 0;
    this.#end = length;
  }

  /**
   * The next Control Packet, valid until the next call of {@link push}; undefined when more bytes are needed.
   * @throws {MqttError} 0x81, 0x82, 0x84, or 0x95 if it is larger than Maximum Packet Size. The decoder can't be
   * used after that.
   */
  next(): Packet | undefined {
    if (this.#partial !== undefined) return this.#nextFromPartial();
    const chunk = this.#chunk;
    const start = this.position;
    const limit = this.#end;
    if (start >= limit) return this.#release();
    const end = this.#readFixedHeader(chunk, start, limit);
    if (end === 0 || end > limit) {
      this.#keep(chunk.subarray(start, limit));
      return this.#release();
    }
    this.position = end;
    return decodePacket(chunk, start, this.#body, end, this.version, this.#topicNames);
  }

  /** Copies what has not been read yet, so that the chunk can be reused. */
  holdUnread(): Uint8Array {
    const rest = copyBytes(this.#chunk.subarray(this.position, this.#end));
    this.#release();
    return rest;
  }

  #release(): undefined {
    this.#chunk = NO_BYTES;
    this.position = 0;
    this.#end = 0;
    return undefined;
  }

  /**
   * Reads the fixed header at `at` and leaves the offset behind it in #body.
   * @returns the offset of the packet's end, which may lie behind `limit`; 0 if the fixed header
   * itself is not complete.
   */
  #readFixedHeader(bytes: Uint8Array, at: number, limit: number): number {
    const first = bytes[at]!;
    const type = first >> 4;
    if (type === 0) {
      throw new MqttError(ReasonCode.ProtocolError, "Control Packet type 0 is reserved");
    }
    if (this.expectsConnect) {
      if (first === TLS_HANDSHAKE) {
        throw malformed("it speaks TLS, and this port is for MQTT without");
      }
      if (first === HTTP_GET) throw malformed("it speaks HTTP, and this port is for MQTT");
      if (type !== PacketType.Connect) {
        throw new MqttError(ReasonCode.ProtocolError, `${PACKET_NAMES[type]} before CONNECT`);
      }
    } else if (type !== PacketType.Publish && (first & 0x0f) !== REQUIRED_FLAGS[type]) {
      this.#checkFlags(type, first & 0x0f);
    }
    let length = 0;
    for (let i = 1; i < MAX_FIXED_HEADER_BYTES; i++) {
      if (at + i >= limit) return 0;
      const byte = bytes[at + i]!;
      length |= (byte & 0x7f) << 7 * (i - 1);
      if (byte < 0x80) {
        if (byte === 0 && i > 1) throw malformed("Remaining Length is not minimally encoded");
        if (length + 1 + i > this.maximumPacketSize) {
          throw new MqttError(
            ReasonCode.PacketTooLarge, // [MQTT-3.2.2-15]
            `${PACKET_NAMES[type]} of ${length + 1 + i} bytes exceeds Maximum Packet Size`,
          );
        }
        this.#body = at + i + 1;
        return at + i + 1 + length;
      }
    }
    throw malformed("Remaining Length has more than four bytes");
  }

  #checkFlags(type: number, flags: number): void {
    if (type === PacketType.Connect) return; // decodeConnect knows the version
    // MQTT 3.1, section 2.1: SUBSCRIBE, UNSUBSCRIBE and PUBREL may be repeated with DUP set.
    if (this.version === 3 && (flags & ~8) === REQUIRED_FLAGS[type]) return;
    throw malformed(`${PACKET_NAMES[type]} with reserved bits set`); // [MQTT-2.1.3-1]
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#partialLength;
    const needed = length + bytes.length;
    if (this.#partial === undefined || needed > this.#partial.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * length));
      if (this.#partial !== undefined) grown.set(this.#partial.subarray(0, length));
      this.#partial = grown;
    }
    this.#partial.set(bytes, length);
    this.#partialLength = needed;
  }

  /** Completes the kept packet from the chunk, taking no byte more than it needs. */
  #nextFromPartial(): Packet | undefined {
    const chunk = this.#chunk;
    let end = this.#readFixedHeader(this.#partial!, 0, this.#partialLength);
    while (end === 0) {
      if (this.position >= this.#end) return this.#release();
      this.#keep(chunk.subarray(this.position, ++this.position));
      end = this.#readFixedHeader(this.#partial!, 0, this.#partialLength);
    }
    const missing = end - this.#partialLength;
    const available = Math.min(missing, this.#end - this.position);
    this.#keep(chunk.subarray(this.position, this.position + available));
    this.position += available;
    if (available < missing) return this.#release();
    const packet = this.#partial!;
    this.#partial = undefined;
    this.#partialLength = 0;
    return decodePacket(packet, 0, this.#body, end, this.version, this.#topicNames);
  }
}
