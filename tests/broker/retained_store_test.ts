// RetainedStore: one message for each Topic Name, gone when it expires, pulled one by one.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Deadlines } from "../../src/broker/deadlines.ts";
import { RetainedStore } from "../../src/broker/retained_store.ts";
import type { Message, MessageFields } from "../../src/session/message.ts";
import { StoredBytes } from "../../src/session/stored_bytes.ts";
import { asFilter, asName } from "../topic/reference.ts";
import { connectedSession, messageOf, subscriptionOf, textOf } from "../session/recording_sink.ts";

function retainedOf(name: string, text: string, fields: Partial<MessageFields> = {}): Message {
  return messageOf(text, { topicName: asName(name), retain: true, ...fields });
}

function storeWith(
  ...messages: readonly Message[]
): { store: RetainedStore; deadlines: Deadlines } {
  const deadlines = new Deadlines(0);
  const store = new RetainedStore(deadlines, 1_000, new StoredBytes(Infinity));
  for (const message of messages) store.store(message);
  return { store, deadlines };
}

const { session } = connectedSession("receiver");

/** What a subscriber to `topicFilter` gets, as `topic text`. */
function pulled(
  store: RetainedStore,
  topicFilter: string,
  may: (name: string) => boolean = () => true,
): string[] {
  const source = store.sourceFor(subscriptionOf(session, topicFilter), topicFilter, may);
  const texts: string[] = [];
  for (let next = source?.next(); next !== undefined; next = source!.next()) {
    texts.push(`${next.message.topicName} ${textOf(next.message)}`);
  }
  return texts;
}

Deno.test("RetainedStore keeps the last message of each Topic Name [MQTT-3.3.1-5]", () => {
  const { store } = storeWith(retainedOf("a", "1"), retainedOf("b", "2"), retainedOf("a", "3"));
  assert.equal(store.size, 2);
  assert.equal(textOf(store.get(asName("a"))!), "3");
});

Deno.test("RetainedStore clears a Topic Name by an empty payload [MQTT-3.3.1-6]", () => {
  const { store } = storeWith(retainedOf("a", "1"), retainedOf("a", ""), retainedOf("b", ""));
  assert.deepEqual([store.size, store.bytes, store.get(asName("a"))], [0, 0, undefined]);
});

Deno.test("RetainedStore is a Map that knows its size and bytes", () => {
  const change = fc.record({
    name: fc.constantFrom("a", "a/b", "a/b/c", "/", "$x"),
    text: fc.oneof(fc.constant(""), fc.string()),
    expiresAtMs: fc.constantFrom(Infinity, Infinity, 500, 1_000),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const { store, deadlines } = storeWith();
      const model = new Map<string, Message>();
      const assertEqual = () => {
        assert.equal(store.size, model.size);
        assert.equal(store.bytes, [...model.values()].reduce((sum, { size }) => sum + size, 0));
      };
      for (const { name, text, expiresAtMs } of changes) {
        const message = retainedOf(name, text, { expiresAtMs });
        store.store(message);
        if (message.payload.length === 0) model.delete(name);
        else model.set(name, message);
        assertEqual();
      }
      for (const nowMs of [400, 700, 1_200]) {
        deadlines.advance(nowMs);
        for (const [name, { expiresAtMs }] of model) if (expiresAtMs <= nowMs) model.delete(name);
        assertEqual();
      }
    }),
    { seed: 20_251_122, numRuns: 300 },
  );
});

Deno.test("RetainedStore forgets the end of a message that was replaced by one without", () => {
  const { store, deadlines } = storeWith(
    retainedOf("a", "short", { expiresAtMs: 500 }),
    retainedOf("a", "forever"),
  );
  deadlines.advance(10_000);
  assert.equal(textOf(store.get(asName("a"))!), "forever");
});

Deno.test("RetainedStore has room for new names up to its maximum, and always for old ones", () => {
  const store = new RetainedStore(new Deadlines(0), 2, new StoredBytes(Infinity));
  for (const name of ["a", "b"]) store.store(retainedOf(name, "x"));
  assert.equal(store.limitReachedBy(retainedOf("c", "x")), "maximumRetainedMessages");
  assert.equal(store.limitReachedBy(retainedOf("a", "y")), undefined);
  assert.equal(store.limitReachedBy(retainedOf("c", "")), undefined);
  store.store(retainedOf("a", ""));
  assert.equal(store.limitReachedBy(retainedOf("c", "x")), undefined);
});

const FILTERS = [
  { filter: "a/+", expected: ["a/1 x", "a/2 x"] },
  { filter: "a/1", expected: ["a/1 x"] },
  { filter: "#", expected: ["a/1 x", "a/2 x", "b x"] },
  { filter: "$SYS/#", expected: ["$SYS/v x"] },
  { filter: "c/#", expected: [] },
];
for (const { filter, expected } of FILTERS) {
  Deno.test(`RetainedStore has for a Subscription to ${filter}: ${expected.join(", ") || "nothing"}`, () => {
    const { store } = storeWith(
      ...["a/1", "a/2", "b", "$SYS/v"].map((name) => retainedOf(name, "x")),
    );
    assert.deepEqual(pulled(store, filter), expected);
  });
}

Deno.test("RetainedStore gives out no message that the Client may not receive", () => {
  const { store } = storeWith(...["a", "b", "c"].map((name) => retainedOf(name, "x")));
  assert.deepEqual(pulled(store, "#", (name) => name !== "b"), ["a x", "c x"]);
});

Deno.test("RetainedStore looks at each message when it is pulled", () => {
  const { store } = storeWith(...["a", "b", "c"].map((name) => retainedOf(name, "old")));
  const source = store.sourceFor(subscriptionOf(session, "+"), "+", () => true)!;
  assert.equal(source.next()!.message.topicName, "a");
  store.store(retainedOf("b", ""));
  store.store(retainedOf("c", "new"));
  store.store(retainedOf("d", "later"));
  assert.equal(textOf(source.next()!.message), "new");
  assert.equal(source.next(), undefined);
  assert.equal(source.topicFilter, "+");
});

Deno.test("RetainedStore delivers with RETAIN, the lower QoS and the Subscription Identifier", () => {
  const { store } = storeWith(retainedOf("a", "x", { qos: 2 }), retainedOf("b", "x", { qos: 0 }));
  const subscription = subscriptionOf(session, "#", { qos: 1 }, 77);
  const source = store.sourceFor(subscription, "#", () => true)!;
  for (const qos of [1, 0]) {
    const delivery = source.next()!;
    assert.deepEqual([delivery.qos, delivery.retain], [qos, true]);
    assert.deepEqual(delivery.subscriptionIdentifiers, [77]);
  }
});

Deno.test("RetainedStore keeps back a Client's own message from a Subscription with No Local", () => {
  const { store } = storeWith(
    retainedOf("mine", "x", { publisherId: "receiver" }),
    retainedOf("other", "x", { publisherId: "other" }),
  );
  const subscription = subscriptionOf(session, "#", { noLocal: true });
  const source = store.sourceFor(subscription, "#", () => true)!;
  assert.equal(source.next()!.message.topicName, asFilter("other"));
  assert.equal(source.next(), undefined);
});

const BYTES = [
  { name: "a larger one under a new name", message: retainedOf("c", "12345"), fits: false },
  { name: "a small one under a new name", message: retainedOf("c", "1"), fits: false },
  { name: "a larger one in place of another", message: retainedOf("a", "12345"), fits: false },
  {
    name: "one of the same size in place of another",
    message: retainedOf("a", "4321"),
    fits: true,
  },
  { name: "a smaller one in place of another", message: retainedOf("a", "1"), fits: true },
  { name: "the removal of one", message: retainedOf("a", ""), fits: true },
  { name: "the removal of none", message: retainedOf("c", ""), fits: true },
];
for (const { name, message, fits } of BYTES) {
  Deno.test(`RetainedStore has ${fits ? "" : "no "}room for ${name} when maximumStoredBytes is reached`, () => {
    const messages = ["a", "b"].map((each) => retainedOf(each, "1234"));
    const storedBytes = new StoredBytes(messages[0]!.size * 2);
    const store = new RetainedStore(new Deadlines(0), 10, storedBytes);
    messages.forEach((each) => store.store(each));
    assert.equal(store.limitReachedBy(message), fits ? undefined : "maximumStoredBytes");
    store.store(message); // what is stored nevertheless counts
    assert.equal(storedBytes.total, store.bytes);
    for (const each of ["a", "b", "c"]) store.store(retainedOf(each, ""));
    assert.deepEqual([storedBytes.total, store.bytes], [0, 0]);
  });
}

Deno.test("RetainedStore counts a message that expires no longer", () => {
  const storedBytes = new StoredBytes(Infinity);
  const deadlines = new Deadlines(0);
  const store = new RetainedStore(deadlines, 10, storedBytes);
  store.store(retainedOf("a", "x", { expiresAtMs: 1_000 }));
  assert.ok(storedBytes.total > 0);
  deadlines.advance(2_000);
  assert.equal(storedBytes.total, 0);
});
