// -D COMMAND IDENTIFIER [NAME] VALUE: the properties of MQTT 5.0 by the names that mosquitto_pub and
// mosquitto_sub give them, and which of them a command may have.

import { Buffer } from "node:buffer";
import { UsageError } from "./usage_error.ts";

export type PropertyCommand =
  | "CONNECT"
  | "PUBLISH"
  | "SUBSCRIBE"
  | "UNSUBSCRIBE"
  | "DISCONNECT"
  | "WILL";
type PropertyType = "byte" | "flag" | "uint16" | "uint32" | "binary" | "string" | "pair";

export type PropertyEntry = readonly [identifier: string, value: string, name?: string];
export type PropertyList = PropertyEntry[];

interface PropertyRow {
  /** What MQTT.js calls it. */
  readonly key: string;
  readonly type: PropertyType;
  /** First letters of the commands that may have it, as in COMMAND_LETTERS. */
  readonly commands: string;
}

// Mosquitto takes all of these words as commands; the ones in lower case it never sends properties with.
const COMMAND_LETTERS: Readonly<Record<string, string>> = {
  CONNECT: "C",
  PUBLISH: "P",
  SUBSCRIBE: "S",
  UNSUBSCRIBE: "U",
  DISCONNECT: "D",
  WILL: "W",
  AUTH: "a",
  CONNACK: "c",
  PUBACK: "p",
  PUBREC: "p",
  PUBREL: "p",
  PUBCOMP: "p",
  SUBACK: "p",
  UNSUBACK: "p",
};

export const PROPERTY_ROWS: Readonly<Record<string, PropertyRow>> = {
  "payload-format-indicator": { key: "payloadFormatIndicator", type: "flag", commands: "PW" },
  "message-expiry-interval": { key: "messageExpiryInterval", type: "uint32", commands: "PW" },
  "content-type": { key: "contentType", type: "string", commands: "PW" },
  "response-topic": { key: "responseTopic", type: "string", commands: "PW" },
  "correlation-data": { key: "correlationData", type: "binary", commands: "PW" },
  "subscription-identifier": { key: "subscriptionIdentifier", type: "uint32", commands: "S" },
  "session-expiry-interval": { key: "sessionExpiryInterval", type: "uint32", commands: "CDc" },
  "assigned-client-identifier": {
    key: "assignedClientIdentifier",
    type: "string",
    commands: "c",
  },
  "authentication-method": { key: "authenticationMethod", type: "string", commands: "Cac" },
  "authentication-data": { key: "authenticationData", type: "binary", commands: "Cac" },
  "request-problem-information": {
    key: "requestProblemInformation",
    type: "flag",
    commands: "C",
  },
  "request-response-information": {
    key: "requestResponseInformation",
    type: "flag",
    commands: "C",
  },
  "will-delay-interval": { key: "willDelayInterval", type: "uint32", commands: "W" },
  "reason-string": { key: "reasonString", type: "string", commands: "Dacp" },
  "receive-maximum": { key: "receiveMaximum", type: "uint16", commands: "Cc" },
  "topic-alias-maximum": { key: "topicAliasMaximum", type: "uint16", commands: "Cc" },
  "topic-alias": { key: "topicAlias", type: "uint16", commands: "P" },
  "maximum-packet-size": { key: "maximumPacketSize", type: "uint32", commands: "Cc" },
  "user-property": { key: "userProperties", type: "pair", commands: "CPSUDWacp" },
};

const MAXIMUM: Partial<Record<PropertyType, number>> = {
  byte: 255,
  flag: 255,
  uint16: 65_535,
  uint32: 4_294_967_295,
};

/**
 * Reads the words behind -D; comes back with how many there were.
 * @throws {UsageError} in Mosquitto's words.
 */
export function readProperty(
  words: readonly string[],
  lists: Record<PropertyCommand, PropertyList>,
): number {
  const tooFew = "--property argument given but not enough arguments specified.";
  const [commandWord, identifierWord] = words;
  if (words.length < 3) throw new UsageError(tooFew);
  const command = commandWord!.toUpperCase();
  const letter = Object.hasOwn(COMMAND_LETTERS, command) ? COMMAND_LETTERS[command] : undefined;
  if (letter === undefined) {
    throw new UsageError("Invalid command given in --property argument.");
  }
  const identifier = identifierWord!.toLowerCase();
  const row = Object.hasOwn(PROPERTY_ROWS, identifier) ? PROPERTY_ROWS[identifier] : undefined;
  if (row === undefined) {
    throw new UsageError("Invalid property name given in --property argument.");
  }
  if (!row.commands.includes(letter)) {
    throw new UsageError(
      `${identifierWord} property not allowed for ${commandWord} in --property argument.`,
    );
  }
  if (!Object.hasOwn(lists, command)) {
    throw new UsageError(
      `${identifierWord} property not supported for ${commandWord} in --property argument.`,
    );
  }
  const list = lists[command as PropertyCommand];
  if (row.type === "pair") {
    if (words.length < 4) throw new UsageError(tooFew);
    list.push([identifier, words[3]!, words[2]!]);
    return 4;
  }
  checkValue(identifier, row, words[2]!);
  list.push([identifier, words[2]!]);
  return 3;
}

function checkValue(identifier: string, { type }: PropertyRow, value: string): void {
  const maximum = MAXIMUM[type];
  if (maximum === undefined) {
    if (Buffer.byteLength(value) <= 65_535) return;
    throw new UsageError(`Property value too long for property ${identifier}.`);
  }
  const number = /^[+-]?\d+$/.test(value) ? Number(value) : NaN;
  if (Number.isNaN(number)) throw new UsageError(`Property value '${value}' not a number.`);
  if (number >= 0 && number <= maximum) return;
  throw new UsageError(`Property value (${value}) out of range for property ${identifier}.`);
}

/** @throws {UsageError} if a property that a packet has once is given twice. */
export function checkOnce(command: string, list: readonly PropertyEntry[]): void {
  const seen = new Set<string>();
  for (const [identifier] of list) {
    if (identifier !== "user-property" && seen.has(identifier)) {
      throw new UsageError(
        "Duplicate property in property list",
        `Error in ${command} properties: `,
      );
    }
    seen.add(identifier);
  }
}

/** As MQTT.js takes them; undefined: there are none. */
export function asProperties(
  list: readonly PropertyEntry[],
): Record<string, unknown> | undefined {
  if (list.length === 0) return undefined;
  const properties: Record<string, unknown> = {};
  const users: Record<string, string[]> = Object.create(null);
  for (const [identifier, value, name] of list) {
    const { key, type } = PROPERTY_ROWS[identifier]!;
    if (type === "pair") (users[name!] ??= []).push(value);
    else if (type === "string") properties[key] = value;
    else if (type === "binary") properties[key] = Buffer.from(value);
    else if (type === "flag") properties[key] = Number(value) !== 0;
    else properties[key] = Number(value);
  }
  if (Object.keys(users).length > 0) properties.userProperties = users;
  return properties;
}
