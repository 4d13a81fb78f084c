// Properties (MQTT 5.0, section 2.2.2): one table says what exists, how it is encoded and in which
// packets it may stand. Everything that reads or writes Properties goes through that table.

import { type ByteReader, malformed } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";
import { MqttError } from "./mqtt_error.ts";
import { ReasonCode } from "./reason_code.ts";

/** One User Property: name and value. */
export type UserProperty = readonly [name: string, value: string];

/** The Properties of a packet, by the specification's names; absent means not sent. */
export interface Properties {
  payloadFormatIndicator?: number;
  /** Seconds. */
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  /** In a SUBSCRIBE at most one; in a PUBLISH to a client one for each matching Subscription. */
  subscriptionIdentifiers?: number[];
  /** Seconds; 0xFFFFFFFF means that the Session does not expire. */
  sessionExpiryInterval?: number;
  assignedClientIdentifier?: string;
  /** Seconds. */
  serverKeepAlive?: number;
  authenticationMethod?: string;
  authenticationData?: Uint8Array;
  requestProblemInformation?: number;
  /** Seconds. */
  willDelayInterval?: number;
  requestResponseInformation?: number;
  responseInformation?: string;
  serverReference?: string;
  reasonString?: string;
  receiveMaximum?: number;
  topicAliasMaximum?: number;
  topicAlias?: number;
  maximumQoS?: number;
  retainAvailable?: number;
  /** In the order they were sent. */
  userProperties?: UserProperty[];
  /** Bytes. */
  maximumPacketSize?: number;
  wildcardSubscriptionAvailable?: number;
  subscriptionIdentifierAvailable?: number;
  sharedSubscriptionAvailable?: number;
}

/** Where Properties can stand: one bit per packet, and one for the Will Properties in CONNECT. */
export const PropertyContext = {
  Connect: 1 << 1,
  Connack: 1 << 2,
  Publish: 1 << 3,
  Puback: 1 << 4,
  Pubrec: 1 << 5,
  Pubrel: 1 << 6,
  Pubcomp: 1 << 7,
  Subscribe: 1 << 8,
  Suback: 1 << 9,
  Unsubscribe: 1 << 10,
  Unsuback: 1 << 11,
  Disconnect: 1 << 14,
  Auth: 1 << 15,
  Will: 1 << 16,
} as const;

export type PropertyContext = typeof PropertyContext[keyof typeof PropertyContext];

type PropertyType =
  | "boolean" // one byte that is 0 or 1
  | "uint16"
  | "uint32"
  | "variable byte integer"
  | "string"
  | "binary"
  | "string pair";

interface PropertyRow {
  readonly name: keyof Properties;
  readonly label: string;
  readonly type: PropertyType;
  /** A value of 0 is a Protocol Error. */
  readonly nonZero?: true;
  readonly contexts: number;
}

const C = PropertyContext;
const ACKS = C.Puback | C.Pubrec | C.Pubrel | C.Pubcomp | C.Suback | C.Unsuback;
const EVERYWHERE = ACKS | C.Connect | C.Connack | C.Publish | C.Subscribe | C.Unsubscribe |
  C.Disconnect | C.Auth | C.Will;

/** Table 2-4 of the specification, by Property Identifier. */
// deno-fmt-ignore: a table is read by its columns
const PROPERTIES: ReadonlyMap<number, PropertyRow> = new Map<number, PropertyRow>([
  [0x01, { name: "payloadFormatIndicator", label: "Payload Format Indicator", type: "boolean", contexts: C.Publish | C.Will }],
  [0x02, { name: "messageExpiryInterval", label: "Message Expiry Interval", type: "uint32", contexts: C.Publish | C.Will }],
  [0x03, { name: "contentType", label: "Content Type", type: "string", contexts: C.Publish | C.Will }],
  [0x08, { name: "responseTopic", label: "Response Topic", type: "string", contexts: C.Publish | C.Will }],
  [0x09, { name: "correlationData", label: "Correlation Data", type: "binary", contexts: C.Publish | C.Will }],
  [0x0b, { name: "subscriptionIdentifiers", label: "Subscription Identifier", type: "variable byte integer", nonZero: true, contexts: C.Publish | C.Subscribe }],
  [0x11, { name: "sessionExpiryInterval", label: "Session Expiry Interval", type: "uint32", contexts: C.Connect | C.Connack | C.Disconnect }],
  [0x12, { name: "assignedClientIdentifier", label: "Assigned Client Identifier", type: "string", contexts: C.Connack }],
  [0x13, { name: "serverKeepAlive", label: "Server Keep Alive", type: "uint16", contexts: C.Connack }],
  [0x15, { name: "authenticationMethod", label: "Authentication Method", type: "string", contexts: C.Connect | C.Connack | C.Auth }],
  [0x16, { name: "authenticationData", label: "Authentication Data", type: "binary", contexts: C.Connect | C.Connack | C.Auth }],
  [0x17, { name: "requestProblemInformation", label: "Request Problem Information", type: "boolean", contexts: C.Connect }],
  [0x18, { name: "willDelayInterval", label: "Will Delay Interval", type: "uint32", contexts: C.Will }],
  [0x19, { name: "requestResponseInformation", label: "Request Response Information", type: "boolean", contexts: C.Connect }],
  [0x1a, { name: "responseInformation", label: "Response Information", type: "string", contexts: C.Connack }],
  [0x1c, { name: "serverReference", label: "Server Reference", type: "string", contexts: C.Connack | C.Disconnect }],
  [0x1f, { name: "reasonString", label: "Reason String", type: "string", contexts: ACKS | C.Connack | C.Disconnect | C.Auth }],
  [0x21, { name: "receiveMaximum", label: "Receive Maximum", type: "uint16", nonZero: true, contexts: C.Connect | C.Connack }],
  [0x22, { name: "topicAliasMaximum", label: "Topic Alias Maximum", type: "uint16", contexts: C.Connect | C.Connack }],
  [0x23, { name: "topicAlias", label: "Topic Alias", type: "uint16", contexts: C.Publish }],
  [0x24, { name: "maximumQoS", label: "Maximum QoS", type: "boolean", contexts: C.Connack }],
  [0x25, { name: "retainAvailable", label: "Retain Available", type: "boolean", contexts: C.Connack }],
  [0x26, { name: "userProperties", label: "User Property", type: "string pair", contexts: EVERYWHERE }],
  [0x27, { name: "maximumPacketSize", label: "Maximum Packet Size", type: "uint32", nonZero: true, contexts: C.Connect | C.Connack }],
  [0x28, { name: "wildcardSubscriptionAvailable", label: "Wildcard Subscription Available", type: "boolean", contexts: C.Connack }],
  [0x29, { name: "subscriptionIdentifierAvailable", label: "Subscription Identifier Available", type: "boolean", contexts: C.Connack }],
  [0x2a, { name: "sharedSubscriptionAvailable", label: "Shared Subscription Available", type: "boolean", contexts: C.Connack }],
]);

/** The User Property that says which brokers a message came through, in values of one broker each. */
export const PATH_PROPERTY = "midge-path";

/** Property Identifiers that code outside of this file has to name. */
export const PropertyId = {
  MessageExpiryInterval: 0x02,
  SubscriptionIdentifier: 0x0b,
  WillDelayInterval: 0x18,
  TopicAlias: 0x23,
  UserProperty: 0x26,
} as const;

/**
 * Called for each Property in the order sent, with the range of its bytes (identifier included).
 * Where a caller wants the encoded Properties rather than their values.
 */
export type PropertyVisitor = (id: number, start: number, end: number) => void;

/**
 * Reads a Property Length and the Properties behind it.
 *
 * @throws {MqttError} 0x81 for an unknown identifier (section 2.2.2.2), a value that is cut short or
 * ill-formed; 0x82 for a Property that may not stand in this packet, stands twice, or has a value
 * out of its range.
 */
export function readProperties(
  reader: ByteReader,
  context: PropertyContext,
  visit?: PropertyVisitor,
): Properties {
  const length = reader.readVariableByteInteger("Property Length");
  if (length === 0) return {};
  if (length > reader.remaining) throw malformed("Properties reach past the end of the packet");
  const packetEnd = reader.end;
  reader.end = reader.position + length;
  const properties: Properties = {};
  while (reader.position < reader.end) {
    const start = reader.position;
    const id = reader.readVariableByteInteger("Property Identifier");
    readProperty(reader, id, context, properties);
    visit?.(id, start, reader.position);
  }
  reader.end = packetEnd;
  return properties;
}

function readProperty(
  reader: ByteReader,
  id: number,
  context: PropertyContext,
  into: Properties,
): void {
  const row = PROPERTIES.get(id);
  if (row === undefined) throw malformed(`unknown Property Identifier 0x${id.toString(16)}`);
  if ((row.contexts & context) === 0) {
    throw misplaced(row, context);
  }
  if (row.type === "string pair") {
    const pair = [reader.readString(row.label), reader.readString(row.label)] as const;
    (into.userProperties ??= []).push(pair);
    return;
  }
  const value = readValue(reader, row);
  if (row.nonZero && value === 0) {
    throw new MqttError(ReasonCode.ProtocolError, `${row.label} is 0`);
  }
  if (row.name === "subscriptionIdentifiers") {
    if (into.subscriptionIdentifiers !== undefined && context !== PropertyContext.Publish) {
      throw twice(row);
    }
    (into.subscriptionIdentifiers ??= []).push(value as number);
    return;
  }
  if (into[row.name] !== undefined) throw twice(row);
  (into as Record<string, unknown>)[row.name] = value;
}

function readValue(reader: ByteReader, row: PropertyRow): number | string | Uint8Array {
  switch (row.type) {
    case "boolean": {
      const value = reader.readUint8(row.label);
      if (value > 1) throw new MqttError(ReasonCode.ProtocolError, `${row.label} is ${value}`);
      return value;
    }
    case "uint16":
      return reader.readUint16(row.label);
    case "uint32":
      return reader.readUint32(row.label);
    case "variable byte integer":
      return reader.readVariableByteInteger(row.label);
    case "string":
      return reader.readString(row.label);
    case "binary":
      return reader.readBinary(row.label);
    case "string pair":
      throw new Error("string pairs are read by readProperty");
  }
}

/**
 * Section 2.2.2.2 calls this malformed, section 1.2 calls data that is not allowed a Protocol Error;
 * Mosquitto's answers are 0x81 to SUBSCRIBE and UNSUBSCRIBE and 0x82 to the rest, and so are ours.
 */
function misplaced(row: PropertyRow, context: PropertyContext): MqttError {
  const message = `${row.label} does not belong into this packet`;
  return (context & (PropertyContext.Subscribe | PropertyContext.Unsubscribe)) !== 0
    ? malformed(message)
    : new MqttError(ReasonCode.ProtocolError, message);
}

function twice(row: PropertyRow): MqttError {
  return new MqttError(ReasonCode.ProtocolError, `${row.label} is included more than once`);
}

const IDS = new Map<string, number>([...PROPERTIES].map(([id, row]) => [row.name, id]));

/**
 * Writes a Property Length and `properties` behind it, in the order of the object's keys.
 * @param encoded Properties that are encoded already; they follow the others.
 * @throws {RangeError} if a string, binary value or number does not fit.
 */
export function writeProperties(
  writer: ByteWriter,
  properties: Properties,
  encoded?: Uint8Array,
): void {
  const own = encodeProperties(properties);
  writer.writeVariableByteInteger(own.length + (encoded?.length ?? 0));
  writer.writeBytes(own);
  if (encoded !== undefined) writer.writeBytes(encoded);
}

function writeProperty(writer: ByteWriter, id: number, value: unknown): void {
  const row = PROPERTIES.get(id)!;
  const values = row.name === "userProperties" || row.name === "subscriptionIdentifiers"
    ? value as unknown[]
    : [value];
  for (const each of values) {
    writer.writeUint8(id);
    switch (row.type) {
      case "boolean":
        writer.writeUint8(each as number);
        break;
      case "uint16":
        writer.writeUint16(each as number);
        break;
      case "uint32":
        writer.writeUint32(each as number);
        break;
      case "variable byte integer":
        writer.writeVariableByteInteger(each as number);
        break;
      case "string":
        writer.writeString(each as string);
        break;
      case "binary":
        writer.writeBinary(each as Uint8Array);
        break;
      case "string pair":
        writer.writeString((each as UserProperty)[0]);
        writer.writeString((each as UserProperty)[1]);
        break;
    }
  }
}

/** Encodes `properties` without a Property Length in front. */
export function encodeProperties(properties: Properties): Uint8Array {
  const body = new ByteWriter();
  for (const [name, value] of Object.entries(properties)) {
    if (value !== undefined) writeProperty(body, IDS.get(name)!, value);
  }
  return body.view().slice();
}
