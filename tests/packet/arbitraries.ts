// Arbitrary Control Packets for fast-check, and the way its properties are run here: with one seed,
// which fast-check prints with the path of a failure.

import fc from "fast-check";
import { PacketType, type ProtocolVersion, type QoS } from "../../src/packet/packet_type.ts";
import { encodeProperties, type Properties } from "../../src/packet/properties.ts";
import { ACK_REASON_CODES } from "../vectors/acknowledgements.ts";
import { DISCONNECT_REASON_CODES } from "../vectors/connection_end.ts";
import {
  type ContextName,
  PROPERTY_TABLE,
  type PropertyTableRow,
} from "../vectors/property_table.ts";
import * as build from "../vectors/vector.ts";
import type { PacketData } from "../vectors/vector.ts";

const SEED = 20_251_121;
/** Records of fast-check have no prototype otherwise, and are not deeply equal to any object. */
const PLAIN = { noNullPrototype: true } as const;

/** Runs a property with the seed of this folder. */
export function check<T>(property: fc.IProperty<T>, numRuns: number = 1_000): void {
  fc.assert(property, { seed: SEED, numRuns });
}

export const anyVersion: fc.Arbitrary<ProtocolVersion> = fc.constantFrom(3, 4, 5);

const codePoint = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
  fc.integer({ min: 0xa0, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0xfdcf }),
  fc.constantFrom(0xfeff, 0xfffd, 0xfdf0, 0x10000, 0x1f600, 0x10fffd),
).map((code) => String.fromCodePoint(code));

/** Strings that MQTT allows. */
export function text(options: { minLength?: number } = {}): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 20, arbitrary: fc.string({ unit: codePoint, maxLength: 20, ...options }) },
    fc.string({ unit: codePoint, minLength: 100, maxLength: 400 }),
  );
}

const bytes = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  fc.uint8Array({ minLength: 100, maxLength: 400 }),
);
const uint16 = fc.oneof(fc.constantFrom(0, 1, 255, 256, 65535), fc.integer({ min: 0, max: 65535 }));
const uint32 = fc.oneof(
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const packetId = uint16.map((value) => value === 0 ? 1 : value);
const subscriptionId = fc.oneof(
  fc.constantFrom(1, 127, 128, 16383, 16384, 2097151, 2097152, 268435455),
  fc.integer({ min: 1, max: 268435455 }),
);
const qos: fc.Arbitrary<QoS> = fc.constantFrom(0, 1, 2);
const userProperties = fc.array(fc.tuple(text(), text()), { minLength: 1, maxLength: 4 });
const topicName = text({ minLength: 1 }).map((name) => name.replaceAll(/[+#]/g, "/"));

function valueOf(row: PropertyTableRow): fc.Arbitrary<unknown> {
  const nonZero = row.refused?.some((value) => Number(value) === 0) ?? false;
  switch (row.kind) {
    case "byte":
      return fc.constantFrom(0, 1);
    case "uint16":
      return nonZero ? packetId : uint16;
    case "uint32":
      return nonZero ? uint32.map((value) => value || 1) : uint32;
    case "varint":
      return fc.tuple(subscriptionId);
    case "string":
      return row.key === "responseTopic" ? topicName : text();
    case "binary":
      return bytes;
    case "pair":
      return userProperties;
  }
}

/** Properties that `context` may hold, in any order; none before version 5. */
function properties(
  context: ContextName,
  version: ProtocolVersion,
  without: readonly (keyof Properties)[] = [],
): fc.Arbitrary<Properties> {
  if (version !== 5) return fc.constant({});
  const rows = PROPERTY_TABLE.filter((row) =>
    row.contexts.includes(context) && !without.includes(row.key)
  );
  const all = fc.record(Object.fromEntries(rows.map((row) => [row.key, valueOf(row)])), PLAIN);
  return fc.tuple(all, fc.shuffledSubarray(rows.map((row) => row.key))).map(([values, keys]) =>
    Object.fromEntries(keys.map((key) => [key, values[key]])) as Properties
  );
}

/** Encoded Properties as a publisher's message carries them through. */
function forwarded(context: ContextName, version: ProtocolVersion): fc.Arbitrary<Uint8Array> {
  const named = [
    "messageExpiryInterval",
    "subscriptionIdentifiers",
    "topicAlias",
    "willDelayInterval",
  ] as const;
  return properties(context, version, named).map((value) =>
    new Uint8Array(encodeProperties(value))
  );
}

function connect(version: ProtocolVersion): fc.Arbitrary<PacketData> {
  const will = fc.record({
    topicName: text(),
    payload: bytes,
    qos,
    retain: fc.boolean(),
    willDelayInterval: version === 5 ? uint32 : fc.constant(0),
    messageExpiryInterval: version === 5
      ? fc.option(uint32, { nil: undefined })
      : fc.constant(undefined),
    forwardedProperties: forwarded("Will Properties", version),
  }, PLAIN);
  return fc.record({
    isBridge: version === 5 ? fc.constant(false) : fc.boolean(),
    cleanStart: fc.boolean(),
    keepAlive: uint16,
    clientId: text(),
    will: fc.option(will, { nil: undefined }),
    userName: fc.option(text(), { nil: undefined }),
    password: fc.option(bytes, { nil: undefined }),
    properties: properties("CONNECT", version),
  }, PLAIN).map((fields) => {
    const { authenticationMethod, authenticationData } = fields.properties;
    if (authenticationData !== undefined && authenticationMethod === undefined) {
      delete fields.properties.authenticationData;
    }
    const userName = version === 5 ? fields.userName : fields.userName ?? "";
    return build.connect({ ...fields, version, userName });
  });
}

function publish(version: ProtocolVersion): fc.Arbitrary<PacketData> {
  const v5 = version === 5;
  const ids = fc.array(subscriptionId, { minLength: 1, maxLength: 4 });
  return fc.record({
    qos,
    dup: fc.boolean(),
    retain: fc.boolean(),
    topicName: text(),
    packetId,
    topicAlias: v5 ? uint16 : fc.constant(0),
    messageExpiryInterval: v5 ? fc.option(uint32, { nil: undefined }) : fc.constant(undefined),
    subscriptionIdentifiers: v5 ? fc.option(ids, { nil: undefined }) : fc.constant(undefined),
    forwardedProperties: forwarded("PUBLISH", version),
    payload: bytes,
  }, PLAIN).map((fields) =>
    build.publish(fields.qos === 0 ? { ...fields, packetId: 0, dup: false } : fields)
  );
}

function acknowledgements(version: ProtocolVersion): fc.Arbitrary<PacketData> {
  return fc.constantFrom(...ACK_REASON_CODES).chain(({ name, type, allowed }) =>
    fc.record({
      packetId,
      reasonCode: version === 5 ? fc.constantFrom(...allowed) : fc.constant(0),
      properties: properties(name as ContextName, version),
    }, PLAIN).map((fields) => build.ack(type, fields as object))
  );
}

function subscriptions(version: ProtocolVersion): fc.Arbitrary<PacketData> {
  const flag = version === 5 ? fc.boolean() : fc.constant(false);
  const request = fc.record({
    topicFilter: text(),
    qos,
    noLocal: flag,
    retainAsPublished: flag,
    retainHandling: version === 5 ? fc.constantFrom<0 | 1 | 2>(0, 1, 2) : fc.constant<0>(0),
  }, PLAIN);
  const codes = fc.array(fc.nat(255), { maxLength: 5 });
  return fc.oneof<fc.Arbitrary<PacketData>[]>(
    fc.record({
      type: fc.constant(PacketType.Subscribe),
      packetId,
      subscriptions: fc.array(request, { minLength: 1, maxLength: 5 }),
      properties: properties("SUBSCRIBE", version),
    }, PLAIN),
    fc.record({
      type: fc.constant(PacketType.Suback),
      packetId,
      reasonCodes: codes,
      properties: properties("SUBACK", version),
    }, PLAIN),
    fc.record({
      type: fc.constant(PacketType.Unsubscribe),
      packetId,
      topicFilters: fc.array(text(), { minLength: 1, maxLength: 5 }),
      properties: properties("UNSUBSCRIBE", version),
    }, PLAIN),
    fc.record({
      type: fc.constant(PacketType.Unsuback),
      packetId,
      reasonCodes: version === 5 ? codes : fc.constant([]),
      properties: properties("UNSUBACK", version),
    }, PLAIN),
  );
}

function connection(version: ProtocolVersion): fc.Arbitrary<PacketData> {
  const v5 = version === 5;
  const disconnect = fc.record({
    reasonCode: v5 ? fc.constantFrom(...DISCONNECT_REASON_CODES) : fc.constant(0),
    properties: properties("DISCONNECT", version),
  }, PLAIN).map((fields) => build.disconnect(fields as object));
  const auth = fc.record({
    reasonCode: fc.constantFrom(0, 0x18, 0x19),
    properties: properties("AUTH", version),
  }, PLAIN).map((fields) => build.auth(fields as object));
  return fc.oneof<fc.Arbitrary<PacketData>[]>(
    fc.record({
      sessionPresent: fc.boolean(),
      reasonCode: fc.nat(255),
      properties: properties("CONNACK", version),
    }, PLAIN).map(build.connack),
    fc.constant({ type: PacketType.Pingreq }),
    fc.constant({ type: PacketType.Pingresp }),
    disconnect,
    ...(v5 ? [auth] : []),
  );
}

/** Any packet of `version`, with fields that the codec takes. */
export function anyPacket(version: ProtocolVersion): fc.Arbitrary<PacketData> {
  return fc.oneof(
    connect(version),
    publish(version),
    acknowledgements(version),
    subscriptions(version),
    connection(version),
  );
}

/** The names of the packet types, and an arbitrary for each. */
export const PACKET_KINDS = [
  { name: "CONNECT", arbitrary: connect },
  { name: "PUBLISH", arbitrary: publish },
  { name: "an acknowledgement", arbitrary: acknowledgements },
  { name: "SUBSCRIBE, UNSUBSCRIBE and their answers", arbitrary: subscriptions },
  { name: "CONNACK, PINGREQ, PINGRESP, DISCONNECT and AUTH", arbitrary: connection },
] as const;
