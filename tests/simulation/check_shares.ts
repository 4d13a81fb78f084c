// Shared Subscriptions: each message goes to one member of a group (MQTT 5.0, section 4.8.2): with QoS 2 to
// one only, with QoS 1 to one at least, whatever becomes of the members.

import { type Checker, isCertain, nameOf } from "./checker.ts";
import type { SimulatedClient } from "./client.ts";
import type { MessageRecord, SessionRecord, SubscriptionRecord } from "./records.ts";

interface Member {
  readonly client: SimulatedClient;
  readonly session: SessionRecord;
  readonly subscription: SubscriptionRecord;
}

export function checkShares(checker: Checker): void {
  for (const [topicFilter, members] of groupsOf(checker)) {
    for (const message of checker.world.messages.all) {
      if (message.sends === 0 || !checker.isMatch(members[0]!.subscription, message)) continue;
      const later = members.filter(({ subscription }) =>
        subscription.possibleUntilMs >= message.routedFromMs
      );
      checkWhatCame(checker, topicFilter, members, later, message);
      checkWhatMustCome(checker, topicFilter, later, message);
    }
  }
}

function groupsOf(checker: Checker): Map<string, Member[]> {
  const groups = new Map<string, Member[]>();
  for (const client of checker.world.clients) {
    for (const session of client.sessions) {
      for (const subscription of session.subscriptions) {
        if (!subscription.isShared) continue;
        const { topicFilter } = subscription;
        const members = groups.get(topicFilter) ?? [];
        groups.set(topicFilter, members);
        members.push({ client, session, subscription });
      }
    }
  }
  return groups;
}

/** The Sessions that got `message` by the group. */
function receiversOf(
  topicFilter: string,
  members: Member[],
  message: MessageRecord,
): SessionRecord[] {
  const sessions = new Set(members.map((each) => each.session));
  return [...sessions].filter((each) => each.shared.get(topicFilter)?.has(message));
}

function checkWhatCame(
  checker: Checker,
  topicFilter: string,
  members: Member[],
  later: Member[],
  message: MessageRecord,
): void {
  const receivers = receiversOf(topicFilter, members, message);
  for (const session of receivers) {
    const who = `${session.clientId} got ${nameOf(message)} by ${topicFilter}`;
    if (message.isForbidden) checker.fail(`${who}, which was taken back`);
    const own = later.filter((each) => each.session === session);
    if (own.length === 0) checker.fail(`${who} without a Subscription`);
    const { qos, exact } = session.shared.get(topicFilter)!.get(message)!;
    const highest = Math.max(...own.map((each) => each.subscription.options.qos));
    for (const each of qos) if (each > highest) checker.fail(`${who} with QoS ${each}`);
    if (message.qos === 2 && exact > 1) checker.fail(`${who} ${exact} times`);
  }
  // What a Session that is not kept has had, a broker that was killed does not know.
  const isExact = message.qos === 2 &&
    later.every(({ client, subscription }) =>
      subscription.options.qos === 2 && !mayForget(checker, client, message)
    );
  if (isExact && receivers.length > 1) {
    const names = receivers.map((each) => each.clientId);
    checker.fail(`${nameOf(message)} by ${topicFilter} went to ${names.join(" and ")}`);
  }
}

function checkWhatMustCome(
  checker: Checker,
  topicFilter: string,
  later: Member[],
  message: MessageRecord,
): void {
  if (message.settledMs === Infinity || message.qos === 0) return;
  if (receiversOf(topicFilter, later, message).length > 0) return;
  const stays = later.some(({ session, subscription }) =>
    isCertain(subscription, message) && subscription.certainUntilMs === Infinity &&
    session.endedMs === Infinity
  );
  if (!stays) return;
  const mayBeLost = later.some(({ client, session, subscription }) =>
    subscription.options.qos === 0 || checker.mayLack(client, message) ||
    session.refused.has(message) || mayForget(checker, client, message) ||
    // A QoS 2 exchange that has begun ends with its Session, and nobody else may have the message.
    (message.qos === 2 && subscription.options.qos === 2 && session.endedMs !== Infinity)
  );
  if (!mayBeLost) checker.fail(`nobody of ${topicFilter} got ${nameOf(message)}`);
}

/**
 * Whether the broker was killed, and with it the Session of `client`, which is not kept: a message that was given to
 * it is as lasting as it is.
 */
function mayForget(checker: Checker, client: SimulatedClient, message: MessageRecord): boolean {
  return client.spec.expirySeconds === 0 &&
    checker.world.life.deathsSince(message.routedFromMs) > 0;
}
