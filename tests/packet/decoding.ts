// What the tests of this folder decode with: a decoder fed in chunks of any size, out of a buffer
// that is overwritten after each, as the transport's is.

import { type PacketDecoder, PacketDecoder as Decoder } from "../../src/packet/packet_decoder.ts";
import { PacketType, type ProtocolVersion } from "../../src/packet/packet_type.ts";
import type { Packet } from "../../src/packet/packets.ts";
import { encodePacket } from "../../src/packet/encode.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { TopicNameCache } from "../../src/packet/topic_name_cache.ts";
import type { PacketData } from "../vectors/vector.ts";

/** As large as a packet can be. */
export const NO_MAXIMUM_PACKET_SIZE = 268_435_460;

/** One for all decoders, as a broker has it. */
const topicNames = new TopicNameCache();

export function newDecoder(
  version: ProtocolVersion,
  options: { maximumPacketSize?: number; expectsConnect?: boolean } = {},
): PacketDecoder {
  const decoder = new Decoder({
    topicNames,
    maximumPacketSize: options.maximumPacketSize ?? NO_MAXIMUM_PACKET_SIZE,
    expectsConnect: options.expectsConnect ?? false,
  });
  decoder.version = version;
  return decoder;
}

/** Everything that `decoder` has, as data that borrows nothing. */
export function drain(decoder: PacketDecoder): PacketData[] {
  const packets: PacketData[] = [];
  for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
    packets.push(asData(packet));
  }
  return packets;
}

/** Decodes `bytes` cut into chunks of `sizes`, over and over; default is one chunk. */
export function decodeAll(
  bytes: Uint8Array,
  version: ProtocolVersion,
  sizes: readonly number[] = [bytes.length],
): PacketData[] {
  return decodeInto(newDecoder(version), bytes, sizes);
}

/** As {@link decodeAll}, with a decoder to look at afterwards. */
export function decodeInto(
  decoder: PacketDecoder,
  bytes: Uint8Array,
  sizes: readonly number[],
): PacketData[] {
  const packets: PacketData[] = [];
  const buffer = new Uint8Array(Math.max(1, ...sizes));
  let turn = 0;
  for (let at = 0; at < bytes.length;) {
    const size = Math.min(Math.max(1, sizes[turn++ % sizes.length] ?? 1), bytes.length - at);
    buffer.set(bytes.subarray(at, at + size));
    decoder.push(buffer.subarray(0, size));
    for (const packet of drain(decoder)) packets.push(packet);
    buffer.fill(0xee);
    at += size;
  }
  return packets;
}

/** A packet as data: no views, no class, no Buffer. */
export function asData(packet: Packet): PacketData {
  if (packet.type !== PacketType.Publish) return copy(packet) as PacketData;
  return {
    type: PacketType.Publish,
    dup: packet.dup,
    qos: packet.qos,
    retain: packet.retain,
    topicName: packet.topicName,
    packetId: packet.packetId,
    topicAlias: packet.topicAlias,
    messageExpiryInterval: packet.messageExpiryInterval,
    subscriptionIdentifiers: packet.subscriptionIdentifiers,
    forwardedProperties: new Uint8Array(packet.forwardedProperties),
    payload: new Uint8Array(packet.payload),
  };
}

/** The bytes of a packet that is data. */
export function encode(packet: PacketData, version: ProtocolVersion): Uint8Array {
  return packet.type === PacketType.Publish
    ? encodePublish(packet, version)
    : encodePacket(packet, version);
}

function copy(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copy(each)]));
}
