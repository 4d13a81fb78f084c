import assert from "node:assert/strict";
import fc from "fast-check";
import { readBatch } from "../../src/store/batch_reader.ts";
import { BatchWriter } from "../../src/store/batch_writer.ts";
import type { StoreChanges } from "../../src/store/stored.ts";

type Change = {
  [K in keyof StoreChanges]: [K, ...Parameters<StoreChanges[K]>];
}[keyof StoreChanges];

const KINDS: readonly (keyof StoreChanges)[] = [
  "session",
  "sessionEnded",
  "subscription",
  "subscriptionEnded",
  "message",
  "messageEnded",
  "delivery",
  "deliveryChanged",
  "deliveryEnded",
  "held",
  "heldEnded",
  "retained",
  "retainedEnded",
];

const id = fc.maxSafeNat();
const uint16 = fc.nat(0xffff);
const uint32 = fc.nat(0xffff_ffff);
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const awaiting = fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const);
const text = fc.oneof(fc.string(), fc.string({ unit: "grapheme", maxLength: 200 }));
const optionalText = fc.option(text, { nil: undefined });
const bytes = fc.uint8Array({ maxLength: 300 });
const time = fc.oneof(fc.double({ noNaN: true, min: 0 }), fc.constant(Infinity));

const will = fc.record({
  topicName: text,
  payload: bytes,
  qos,
  retain: fc.boolean(),
  willDelayInterval: uint32,
  messageExpiryInterval: fc.option(uint32, { nil: undefined }),
  forwardedProperties: bytes,
});

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(
    fc.constant("session" as const),
    fc.record({
      session: id,
      clientId: text,
      userName: optionalText,
      listener: text,
      mountPoint: text,
      expiryInterval: uint32,
      disconnectedAtMs: fc.option(time, { nil: undefined }),
      will: fc.option(will, { nil: undefined }),
      lastPacketId: uint16,
    }),
  ),
  fc.tuple(fc.constant("sessionEnded" as const), id),
  fc.tuple(
    fc.constant("subscription" as const),
    fc.record({
      session: id,
      topicFilter: text,
      qos,
      noLocal: fc.boolean(),
      retainAsPublished: fc.boolean(),
      identifier: fc.nat(268_435_455),
      awaitsRetained: fc.boolean(),
    }),
  ),
  fc.tuple(fc.constant("subscriptionEnded" as const), id, text),
  fc.tuple(
    fc.constant("message" as const),
    fc.record({
      message: id,
      topicName: text,
      payload: bytes,
      forwardedProperties: bytes,
      qos,
      retain: fc.boolean(),
      expiresAtMs: time,
      publisherId: optionalText,
    }),
  ),
  fc.tuple(fc.constant("messageEnded" as const), id),
  fc.tuple(
    fc.constant("delivery" as const),
    fc.record({
      delivery: id,
      session: id,
      message: id,
      qos,
      retain: fc.boolean(),
      subscriptionIdentifiers: fc.array(fc.nat(268_435_455), { maxLength: 5 }),
      sharedFilter: text,
      packetId: uint16,
      awaiting,
    }),
  ),
  fc.tuple(fc.constant("deliveryChanged" as const), id, uint16, awaiting),
  fc.tuple(fc.constant("deliveryEnded" as const), id),
  fc.tuple(
    fc.constant("held" as const),
    fc.record({ session: id, packetId: uint16, message: id }),
  ),
  fc.tuple(fc.constant("heldEnded" as const), id, uint16),
  fc.tuple(
    fc.constant("retained" as const),
    fc.record({
      topicName: text,
      message: id,
      ownerClientId: optionalText,
      ownerUserName: optionalText,
      ownerListener: text,
    }),
  ),
  fc.tuple(fc.constant("retainedEnded" as const), text),
);

function write(writer: BatchWriter, [kind, ...values]: Change): void {
  (writer[kind] as (...values: unknown[]) => void)(...values);
}

/** Notes what it is called with, bytes as plain arrays' copies. */
function recorder(): { readonly calls: unknown[]; readonly changes: StoreChanges } {
  const calls: unknown[] = [];
  const methods = KINDS.map((kind) => [
    kind,
    (...values: unknown[]) => void calls.push(plain([kind, ...values])),
  ]);
  return { calls, changes: Object.fromEntries(methods) };
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

Deno.test("readBatch() reads what BatchWriter has written, batch after batch", () => {
  const writer = new BatchWriter();
  fc.assert(fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
    for (const each of changes) write(writer, each);
    assert.equal(writer.changes, changes.length);
    const { calls, changes: recorded } = recorder();
    readBatch(writer.take(), recorded);
    assert.deepEqual(calls, changes.map(plain));
    assert.equal(writer.length, 0);
  }));
});

Deno.test("BatchWriter grows as far as it must", () => {
  const writer = new BatchWriter();
  const payload = new Uint8Array(3_000_000).fill(7);
  const row = {
    message: 1,
    topicName: "a",
    payload,
    forwardedProperties: new Uint8Array(0),
    qos: 1,
    retain: false,
    expiresAtMs: Infinity,
    publisherId: undefined,
  } as const;
  writer.message(row);
  writer.message(row);
  const { calls, changes } = recorder();
  readBatch(writer.take(), changes);
  assert.equal(calls.length, 2);
});

Deno.test("readBatch() refuses a batch that ends within a change", () => {
  const writer = new BatchWriter();
  writer.subscriptionEnded(300, "some/topic");
  const batch = writer.take();
  for (let end = 1; end < batch.length; end++) {
    assert.throws(() => readBatch(batch.subarray(0, end), recorder().changes), RangeError);
  }
});
