// Bytes from somebody who means no good: packets or an MqttError come out, and nothing else, in time
// that grows no faster than the bytes. (A quadratic way through the large ones would take minutes.)

import assert from "node:assert/strict";
import fc from "fast-check";
import { MqttError } from "../../src/packet/mqtt_error.ts";
import type { ProtocolVersion } from "../../src/packet/packet_type.ts";
import { hex } from "../vectors/hex.ts";
import { anyPacket, anyVersion, check } from "./arbitraries.ts";
import { decodeAll, decodeInto, encode, newDecoder } from "./decoding.ts";

/** Packets or undefined, the latter for an MqttError; what else is thrown fails the test. */
function attempt(bytes: Uint8Array, version: ProtocolVersion, sizes?: readonly number[]): unknown {
  try {
    const packets = decodeAll(bytes, version, sizes ?? [Math.max(1, bytes.length)]);
    assert.ok(packets.length <= bytes.length / 2);
    return packets;
  } catch (error) {
    if (!(error instanceof MqttError)) throw error;
    assert.ok(error.reasonCode >= 0x81 && error.reasonCode <= 0x84, error.message);
    return undefined;
  }
}

/** The same bytes in one chunk and in small ones: the outcome may not depend on it. */
function attemptBoth(bytes: Uint8Array, version: ProtocolVersion): void {
  assert.deepStrictEqual(attempt(bytes, version, [3, 1]), attempt(bytes, version));
}

Deno.test("random bytes give packets or an MqttError", () => {
  check(
    fc.property(anyVersion, fc.uint8Array({ maxLength: 100 }), (version, bytes) => {
      attemptBoth(bytes, version);
    }),
    2_000,
  );
});

Deno.test("random bytes with a fixed header that fits give packets or an MqttError", () => {
  const first = fc.constantFrom(...hex("10 20 30 32 3d 40 50 62 70 82 90 a2 b0 c0 d0 e0 f0"));
  check(
    fc.property(anyVersion, first, fc.uint8Array({ maxLength: 127 }), (version, type, body) => {
      attemptBoth(Uint8Array.of(type, body.length, ...body), version);
    }),
    2_000,
  );
});

type Mutation = (bytes: Uint8Array) => Uint8Array;

/** Where in the bytes, from 0 to 1: small changes at the front meet the lengths. */
const place = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.01, 0.05));

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.nat(7)).map(([where, bit]): Mutation => (bytes) => {
    const changed = bytes.slice();
    const at = Math.min(bytes.length - 1, Math.floor(where * bytes.length));
    if (at >= 0) changed[at] = changed[at]! ^ 1 << bit;
    return changed;
  }),
  fc.tuple(place, fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)).map(
    ([where, byte]): Mutation => (bytes) => {
      const changed = bytes.slice();
      const at = Math.min(bytes.length - 1, Math.floor(where * bytes.length));
      if (at >= 0) changed[at] = byte;
      return changed;
    },
  ),
  place.map((where): Mutation => (bytes) => bytes.slice(0, Math.floor(where * bytes.length))),
  fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 4 })).map((
    [where, added],
  ): Mutation =>
  (bytes) => {
    const at = Math.floor(where * bytes.length);
    return Uint8Array.of(...bytes.subarray(0, at), ...added, ...bytes.subarray(at));
  }),
  fc.tuple(place, fc.integer({ min: 1, max: 4 })).map(([where, length]): Mutation => (bytes) => {
    const at = Math.floor(where * bytes.length);
    return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + length));
  }),
);

Deno.test("damaged packets give packets or an MqttError", () => {
  const damaged = anyVersion.chain((version) =>
    fc.tuple(
      fc.constant(version),
      anyPacket(version),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
    )
  );
  check(
    fc.property(damaged, ([version, packet, mutations]) => {
      const bytes = mutations.reduce((before, mutate) => mutate(before), encode(packet, version));
      attemptBoth(bytes, version);
    }),
    2_000,
  );
});

Deno.test("a packet whose body is damaged and whose length still fits gives an MqttError or a packet", () => {
  const damaged = anyVersion.chain((version) =>
    fc.tuple(fc.constant(version), anyPacket(version), mutation)
  );
  check(
    fc.property(damaged, ([version, packet, mutate]) => {
      const bytes = encode(packet, version);
      const headerLength = bytes[1]! < 128 ? 2 : 3;
      const body = mutate(bytes.slice(headerLength));
      const length = body.length < 128
        ? [body.length]
        : [body.length % 128 | 128, body.length >> 7];
      if (body.length < 16384) attemptBoth(Uint8Array.of(bytes[0]!, ...length, ...body), version);
    }),
    2_000,
  );
});

Deno.test("a packet of another version gives packets or an MqttError", () => {
  const other = anyVersion.chain((version) =>
    fc.tuple(anyVersion, fc.constant(version), anyPacket(version))
  );
  check(
    fc.property(other, ([readAs, version, packet]) => {
      attemptBoth(encode(packet, version), readAs);
    }),
    2_000,
  );
});

const TEN_THOUSAND = "26 ('k') ('v') ".repeat(10_000);

const LARGE: readonly { name: string; version: ProtocolVersion; hex: string; chunk?: number }[] = [
  {
    name: "a PUBLISH with ten thousand User Properties",
    version: 5,
    hex: `30 [ ('t') [ ${TEN_THOUSAND} ] 'p' ]`,
  },
  {
    name: "a CONNECT with ten thousand User Properties",
    version: 5,
    hex: `10 [ ('MQTT') 05 02 0000 [ ${TEN_THOUSAND} ] ('c') ]`,
  },
  {
    name: "a will with ten thousand User Properties, each behind something else",
    version: 5,
    hex: `10 [ ('MQTT') 05 06 0000 [] ('c') [ 02 00000001 ${TEN_THOUSAND} 18 00000001 ] ('w') () ]`,
  },
  {
    name: "a PUBLISH with ten thousand Subscription Identifiers between User Properties",
    version: 5,
    hex: `30 [ ('t') [ ${"0b 01 26 ('k') ('v') ".repeat(10_000)} ] ]`,
  },
  {
    name: "a SUBSCRIBE with ten thousand Topic Filters",
    version: 4,
    hex: `82 [ 0001 ${"('f') 00 ".repeat(10_000)} ]`,
  },
  {
    name: "an UNSUBSCRIBE with a hundred thousand empty Topic Filters",
    version: 4,
    hex: "a2 [ 0001 00*200000 ]",
  },
  { name: "a SUBACK with a million Reason Codes", version: 4, hex: "90 [ 0001 00*1000000 ]" },
  {
    name: "a PUBLISH of a million bytes in chunks of one",
    version: 4,
    hex: "30 [ ('t') 70*1000000 ]",
    chunk: 1,
  },
  {
    name: "a CONNECT with ten thousand User Properties in chunks of one byte",
    version: 5,
    hex: `10 [ ('MQTT') 05 02 0000 [ ${TEN_THOUSAND} ] ('c') ]`,
    chunk: 1,
  },
];

for (const { name, version, hex: text, chunk } of LARGE) {
  Deno.test(`PacketDecoder reads ${name}`, () => {
    const bytes = hex(text);
    assert.equal(decodeAll(bytes, version, [chunk ?? bytes.length]).length, 1);
  });
}

Deno.test("PacketDecoder reads half a million packets of one chunk", () => {
  const bytes = new Uint8Array(1_000_000);
  for (let at = 0; at < bytes.length; at += 2) bytes[at] = 0xc0;
  assert.equal(decodeInto(newDecoder(4), bytes, [bytes.length]).length, 500_000);
});
