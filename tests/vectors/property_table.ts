// Table 2-4 of MQTT 5.0, written down a second time, and by hand: what src/packet/properties.ts says is
// compared with it. `contexts` are the packets that a Property may stand in.

import type { Properties } from "../../src/packet/properties.ts";

export type ContextName =
  | "CONNECT"
  | "CONNACK"
  | "PUBLISH"
  | "PUBACK"
  | "PUBREC"
  | "PUBREL"
  | "PUBCOMP"
  | "SUBSCRIBE"
  | "SUBACK"
  | "UNSUBSCRIBE"
  | "UNSUBACK"
  | "DISCONNECT"
  | "AUTH"
  | "Will Properties";

export type PropertyKind = "byte" | "uint16" | "uint32" | "varint" | "string" | "binary" | "pair";

export interface PropertyTableRow {
  readonly id: string;
  readonly label: string;
  readonly key: keyof Properties;
  readonly kind: PropertyKind;
  readonly contexts: readonly ContextName[];
  /** An encoded value (see hex.ts), and what it means. */
  readonly sample: string;
  readonly value: unknown;
  /** Encoded values that are a Protocol Error. */
  readonly refused?: readonly string[];
}

const BINARY = Uint8Array.of(0, 255);
const NOT_BOOLEAN = ["02", "ff"];
const WITH_REASONS: readonly ContextName[] = [
  "CONNACK",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBACK",
  "UNSUBACK",
  "DISCONNECT",
  "AUTH",
];

export const EVERY_CONTEXT: readonly ContextName[] = [
  ...WITH_REASONS,
  "CONNECT",
  "PUBLISH",
  "SUBSCRIBE",
  "UNSUBSCRIBE",
  "Will Properties",
];

// deno-fmt-ignore: a table is read by its columns
export const PROPERTY_TABLE: readonly PropertyTableRow[] = [
  { id: "01", label: "Payload Format Indicator", key: "payloadFormatIndicator", kind: "byte", contexts: ["PUBLISH", "Will Properties"], sample: "01", value: 1, refused: NOT_BOOLEAN },
  { id: "02", label: "Message Expiry Interval", key: "messageExpiryInterval", kind: "uint32", contexts: ["PUBLISH", "Will Properties"], sample: "80000001", value: 0x80000001 },
  { id: "03", label: "Content Type", key: "contentType", kind: "string", contexts: ["PUBLISH", "Will Properties"], sample: "('text/plain')", value: "text/plain" },
  { id: "08", label: "Response Topic", key: "responseTopic", kind: "string", contexts: ["PUBLISH", "Will Properties"], sample: "('a/b')", value: "a/b" },
  { id: "09", label: "Correlation Data", key: "correlationData", kind: "binary", contexts: ["PUBLISH", "Will Properties"], sample: "(00ff)", value: BINARY },
  { id: "0b", label: "Subscription Identifier", key: "subscriptionIdentifiers", kind: "varint", contexts: ["PUBLISH", "SUBSCRIBE"], sample: "8001", value: [128], refused: ["00"] },
  { id: "11", label: "Session Expiry Interval", key: "sessionExpiryInterval", kind: "uint32", contexts: ["CONNECT", "CONNACK", "DISCONNECT"], sample: "ffffffff", value: 0xffffffff },
  { id: "12", label: "Assigned Client Identifier", key: "assignedClientIdentifier", kind: "string", contexts: ["CONNACK"], sample: "('id')", value: "id" },
  { id: "13", label: "Server Keep Alive", key: "serverKeepAlive", kind: "uint16", contexts: ["CONNACK"], sample: "ffff", value: 65535 },
  { id: "15", label: "Authentication Method", key: "authenticationMethod", kind: "string", contexts: ["CONNECT", "CONNACK", "AUTH"], sample: "('m')", value: "m" },
  { id: "16", label: "Authentication Data", key: "authenticationData", kind: "binary", contexts: ["CONNECT", "CONNACK", "AUTH"], sample: "(00ff)", value: BINARY },
  { id: "17", label: "Request Problem Information", key: "requestProblemInformation", kind: "byte", contexts: ["CONNECT"], sample: "00", value: 0, refused: NOT_BOOLEAN },
  { id: "18", label: "Will Delay Interval", key: "willDelayInterval", kind: "uint32", contexts: ["Will Properties"], sample: "00000001", value: 1 },
  { id: "19", label: "Request Response Information", key: "requestResponseInformation", kind: "byte", contexts: ["CONNECT"], sample: "01", value: 1, refused: NOT_BOOLEAN },
  { id: "1a", label: "Response Information", key: "responseInformation", kind: "string", contexts: ["CONNACK"], sample: "('r')", value: "r" },
  { id: "1c", label: "Server Reference", key: "serverReference", kind: "string", contexts: ["CONNACK", "DISCONNECT"], sample: "('b2 b3')", value: "b2 b3" },
  { id: "1f", label: "Reason String", key: "reasonString", kind: "string", contexts: WITH_REASONS, sample: "('why')", value: "why" },
  { id: "21", label: "Receive Maximum", key: "receiveMaximum", kind: "uint16", contexts: ["CONNECT", "CONNACK"], sample: "0001", value: 1, refused: ["0000"] },
  { id: "22", label: "Topic Alias Maximum", key: "topicAliasMaximum", kind: "uint16", contexts: ["CONNECT", "CONNACK"], sample: "0000", value: 0 },
  { id: "23", label: "Topic Alias", key: "topicAlias", kind: "uint16", contexts: ["PUBLISH"], sample: "ffff", value: 65535, refused: ["0000"] },
  { id: "24", label: "Maximum QoS", key: "maximumQoS", kind: "byte", contexts: ["CONNACK"], sample: "01", value: 1, refused: NOT_BOOLEAN },
  { id: "25", label: "Retain Available", key: "retainAvailable", kind: "byte", contexts: ["CONNACK"], sample: "00", value: 0, refused: NOT_BOOLEAN },
  { id: "26", label: "User Property", key: "userProperties", kind: "pair", contexts: EVERY_CONTEXT, sample: "('k') ('v')", value: [["k", "v"]] },
  { id: "27", label: "Maximum Packet Size", key: "maximumPacketSize", kind: "uint32", contexts: ["CONNECT", "CONNACK"], sample: "10000000", value: 0x10000000, refused: ["00000000"] },
  { id: "28", label: "Wildcard Subscription Available", key: "wildcardSubscriptionAvailable", kind: "byte", contexts: ["CONNACK"], sample: "01", value: 1, refused: NOT_BOOLEAN },
  { id: "29", label: "Subscription Identifier Available", key: "subscriptionIdentifierAvailable", kind: "byte", contexts: ["CONNACK"], sample: "00", value: 0, refused: NOT_BOOLEAN },
  { id: "2a", label: "Shared Subscription Available", key: "sharedSubscriptionAvailable", kind: "byte", contexts: ["CONNACK"], sample: "01", value: 1, refused: NOT_BOOLEAN },
];

/** Identifiers between 0 and 0x7f that the table does not have. */
export const UNKNOWN_IDENTIFIERS: readonly string[] = Array
  .from({ length: 0x80 }, (_, id) => id.toString(16).padStart(2, "0"))
  .filter((id) => !PROPERTY_TABLE.some((row) => row.id === id));
