// The packets that hold Properties, each with a gap where they go: what malformed_properties.ts and the
// rows at the end of this file (each Property in each packet where it may stand) multiply the table of
// Properties with.

import { PacketType } from "../../src/packet/packet_type.ts";
import type { Properties } from "../../src/packet/properties.ts";
import { hex } from "./hex.ts";
import { type ContextName, PROPERTY_TABLE, type PropertyTableRow } from "./property_table.ts";
import {
  ack,
  auth,
  connack,
  connect,
  disconnect,
  type PacketData,
  type PacketVector,
  publish,
  request,
  will,
} from "./vector.ts";

export interface PropertyContextRow {
  readonly name: ContextName;
  /** Bytes of the packet before the Property Length; `…` stands for the gap, filled with it. */
  readonly frame: string;
  /** The packet that has just the sample of `row` among its Properties. */
  packetWith(row: PropertyTableRow): PacketData;
}

/** The packet whose Property Length and Properties are `encoded`. */
export function fill(context: PropertyContextRow, encoded: string): string {
  return context.frame.replace("…", encoded);
}

/**
 * The Properties around a Property under test: Authentication Data needs a method in CONNECT
 * (section 3.1.2.11.10).
 */
export function needed(context: PropertyContextRow, row: PropertyTableRow): string {
  return context.name === "CONNECT" && row.key === "authenticationData" ? "15 ('m')" : "";
}

function only(row: PropertyTableRow): Properties {
  return { [row.key]: row.value };
}

function connectProperties(row: PropertyTableRow): Properties {
  return row.key === "authenticationData" ? { authenticationMethod: "m", ...only(row) } : only(row);
}

/** Fields of a PUBLISH or a Will: some have a name, the rest travels on encoded. */
function messageFields(row: PropertyTableRow): Record<string, unknown> {
  switch (row.key) {
    case "messageExpiryInterval":
    case "subscriptionIdentifiers":
    case "topicAlias":
    case "willDelayInterval":
      return { [row.key]: row.value };
    default:
      return { forwardedProperties: hex(`${row.id} ${row.sample}`) };
  }
}

function acknowledgement(
  name: ContextName,
  first: string,
  type: 4 | 5 | 6 | 7,
): PropertyContextRow {
  return {
    name,
    frame: `${first} [ 0001 00 … ]`,
    packetWith: (row) => ack(type, { properties: only(row) }),
  };
}

export const PROPERTY_CONTEXTS: readonly PropertyContextRow[] = [
  {
    name: "CONNECT",
    frame: "10 [ ('MQTT') 05 02 0000 … ('c') ]",
    packetWith: (row) => connect({ properties: connectProperties(row) }),
  },
  {
    name: "Will Properties",
    frame: "10 [ ('MQTT') 05 06 0000 [] ('c') … ('w') () ]",
    packetWith: (row) => connect({ will: will(messageFields(row)) }),
  },
  {
    name: "CONNACK",
    frame: "20 [ 00 00 … ]",
    packetWith: (row) => connack({ properties: only(row) }),
  },
  {
    name: "PUBLISH",
    frame: "32 [ ('t') 0001 … ]",
    packetWith: (row) => publish({ qos: 1, packetId: 1, ...messageFields(row) }),
  },
  acknowledgement("PUBACK", "40", PacketType.Puback),
  acknowledgement("PUBREC", "50", PacketType.Pubrec),
  acknowledgement("PUBREL", "62", PacketType.Pubrel),
  acknowledgement("PUBCOMP", "70", PacketType.Pubcomp),
  {
    name: "SUBSCRIBE",
    frame: "82 [ 0001 … ('f') 00 ]",
    packetWith: (row) => ({
      type: PacketType.Subscribe,
      packetId: 1,
      subscriptions: [request({})],
      properties: only(row),
    }),
  },
  {
    name: "SUBACK",
    frame: "90 [ 0001 … 00 ]",
    packetWith: (row) => ({
      type: PacketType.Suback,
      packetId: 1,
      reasonCodes: [0],
      properties: only(row),
    }),
  },
  {
    name: "UNSUBSCRIBE",
    frame: "a2 [ 0001 … ('f') ]",
    packetWith: (row) => ({
      type: PacketType.Unsubscribe,
      packetId: 1,
      topicFilters: ["f"],
      properties: only(row),
    }),
  },
  {
    name: "UNSUBACK",
    frame: "b0 [ 0001 … 00 ]",
    packetWith: (row) => ({
      type: PacketType.Unsuback,
      packetId: 1,
      reasonCodes: [0],
      properties: only(row),
    }),
  },
  {
    name: "DISCONNECT",
    frame: "e0 [ 00 … ]",
    packetWith: (row) => disconnect({ properties: only(row) }),
  },
  {
    name: "AUTH",
    frame: "f0 [ 18 … ]",
    packetWith: (row) => auth({ reasonCode: 0x18, properties: only(row) }),
  },
];

/** Each Property by itself in each packet where it may stand. */
export const PROPERTY_VECTORS: readonly PacketVector[] = PROPERTY_CONTEXTS.flatMap((context) =>
  PROPERTY_TABLE.filter((row) => row.contexts.includes(context.name)).map((row): PacketVector => ({
    name: `${context.name} may hold ${row.label}`,
    version: 5,
    hex: fill(context, `[ ${needed(context, row)} ${row.id} ${row.sample} ]`),
    packet: context.packetWith(row),
  }))
);
