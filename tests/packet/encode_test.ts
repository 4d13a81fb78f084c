// Encoding: bytes of one's own, and a RangeError for what does not fit.

import assert from "node:assert/strict";
import { encodePacket } from "../../src/packet/encode.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import { encodeProperties } from "../../src/packet/properties.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { hex, toHex } from "../vectors/hex.ts";
import { connect, disconnect, request, will } from "../vectors/vector.ts";

const TOO_LONG = "a".repeat(65536);

const DO_NOT_FIT: readonly { name: string; encode: () => unknown }[] = [
  { name: "a Topic Name of 65,536 bytes", encode: () => encodePublish({ topicName: TOO_LONG }, 4) },
  {
    name: "a Client Identifier of 65,536 bytes",
    encode: () => encodePacket(connect({ clientId: TOO_LONG }), 4),
  },
  {
    name: "a Password of 65,536 bytes",
    encode: () => encodePacket(connect({ password: new Uint8Array(65536) }), 4),
  },
  {
    name: "a Will Payload of 65,536 bytes",
    encode: () => encodePacket(connect({ will: will({ payload: new Uint8Array(65536) }) }), 5),
  },
  {
    name: "a Topic Filter of 65,536 bytes",
    encode: () =>
      encodePacket({
        type: PacketType.Subscribe,
        packetId: 1,
        subscriptions: [request({ topicFilter: TOO_LONG })],
        properties: {},
      }, 4),
  },
  {
    name: "a Reason String of 65,536 bytes",
    encode: () => encodePacket(disconnect({ properties: { reasonString: TOO_LONG } }), 5),
  },
  {
    name: "a User Property of 65,536 bytes",
    encode: () => encodeProperties({ userProperties: [["k", TOO_LONG]] }),
  },
  {
    name: "a Subscription Identifier of 268,435,456",
    encode: () => encodePublish({ topicName: "t", subscriptionIdentifiers: [268_435_456] }, 5),
  },
  {
    name: "a PUBLISH of more than 268,435,455 bytes",
    encode: () => encodePublish({ topicName: "t", payload: new Uint8Array(268_435_453) }, 4),
  },
];

for (const { name, encode } of DO_NOT_FIT) {
  Deno.test(`encoding refuses ${name}`, () => {
    assert.throws(encode, RangeError);
  });
}

const DEFAULTS = [
  { name: "the Topic Name alone", version: 4, fields: { topicName: "t" }, bytes: "30 [ ('t') ]" },
  {
    name: "the Topic Name alone in MQTT 5.0",
    version: 5,
    fields: { topicName: "t" },
    bytes: "30 [ ('t') [] ]",
  },
  {
    name: "no Packet Identifier with QoS 0",
    version: 4,
    fields: { topicName: "t", packetId: 7 },
    bytes: "30 [ ('t') ]",
  },
  {
    name: "no Properties before MQTT 5.0",
    version: 4,
    fields: {
      topicName: "t",
      topicAlias: 1,
      messageExpiryInterval: 1,
      forwardedProperties: hex("01 01"),
    },
    bytes: "30 [ ('t') ]",
  },
  {
    name: "Properties in Mosquitto's order",
    version: 5,
    fields: {
      topicName: "é",
      subscriptionIdentifiers: [5, 6],
      topicAlias: 1,
      messageExpiryInterval: 2,
      forwardedProperties: hex("01 01"),
    },
    bytes: "30 [ ('é') [ 01 01 02 00000002 23 0001 0b 05 0b 06 ] ]",
  },
] as const;

for (const { name, version, fields, bytes } of DEFAULTS) {
  Deno.test(`encodePublish() writes ${name}`, () => {
    assert.equal(toHex(encodePublish(fields, version)), toHex(hex(bytes)));
  });
}

Deno.test("encodeProperties() writes Properties in the order of their keys", () => {
  const encoded = encodeProperties({ topicAliasMaximum: 1, receiveMaximum: 2 });
  assert.equal(toHex(encoded), toHex(hex("22 0001 21 0002")));
});

Deno.test("encodeProperties() leaves out what is undefined", () => {
  const properties = { reasonString: undefined } as unknown as { reasonString: string };
  assert.equal(encodeProperties(properties).length, 0);
});

Deno.test("encodePacket() gives bytes that a later change of the packet does not reach", () => {
  const password = hex("01 02");
  const bytes = encodePacket(connect({ password }), 5);
  const before = toHex(bytes);
  password.fill(0);
  assert.equal(toHex(bytes), before);
});
