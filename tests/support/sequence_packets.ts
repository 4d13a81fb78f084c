// The packets of the scripted sequences: short builders that give the bytes of a packet for the
// protocol version that the client speaks, so that one script serves all of them. Bytes in the notation
// of tests/vectors/hex.ts stand wherever a packet does: for what no encoder would write, and where the
// very bytes matter.

import { encodePacket } from "../../src/packet/encode.ts";
import { PacketType, type ProtocolVersion, type QoS } from "../../src/packet/packet_type.ts";
import { encodeProperties, type Properties } from "../../src/packet/properties.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import type { ConnectPacket, SubscriptionRequest, Will } from "../../src/packet/packets.ts";
import { hex } from "../vectors/hex.ts";
import { bytesOf, connect as connectPacket, will as willFields } from "../vectors/vector.ts";

/** A packet in the form of a version, or its bytes. */
export type What = string | ((version: ProtocolVersion) => Uint8Array);

/** The bytes of `what` for a client of `version`. */
export function bytesFor(what: What, version: ProtocolVersion): Uint8Array {
  return typeof what === "string" ? hex(what) : what(version);
}

/** Picks by version: `v5` for MQTT 5.0, `v3` for the older ones. */
export function either(v5: What, v3: What): What {
  return (version) => bytesFor(version === 5 ? v5 : v3, version);
}

// ------------------------------------------------------------------------------ connect, disconnect

/** A CONNECT with Clean Start; without Properties in MQTT 3. */
export function connect(
  clientId: string,
  fields: Partial<Omit<ConnectPacket, "type" | "version" | "clientId">> = {},
): What {
  return (version) => {
    const properties = version === 5 ? fields.properties ?? {} : {};
    return encodePacket(connectPacket({ ...fields, clientId, version, properties }), version);
  };
}

/**
 * A CONNECT to a Session that outlives the connection: Clean Session 0 in MQTT 3, a Session Expiry
 * Interval in MQTT 5.0.
 */
export function resume(
  clientId: string,
  fields: Parameters<typeof connect>[1] & { readonly expiry?: number } = {},
): What {
  const { expiry = 0xffff_ffff, ...others } = fields;
  const properties = { sessionExpiryInterval: expiry, ...fields.properties };
  return connect(clientId, { cleanStart: false, ...others, properties });
}

export interface WillFields extends Partial<Omit<Will, "payload" | "forwardedProperties">> {
  readonly payload?: string;
  readonly properties?: Properties;
}

/** A Will Message to `topicName`. */
export function will(topicName: string, fields: WillFields = {}): Will {
  const { payload = "gone", properties = {}, ...others } = fields;
  const forwardedProperties = encodeProperties(properties);
  return willFields({ ...others, topicName, payload: bytesOf(payload), forwardedProperties });
}

/** The CONNACK that accepts, byte for byte as Mosquitto 2.1 sends it. */
export const connack: What = either(
  "20 0e 00 00 0b 22 000a 27 001e8480 21 0014",
  "20 02 00 00",
);

/** As {@link connack}, to a Session that was there; MQTT 3.1 has no way to say so. */
export const connackSessionPresent: What = either(
  "20 0e 01 00 0b 22 000a 27 001e8480 21 0014",
  (version: ProtocolVersion): Uint8Array => hex(version === 3 ? "20 02 00 00" : "20 02 01 00"),
);

/** A DISCONNECT from the client. */
export function disconnect(reasonCode = 0, properties: Properties = {}): What {
  return (version) => {
    const type = PacketType.Disconnect;
    return encodePacket({ type, reasonCode: reasonCode as 0, properties }, version);
  };
}

export function auth(reasonCode: number, method: string, data?: string): What {
  const properties: Properties = { authenticationMethod: method };
  if (data !== undefined) properties.authenticationData = bytesOf(data);
  return (version) =>
    encodePacket({ type: PacketType.Auth, reasonCode: reasonCode as 0x18, properties }, version);
}

export const pingreq = "c0 00";
export const pingresp = "d0 00";

// --------------------------------------------------------------------------------------- messages

export interface PublishOptions {
  readonly qos?: QoS;
  readonly id?: number;
  readonly dup?: boolean;
  readonly retain?: boolean;
  /** MQTT 5.0: Properties that travel on. */
  readonly properties?: Properties;
  /** MQTT 5.0: Message Expiry Interval. */
  readonly expiry?: number;
  /** MQTT 5.0: Topic Alias. */
  readonly alias?: number;
  /** MQTT 5.0: Subscription Identifiers. */
  readonly identifiers?: readonly number[];
}

/** A PUBLISH; with an `id` and no `qos`, one of QoS 1. Properties stand in the order of Mosquitto. */
export function publish(topicName: string, payload: string, options: PublishOptions = {}): What {
  const { id = 0, qos = id === 0 ? 0 : 1, dup = false, retain = false } = options;
  return (version) =>
    encodePublish({
      topicName,
      payload: bytesOf(payload),
      qos,
      packetId: id,
      dup,
      retain,
      ...options.alias !== undefined && { topicAlias: options.alias },
      messageExpiryInterval: options.expiry,
      subscriptionIdentifiers: options.identifiers,
      forwardedProperties: encodeProperties(options.properties ?? {}),
    }, version);
}

/** The same PUBLISH with QoS 2. */
export function publish2(
  topicName: string,
  payload: string,
  id: number,
  options: PublishOptions = {},
): What {
  return publish(topicName, payload, { ...options, id, qos: 2 });
}

function acknowledgement(first: number): (id: number, reasonCode?: number) => What {
  return (id, reasonCode = 0) => (version) =>
    version === 5 && reasonCode !== 0
      ? Uint8Array.of(first, 3, id >> 8, id, reasonCode)
      : Uint8Array.of(first, 2, id >> 8, id);
}

/** Acknowledgements; their Reason Code, if it is not 0, only stands in MQTT 5.0. */
export const puback = acknowledgement(0x40);
export const pubrec = acknowledgement(0x50);
export const pubrel = acknowledgement(0x62);
export const pubcomp = acknowledgement(0x70);

// ---------------------------------------------------------------------------------- subscriptions

/** `a/b`, or `a/b` with its QoS and, in MQTT 5.0, further Subscription Options. */
export type Filter =
  | string
  | readonly [filter: string, qos: QoS, options?: Partial<SubscriptionRequest>];

/** A SUBSCRIBE; a filter without a QoS asks for QoS 2. */
export function subscribe(id: number, ...filters: readonly Filter[]): What {
  return subscribeWith(id, {}, ...filters);
}

/** A SUBSCRIBE with Properties in MQTT 5.0. */
export function subscribeWith(
  id: number,
  properties: Properties,
  ...filters: readonly Filter[]
): What {
  const requests = filters.map((filter) => {
    const [topicFilter, qos, options] = typeof filter === "string"
      ? [filter, 2 as QoS, undefined]
      : filter;
    const defaults = { noLocal: false, retainAsPublished: false, retainHandling: 0 as const };
    return { topicFilter, qos, ...defaults, ...options };
  });
  const type = PacketType.Subscribe;
  return (version) => {
    const subscriptions = version === 5
      ? requests
      : requests.map((each) => ({ ...each, noLocal: false, retainAsPublished: false }));
    return encodePacket({ type, packetId: id, properties, subscriptions }, version);
  };
}

export function suback(id: number, ...reasonCodes: readonly number[]): What {
  return (version) =>
    encodePacket({ type: PacketType.Suback, packetId: id, reasonCodes, properties: {} }, version);
}

export function unsubscribe(id: number, ...topicFilters: readonly string[]): What {
  const type = PacketType.Unsubscribe;
  return (version) => encodePacket({ type, packetId: id, topicFilters, properties: {} }, version);
}

/** An UNSUBACK; in MQTT 3 it has no Reason Codes. */
export function unsuback(id: number, ...codes: readonly number[]): What {
  const type = PacketType.Unsuback;
  return (version) => {
    const reasonCodes = version === 5 ? codes : [];
    return encodePacket({ type, packetId: id, reasonCodes, properties: {} }, version);
  };
}
