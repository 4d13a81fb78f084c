// PUBLISH (section 3.3): flags, Topic Names, Packet Identifiers, Properties and payloads.

import { hex } from "./hex.ts";
import { bytesOf, type PacketVector, publish } from "./vector.ts";

const ALL_VERSIONS = [3, 4, 5] as const;

/** Every first byte that is allowed, in every version. */
const FLAGS: PacketVector[] = ALL_VERSIONS.flatMap((version) =>
  [0, 1, 2, 3, 4, 5, 0xa, 0xb, 0xc, 0xd].map((flags): PacketVector => {
    const qos = (flags >> 1 & 3) as 0 | 1 | 2;
    return {
      name: `a PUBLISH of version ${version} with the first byte 3${flags.toString(16)}`,
      version,
      hex: `3${flags.toString(16)} [ ('a/b') ${qos > 0 ? "fffe" : ""} ${
        version === 5 ? "[]" : ""
      } 'payload' ]`,
      packet: publish({
        topicName: "a/b",
        qos,
        dup: (flags & 8) !== 0,
        retain: (flags & 1) !== 0,
        packetId: qos > 0 ? 0xfffe : 0,
        payload: bytesOf("payload"),
      }),
    };
  })
);

const SHAPES: PacketVector[] = [
  {
    name: "a PUBLISH of MQTT 3.1 without a payload",
    version: 3,
    hex: "30 03 0001 't'",
    packet: publish({}),
  },
  {
    name: "a PUBLISH of MQTT 3.1.1 without a payload",
    version: 4,
    hex: "30 03 0001 't'",
    packet: publish({}),
  },
  {
    name: "a PUBLISH of MQTT 5.0 without a payload",
    version: 5,
    hex: "30 04 0001 't' 00",
    packet: publish({}),
  },
  {
    name: "a PUBLISH whose payload looks like Properties",
    version: 4,
    hex: "30 05 0001 't' 00 23",
    packet: publish({ payload: hex("00 23") }),
  },
  {
    name: "a PUBLISH whose payload looks like the next packet",
    version: 5,
    hex: "31 06 0001 't' 00 c0 00",
    packet: publish({ retain: true, payload: hex("c0 00") }),
  },
  {
    name: "a PUBLISH with the highest Packet Identifier",
    version: 4,
    hex: "32 05 0001 't' ffff",
    packet: publish({ qos: 1, packetId: 65535 }),
  },
  {
    name: "a PUBLISH with the lowest Packet Identifier",
    version: 5,
    hex: "34 06 0001 't' 0001 00",
    packet: publish({ qos: 2, packetId: 1 }),
  },
  {
    name: "a PUBLISH whose Topic Name has two, three and four byte characters",
    version: 4,
    hex: "30 [ ('é/日/😀') ]",
    packet: publish({ topicName: "é/日/😀" }),
  },
  {
    name: "a PUBLISH whose Topic Name starts with a byte order mark",
    version: 5,
    hex: "30 [ (efbbbf 'a') [] ]",
    packet: publish({ topicName: "\ufeffa" }),
  },
  {
    name: "a PUBLISH whose Topic Name has the specification's A and U+2A6D4",
    version: 5,
    hex: "30 [ (41 f0aa9b94) [] ]",
    packet: publish({ topicName: "A\u{2A6D4}" }),
  },
  {
    name: "a PUBLISH whose Topic Name is a space",
    version: 4,
    hex: "30 [ (20) ]",
    packet: publish({ topicName: " " }),
  },
  {
    name: "a PUBLISH whose Topic Name is as long as it can be",
    version: 4,
    hex: "30 [ ffff 61*65535 'p' ]",
    packet: publish({ topicName: "a".repeat(65535), payload: bytesOf("p") }),
  },
];

const PROPERTIES: PacketVector[] = [
  {
    name: "a PUBLISH with every Property that a publisher can send",
    version: 5,
    hex: `32 [ ('t') 0007
      [ 01 01 08 ('r/t') 09 (00ff) 26 ('k') ('v') 26 ('k') ('w') 03 ('text') 02 0000003c 23 000a ]
      'p' ]`,
    packet: publish({
      qos: 1,
      packetId: 7,
      topicAlias: 10,
      messageExpiryInterval: 60,
      forwardedProperties: hex(
        "01 01 08 ('r/t') 09 (00ff) 26 ('k') ('v') 26 ('k') ('w') 03 ('text')",
      ),
      payload: bytesOf("p"),
    }),
  },
  {
    name:
      "a PUBLISH keeps the order of the Properties that travel on, whatever stands between them",
    version: 5,
    hex: "30 [ ('t') [ 26 ('b') ('1') 23 ffff 03 () 02 00000000 26 ('a') ('2') ] ]",
    encodedAs: "30 [ ('t') [ 26 ('b') ('1') 03 () 26 ('a') ('2') 02 00000000 23 ffff ] ]",
    packet: publish({
      topicAlias: 65535,
      messageExpiryInterval: 0,
      forwardedProperties: hex("26 ('b') ('1') 03 () 26 ('a') ('2')"),
    }),
  },
  {
    name: "a PUBLISH with a Topic Alias in place of a Topic Name",
    version: 5,
    hex: "30 [ () [ 23 0001 ] 'p' ]",
    packet: publish({ topicName: "", topicAlias: 1, payload: bytesOf("p") }),
  },
  {
    name: "a PUBLISH with Subscription Identifiers of each length, and one of them twice",
    version: 5,
    hex: `30 [ ('t') [ 0b 01 0b 7f 0b 8001 0b ff7f 0b 808001 0b ffff7f 0b 80808001 0b ffffff7f
      0b 01 ] ]`,
    packet: publish({
      subscriptionIdentifiers: [1, 127, 128, 16383, 16384, 2097151, 2097152, 268435455, 1],
    }),
  },
  {
    name: "a PUBLISH with empty strings where they are allowed",
    version: 5,
    hex: "30 [ ('t') [ 03 () 09 () 26 () () ] ]",
    packet: publish({ forwardedProperties: hex("03 () 09 () 26 () ()") }),
  },
  {
    name: "a PUBLISH with the longest Message Expiry Interval",
    version: 5,
    hex: "30 [ ('t') [ 02 ffffffff ] ]",
    packet: publish({ messageExpiryInterval: 0xffffffff }),
  },
];

/** The four lengths of a Property Length. */
const PROPERTY_LENGTHS: PacketVector[] = [127, 128, 16383, 16384].map((length) => {
  const forwarded = `03 (61*${Math.min(length - 3, 65535)})`;
  return {
    name: `a PUBLISH with a Property Length of ${length}`,
    version: 5,
    hex: `30 [ ('t') [ ${forwarded} ] 'p' ]`,
    packet: publish({ forwardedProperties: hex(forwarded), payload: bytesOf("p") }),
  };
});

/** Remaining Length (section 2.1.4) at each of its limits, written out; the payload fills the rest. */
const LIMITS = [
  { length: 3, written: "03" },
  { length: 127, written: "7f" },
  { length: 128, written: "80 01" },
  { length: 16383, written: "ff 7f" },
  { length: 16384, written: "80 80 01" },
  { length: 2097151, written: "ff ff 7f" },
  { length: 2097152, written: "80 80 80 01" },
] as const;

const REMAINING_LENGTHS: PacketVector[] = LIMITS.map((
  { length, written },
): PacketVector => ({
  name: `a PUBLISH with a Remaining Length of ${length}`,
  version: 4,
  hex: `30 ${written} 0001 't' 70*${length - 3}`,
  packet: publish({ payload: hex(`70*${length - 3}`) }),
}));

export const PUBLISH_VECTORS: readonly PacketVector[] = [
  ...FLAGS,
  ...SHAPES,
  ...PROPERTIES,
  ...PROPERTY_LENGTHS,
  ...REMAINING_LENGTHS,
];
