// Headers of the PROXY protocol, right and wrong, as bytes.

import assert from "node:assert/strict";
import fc from "fast-check";
import { HandshakeError } from "../../src/transport/byte_stream.ts";
import { crc32c } from "../../src/transport/crc32c.ts";
import {
  lengthOfV2,
  parseV1,
  parseV2,
  type ProxyHeader,
  V2_FIXED_LENGTH,
  V2_SIGNATURE,
} from "../../src/transport/proxy_header.ts";
import { IPV4, IPV6, LOCAL, proxyV2, tls, tlv, UNIX, UNKNOWN } from "../support/proxy_headers.ts";

const LINES: readonly { line: string; from: string | undefined }[] = [
  { line: "PROXY TCP4 192.0.2.5 10.0.0.1 6275 1883", from: "192.0.2.5:6275" },
  { line: "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535", from: "255.255.255.255:65535" },
  { line: "PROXY TCP4 0.0.0.0 0.0.0.0 0 0", from: "0.0.0.0:0" },
  { line: "PROXY TCP6 2001:db8::5 ::1 6275 1883", from: "[2001:db8::5]:6275" },
  { line: "PROXY TCP6 2001:DB8:0:0::5 ::1 6275 1883", from: "[2001:db8::5]:6275" },
  { line: "PROXY TCP6 ::ffff:192.0.2.5 ::1 6275 1883", from: "192.0.2.5:6275" },
  { line: "PROXY UNKNOWN", from: undefined },
  { line: "PROXY UNKNOWN ffff::1 ffff::2 65535 65535 and more", from: undefined },
];
for (const { line, from } of LINES) {
  Deno.test(`${JSON.stringify(line)} comes from ${from ?? "the proxy itself"}`, () => {
    assert.deepEqual(parseV1(line), { remoteAddress: from, tls: undefined });
  });
}

const WRONG_LINES: readonly [line: string, says: string][] = [
  ["PROXY ", 'its line is "PROXY "'],
  ["PROXY TCP4", 'its line is "PROXY TCP4"'],
  ["PROXY UNKNOWNX", 'its line is "PROXY UNKNOWNX"'],
  ["PROXY TCP5 192.0.2.5 10.0.0.1 1 1", "its line is"],
  ["PROXY TCP4 192.0.2.5 10.0.0.1 1", "its line is"],
  ["PROXY TCP4 192.0.2.5 10.0.0.1 1 1 1", "its line is"],
  ["PROXY TCP4  192.0.2.5 10.0.0.1 1 1", "its line is"],
  ["PROXY TCP4 192.0.2.5 10.0.0.1 1 1 ", "its line is"],
  ["PROXY TCP4 192.0.2.256 10.0.0.1 1 1", '"192.0.2.256" is no IPv4 address'],
  ["PROXY TCP4 192.0.2.05 10.0.0.1 1 1", '"192.0.2.05" is no IPv4 address'],
  ["PROXY TCP4 0x7f.1 10.0.0.1 1 1", '"0x7f.1" is no IPv4 address'],
  ["PROXY TCP4 192.0.2.5 x 1 1", '"x" is no IPv4 address'],
  ["PROXY TCP4 2001:db8::5 2001:db8::5 1 1", '"2001:db8::5" is no IPv4 address'],
  ["PROXY TCP6 192.0.2.5 ::1 1 1", '"192.0.2.5" is no IPv6 address'],
  ["PROXY TCP6 ::1::2 ::1 1 1", '"::1::2" is no IPv6 address'],
  ["PROXY TCP6 ::1]/ ::1 1 1", '"::1]/" is no IPv6 address'],
  ["PROXY TCP6 fe80::1%eth0 ::1 1 1", '"fe80::1%eth0" is no IPv6 address'],
  ["PROXY TCP4 192.0.2.5 10.0.0.1 65536 1", '"65536" is no port'],
  ["PROXY TCP4 192.0.2.5 10.0.0.1 1 65536", '"65536" is no port'],
  ["PROXY TCP4 192.0.2.5 10.0.0.1 01 1", '"01" is no port'],
  ["PROXY TCP4 192.0.2.5 10.0.0.1 -1 1", '"-1" is no port'],
];
for (const [line, says] of WRONG_LINES) {
  Deno.test(`${JSON.stringify(line)} is malformed: ${says}`, () => {
    assert.throws(() => parseV1(line), (error) => {
      assert.ok(error instanceof HandshakeError);
      assert.ok(error.message.startsWith(`malformed PROXY header, ${says}`), error.message);
      return true;
    });
  });
}

/** As the layer does it. */
function parse(header: Uint8Array): ProxyHeader {
  const length = lengthOfV2(header.subarray(0, V2_FIXED_LENGTH));
  assert.equal(header.length, V2_FIXED_LENGTH + length);
  return parseV2(header);
}

const CERTIFIED = { hasCertificate: true, commonName: "alice" };
const BINARY: readonly { name: string; header: Uint8Array; is: ProxyHeader }[] = [
  { name: "IPv4", header: proxyV2(IPV4), is: { remoteAddress: "192.0.2.5:6275", tls: undefined } },
  {
    name: "IPv6",
    header: proxyV2(IPV6),
    is: { remoteAddress: "[2001:db8::5]:6275", tls: undefined },
  },
  {
    name: "a Unix socket",
    header: proxyV2(UNIX("/run/client")),
    is: { remoteAddress: "/run/client:0", tls: undefined },
  },
  {
    name: "a Unix socket without a name",
    header: proxyV2(UNIX("")),
    is: { remoteAddress: "unix-socket:0", tls: undefined },
  },
  {
    name: "a family that the proxy does not know",
    header: proxyV2(UNKNOWN),
    is: { remoteAddress: undefined, tls: undefined },
  },
  {
    name: "the proxy itself, with what is to be passed over",
    header: proxyV2({ ...LOCAL, addresses: [1, 2, 3] }),
    is: { remoteAddress: undefined, tls: undefined },
  },
  {
    name: "fields that do not matter",
    header: proxyV2(IPV4, tlv(0x01, "mqtt"), tlv(0x04, "\0\0"), tlv(0xee, "own")),
    is: { remoteAddress: "192.0.2.5:6275", tls: undefined },
  },
  {
    name: "TLS with a certificate",
    header: proxyV2(IPV4, tls({ commonName: "alice" })),
    is: { remoteAddress: "192.0.2.5:6275", tls: CERTIFIED },
  },
  {
    name: "TLS with a certificate, from a family that the proxy does not know",
    header: proxyV2(UNKNOWN, tls({ commonName: "alice" })),
    is: { remoteAddress: undefined, tls: CERTIFIED },
  },
  {
    name: "a certificate whose Common Name is empty",
    header: proxyV2(IPV4, tls({ commonName: "" })),
    is: { remoteAddress: "192.0.2.5:6275", tls: { hasCertificate: true, commonName: undefined } },
  },
  {
    name: "TLS without a certificate",
    header: proxyV2(IPV4, tls({ client: 1 })),
    is: {
      remoteAddress: "192.0.2.5:6275",
      tls: { hasCertificate: false, commonName: undefined },
    },
  },
  {
    name: "TLS with a certificate that did not pass: its name is not believed",
    header: proxyV2(IPV4, tls({ verify: 10, commonName: "alice" })),
    is: {
      remoteAddress: "192.0.2.5:6275",
      tls: { hasCertificate: false, commonName: undefined },
    },
  },
  {
    name: "a certificate of this connection but not of its session",
    header: proxyV2(IPV4, tls({ client: 3, commonName: "alice" })),
    is: {
      remoteAddress: "192.0.2.5:6275",
      tls: { hasCertificate: false, commonName: undefined },
    },
  },
  {
    name: "no TLS, of which haproxy's send-proxy-v2-ssl tells as well",
    header: proxyV2(IPV4, tls({ client: 0, verify: 1 })),
    is: { remoteAddress: "192.0.2.5:6275", tls: undefined },
  },
  {
    name: "a right checksum",
    header: withChecksum(proxyV2(IPV4, tlv(0x03, "\0\0\0\0"), tlv(0x04, "xx"))),
    is: { remoteAddress: "192.0.2.5:6275", tls: undefined },
  },
];
for (const { name, header, is } of BINARY) {
  Deno.test(`a header of version 2 is read: ${name}`, () => assert.deepEqual(parse(header), is));
}

/** With the checksum in the first field, which is there and zero. */
function withChecksum(header: Uint8Array): Uint8Array {
  const sum = crc32c(header);
  new DataView(header.buffer).setUint32(V2_FIXED_LENGTH + 12 + 3, sum);
  return header;
}

/** A Common Name of nine bytes that has one. */
const CUT_OFF_NAME = [0x22, 0, 9, 0x61];
const WRONG: readonly { name: string; header: Uint8Array; says: string }[] = [
  {
    name: "version 3",
    header: proxyV2({ ...IPV4, versionAndCommand: 0x31 }),
    says: "version is 3",
  },
  {
    name: "command 2",
    header: proxyV2({ ...IPV4, versionAndCommand: 0x22 }),
    says: "command is 2",
  },
  {
    name: "UDP",
    header: proxyV2({ ...IPV4, family: 0x12 }),
    says: "its address family and protocol are 0x12",
  },
  {
    name: "addresses cut off",
    header: proxyV2({ ...IPV6, addresses: IPV4.addresses }),
    says: "it has 12 bytes, and its addresses alone need 36",
  },
  {
    name: "more than 4,096 bytes",
    header: proxyV2(IPV4, tlv(0x04, "x".repeat(4_082))),
    says: "it has 4097 bytes, at most 4096 are read",
  },
  {
    name: "a field's head cut off",
    header: proxyV2(IPV4, [0x04, 0]),
    says: "its last field is cut off",
  },
  {
    name: "a field cut off",
    header: proxyV2(IPV4, [4, 0, 2, 1]),
    says: "its last field is cut off",
  },
  {
    name: "TLS cut off",
    header: proxyV2(IPV4, tlv(0x20, "\x07\0\0\0")),
    says: "what it tells of TLS is cut off",
  },
  {
    name: "a field within TLS cut off, though there are bytes behind it",
    header: proxyV2(IPV4, [0x20, 0, 9, 5, 0, 0, 0, 0, ...CUT_OFF_NAME], tlv(0x04, "x".repeat(20))),
    says: "its last field is cut off",
  },
  {
    name: "TLS twice",
    header: proxyV2(IPV4, tls({ commonName: "alice" }), tls({ commonName: "bob" })),
    says: "it tells of TLS twice",
  },
  {
    name: "a Common Name that is not UTF-8",
    header: proxyV2(IPV4, [0x20, 0, 9, 5, 0, 0, 0, 0, 0x22, 0, 1, 0xff]),
    says: "a name in it is not UTF-8",
  },
  {
    name: "a Common Name with a NUL",
    header: proxyV2(IPV4, tls({ commonName: "alice\0bob" })),
    says: "there is a NUL in the name of a certificate",
  },
  {
    name: "a wrong checksum",
    header: proxyV2(IPV4, tlv(0x03, "\0\0\0\x01")),
    says: "its checksum is wrong",
  },
];
for (const { name, header, says } of WRONG) {
  Deno.test(`a header of version 2 is malformed: ${name}`, () => {
    assert.throws(() => parse(header), (error) => {
      assert.ok(error instanceof HandshakeError);
      assert.ok(error.message.includes(says), error.message);
      return true;
    });
  });
}

Deno.test("the checksum is that of RFC 3720", () => {
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe306_9283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a91_36aa);
});

Deno.test("whatever the bytes of a header, it is read or called malformed", () => {
  const header = fc.record({
    command: fc.constantFrom(0x20, 0x21),
    family: fc.constantFrom(0, 0x11, 0x21, 0x31),
    rest: fc.uint8Array({ maxLength: 400 }),
  });
  fc.assert(fc.property(header, ({ command, family, rest }) => {
    const fixed = [...V2_SIGNATURE, command, family, rest.length >> 8, rest.length & 255];
    try {
      parse(Uint8Array.from([...fixed, ...rest]));
    } catch (error) {
      assert.ok(error instanceof HandshakeError, String(error));
    }
  }));
});
