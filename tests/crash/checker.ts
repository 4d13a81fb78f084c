// The checker of a crash run: what the clients have heard, held against what was acknowledged to them. Works on a
// History that has come to rest: nothing is under way any more.

import {
  type History,
  matches,
  type Receipt,
  type SentMessage,
  splitShared,
  type SubscriptionSpan,
} from "./history.ts";

/** Tells `history` what is wrong. */
export function check(history: History, persistent: ReadonlySet<string>): void {
  const groups = groupsOf(history);
  for (const message of history.messages.values()) {
    if (message.sentAt === Infinity) continue;
    for (const [clientId, spans] of history.subscriptions) {
      checkOneReceiver(history, message, clientId, spans, persistent.has(clientId));
    }
    for (const spans of groups.values()) checkGroup(history, message, spans, persistent);
  }
  checkOrder(history);
}

function checkOneReceiver(
  history: History,
  message: SentMessage,
  clientId: string,
  all: readonly SubscriptionSpan[],
  isPersistent: boolean,
): void {
  const spans = all.filter(({ topicFilter }) => {
    const { share, filter } = splitShared(topicFilter);
    return share === undefined && matches(filter, message.topicName);
  });
  const receipts = message.receipts.filter((each) => each.clientId === clientId);
  const live = receipts.filter((each) => !each.isRetained);
  const isPromised = isPersistent && spans.some((span) => isCoveredBy(message, span));
  if (isPromised && receipts.length === 0 && !message.isEmpty) {
    history.unkept(`${clientId} never got what was acknowledged`, message);
  }
  const isOnce = message.qos === 2 && !message.mayDouble && isPersistent &&
    spans.every((span) => span.qos === 2);
  if (isOnce && live.length > 1) history.unkept(`${clientId} got it ${live.length} times`, message);
  if (groupedFilters(all).some((filter) => matches(filter, message.topicName))) return;
  for (const receipt of live) {
    if (spans.some((span) => mayBringIt(message, span, receipt))) continue;
    history.unkept(`${clientId} got what it was not subscribed to any more`, message);
  }
}

/** What was published and acknowledged while the Subscription was there without doubt. */
function isCoveredBy(message: SentMessage, span: SubscriptionSpan): boolean {
  return span.acknowledgedAt < message.sentAt && message.acknowledgedAt < span.endingAt;
}

function mayBringIt(message: SentMessage, span: SubscriptionSpan, receipt: Receipt): boolean {
  return span.subscribedAt < receipt.at && span.subscribedAt < message.acknowledgedAt &&
    message.sentAt < span.endedAt;
}

function groupedFilters(spans: readonly SubscriptionSpan[]): string[] {
  return spans.map(({ topicFilter }) => splitShared(topicFilter))
    .filter(({ share }) => share !== undefined).map(({ filter }) => filter);
}

interface Member {
  readonly clientId: string;
  readonly span: SubscriptionSpan;
}

/** By Shared Subscription. */
function groupsOf(history: History): Map<string, Member[]> {
  const groups = new Map<string, Member[]>();
  for (const [clientId, spans] of history.subscriptions) {
    for (const span of spans) {
      if (splitShared(span.topicFilter).share === undefined) continue;
      const members = groups.get(span.topicFilter) ?? [];
      members.push({ clientId, span });
      groups.set(span.topicFilter, members);
    }
  }
  return groups;
}

function checkGroup(
  history: History,
  message: SentMessage,
  members: readonly Member[],
  persistent: ReadonlySet<string>,
): void {
  const { filter } = splitShared(members[0]!.span.topicFilter);
  if (!matches(filter, message.topicName)) return;
  const clientIds = new Set(members.map(({ clientId }) => clientId));
  const receipts = message.receipts.filter(({ clientId }) => clientIds.has(clientId));
  const promised = members.filter(({ clientId, span }) =>
    persistent.has(clientId) && isCoveredBy(message, span)
  );
  if (promised.length > 0 && receipts.length === 0) {
    history.unkept("no member of the group got what was acknowledged", message);
  }
  const isOnce = message.qos === 2 && !message.mayDouble &&
    members.every(({ clientId, span }) => span.qos === 2 && persistent.has(clientId));
  if (isOnce && receipts.length > 1) {
    history.unkept(`the group got it ${receipts.length} times`, message);
  }
}

/** Messages of one publisher to one Topic Name come, each for the first time, in the order they were sent. */
function checkOrder(history: History): void {
  const streams = new Map<string, { readonly message: SentMessage; readonly at: number }[]>();
  for (const message of history.messages.values()) {
    if (message.mayDouble) continue;
    const firsts = new Map<string, number>();
    for (const { clientId, at, isRetained } of message.receipts) {
      if (!isRetained && !firsts.has(clientId)) firsts.set(clientId, at);
    }
    for (const [clientId, at] of firsts) {
      if (isShared(history, clientId)) continue;
      const key = `${clientId} ${message.publisher} ${message.topicName}`;
      const stream = streams.get(key) ?? [];
      stream.push({ message, at });
      streams.set(key, stream);
    }
  }
  for (const [key, stream] of streams) {
    stream.sort((a, b) => a.at - b.at);
    for (let i = 1; i < stream.length; i++) {
      const before = stream[i - 1]!.message;
      const { message } = stream[i]!;
      if (before.sequence < message.sequence) continue;
      const [clientId] = key.split(" ");
      if (!wasSubscribedFor(history.spansOf(clientId!), message)) continue;
      const which = `${message.sequence} after ${before.sequence}`;
      history.unkept(`out of order for ${key}: ${which}`, before);
      history.unkept("  and", message);
    }
  }
}

/** Else it may have been sent for the first time, in order, when nobody took it. */
function wasSubscribedFor(spans: readonly SubscriptionSpan[], message: SentMessage): boolean {
  return spans.some((span) =>
    matches(span.topicFilter, message.topicName) && span.acknowledgedAt < message.sentAt
  );
}

function isShared(history: History, clientId: string): boolean {
  return groupedFilters(history.spansOf(clientId)).length > 0;
}

/** What a new Subscription may be given for `topicName`: what was acknowledged last, or something later. */
export function retainedChoices(
  history: History,
  topicName: string,
  subscribedAt: number,
): SentMessage[] {
  const all = (history.retained.get(topicName) ?? []).filter(({ sentAt }) => sentAt !== Infinity);
  const last = all.findLastIndex(({ acknowledgedAt }) => acknowledgedAt < subscribedAt);
  return all.slice(Math.max(0, last));
}

/** Whether nothing at all may be there. */
export function mayBeAbsent(choices: readonly SentMessage[], subscribedAt: number): boolean {
  return choices.some(({ isEmpty }) => isEmpty) ||
    !choices.some(({ acknowledgedAt }) => acknowledgedAt < subscribedAt);
}
