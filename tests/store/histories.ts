// Histories: batches of changes as the journal makes them (numbers only grow, nothing refers to what was not added), and
// now and then what a crash or a mistake may leave behind.

import fc from "fast-check";
import { BatchWriter } from "../../src/store/batch_writer.ts";
import type { StoreChanges } from "../../src/store/stored.ts";

type Step = (changes: StoreChanges, state: Numbers) => void;

class Numbers {
  session = 0;
  message = 0;
  delivery = 0;

  /** The number given `count` before the last; 0, which names nothing, if there was none. */
  back(name: "session" | "message" | "delivery", count: number): number {
    return Math.max(0, this[name] - count);
  }
}

const text = fc.oneof(
  fc.constantFrom("a", "a/b", "sensors/kitchen/temperature", "ü/ö"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 80 }),
);
const optionalText = fc.option(text, { nil: undefined });
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: 5_000, maxLength: 9_000, size: "max" }),
);
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const awaiting = fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const);
const packetId = fc.nat(0xffff);
/** Which one, counted back from the newest. */
const back = fc.nat(8);
const uint32 = fc.nat(0xffff_ffff);

const will = fc.record({
  topicName: text,
  payload: bytes,
  qos,
  retain: fc.boolean(),
  willDelayInterval: uint32,
  messageExpiryInterval: fc.option(uint32, { nil: undefined }),
  forwardedProperties: bytes,
});

const session = fc.record({
  clientId: text,
  userName: optionalText,
  listener: text,
  mountPoint: text,
  expiryInterval: uint32,
  disconnectedAtMs: fc.option(fc.nat(2_000_000_000_000), { nil: undefined }),
  lastPacketId: packetId,
  will: fc.option(will, { nil: undefined }),
});
const subscription = fc.record({
  topicFilter: text,
  qos,
  noLocal: fc.boolean(),
  retainAsPublished: fc.boolean(),
  awaitsRetained: fc.boolean(),
  identifier: fc.nat(268_435_455),
});
const message = fc.record({
  topicName: text,
  payload: bytes,
  forwardedProperties: bytes,
  qos,
  retain: fc.boolean(),
  expiresAtMs: fc.constantFrom(Infinity, 1_000, 1_800_000_000_000),
  publisherId: optionalText,
});
const delivery = fc.record({
  qos,
  retain: fc.boolean(),
  subscriptionIdentifiers: fc.array(fc.integer({ min: 1, max: 268_435_455 }), { maxLength: 3 }),
  sharedFilter: fc.oneof(fc.constant(""), text),
  packetId,
  awaiting,
});
const owner = fc.record({
  ownerClientId: optionalText,
  ownerUserName: optionalText,
  ownerListener: text,
});

function step<T>(values: fc.Arbitrary<T>, make: (value: T) => Step): fc.Arbitrary<Step> {
  return values.map(make);
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  step(session, (row) => (to, n) => to.session({ ...row, session: ++n.session })),
  step(fc.tuple(session, back), ([row, b]) => (to, n) => {
    to.session({ ...row, session: n.back("session", b) });
  }),
  step(back, (b) => (to, n) => to.sessionEnded(n.back("session", b))),
  step(fc.tuple(subscription, back), ([row, b]) => (to, n) => {
    to.subscription({ ...row, session: n.back("session", b) });
  }),
  step(fc.tuple(back, text), ([b, filter]) => (to, n) => {
    to.subscriptionEnded(n.back("session", b), filter);
  }),
  step(message, (row) => (to, n) => to.message({ ...row, message: ++n.message })),
  step(fc.tuple(message, fc.nat(60)), ([row, count]) => (to, n) => {
    for (let i = 0; i < count; i++) to.message({ ...row, message: ++n.message });
  }),
  step(back, (b) => (to, n) => to.messageEnded(n.back("message", b))),
  step(fc.tuple(delivery, back, back), ([row, b, c]) => (to, n) => {
    to.delivery({
      ...row,
      delivery: ++n.delivery,
      session: n.back("session", b),
      message: n.back("message", c),
    });
  }),
  step(fc.tuple(delivery, fc.nat(60)), ([row, count]) => (to, n) => {
    for (let i = 0; i < count; i++) {
      to.delivery({
        ...row,
        delivery: ++n.delivery,
        session: n.back("session", 0),
        message: n.back("message", i),
      });
    }
  }),
  step(fc.tuple(back, packetId, awaiting), ([b, id, next]) => (to, n) => {
    to.deliveryChanged(n.back("delivery", b), id, next);
  }),
  step(back, (b) => (to, n) => to.deliveryEnded(n.back("delivery", b))),
  step(fc.tuple(back, back, packetId), ([b, c, id]) => (to, n) => {
    to.held({
      session: n.back("session", b),
      packetId: id,
      message: n.back("message", c),
    });
  }),
  step(fc.tuple(back, packetId), ([b, id]) => (to, n) => to.heldEnded(n.back("session", b), id)),
  step(fc.tuple(text, owner, back), ([topicName, row, b]) => (to, n) => {
    to.retained({ ...row, topicName, message: n.back("message", b) });
  }),
  step(text, (topicName) => (to) => to.retainedEnded(topicName)),
);

/** Some batches. */
export const histories: fc.Arbitrary<Uint8Array[]> = fc
  .array(fc.array(steps, { minLength: 1, maxLength: 25 }), { maxLength: 6 })
  .map((batches) => {
    const writer = new BatchWriter();
    const numbers = new Numbers();
    return batches.map((batch) => {
      for (const each of batch) each(writer, numbers);
      return writer.take();
    });
  });
