// Properties of the codec for arbitrary packets: decoding undoes encoding, whatever the chunks are.

import assert from "node:assert/strict";
import fc from "fast-check";
import { anyPacket, anyVersion, check, PACKET_KINDS } from "./arbitraries.ts";
import { decodeAll, decodeInto, encode, newDecoder } from "./decoding.ts";
import { NO_BYTES, type PacketData } from "../vectors/vector.ts";

for (const { name, arbitrary } of PACKET_KINDS) {
  for (const version of [3, 4, 5] as const) {
    Deno.test(`decoding undoes encoding for any ${name} of version ${version}`, () => {
      check(
        fc.property(arbitrary(version), (packet) => {
          assert.deepStrictEqual(decodeAll(encode(packet, version), version), [packet]);
        }),
        300,
      );
    });
  }
}

/** Some packets of one version, and the sizes of the chunks they come in. */
const stream = anyVersion.chain((version) =>
  fc.record({
    version: fc.constant(version),
    packets: fc.array(anyPacket(version), { minLength: 1, maxLength: 8 }),
    sizes: fc.array(
      fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 300 })),
      { minLength: 1, maxLength: 12 },
    ),
  })
);

function concatenate(packets: readonly PacketData[], version: 3 | 4 | 5): Uint8Array {
  const parts = packets.map((packet) => encode(packet, version));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

Deno.test("PacketDecoder gives the same packets however their bytes are cut into chunks", () => {
  check(
    fc.property(stream, ({ version, packets, sizes }) => {
      const decoder = newDecoder(version);
      const decoded = decodeInto(decoder, concatenate(packets, version), sizes);
      assert.deepStrictEqual(decoded, packets);
      assert.equal(decoder.hasPartialPacket, false);
    }),
    1_000,
  );
});

Deno.test("PacketDecoder gives the same packets from chunks of one byte", () => {
  check(
    fc.property(stream, ({ version, packets }) => {
      assert.deepStrictEqual(decodeAll(concatenate(packets, version), version, [1]), packets);
    }),
    200,
  );
});

Deno.test("PacketDecoder asks for more as long as a packet is not complete", () => {
  check(
    fc.property(
      anyVersion.chain((version) => fc.tuple(fc.constant(version), anyPacket(version))),
      ([version, packet]) => {
        const bytes = encode(packet, version);
        for (const length of new Set([1, bytes.length >> 1, bytes.length - 1])) {
          const decoder = newDecoder(version);
          assert.deepStrictEqual(decodeInto(decoder, bytes.subarray(0, length), [length]), []);
          assert.equal(decoder.hasPartialPacket, true);
          assert.deepStrictEqual(
            decodeInto(decoder, bytes.subarray(length), [bytes.length]),
            [packet],
          );
        }
      },
    ),
    300,
  );
});

Deno.test("PacketDecoder takes empty chunks between the others", () => {
  const decoder = newDecoder(4);
  for (const byte of [0xc0, 0x00]) {
    decoder.push(NO_BYTES);
    assert.equal(decoder.next(), undefined);
    decoder.push(Uint8Array.of(byte));
    if (byte !== 0) assert.equal(decoder.next(), undefined);
  }
  assert.deepStrictEqual(decoder.next(), { type: 12 });
});
