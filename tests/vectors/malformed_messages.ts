// PUBLISH, acknowledgements, SUBSCRIBE and the rest, as the codec refuses them.

import { ACK_REASON_CODES } from "./acknowledgements.ts";
import { DISCONNECT_REASON_CODES } from "./connection_end.ts";
import type { MalformedVector } from "./vector.ts";

const MALFORMED = 0x81;
const PROTOCOL_ERROR = 0x82;
const ALL_VERSIONS = [3, 4, 5] as const;
const EVERY_BYTE = Array.from({ length: 256 }, (_, byte) => byte);

const PUBLISHES = ALL_VERSIONS.flatMap((version) => {
  const none = version === 5 ? "[]" : "";
  return [
    { what: "QoS 3", hex: `36 [ ('t') 0001 ${none} ]` }, // [MQTT-3.3.1-4]
    { what: "QoS 3, DUP and RETAIN", hex: `3f [ ('t') 0001 ${none} ]` },
    { what: "DUP and QoS 0", hex: `38 [ ('t') ${none} ]` }, // [MQTT-3.3.1-2]
    { what: "DUP, RETAIN and QoS 0", hex: `39 [ ('t') ${none} ]` },
    { what: "an empty body", hex: "30 00" },
    { what: "half a length of its Topic Name", hex: "30 01 00" },
    { what: "a Topic Name that is cut", hex: "30 03 0002 't'" },
    { what: "a Topic Name of 65,535 bytes that is not there", hex: "30 03 ffff 't'" },
    { what: "QoS 1 and no Packet Identifier", hex: "32 03 0001 't'" },
    { what: "QoS 1 and half a Packet Identifier", hex: "32 04 0001 't' 01" },
    { what: "QoS 2 and no Packet Identifier", hex: "34 03 0001 't'" },
    // [MQTT-2.2.1-3]
    { what: "QoS 1 and a zero Packet Identifier", hex: `32 [ ('t') 0000 ${none} ]`, code: 0x82 },
    { what: "QoS 2 and a zero Packet Identifier", hex: `34 [ ('t') 0000 ${none} ]`, code: 0x82 },
  ].map(({ what, hex, code }): MalformedVector => ({
    name: `PUBLISH of version ${version} with ${what}`,
    version,
    hex,
    reasonCode: code ?? MALFORMED,
  }));
});

const ACKS = ACK_REASON_CODES.flatMap(({ name, first, allowed }): MalformedVector[] => [
  ...ALL_VERSIONS.flatMap((version): MalformedVector[] => [
    {
      name: `${name} of version ${version} with a zero Packet Identifier`,
      version,
      hex: `${first} 02 0000`,
      reasonCode: PROTOCOL_ERROR,
    },
    {
      name: `${name} of version ${version} with an empty body`,
      version,
      hex: `${first} 00`,
      reasonCode: MALFORMED,
    },
    {
      name: `${name} of version ${version} with half a Packet Identifier`,
      version,
      hex: `${first} 01 01`,
      reasonCode: MALFORMED,
    },
  ]),
  {
    name: `${name} of MQTT 3.1 with a Reason Code`,
    version: 3,
    hex: `${first} 03 0001 00`,
    reasonCode: MALFORMED,
  },
  {
    name: `${name} of MQTT 3.1.1 with a Reason Code`,
    version: 4,
    hex: `${first} 03 0001 00`,
    reasonCode: MALFORMED,
  },
  {
    name: `${name} with one byte behind its Properties`,
    version: 5,
    hex: `${first} 05 0001 00 00 00`,
    reasonCode: MALFORMED,
  },
  ...EVERY_BYTE.filter((code) => !allowed.includes(code)).map((code): MalformedVector => ({
    name: `${name} with the Reason Code 0x${code.toString(16).padStart(2, "0")}`,
    version: 5,
    hex: `${first} 03 0001 ${code.toString(16).padStart(2, "0")}`,
    reasonCode: PROTOCOL_ERROR,
  })),
]);

const SUBSCRIPTIONS = ALL_VERSIONS.flatMap((version) => {
  const none = version === 5 ? "[]" : "";
  return [
    { what: "SUBSCRIBE with a zero Packet Identifier", hex: `82 [ 0000 ${none} ('f') 00 ]` },
    { what: "SUBSCRIBE with an empty body", hex: "82 00" },
    { what: "SUBSCRIBE with half a Packet Identifier", hex: "82 01 01" },
    // [MQTT-3.8.3-2]
    { what: "SUBSCRIBE without a Topic Filter", hex: `82 [ 0001 ${none} ]`, code: 0x82 },
    { what: "SUBSCRIBE with a Topic Filter that is cut", hex: `82 [ 0001 ${none} 0002 'f' ]` },
    { what: "SUBSCRIBE without options", hex: `82 [ 0001 ${none} ('f') ]` },
    { what: "SUBSCRIBE without options on its second", hex: `82 [ 0001 ${none} ('f') 00 ('g') ]` },
    { what: "SUBSCRIBE with one byte too many", hex: `82 [ 0001 ${none} ('f') 00 00 ]` },
    { what: "SUBSCRIBE with a bad Topic Filter", hex: `82 [ 0001 ${none} (ff) 00 ]` },
    { what: "UNSUBSCRIBE with a zero Packet Identifier", hex: `a2 [ 0000 ${none} ('f') ]` },
    { what: "UNSUBSCRIBE with an empty body", hex: "a2 00" },
    // [MQTT-3.10.3-2]
    { what: "UNSUBSCRIBE without a Topic Filter", hex: `a2 [ 0001 ${none} ]`, code: 0x82 },
    { what: "UNSUBSCRIBE with a Topic Filter that is cut", hex: `a2 [ 0001 ${none} 0002 'f' ]` },
    { what: "UNSUBSCRIBE with half a length", hex: `a2 [ 0001 ${none} ('f') 00 ]` },
    { what: "UNSUBSCRIBE with a bad Topic Filter", hex: `a2 [ 0001 ${none} (ff) ]` },
    { what: "SUBACK with a zero Packet Identifier", hex: `90 [ 0000 ${none} 00 ]`, code: 0x82 },
    { what: "UNSUBACK with a zero Packet Identifier", hex: `b0 [ 0000 ${none} ]`, code: 0x82 },
  ].map(({ what, hex, code }): MalformedVector => ({
    name: `${what} in version ${version}`,
    version,
    hex,
    reasonCode: code ?? MALFORMED,
  }));
});

/** Every Subscription Options byte that is not allowed; MQTT 3.1 ignores all but the QoS. */
const OPTIONS = EVERY_BYTE.flatMap((byte): MalformedVector[] => {
  const digits = byte.toString(16).padStart(2, "0");
  const vectors: MalformedVector[] = [];
  if (byte > 2) {
    vectors.push({
      name: `SUBSCRIBE of MQTT 3.1.1 with the Requested QoS ${digits}`,
      version: 4,
      hex: `82 [ 0001 ('f') ${digits} ]`,
      reasonCode: MALFORMED,
    });
  }
  if ((byte & 3) === 3) {
    vectors.push({
      name: `SUBSCRIBE of MQTT 3.1 with the Requested QoS ${digits}`,
      version: 3,
      hex: `82 [ 0001 ('f') ${digits} ]`,
      reasonCode: MALFORMED,
    });
  }
  if ((byte & 0xc0) !== 0 && (byte & 3) !== 3 && (byte & 0x30) !== 0x30) { // [MQTT-3.8.3-5]
    vectors.push({
      name: `SUBSCRIBE of MQTT 5.0 with reserved bits in the Subscription Options ${digits}`,
      version: 5,
      hex: `82 [ 0001 [] ('f') ${digits} ]`,
      reasonCode: MALFORMED,
    });
  }
  return vectors;
});

const REST: MalformedVector[] = [
  {
    name: "SUBSCRIBE of MQTT 5.0 with Retain Handling 3", // section 3.8.3.1
    version: 5,
    hex: "82 [ 0001 [] ('f') 30 ]",
    reasonCode: PROTOCOL_ERROR,
  },
  {
    // Section 3.8.3.1: "It is a Protocol Error if the Maximum QoS field has the value 3."
    name: "SUBSCRIBE of MQTT 5.0 with a Maximum QoS of 3",
    version: 5,
    hex: "82 [ 0001 [] ('f') 03 ]",
    reasonCode: PROTOCOL_ERROR,
  },
  {
    name: "CONNACK with reserved bits in its flags", // [MQTT-3.2.2-1]
    version: 4,
    hex: "20 02 02 00",
    reasonCode: MALFORMED,
  },
  { name: "CONNACK with one byte", version: 4, hex: "20 01 00", reasonCode: MALFORMED },
  { name: "CONNACK with an empty body", version: 5, hex: "20 00", reasonCode: MALFORMED },
  {
    name: "CONNACK of MQTT 3.1.1 with Properties",
    version: 4,
    hex: "20 03 00 00 00",
    reasonCode: MALFORMED,
  },
  {
    name: "CONNACK of MQTT 5.0 with one byte behind its Properties",
    version: 5,
    hex: "20 04 00 00 00 00",
    reasonCode: MALFORMED,
  },
  {
    name: "UNSUBACK of MQTT 3.1.1 with a Reason Code",
    version: 4,
    hex: "b0 03 0001 00",
    reasonCode: MALFORMED,
  },
  {
    name: "DISCONNECT of MQTT 3.1 with a body",
    version: 3,
    hex: "e0 01 00",
    reasonCode: MALFORMED,
  },
  {
    name: "DISCONNECT of MQTT 3.1.1 with a body",
    version: 4,
    hex: "e0 01 00",
    reasonCode: MALFORMED,
  },
  {
    name: "DISCONNECT with one byte behind its Properties",
    version: 5,
    hex: "e0 03 00 00 00",
    reasonCode: MALFORMED,
  },
  {
    name: "AUTH with one byte behind its Properties",
    version: 5,
    hex: "f0 03 18 00 00",
    reasonCode: MALFORMED,
  },
];

/** Table 2-6 lets a DISCONNECT say 0x8c, table 3-10 does not: not tested. */
const DISCONNECTS = EVERY_BYTE
  .filter((code) => !DISCONNECT_REASON_CODES.includes(code) && code !== 0x8c)
  .map((code): MalformedVector => ({
    name: `DISCONNECT with the Reason Code 0x${code.toString(16).padStart(2, "0")}`,
    version: 5,
    hex: `e0 01 ${code.toString(16).padStart(2, "0")}`,
    reasonCode: PROTOCOL_ERROR,
  }));

const AUTHS = EVERY_BYTE.filter((code) => ![0x00, 0x18, 0x19].includes(code)).map((
  code,
): MalformedVector => ({
  name: `AUTH with the Reason Code 0x${code.toString(16).padStart(2, "0")}`,
  version: 5,
  hex: `f0 [ ${code.toString(16).padStart(2, "0")} [] ]`,
  reasonCode: PROTOCOL_ERROR,
}));

export const MALFORMED_MESSAGES: readonly MalformedVector[] = [
  ...PUBLISHES,
  ...ACKS,
  ...SUBSCRIPTIONS,
  ...OPTIONS,
  ...REST,
  ...DISCONNECTS,
  ...AUTHS,
];
