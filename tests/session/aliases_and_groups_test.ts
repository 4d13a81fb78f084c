// Topic Aliases in both directions, and SharedGroup: whose turn it is.

import assert from "node:assert/strict";
import fc from "fast-check";
import { MqttError } from "../../src/packet/mqtt_error.ts";
import type { Session } from "../../src/session/session.ts";
import { SharedGroup, type Subscription } from "../../src/session/subscription.ts";
import { InboundTopicAliases, OutboundTopicAliases } from "../../src/session/topic_aliases.ts";
import {
  connectedSession,
  messageOf,
  type RecordingSink,
  subscriptionOf,
} from "./recording_sink.ts";

function assertRefused(action: () => unknown, reasonCode: number): void {
  assert.throws(action, (error) => error instanceof MqttError && error.reasonCode === reasonCode);
}

Deno.test("InboundTopicAliases gives an alias the name it was last used with", () => {
  const aliases = new InboundTopicAliases(10);
  assert.equal(aliases.resolve(10, "a"), "a");
  assert.equal(aliases.resolve(1, "b"), "b");
  assert.equal(aliases.resolve(10, ""), "a");
  assert.equal(aliases.resolve(10, "c"), "c");
  assert.deepEqual([aliases.resolve(10, ""), aliases.resolve(1, "")], ["c", "b"]);
});

Deno.test("InboundTopicAliases refuses an alias above the maximum with 0x94 [MQTT-3.3.2-9]", () => {
  assertRefused(() => new InboundTopicAliases(10).resolve(11, "a"), 0x94);
  assertRefused(() => new InboundTopicAliases(0).resolve(1, "a"), 0x94);
});

Deno.test("InboundTopicAliases refuses an alias that is not set with 0x82", () => {
  assertRefused(() => new InboundTopicAliases(10).resolve(5, ""), 0x82);
});

Deno.test("OutboundTopicAliases gives the first names an alias each, and the others none", () => {
  const aliases = new OutboundTopicAliases(2);
  assert.deepEqual([aliases.get("a"), aliases.next], [0, 1]);
  aliases.assign("a");
  assert.deepEqual([aliases.get("a"), aliases.get("b"), aliases.next], [1, 0, 2]);
  aliases.assign("b");
  assert.deepEqual([aliases.get("a"), aliases.get("b"), aliases.get("c")], [1, 2, 0]);
  assert.equal(aliases.next, 0);
});

interface Member {
  readonly session: Session;
  readonly sink: RecordingSink;
  readonly subscription: Subscription;
}

function groupOf(count: number): { group: SharedGroup; members: Member[] } {
  const members = Array.from({ length: count }, (_, i) => {
    const { session, sink } = connectedSession(`${i}`, undefined, 1);
    return { session, sink, subscription: subscriptionOf(session, "$share/g/t") };
  });
  const { filter, shareName } = members[0]!.subscription;
  const group = new SharedGroup(filter, shareName!);
  for (const { subscription } of members) group.add(subscription);
  return { group, members };
}

function picks(group: SharedGroup, count: number, may = (_: Subscription) => true): string {
  return Array.from({ length: count }, () => group.pick(may)?.session.clientId ?? "-").join("");
}

/** Its window is full: the next message would have to wait. */
function fill({ session }: Member): void {
  session.deliver(messageOf("full"), 1, false, undefined, undefined);
  assert.ok(!session.canSendNow);
}

Deno.test("SharedGroup.pick() takes its members in turn", () => {
  assert.equal(picks(groupOf(3).group, 7), "0120120");
});

Deno.test("SharedGroup.pick() passes over members that would have to wait", () => {
  const { group, members } = groupOf(3);
  fill(members[1]!);
  assert.equal(picks(group, 4), "0202");
});

Deno.test("SharedGroup.pick() passes over members whose output is congested", () => {
  const { group, members } = groupOf(3);
  members[0]!.sink.isCongested = true;
  assert.equal(picks(group, 4), "1212");
});

Deno.test("SharedGroup.pick() prefers a connected member that must wait to one that is away", () => {
  const { group, members } = groupOf(3);
  members[0]!.session.detach();
  fill(members[1]!);
  members[2]!.session.detach();
  assert.equal(picks(group, 3), "111");
});

Deno.test("SharedGroup.pick() takes members in turn that are away when nobody is there", () => {
  const { group, members } = groupOf(3);
  for (const { session } of members) session.detach();
  assert.equal(group.isConnected, false);
  assert.equal(picks(group, 4), "0120");
});

Deno.test("SharedGroup.pick() takes nobody who may not have the message", () => {
  const { group } = groupOf(3);
  assert.equal(picks(group, 3, ({ session }) => session.clientId === "2"), "222");
  assert.equal(picks(group, 1, () => false), "-");
  assert.equal(picks(group, 3), "012");
});

Deno.test("SharedGroup goes on in turn when a member leaves, whichever it is", () => {
  for (
    const [leaves, expected] of [[0, "23123"], [1, "23023"], [2, "30130"], [3, "20120"]] as const
  ) {
    const { group, members } = groupOf(4);
    assert.equal(picks(group, 2), "01");
    group.remove(members[leaves]!.subscription);
    assert.equal(picks(group, 5), expected, `${leaves} leaves`);
  }
});

Deno.test("SharedGroup is empty after its last member, and takes a stranger's removal calmly", () => {
  const { group, members } = groupOf(2);
  group.remove(groupOf(1).members[0]!.subscription);
  assert.equal(picks(group, 2), "01");
  for (const { subscription } of members) group.remove(subscription);
  assert.ok(group.isEmpty);
  assert.equal(picks(group, 1), "-");
});

Deno.test("SharedGroup gives every ready member the same number of messages", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(60), (size, count) => {
      const all = picks(groupOf(size).group, count);
      const shares = Array.from({ length: size }, (_, i) => all.split(`${i}`).length - 1);
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 1, all);
    }),
    { seed: 20_251_122 },
  );
});
