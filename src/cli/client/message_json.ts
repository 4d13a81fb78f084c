// %j and %J: a received message as JSON, with the members that mosquitto_sub gives it, in its order.

import { type ByteText, textOfBytes, textOfString } from "./byte_text.ts";
import { type Json, jsonNull, jsonNumber, jsonString, readJson, writeJson } from "./json_text.ts";
import { PROPERTY_ROWS } from "./property_options.ts";
import { strftime } from "./strftime.ts";

/** The properties of a PUBLISH, by MQTT.js's names, in the order in which they came. */
export interface MessageProperties {
  readonly payloadFormatIndicator?: boolean;
  readonly messageExpiryInterval?: number;
  readonly topicAlias?: number;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
  readonly userProperties?: Record<string, string | string[]>;
  readonly subscriptionIdentifier?: number | number[];
  readonly contentType?: string;
}

export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
  /** The Packet Identifier; 0 with QoS 0. */
  readonly packetId: number;
  readonly properties: MessageProperties;
  /** When it came. */
  readonly time: { readonly date: Date; readonly nanoseconds: number };
}

const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(PROPERTY_ROWS).map(([name, { key }]) => [key, name]),
);

/** Undefined: the payload is to be "parsed", and is no JSON. */
export function messageJson(
  message: ReceivedMessage,
  payload: "escaped" | "parsed",
  isPretty: boolean,
): ByteText | undefined {
  const value = payloadJson(message.payload, payload);
  if (value === undefined) return undefined;
  const { date, nanoseconds } = message.time;
  const micros = String(Math.floor(nanoseconds / 1_000)).padStart(6, "0");
  const time = `${strftime("F", date)}T${strftime("T", date)}.${micros}Z${strftime("z", date)}`;
  const entries: [string, Json][] = [
    ["tst", jsonString(time)],
    ["topic", jsonString(textOfString(message.topic))],
    ["qos", jsonNumber(message.qos)],
    ["retain", jsonNumber(message.retain ? 1 : 0)],
    ["payloadlen", jsonNumber(message.payload.length)],
  ];
  if (message.qos > 0) entries.push(["mid", jsonNumber(message.packetId)]);
  const properties = propertyEntries(message.properties);
  if (properties.length > 0) entries.push(["properties", { is: "object", entries: properties }]);
  entries.push(["payload", value]);
  return writeJson({ is: "object", entries }, isPretty);
}

function payloadJson(payload: Uint8Array, how: "escaped" | "parsed"): Json | undefined {
  if (payload.length === 0) return jsonNull;
  return how === "escaped" ? jsonString(textOfBytes(payload)) : readJson(textOfBytes(payload));
}

function propertyEntries(properties: MessageProperties): [string, Json][] {
  return Object.entries(properties).flatMap(([key, value]): [string, Json][] => {
    const name = NAMES.get(key);
    if (value === undefined || name === undefined) return [];
    if (key === "userProperties") {
      const pairs = userPairs(value as Record<string, string | string[]>).map((
        [left, right],
      ): [string, Json] => [textOfString(left), jsonString(textOfString(right))]);
      return [["user-properties", { is: "object", entries: pairs }]];
    }
    if (Array.isArray(value)) return value.map((each) => [name, jsonNumber(each)]);
    if (value instanceof Uint8Array) return [[name, jsonString(textOfBytes(value))]];
    if (typeof value === "string") return [[name, jsonString(textOfString(value))]];
    return [[name, jsonNumber(Number(value))]];
  });
}

/** Name and value of each User Property; those of one name stand together. */
export function userPairs(
  properties: Readonly<Record<string, string | string[]>> | undefined,
): [name: string, value: string][] {
  return Object.entries(properties ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value])
  );
}
