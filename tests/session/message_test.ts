// Message: its frames are what encodePublish() writes, and what it borrows it borrows only until own().

import assert from "node:assert/strict";
import fc from "fast-check";
import { PacketDecoder } from "../../src/packet/packet_decoder.ts";
import type { ProtocolVersion, QoS } from "../../src/packet/packet_type.ts";
import { encodeProperties } from "../../src/packet/properties.ts";
import { encodePublish, publishFlags, type PublishPacket } from "../../src/packet/publish.ts";
import { TopicNameCache } from "../../src/packet/topic_name_cache.ts";
import { Message } from "../../src/session/message.ts";
import { parseTopicName } from "../../src/topic/topic_name.ts";
import { bytesOf, publish, type PublishData } from "../vectors/vector.ts";
import { toHex } from "../vectors/hex.ts";
import { messageOf, textOf } from "./recording_sink.ts";

const NOW_MS = 1_000_000;

/** A PUBLISH as it stands in a chunk, and the Message that the broker makes of it. */
function received(
  fields: Partial<PublishData>,
  version: ProtocolVersion,
): { message: Message; chunk: Uint8Array } {
  const decoder = new PacketDecoder({
    topicNames: new TopicNameCache(),
    maximumPacketSize: 1_000_000,
  });
  decoder.version = version;
  const chunk = encodePublish(publish(fields), version);
  decoder.push(chunk);
  const packet = decoder.next() as PublishPacket;
  const topicName = parseTopicName(packet.topicName, 201);
  return { message: Message.fromPublish(packet, topicName, version, NOW_MS, "publisher"), chunk };
}

/** The frame of `message` as one receiver gets it. */
function frameBytes(
  message: Message,
  version: ProtocolVersion,
  qos: QoS,
  packetId: number,
  expiry: number,
): Uint8Array {
  const frame = message.frame(version, qos > 0);
  const bytes = frame.bytes.slice(frame.start, frame.end);
  frame.patch(bytes, 0, publishFlags(qos, false, false), packetId, expiry);
  return bytes;
}

const sent = fc.record({
  topicName: fc.constantFrom("t", "a/b", "gebäude/küche", "x".repeat(200)),
  payload: fc.uint8Array({ maxLength: 300 }),
  qos: fc.constantFrom<QoS>(0, 1, 2),
  retain: fc.boolean(),
  messageExpiryInterval: fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined }),
  forwardedProperties: fc.record({ contentType: fc.string({ maxLength: 200 }) }, {
    requiredKeys: [],
  }).map(encodeProperties),
});

for (const from of [3, 4, 5] as const) {
  for (const to of [3, 4, 5] as const) {
    Deno.test(`Message from version ${from} has the frames that encodePublish() writes for version ${to}`, () => {
      fc.assert(
        fc.property(sent, fc.constantFrom<QoS>(0, 1, 2), fc.boolean(), (fields, qos, owns) => {
          const { message } = received({ ...fields, packetId: fields.qos === 0 ? 0 : 7 }, from);
          if (owns) message.own();
          const passesOn = from === 5 && to === 5;
          const expiry = passesOn ? fields.messageExpiryInterval : undefined;
          const expected = encodePublish({
            topicName: fields.topicName,
            payload: fields.payload,
            qos,
            packetId: 9,
            messageExpiryInterval: expiry,
            ...passesOn && { forwardedProperties: fields.forwardedProperties },
          }, to);
          assert.equal(toHex(frameBytes(message, to, qos, 9, expiry ?? 0)), toHex(expected));
        }),
        { seed: 20_251_122, numRuns: 200 },
      );
    });
  }
}

const KEPT = [
  { name: "QoS 1", fields: { qos: 1, packetId: 1 } },
  { name: "QoS 2", fields: { qos: 2, packetId: 1 } },
  { name: "RETAIN", fields: { retain: true } },
] as const;
for (const { name, fields } of KEPT) {
  Deno.test(`Message with ${name} has its own bytes from the beginning`, () => {
    const forwardedProperties = encodeProperties({ contentType: "text" });
    const { message, chunk } = received({
      ...fields,
      payload: bytesOf("kept"),
      forwardedProperties,
    }, 5);
    const before = toHex(frameBytes(message, 5, 0, 0, 0));
    message.forgetFrames();
    chunk.fill(0xee);
    assert.equal(textOf(message), "kept");
    assert.equal(toHex(frameBytes(message, 5, 0, 0, 0)), before);
  });
}

Deno.test("Message with QoS 0 lends the publisher's bytes as its frame", () => {
  const { message, chunk } = received({ payload: bytesOf("lent") }, 5);
  assert.equal(message.frame(5, false).bytes.buffer, chunk.buffer);
  assert.equal(message.payload.buffer, chunk.buffer);
});

for (const keep of ["own", "settle", "compact"] as const) {
  Deno.test(`Message with QoS 0 outlives its chunk after ${keep}()`, () => {
    for (const version of [4, 5] as const) {
      const forwardedProperties = version === 5
        ? encodeProperties({ contentType: "text" })
        : new Uint8Array();
      const fields = { payload: bytesOf("kept"), forwardedProperties };
      const { message, chunk } = received(fields, version);
      message.frame(version, false);
      message[keep]();
      const expected = toHex(encodePublish(publish(fields), version));
      chunk.fill(0xee);
      assert.equal(textOf(message), "kept");
      assert.equal(toHex(frameBytes(message, version, 0, 0, 0)), expected);
    }
  });
}

Deno.test("Message keeps no block that is larger than its packet after compact()", () => {
  const fields = { qos: 1, packetId: 1, payload: bytesOf("small") } as const;
  const { message } = received(fields, 5);
  message.compact();
  const packet = encodePublish(publish(fields), 5);
  assert.ok(message.payload.buffer.byteLength <= packet.length);
});

Deno.test("Messages that wait stand side by side, apart from those that pass through", () => {
  const fields = { qos: 1, packetId: 1, payload: bytesOf("small") } as const;
  const [first, second, passing] = [1, 2, 3].map(() => received(fields, 5).message);
  first!.settle();
  second!.settle();
  const { buffer } = first!.payload;
  assert.equal(second!.payload.buffer, buffer);
  assert.notEqual(passing!.payload.buffer, buffer);
  first!.settle();
  assert.equal(first!.payload.buffer, buffer, "it is moved once");
  assert.deepEqual([first, second, passing].map((each) => textOf(each!)), Array(3).fill("small"));
});

Deno.test("Message encodes once for all receivers of a kind", () => {
  const message = messageOf("once");
  assert.equal(message.frame(5, true), message.frame(5, true));
  assert.equal(message.frame(3, false), message.frame(4, false));
  assert.notEqual(message.frame(5, true), message.frame(5, false));
});

Deno.test("Message leaves Topic Alias and Message Expiry Interval out of what it passes on", () => {
  const fields = {
    topicName: "t",
    topicAlias: 3,
    messageExpiryInterval: 60,
    payload: bytesOf("x"),
  };
  const { message } = received(fields, 5);
  const expected = encodePublish({
    topicName: "t",
    messageExpiryInterval: 42,
    payload: bytesOf("x"),
  }, 5);
  assert.equal(toHex(frameBytes(message, 5, 0, 0, 42)), toHex(expected));
});

const EXPIRY = [
  { name: "at once", afterMs: 0, remaining: 10, isExpired: false },
  { name: "after a moment", afterMs: 1, remaining: 10, isExpired: false },
  { name: "half a second before its end", afterMs: 9_500, remaining: 1, isExpired: false },
  { name: "behind its end", afterMs: 10_001, remaining: 0, isExpired: true },
];
for (const { name, afterMs, remaining, isExpired } of EXPIRY) {
  Deno.test(`Message of ten seconds has ${remaining} left ${name}`, () => {
    const { message } = received({ messageExpiryInterval: 10 }, 5);
    assert.ok(message.expires);
    assert.equal(message.remainingExpiry(NOW_MS + afterMs), remaining);
    assert.equal(message.isExpired(NOW_MS + afterMs), isExpired);
  });
}

Deno.test("Message without Message Expiry Interval never expires", () => {
  const { message } = received({}, 5);
  assert.deepEqual([message.expires, message.isExpired(Number.MAX_VALUE)], [false, false]);
});
