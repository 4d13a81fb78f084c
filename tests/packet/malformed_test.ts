// Every row of the tables of malformed packets: refused with its Reason Code, in one chunk and byte by
// byte, and never with anything but an MqttError.

import assert from "node:assert/strict";
import { MqttError } from "../../src/packet/mqtt_error.ts";
import { hex, toHex } from "../vectors/hex.ts";
import { MALFORMED_VECTORS } from "../vectors/mod.ts";
import type { MalformedVector } from "../vectors/vector.ts";
import { decodeAll } from "./decoding.ts";

function expectRefusal(vector: MalformedVector, bytes: Uint8Array, sizes: number[]): void {
  let packets;
  try {
    packets = decodeAll(bytes, vector.version, sizes);
  } catch (error) {
    assert.ok(error instanceof MqttError, `${error}`);
    assert.equal(`0x${error.reasonCode.toString(16)}`, `0x${vector.reasonCode.toString(16)}`);
    if ("connectVersion" in vector) assert.equal(error.connectVersion, vector.connectVersion);
    assert.ok(error.message.length > 0);
    return;
  }
  assert.fail(`${toHex(bytes)} gives ${JSON.stringify(packets)}`);
}

for (const vector of MALFORMED_VECTORS) {
  const bytes = hex(vector.hex);
  Deno.test(`decodePacket() refuses ${vector.name}`, () => {
    expectRefusal(vector, bytes, [bytes.length]);
    expectRefusal(vector, bytes, [1]);
  });
}

Deno.test("the names of the malformed vectors are different", () => {
  const names = new Set(MALFORMED_VECTORS.map((vector) => vector.name));
  assert.equal(names.size, MALFORMED_VECTORS.length);
});
