// CONNECT packets that the codec refuses (section 3.1 of each version).

import type { MalformedVector } from "./vector.ts";

const MALFORMED = 0x81;
const UNSUPPORTED = 0x84;

/** Before a Protocol Version is read, nobody knows how to answer. */
const PROTOCOL_NAMES: MalformedVector[] = [
  { what: "the Protocol Name mqtt", name: "('mqtt')" },
  { what: "the Protocol Name MQTTX", name: "('MQTTX')" },
  { what: "an empty Protocol Name", name: "()" },
  { what: "the Protocol Name HTTP", name: "('HTTP')" },
  { what: "a Protocol Name that is not UTF-8", name: "('MQT' c3)" },
  { what: "a Protocol Name of 65,535 bytes that is not there", name: "ffff 'MQTT'" },
].map(({ what, name }) => ({
  name: `CONNECT with ${what}`,
  version: 4,
  hex: `10 [ ${name} 04 02 0000 ('c') ]`,
  reasonCode: MALFORMED,
  connectVersion: undefined,
}));

/** [MQTT-3.1.2-2]: answered in the form of the nearest version that midge speaks. */
const PROTOCOL_VERSIONS: MalformedVector[] = [
  { name: "MQTT", byte: "00", connectVersion: 4 },
  { name: "MQTT", byte: "02", connectVersion: 4 },
  { name: "MQTT", byte: "03", connectVersion: 4 },
  { name: "MQTT", byte: "06", connectVersion: 5 },
  { name: "MQTT", byte: "7f", connectVersion: 5 },
  { name: "MQTT", byte: "85", connectVersion: 5 },
  { name: "MQTT", byte: "86", connectVersion: 5 },
  { name: "MQTT", byte: "ff", connectVersion: 5 },
  { name: "MQIsdp", byte: "02", connectVersion: 4 },
  { name: "MQIsdp", byte: "04", connectVersion: 4 },
  { name: "MQIsdp", byte: "05", connectVersion: 4 },
  { name: "MQIsdp", byte: "84", connectVersion: 4 },
  { name: "MQIsdp", byte: "85", connectVersion: 4 },
  { name: "MQIsdp", byte: "06", connectVersion: 5 },
].map(({ name, byte, connectVersion }) => ({
  name: `CONNECT with the Protocol Version ${byte} of ${name}`,
  version: 4,
  hex: `10 [ ('${name}') ${byte} 02 0000 ('c') ]`,
  reasonCode: UNSUPPORTED,
  connectVersion: connectVersion as 4 | 5,
}));

const HEADS = [
  { version: 4, head: "('MQTT') 04", properties: "" },
  { version: 5, head: "('MQTT') 05", properties: "[]" },
] as const;

const FLAGS = HEADS.flatMap(({ version, head, properties }) =>
  [
    { what: "the reserved Connect Flag", flags: "03", rest: "" }, // [MQTT-3.1.2-3]
    { what: "a Will QoS of 1 and no will", flags: "0a", rest: "" }, // [MQTT-3.1.2-11]
    { what: "a Will QoS of 2 and no will", flags: "12", rest: "" },
    { what: "a Will QoS of 3 and no will", flags: "1a", rest: "" },
    { what: "Will Retain and no will", flags: "22", rest: "" }, // [MQTT-3.1.2-13]
    { what: "a Will QoS of 3", flags: "1e", rest: `${properties} ('w') ('p')` }, // [MQTT-3.1.2-12]
    { what: "a Will Flag and no will", flags: "06", rest: "" }, // [MQTT-3.1.2-9]
    { what: "a Will Flag and no Will Payload", flags: "06", rest: `${properties} ('w')` },
    { what: "a User Name Flag and no User Name", flags: "82", rest: "" }, // [MQTT-3.1.2-17]
    { what: "a Password Flag and no Password", flags: "c2", rest: "('user')" },
    { what: "a will that no flag announces", flags: "02", rest: `${properties} ('w') ('p')` },
    { what: "a User Name that no flag announces", flags: "02", rest: "('user')" },
    { what: "a Password that no flag announces", flags: "82", rest: "('user') ('pass')" },
    { what: "one byte behind its last field", flags: "c2", rest: "('user') ('pass') 00" },
    { what: "a Will Topic that is not UTF-8", flags: "06", rest: `${properties} (ff) ('p')` },
    { what: "a Will Topic with U+0000", flags: "06", rest: `${properties} ('w' 00) ('p')` },
    { what: "a User Name that is not UTF-8", flags: "82", rest: "('a' c0 af)" },
  ].map(({ what, flags, rest }): MalformedVector => ({
    name: `CONNECT of version ${version} with ${what}`,
    version,
    hex: `10 [ ${head} ${flags} 003c ${properties} ('c') ${rest} ]`,
    reasonCode: MALFORMED,
    connectVersion: version,
  }))
);

/** [MQTT-2.1.3-1]; MQTT 3.1 leaves these bits unused. */
const HEADER_FLAGS = HEADS.flatMap(({ version, head, properties }) =>
  Array.from({ length: 15 }, (_, i): MalformedVector => {
    const first = `1${(i + 1).toString(16)}`;
    return {
      name: `CONNECT of version ${version} with the first byte ${first}`,
      version,
      hex: `${first} [ ${head} 02 003c ${properties} ('c') ]`,
      reasonCode: MALFORMED,
      connectVersion: version,
    };
  })
);

const REST: MalformedVector[] = [
  {
    name: "CONNECT of MQTT 3.1.1 with a Password and no User Name", // [MQTT-3.1.2-22] of 3.1.1
    version: 4,
    hex: "10 [ ('MQTT') 04 42 003c ('c') ('pass') ]",
    reasonCode: MALFORMED,
    connectVersion: 4,
  },
  {
    // MQTT 3.1, section 3.1: "It is not valid to supply a password without supplying a user name."
    name: "CONNECT of MQTT 3.1 with a Password and no User Name",
    version: 3,
    hex: "10 [ ('MQIsdp') 03 42 003c ('c') ('pass') ]",
    reasonCode: MALFORMED,
    connectVersion: 3,
  },
  {
    name: "CONNECT of MQTT 3.1 with a Will QoS of 3",
    version: 3,
    hex: "10 [ ('MQIsdp') 03 1e 003c ('c') ('w') ('p') ]",
    reasonCode: MALFORMED,
    connectVersion: 3,
  },
  {
    name: "CONNECT of MQTT 3.1 with a Will Flag and no will",
    version: 3,
    hex: "10 [ ('MQIsdp') 03 06 003c ('c') ]",
    reasonCode: MALFORMED,
    connectVersion: 3,
  },
  {
    name: "CONNECT of MQTT 3.1 with a User Name that is cut",
    version: 3,
    hex: "10 [ ('MQIsdp') 03 82 003c ('c') 0004 'use' ]",
    reasonCode: MALFORMED,
    connectVersion: 3,
  },
  {
    name: "CONNECT of MQTT 3.1 with one byte behind its last field",
    version: 3,
    hex: "10 [ ('MQIsdp') 03 02 003c ('c') 00 ]",
    reasonCode: MALFORMED,
    connectVersion: 3,
  },
  {
    name: "CONNECT with an empty body",
    version: 4,
    hex: "10 00",
    reasonCode: MALFORMED,
    connectVersion: undefined,
  },
  {
    name: "CONNECT without a Protocol Version",
    version: 4,
    hex: "10 06 0004 'MQTT'",
    reasonCode: MALFORMED,
    connectVersion: undefined,
  },
];

export const MALFORMED_CONNECT: readonly MalformedVector[] = [
  ...PROTOCOL_NAMES,
  ...PROTOCOL_VERSIONS,
  ...FLAGS,
  ...HEADER_FLAGS,
  ...REST,
];

/** CONNECT packets with all they can hold, for the test that cuts them everywhere. */
export const FULL_CONNECTS: readonly {
  readonly version: 3 | 4 | 5;
  /** The first byte's name in the body, then the body. */
  readonly body: string;
}[] = [
  { version: 3, body: "('MQIsdp') 03 ee 003c ('id') ('w/t') ('gone') ('user') ('pass')" },
  { version: 4, body: "('MQTT') 04 ee 003c ('id') ('w/t') ('gone') ('user') ('pass')" },
  {
    version: 5,
    body: `('MQTT') 05 ee 003c
      [ 11 0000000a 21 0014 27 001e8480 22 000a 19 01 17 01 26 ('k') ('v') 15 ('m') 16 ('d') ]
      ('id')
      [ 18 0000000a 01 01 02 0000003c 03 ('text') 08 ('r') 09 ('c') 26 ('k') ('v') ]
      ('w/t') ('gone') ('user') ('pass')`,
  },
];
