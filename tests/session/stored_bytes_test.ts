// StoredBytes, and that Sessions count out of it whatever they counted in, by whichever way it goes.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { QoS } from "../../src/packet/packet_type.ts";
import { Delivery } from "../../src/session/delivery.ts";
import { type Message, MESSAGE_OVERHEAD } from "../../src/session/message.ts";
import { Session } from "../../src/session/session.ts";
import { StoredBytes } from "../../src/session/stored_bytes.ts";
import { SharedGroup } from "../../src/session/subscription.ts";
import { asFilter } from "../topic/reference.ts";
import { messageOf, RecordingSink, TestEnvironment, textOf } from "./recording_sink.ts";

Deno.test("StoredBytes counts a message once, and a little for each further place", () => {
  const storedBytes = new StoredBytes(1_000_000);
  const message = messageOf("x".repeat(1_000));
  for (const expected of [0, 1, 2].map((places) => message.size + places * MESSAGE_OVERHEAD)) {
    storedBytes.take(message);
    assert.equal(storedBytes.total, expected);
  }
  for (const expected of [MESSAGE_OVERHEAD + message.size, message.size, 0]) {
    storedBytes.release(message);
    assert.equal(storedBytes.total, expected);
  }
});

const ROOM = [
  { name: "for what fits exactly", places: 0, spare: 0, freed: 0, fits: true },
  { name: "for nothing beyond it", places: 0, spare: -1, freed: 0, fits: false },
  { name: "for a further place", places: 1, spare: 0, freed: 0, fits: true },
  { name: "for no further place beyond it", places: 1, spare: -1, freed: 0, fits: false },
  { name: "for what takes the place of something", places: 0, spare: -10, freed: 10, fits: true },
  { name: "for nothing that is larger than that", places: 0, spare: -11, freed: 10, fits: false },
];
for (const { name, places, spare, freed, fits } of ROOM) {
  Deno.test(`StoredBytes has room up to its maximum: ${name}`, () => {
    const message = messageOf("x");
    const storedBytes = new StoredBytes(message.size + places * MESSAGE_OVERHEAD + spare);
    for (let i = 0; i < places; i++) storedBytes.take(message);
    assert.equal(storedBytes.hasRoomFor(message, freed), fits);
  });
}

Deno.test("StoredBytes counts what a Session takes up above the limit, and takes no more", () => {
  const environment = new TestEnvironment();
  environment.storedBytes.maximum = 0;
  const session = new Session("away", environment, 20);
  const [stored, sent, held, late] = ["stored", "sent", "held", "late"].map((text) =>
    messageOf(text)
  ) as [Message, Message, Message, Message];
  session.restore(new Delivery(stored, 1, false, undefined, undefined));
  const underWay = new Delivery(sent, 1, false, undefined, undefined);
  underWay.packetId = 7;
  session.restore(underWay);
  session.inbound.restore(1, held);
  session.deliver(late, 1, false, undefined, undefined);
  assert.equal(environment.storedBytes.total, stored.size + sent.size + held.size);
  assert.deepEqual(environment.drops, [
    { clientId: "away", text: "late", reason: "maximumStoredBytes reached" },
  ]);
});

Deno.test("a Session whose queue drops the oldest keeps them when only maximumStoredBytes is reached", () => {
  const environment = new TestEnvironment();
  let dropped = 0;
  const session = new Session("bridge", environment, 20);
  session.queueLimits = {
    messages: 2,
    bytes: 10_000,
    dropsOldest: true,
    onDrop: () => dropped++,
  };
  const deliver = (text: string) =>
    session.deliver(messageOf(text), 1, false, undefined, undefined);
  ["a", "b", "c"].forEach(deliver); // its own limit: "a" goes
  environment.storedBytes.maximum = environment.storedBytes.total - 1; // a reload
  session.queueLimits = { ...session.queueLimits, messages: 10 };
  deliver("d");
  assert.deepEqual(environment.drops.map(({ text, reason }) => `${text}: ${reason}`), [
    "a: queue full",
    "d: maximumStoredBytes reached",
  ]);
  assert.equal(dropped, 2);
  const sink = new RecordingSink();
  session.attach(sink, 20);
  session.resume();
  assert.deepEqual([sink.texts, environment.storedBytes.total], [["b", "c"], 0]);
});

/** What waits for the Client or its acknowledgement, and what it has not released. */
function bytesOf({ isConnected, outbound, queuedBytes, inbound }: Session): number {
  const left = isConnected ? [] : outbound.deliveries();
  return left.reduce((sum, { message }) => sum + message.size, queuedBytes + inbound.bytes);
}

const GROUPS = ["g", "h"].map((name) => new SharedGroup(asFilter("t"), name));
const SESSIONS = 3;
const step = fc.record({
  does: fc.constantFrom(
    ...["deliver", "deliver", "deliver", "deliver", "hold", "release", "attach", "detach"],
    ...["acknowledge", "extract", "dropUnless", "forget", "advance"],
  ),
  session: fc.nat(SESSIONS - 1),
  number: fc.nat(4),
});

Deno.test("StoredBytes is the sum of what waits and is held, whatever Sessions go through", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.nat(10_000), (steps, maximum) => {
      const environment = new TestEnvironment();
      const { storedBytes } = environment;
      storedBytes.maximum = maximum;
      environment.maximumQueuedMessages = 6;
      environment.queuesQoS0Messages = true;
      const sessions = Array.from(
        { length: SESSIONS },
        (_, i) => new Session(`${i}`, environment, 2),
      );
      for (const { does, session: at, number } of steps) {
        const session = sessions[at]!;
        if (does === "deliver") { // each message waits in one place
          const expiresAtMs = number === 4 ? environment.nowMs + 1_000 : Infinity;
          const message = messageOf("x".repeat(number * 100), { expiresAtMs });
          session.deliver(message, number % 3 as QoS, false, undefined, GROUPS[number]);
        } else if (does === "hold") session.inbound.hold(number, messageOf(`${number}`));
        else if (does === "release") session.inbound.release(number);
        else if (does === "attach" && !session.isConnected) {
          session.attach(new RecordingSink(), 2);
          session.resume();
        } else if (does === "detach") session.detach();
        else if (does === "acknowledge") {
          for (const each of session.outbound.deliveries()) session.outbound.drop(each);
          session.pump();
        } else if (does === "extract") {
          const taken = session.extractShared((group) => group === GROUPS[number]);
          const { message, qos, group } = taken[0] ?? {};
          if (message) {
            sessions[(at + 1) % SESSIONS]!.deliver(message, qos!, false, undefined, group);
          }
        } else if (does === "dropUnless") {
          session.dropUnless((message) => textOf(message).length !== number * 100);
        } else if (does === "forget") {
          session.detach();
          session.forgetDeliveries();
        } else if (does === "advance") environment.nowMs += 400;
        assert.equal(
          storedBytes.total,
          sessions.reduce((sum, each) => sum + bytesOf(each), 0),
          does,
        );
      }
      for (const session of sessions) {
        session.detach();
        session.forgetDeliveries();
        for (const packetId of [...session.inbound.held.keys()]) session.inbound.release(packetId);
      }
      assert.equal(storedBytes.total, 0);
    }),
    { seed: 20_251_122, numRuns: 500 },
  );
});
