// What a row of the packet tables is, and the builders that fill in what a row leaves out.

import { PacketType, type ProtocolVersion } from "../../src/packet/packet_type.ts";
import type {
  AckPacket,
  AuthPacket,
  ConnackPacket,
  ConnectPacket,
  DisconnectPacket,
  Packet,
  SubscriptionRequest,
  Will,
} from "../../src/packet/packets.ts";
import type { PublishFields, PublishPacket } from "../../src/packet/publish.ts";

/** A PUBLISH as data: what a decoded one says, without the chunk that it borrows. */
export type PublishData = { readonly type: typeof PacketType.Publish } & Required<PublishFields>;

/** Any Control Packet as data. */
export type PacketData = Exclude<Packet, PublishPacket> | PublishData;

/** Bytes and the packet they are: decoding gives the one, encoding the other. */
export interface PacketVector {
  /** A sentence. */
  readonly name: string;
  readonly version: ProtocolVersion;
  /** See hex.ts. */
  readonly hex: string;
  readonly packet: PacketData;
  /** What encoding gives, where a peer may also write it as in `hex`. */
  readonly encodedAs?: string;
}

/** Bytes that the codec refuses. */
export interface MalformedVector {
  /** A sentence. */
  readonly name: string;
  /** Said by an earlier CONNECT; ignored where this is the CONNECT. */
  readonly version: ProtocolVersion;
  readonly hex: string;
  readonly reasonCode: number;
  /** For CONNECT: the version in whose form it is answered. */
  readonly connectVersion?: ProtocolVersion | undefined;
}

export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The UTF-8 bytes of `text`. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function connect(fields: Partial<ConnectPacket>): ConnectPacket {
  return {
    type: PacketType.Connect,
    version: 5,
    isBridge: false,
    cleanStart: true,
    keepAlive: 0,
    clientId: "c",
    will: undefined,
    userName: undefined,
    password: undefined,
    properties: {},
    ...fields,
  };
}

export function will(fields: Partial<Will>): Will {
  return {
    topicName: "w",
    payload: NO_BYTES,
    qos: 0,
    retain: false,
    willDelayInterval: 0,
    messageExpiryInterval: undefined,
    forwardedProperties: NO_BYTES,
    ...fields,
  };
}

export function connack(fields: Partial<ConnackPacket>): ConnackPacket {
  return {
    type: PacketType.Connack,
    sessionPresent: false,
    reasonCode: 0,
    properties: {},
    ...fields,
  };
}

export function publish(fields: Partial<PublishFields>): PublishData {
  return {
    type: PacketType.Publish,
    dup: false,
    qos: 0,
    retain: false,
    topicName: "t",
    packetId: 0,
    topicAlias: 0,
    messageExpiryInterval: undefined,
    subscriptionIdentifiers: undefined,
    forwardedProperties: NO_BYTES,
    payload: NO_BYTES,
    ...fields,
  };
}

export function ack(type: AckPacket["type"], fields: Partial<AckPacket> = {}): AckPacket {
  return { packetId: 1, reasonCode: 0, properties: {}, ...fields, type };
}

export function request(fields: Partial<SubscriptionRequest>): SubscriptionRequest {
  return {
    topicFilter: "f",
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
    ...fields,
  };
}

export function disconnect(fields: Partial<DisconnectPacket> = {}): DisconnectPacket {
  return { reasonCode: 0, properties: {}, ...fields, type: PacketType.Disconnect };
}

export function auth(fields: Partial<AuthPacket> = {}): AuthPacket {
  return { reasonCode: 0, properties: {}, ...fields, type: PacketType.Auth };
}
