// The fixed header (section 2.1): reserved bits, reserved types, Remaining Lengths.

import type { MalformedVector } from "./vector.ts";

const MALFORMED = 0x81;
const PROTOCOL_ERROR = 0x82;

const TYPES = [
  { name: "CONNACK", type: 2, body: "02 00 00", flags: 0 },
  { name: "PUBACK", type: 4, body: "02 0001", flags: 0 },
  { name: "PUBREC", type: 5, body: "02 0001", flags: 0 },
  { name: "PUBREL", type: 6, body: "02 0001", flags: 2 },
  { name: "PUBCOMP", type: 7, body: "02 0001", flags: 0 },
  { name: "SUBSCRIBE", type: 8, body: "06 0001 ('f') 00", flags: 2 },
  { name: "SUBACK", type: 9, body: "03 0001 00", flags: 0 },
  { name: "UNSUBSCRIBE", type: 10, body: "05 0001 ('f')", flags: 2 },
  { name: "UNSUBACK", type: 11, body: "02 0001", flags: 0 },
  { name: "PINGREQ", type: 12, body: "00", flags: 0 },
  { name: "PINGRESP", type: 13, body: "00", flags: 0 },
  { name: "DISCONNECT", type: 14, body: "00", flags: 0 },
] as const;

const ALL_VERSIONS = [3, 4, 5] as const;

/** Every first byte but the one that is allowed; MQTT 3.1 has DUP in all of them (section 2.1). */
const RESERVED_BITS = ALL_VERSIONS.flatMap((version) =>
  TYPES.flatMap(({ name, type, body, flags: required }) =>
    Array.from({ length: 16 }, (_, flags) => flags)
      .filter((flags) => version === 3 ? (flags & 7) !== required : flags !== required)
      .map((flags): MalformedVector => {
        const first = (type << 4 | flags).toString(16);
        return {
          name: `${name} of version ${version} with the first byte ${first}`,
          version,
          hex: `${first} ${body}`,
          reasonCode: MALFORMED,
        };
      })
  )
);

const RESERVED_AUTH_BITS = Array.from({ length: 15 }, (_, i): MalformedVector => ({
  name: `AUTH with the first byte f${(i + 1).toString(16)}`,
  version: 5,
  hex: `f${(i + 1).toString(16)} 00`,
  reasonCode: MALFORMED,
}));

const RESERVED_TYPE = ALL_VERSIONS.flatMap((version) =>
  Array.from({ length: 16 }, (_, flags): MalformedVector => ({
    name: `the reserved packet type 0 in version ${version} with the flags ${flags}`,
    version,
    hex: `0${flags.toString(16)} 00`,
    reasonCode: PROTOCOL_ERROR,
  }))
);

const LENGTHS = ALL_VERSIONS.flatMap((version): MalformedVector[] => [
  {
    name: `a Remaining Length of five bytes in version ${version}`,
    version,
    hex: "30 80 80 80 80 01",
    reasonCode: MALFORMED,
  },
  {
    name: `a Remaining Length of five bytes in version ${version}, refused on the fourth`,
    version,
    hex: "c0 ff ff ff ff",
    reasonCode: MALFORMED,
  },
  {
    name: `PINGREQ of version ${version} with a body`,
    version,
    hex: "c0 01 00",
    reasonCode: MALFORMED,
  },
  {
    name: `PINGRESP of version ${version} with a body`,
    version,
    hex: "d0 02 0001",
    reasonCode: MALFORMED,
  },
]);

/** [MQTT-1.5.5-1]; MQTT 3.1.1 does not say it, midge refuses it there too. */
const NOT_MINIMAL = ALL_VERSIONS.flatMap((version) =>
  ["c0 80 00", "c0 80 80 00", "c0 80 80 80 00", "30 83 00 0001 't'"].map((hex) => ({
    name: `a Remaining Length that is not minimal in version ${version}, as in ${hex}`,
    version,
    hex,
    reasonCode: MALFORMED,
  }))
);

const AUTH_IN_OLD_VERSIONS = [3 as const, 4 as const].flatMap((version): MalformedVector[] => [
  {
    name: `an empty AUTH in version ${version}`,
    version,
    hex: "f0 00",
    reasonCode: PROTOCOL_ERROR,
  },
  {
    name: `an AUTH with Properties in version ${version}`,
    version,
    hex: "f0 [ 18 [ 15 ('m') ] ]",
    reasonCode: PROTOCOL_ERROR,
  },
]);

export const MALFORMED_FRAMING: readonly MalformedVector[] = [
  ...RESERVED_BITS,
  ...RESERVED_AUTH_BITS,
  ...RESERVED_TYPE,
  ...LENGTHS,
  ...NOT_MINIMAL,
  ...AUTH_IN_OLD_VERSIONS,
];
