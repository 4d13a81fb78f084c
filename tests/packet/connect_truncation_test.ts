// A CONNECT with all it can hold, cut behind each of its bytes. Cut as a stream, the decoder asks for
// more; cut as a packet, with a Remaining Length that says so, it is refused.

import assert from "node:assert/strict";
import { MqttError } from "../../src/packet/mqtt_error.ts";
import { hex, varint } from "../vectors/hex.ts";
import { FULL_CONNECTS } from "../vectors/malformed_connect.ts";
import { decodeAll, decodeInto, newDecoder } from "./decoding.ts";

/** Behind these bytes the packet is whole again: MQTT 3.1 lets User Name and Password be missing. */
function mayEndAt(version: number, body: Uint8Array, length: number): boolean {
  const password = hex("('pass')").length;
  const credentials = hex("('user') ('pass')").length;
  return version === 3 &&
    (length === body.length - password || length === body.length - credentials);
}

for (const { version, body: text } of FULL_CONNECTS) {
  const body = hex(text);
  const whole = Uint8Array.of(0x10, ...varint(body.length), ...body);
  const behindVersion = hex(version === 3 ? "('MQIsdp') 03" : "('MQTT') 04").length;

  Deno.test(`the full CONNECT of version ${version} is read`, () => {
    assert.equal(decodeAll(whole, version).length, 1);
  });

  for (let length = 0; length < body.length; length++) {
    const cut = Uint8Array.of(0x10, ...varint(length), ...body.subarray(0, length));
    if (mayEndAt(version, body, length)) {
      Deno.test(`CONNECT of version ${version} may end behind ${length} bytes`, () => {
        assert.equal(decodeAll(cut, version).length, 1);
      });
      continue;
    }
    Deno.test(`CONNECT of version ${version} is refused when it ends behind ${length} bytes`, () => {
      assert.throws(
        () => decodeAll(cut, version),
        (error) => {
          assert.ok(error instanceof MqttError);
          assert.equal(error.reasonCode, 0x81);
          assert.equal(error.connectVersion, length < behindVersion ? undefined : version);
          return true;
        },
      );
    });
  }

  Deno.test(`CONNECT of version ${version} asks for more behind each of its bytes`, () => {
    for (let length = 0; length < whole.length; length++) {
      const decoder = newDecoder(version, { expectsConnect: true });
      assert.deepStrictEqual(decodeInto(decoder, whole.subarray(0, length), [64]), []);
      assert.equal(decoder.hasPartialPacket, length > 0);
      assert.equal(decodeInto(decoder, whole.subarray(length), [64]).length, 1);
    }
  });

  Deno.test(`CONNECT of version ${version} is refused with one byte too many`, () => {
    const long = Uint8Array.of(0x10, ...varint(body.length + 1), ...body, 0);
    assert.throws(() => decodeAll(long, version), { name: "MqttError", reasonCode: 0x81 });
  });
}
