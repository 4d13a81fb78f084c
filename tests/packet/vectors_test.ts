// Every row of the tables of packets: decoding, in one chunk and byte by byte, and encoding.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { encodePacket } from "../../src/packet/encode.ts";
import { hex, toHex } from "../vectors/hex.ts";
import { PACKET_VECTORS } from "../vectors/mod.ts";
import { decodeAll, encode, newDecoder } from "./decoding.ts";

/** Above this, chunks of one byte cost more time than they tell. */
const BYTE_BY_BYTE_LIMIT = 20_000;

for (const { name, version, hex: text, packet, encodedAs } of PACKET_VECTORS) {
  const bytes = hex(text);
  const canonical = encodedAs === undefined ? bytes : hex(encodedAs);

  Deno.test(`decodePacket() knows ${name}`, () => {
    assert.deepStrictEqual(decodeAll(bytes, version), [packet]);
  });

  Deno.test(`PacketDecoder puts together ${name}`, () => {
    const chunk = bytes.length > BYTE_BY_BYTE_LIMIT ? 1460 : 1;
    assert.deepStrictEqual(decodeAll(bytes, version, [chunk]), [packet]);
  });

  Deno.test(`encodePacket() writes ${name}`, () => {
    assert.equal(toHex(encode(packet, version)), toHex(canonical));
    assert.ok(Buffer.from(encode(packet, version)).equals(canonical));
  });

  Deno.test(`encodePacket() writes again what it read: ${name}`, () => {
    const decoder = newDecoder(version);
    decoder.push(bytes);
    const decoded = decoder.next();
    assert.ok(decoded !== undefined);
    assert.ok(Buffer.from(encodePacket(decoded, version)).equals(canonical));
  });
}

Deno.test("the names of the packet vectors are different", () => {
  const names = PACKET_VECTORS.map((vector) => vector.name);
  assert.deepStrictEqual(names.filter((name, at) => names.indexOf(name) !== at), []);
});
