// PublishFrame: its bytes, patched, are those that encodePublish() writes for the same message.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { QoS } from "../../src/packet/packet_type.ts";
import { encodeProperties } from "../../src/packet/properties.ts";
import { encodePublish, publishFlags, type PublishPacket } from "../../src/packet/publish.ts";
import { PublishFrame } from "../../src/packet/publish_frame.ts";
import { encodeUtf8 } from "../../src/packet/utf8.ts";
import { hex, toHex } from "../vectors/hex.ts";
import { check, text } from "./arbitraries.ts";
import { newDecoder } from "./decoding.ts";

/** A copy of `frame` inside other bytes, patched there. */
function patched(
  frame: PublishFrame,
  receiver: { qos: QoS; retain: boolean; dup: boolean; packetId: number; expiry: number },
): Uint8Array {
  const at = 3;
  const target = new Uint8Array(at + frame.length + 3).fill(0xee);
  target.set(frame.bytes.subarray(frame.start, frame.end), at);
  const flags = publishFlags(receiver.qos, receiver.retain, receiver.dup);
  frame.patch(target, at, flags, receiver.packetId, receiver.expiry);
  assert.equal(toHex(target.subarray(0, at)), "ee ee ee");
  assert.equal(toHex(target.subarray(at + frame.length)), "ee ee ee");
  return target.slice(at, at + frame.length);
}

const message = fc.record({
  topicName: text(),
  payload: fc.uint8Array({ maxLength: 300 }),
  forwardedProperties: fc.record({ contentType: text() }, { requiredKeys: [] }).map(
    encodeProperties,
  ),
  expires: fc.boolean(),
  v5: fc.boolean(),
});

const receiver = fc.record({
  qos: fc.constantFrom<QoS>(0, 1, 2),
  retain: fc.boolean(),
  dup: fc.boolean(),
  packetId: fc.integer({ min: 1, max: 65535 }),
  expiry: fc.integer({ min: 0, max: 0xffffffff }),
});

Deno.test("PublishFrame is what encodePublish() writes, for any message and receivers", () => {
  check(
    fc.property(message, fc.array(receiver, { minLength: 1, maxLength: 4 }), (sent, receivers) => {
      const topicBytes = encodeUtf8(sent.topicName);
      const frames = [false, true].map((hasPacketId) =>
        PublishFrame.encode({ ...sent, topicBytes }, sent.v5, hasPacketId)
      );
      for (const each of receivers) {
        const frame = frames[each.qos === 0 ? 0 : 1]!;
        const expected = encodePublish({
          ...sent,
          qos: each.qos,
          dup: each.dup,
          retain: each.retain,
          packetId: each.packetId,
          messageExpiryInterval: sent.expires ? each.expiry : undefined,
        }, sent.v5 ? 5 : 4);
        assert.deepStrictEqual(patched(frame, each), new Uint8Array(expected));
        assert.equal(
          toHex(frame.bytes.subarray(frame.start + frame.payloadOffset, frame.end)),
          toHex(sent.payload),
        );
      }
    }),
  );
});

const LENGTHS = [0, 122, 123, 124, 125, 16378, 16379, 16380, 16381, 2097150];

for (const length of LENGTHS) {
  Deno.test(`PublishFrame with a payload of ${length} bytes has a Remaining Length that fits`, () => {
    const payload = new Uint8Array(length).fill(0x70);
    const content = {
      topicBytes: encodeUtf8("t"),
      payload,
      forwardedProperties: new Uint8Array(0),
      expires: false,
    };
    for (const version of [4, 5] as const) {
      const frame = PublishFrame.encode(content, version === 5, true);
      const packetId = 0xfffe;
      const bytes = patched(frame, { qos: 1, retain: false, dup: false, packetId, expiry: 0 });
      const expected = encodePublish({ topicName: "t", qos: 1, packetId, payload }, version);
      assert.ok(indexedEqual(bytes, expected));
    }
  });
}

function indexedEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

for (const version of [3, 4, 5] as const) {
  Deno.test(`PublishFrame.received() is what a publisher of version ${version} sent`, () => {
    const properties = version === 5 ? "[ 03 ('text') ]" : "";
    const chunk = hex(`c0 00 31 [ ('a/b') ${properties} 'payload' ] c0 00`);
    const decoder = newDecoder(version);
    decoder.push(chunk);
    decoder.next();
    const packet = decoder.next() as PublishPacket;
    const frame = PublishFrame.received(packet, packet.bytes, packet.start);
    assert.equal(frame.bytes, chunk);
    assert.equal(frame.length, chunk.length - 4);
    assert.equal(frame.packetIdOffset, 0);
    assert.equal(frame.expiryOffset, 0);
    assert.equal(
      toHex(chunk.subarray(frame.start + frame.payloadOffset, frame.end)),
      toHex(hex("'payload'")),
    );
    const bytes = patched(frame, { qos: 0, retain: false, dup: false, packetId: 9, expiry: 9 });
    const expected = encodePublish({
      topicName: "a/b",
      payload: hex("'payload'"),
      forwardedProperties: hex("03 ('text')"),
    }, version);
    assert.equal(toHex(bytes), toHex(expected));
    assert.equal(chunk[2], 0x31, "the frame itself is not changed");
  });
}
