// Router against a plain reference: who gets a message, how, and that remembered Routes never go stale.

import assert from "node:assert/strict";
import fc from "fast-check";
import { ALLOW_EVERYTHING, type Authorizer } from "../../src/access/authorizer.ts";
import { Router } from "../../src/broker/router.ts";
import type { QoS } from "../../src/packet/packet_type.ts";
import { Delivery } from "../../src/session/delivery.ts";
import type { Publisher } from "../../src/session/session_ports.ts";
import type { Subscription } from "../../src/session/subscription.ts";
import { asName, matches } from "../topic/reference.ts";
import { request } from "../vectors/vector.ts";
import {
  connectedSession,
  messageOf,
  type Sent,
  subscriptionOf,
  TestEnvironment,
} from "../session/recording_sink.ts";

const LARGE_WINDOW = 65_535;

function newRouter(authorizer: Authorizer = ALLOW_EVERYTHING): Router {
  return new Router(({ clientId }, name) =>
    authorizer.mayReceive({ clientId, userName: undefined }, name)
  );
}

function clientsOf(...ids: readonly string[]) {
  return ids.map((id) => connectedSession(id, new TestEnvironment(), LARGE_WINDOW));
}

/** A delivery without what only the connection decides. */
function essence({ text, qos, retain, identifiers }: Sent): unknown {
  return { text, qos, retain, identifiers: identifiers?.toSorted((a, b) => a - b) };
}

const subscribing = fc.record({
  does: fc.constant("subscribe" as const),
  client: fc.nat(2),
  filter: fc.constantFrom("a", "a/b", "a/+", "a/#", "+/b", "#", "$x/#"),
  options: fc.record({
    qos: fc.constantFrom<QoS>(0, 1, 2),
    noLocal: fc.boolean(),
    retainAsPublished: fc.boolean(),
  }),
  identifier: fc.constantFrom(0, 0, 1, 268_435_455),
});
const unsubscribing = fc.record({
  does: fc.constant("unsubscribe" as const),
  pick: fc.nat(),
});
const publishing = fc.record({
  does: fc.constant("publish" as const),
  name: fc.constantFrom("a", "a/b", "a/b/c", "b", "$x/b"),
  qos: fc.constantFrom<QoS>(0, 1, 2),
  retain: fc.boolean(),
  publisher: fc.constantFrom("0", "1", "2", "somebody"),
});
const steps = fc.array(fc.oneof(subscribing, unsubscribing, { weight: 2, arbitrary: publishing }), {
  maxLength: 50,
});

Deno.test("Router delivers once to each Session that a plain matcher finds, with all its options", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const router = newRouter();
      const clients = clientsOf("0", "1", "2");
      const subscriptions = new Map<string, Subscription>();
      const expected: unknown[][] = [[], [], []];
      steps.forEach((step, i) => {
        if (step.does === "subscribe") {
          const { client, filter, options, identifier } = step;
          const key = `${client} ${filter}`;
          const known = subscriptions.get(key);
          if (known !== undefined) {
            known.replaceOptions(request(options), identifier);
            return router.forgetRoutes();
          }
          const made = subscriptionOf(clients[client]!.session, filter, options, identifier);
          subscriptions.set(key, made);
          return router.add(made);
        }
        if (step.does === "unsubscribe") {
          const [key, gone] = [...subscriptions][step.pick % Math.max(1, subscriptions.size)] ?? [];
          if (gone === undefined) return;
          subscriptions.delete(key!);
          return router.remove(gone);
        }
        const { name, qos, retain, publisher } = step;
        const all = [...subscriptions.values()].filter(({ filter }) => matches(filter, name));
        clients.forEach(({ session }, at) => {
          const mine = all.filter((each) => each.session === session)
            .filter((each) => !each.noLocal || publisher !== session.clientId); // [MQTT-3.8.3-3]
          if (mine.length === 0) return;
          const identifiers = mine.map(({ identifier }) => identifier).filter((id) => id > 0);
          expected[at]!.push({
            text: `${i}`,
            qos: Math.min(qos, Math.max(...mine.map((each) => each.qos))), // [MQTT-3.3.4-2]
            retain: retain && mine.some(({ retainAsPublished }) => retainAsPublished),
            identifiers: identifiers.length === 0
              ? undefined
              : identifiers.toSorted((a, b) => a - b),
          });
        });
        const fields = { topicName: asName(name), qos, retain, publisherId: publisher };
        assert.equal(router.publish(messageOf(`${i}`, fields), undefined), all.length > 0);
      });
      clients.forEach(({ sink }, at) => assert.deepEqual(sink.sent.map(essence), expected[at]));
      assert.equal(router.subscriptionCount, subscriptions.size);
      for (const each of subscriptions.values()) router.remove(each);
      assert.ok(router.isEmpty);
    }),
    { seed: 20_251_122, numRuns: 500 },
  );
});

Deno.test("Router delivers to a Shared Subscription once, beside those who subscribed alone", () => {
  const router = newRouter();
  const clients = clientsOf("0", "1", "2");
  const filters = ["$share/g/t", "$share/g/t", "t"];
  const all = clients.map(({ session }, i) => subscriptionOf(session, filters[i]!, { qos: 1 }, i));
  for (const each of all) router.add(each);
  for (let i = 0; i < 4; i++) router.publish(messageOf(`${i}`), undefined);
  assert.deepEqual(clients.map(({ sink }) => sink.texts.join("")), ["02", "13", "0123"]);
  assert.deepEqual([router.subscriptionCount, router.sharedSubscriptionCount], [1, 2]);
  for (const each of all) router.remove(each);
  assert.ok(router.isEmpty);
});

Deno.test("Router keeps Shared Subscriptions apart by ShareName and by Topic Filter", () => {
  const router = newRouter();
  const clients = clientsOf("0", "1", "2");
  const filters = ["$share/g/t", "$share/h/t", "$share/g/+"];
  clients.forEach(({ session }, i) => router.add(subscriptionOf(session, filters[i]!)));
  router.publish(messageOf("x"), undefined);
  assert.deepEqual(clients.map(({ sink }) => sink.texts.join("")), ["x", "x", "x"]);
});

Deno.test("Router hands a message on to another member of the group, if there is one", () => {
  const router = newRouter();
  const [one, two] = clientsOf("one", "two");
  const leaving = subscriptionOf(one!.session, "$share/g/t", { qos: 1 });
  const staying = subscriptionOf(two!.session, "$share/g/t", { qos: 1 });
  router.add(leaving);
  router.add(staying);
  router.publish(messageOf("x"), undefined);
  router.remove(leaving);
  const [unacknowledged] = one!.session.extractShared(() => true);
  assert.ok(unacknowledged instanceof Delivery);
  assert.ok(router.redeliver(unacknowledged));
  assert.deepEqual(two!.sink.texts, ["x"]);
  router.remove(staying);
  assert.equal(router.redeliver(two!.session.extractShared(() => true)[0]!), false);
});

Deno.test("Router delivers nothing that a Client may not receive, and asks again when told to", () => {
  let forbidden = "one";
  const router = newRouter({
    ...ALLOW_EVERYTHING,
    mayReceive: ({ clientId }) => clientId !== forbidden,
  });
  const clients = clientsOf("one", "two");
  for (const { session } of clients) router.add(subscriptionOf(session, "t"));
  router.publish(messageOf("1"), undefined);
  forbidden = "two";
  router.forgetRoutes();
  router.publish(messageOf("2"), undefined);
  assert.deepEqual(clients.map(({ sink }) => sink.texts.join("")), ["2", "1"]);
});

Deno.test("Router is right for more Topic Names than it remembers Routes for", () => {
  const router = newRouter();
  const [client] = clientsOf("one");
  router.add(subscriptionOf(client!.session, "n/+"));
  const names = Array.from({ length: 20_000 }, (_, i) => asName(`n/${i}`));
  for (let round = 0; round < 2; round++) {
    for (const topicName of names) router.publish(messageOf("x", { topicName }), undefined);
  }
  assert.equal(client!.sink.sent.length, 40_000);
});

Deno.test("Router holds a publisher back for each receiver that falls behind, and for no other", () => {
  const router = newRouter();
  const clients = clientsOf("fast", "slow");
  for (const { session } of clients) router.add(subscriptionOf(session, "t"));
  clients[1]!.sink.isCongested = true;
  const publisher: Publisher = { pauseReading: () => {}, resumeReading: () => {} };
  router.publish(messageOf("x"), publisher);
  router.publish(messageOf("by the broker itself"), undefined);
  assert.deepEqual(clients.map(({ sink }) => sink.heldBack), [[], [publisher]]);
});
