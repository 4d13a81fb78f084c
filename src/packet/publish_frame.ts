// PublishFrame: a PUBLISH that goes to many receivers, encoded once.
//
//   30 0e  00 03 'a' '/' 'b'  [.. ..]        [02 .. .. .. ..]  payload
//   ^patched: QoS 0/1/2,      ^patched:      ^patched: Message
//    DUP, RETAIN               Packet Id      Expiry Interval
//
// The frame itself is never changed: it is copied into a receiver's output and patched there. Where nothing is
// to add or take away, the bytes that the publisher sent are the frame already.

import type { PublishPacket } from "./publish.ts";
import { variableByteIntegerLength, writeVariableByteInteger } from "./byte_writer.ts";
import { PropertyId } from "./properties.ts";

/** What a frame is made of. */
export interface FrameContent {
  /** Topic Name in UTF-8. */
  readonly topicBytes: Uint8Array;
  readonly payload: Uint8Array;
  /** Encoded Properties; left out for version 3. */
  readonly forwardedProperties: Uint8Array;
  readonly expires: boolean;
}

export class PublishFrame {
  /** Where the frame stands; other things may stand around it. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Offset from `start` of the Packet Identifier; 0 if the frame has none (QoS 0). */
  readonly packetIdOffset: number;
  /** Offset from `start` of the Message Expiry Interval; 0 if the frame has none. */
  readonly expiryOffset: number;
  /** Offset from `start` of the payload. */
  readonly payloadOffset: number;

  private constructor(
    bytes: Uint8Array,
    start: number,
    end: number,
    packetIdOffset: number,
    expiryOffset: number,
    payloadOffset: number,
  ) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.packetIdOffset = packetIdOffset;
    this.expiryOffset = expiryOffset;
    this.payloadOffset = payloadOffset;
  }

  /** Bytes of the whole packet. */
  get length(): number {
    return this.end - this.start;
  }

  /**
   * The frame for receivers of the publisher's own version and QoS: the packet as it came. Not for one with a
   * Topic Alias or a Message Expiry Interval, which are not passed on as they are.
   * @param bytes where the packet stands, from `start` on: where it came, or a copy.
   */
  static received(packet: PublishPacket, bytes: Uint8Array, start: number): PublishFrame {
    const packetIdOffset = packet.qos === 0 ? 0 : packet.topicEnd - packet.start;
    const payloadOffset = packet.payloadStart - packet.start;
    const end = start + packet.end - packet.start;
    return new PublishFrame(bytes, start, end, packetIdOffset, 0, payloadOffset);
  }

  /** The same frame in `bytes`, from `start` on. */
  movedTo(bytes: Uint8Array, start: number): PublishFrame {
    const { length, packetIdOffset, expiryOffset, payloadOffset } = this;
    const end = start + length;
    return new PublishFrame(bytes, start, end, packetIdOffset, expiryOffset, payloadOffset);
  }

  /** Encodes a frame for receivers of MQTT 5.0 (`v5`) or of MQTT 3, with or without Packet Identifier. */
  static encode(content: FrameContent, v5: boolean, hasPacketId: boolean): PublishFrame {
    const { topicBytes, payload } = content;
    const properties = content.forwardedProperties;
    const propertyLength = properties.length + (content.expires ? 5 : 0);
    const remainingLength = 2 + topicBytes.length + (hasPacketId ? 2 : 0) +
      (v5 ? variableByteIntegerLength(propertyLength) + propertyLength : 0) + payload.length;
    const bytes = new Uint8Array(
      1 + variableByteIntegerLength(remainingLength) + remainingLength,
    );
    let at = writeVariableByteInteger(bytes, 1, remainingLength);
    bytes[at++] = topicBytes.length >>> 8;
    bytes[at++] = topicBytes.length;
    bytes.set(topicBytes, at);
    at += topicBytes.length;
    const packetIdOffset = hasPacketId ? at : 0;
    if (hasPacketId) at += 2;
    let expiryOffset = 0;
    if (v5) {
      at = writeVariableByteInteger(bytes, at, propertyLength);
      bytes.set(properties, at);
      at += properties.length;
      if (content.expires) {
        bytes[at++] = PropertyId.MessageExpiryInterval;
        expiryOffset = at;
        at += 4;
      }
    }
    bytes.set(payload, at);
    return new PublishFrame(bytes, 0, bytes.length, packetIdOffset, expiryOffset, at);
  }

  /**
   * Makes the copy that stands in `target` at `at` the one receiver's own.
   * @param remainingExpiry seconds that are left of the Message Expiry Interval.
   */
  patch(
    target: Uint8Array,
    at: number,
    flags: number,
    packetId: number,
    remainingExpiry: number,
  ): void {
    target[at] = flags;
    if (this.packetIdOffset !== 0) {
      target[at + this.packetIdOffset] = packetId >>> 8;
      target[at + this.packetIdOffset + 1] = packetId;
    }
    if (this.expiryOffset !== 0) {
      const expiryAt = at + this.expiryOffset;
      target[expiryAt] = remainingExpiry >>> 24;
      target[expiryAt + 1] = remainingExpiry >>> 16;
      target[expiryAt + 2] = remainingExpiry >>> 8;
      target[expiryAt + 3] = remainingExpiry;
    }
  }
}
