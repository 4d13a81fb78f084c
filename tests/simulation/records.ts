// What the checker knows: every message, every Session as its client sees it, and when each Subscription
// was there for certain, and when it may have been there.
//
//   SUBSCRIBE sent    SUBACK came           UNSUBSCRIBE sent    UNSUBACK came
//        |--- possible ---|------ certain ---------|---- possible ----|
//
// A message is routed at some time between `routedFromMs` and `settledMs`. A Session must have it if one of
// its Subscriptions was certain all that time, and must not if none was possible at any of it.

import type { QoS } from "../../src/packet/packet_type.ts";

export interface MessageRecord {
  readonly id: number;
  readonly publisher: string;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly isWill: boolean;
  readonly payload: Uint8Array;
  /** Seconds; undefined if it does not expire. */
  readonly expirySeconds: number | undefined;
  readonly hasUserProperty: boolean;
  /** Published when nothing is in its way: even QoS 0 must arrive. */
  readonly isEpilogue: boolean;
  /** The first time that the broker may have routed it; Infinity if it was never sent. */
  routedFromMs: number;
  /** When its publisher knew that the broker has it; Infinity if it never did. */
  settledMs: number;
  /** How often its PUBLISH was sent. */
  sends: number;
  /** It must not be there at all: a Will whose client has taken it back. */
  isForbidden: boolean;
  /** PUBACK or PUBREC said that there was no Subscription. */
  hadNoSubscribers: boolean;
}

export interface SubscriptionOptions {
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainHandling: 0 | 1 | 2;
  /** Subscription Identifier; 0 if there is none. */
  readonly identifier: number;
}

export interface SubscriptionRecord {
  /** As it was subscribed to, with `$share/…`. */
  readonly topicFilter: string;
  /** Without. */
  readonly filter: string;
  readonly isShared: boolean;
  readonly options: SubscriptionOptions;
  readonly possibleFromMs: number;
  certainFromMs: number;
  certainUntilMs: number;
  possibleUntilMs: number;
}

/** What a Session has had of one message. */
export interface Deliveries {
  /** After the client's deduplication. */
  count: number;
  /** Without DUP. */
  fresh: number;
  /** With QoS 2. */
  exact: number;
  readonly qos: Set<QoS>;
}

export type DeliveryMap = Map<MessageRecord, Deliveries>;

export class SessionRecord {
  readonly clientId: string;
  readonly startedMs: number;
  /** When the broker made it. */
  readonly madeMs: number;
  /** The broker has acknowledged something in it that it keeps: so it keeps the Session too. */
  isProven = false;
  /** Infinity as long as it goes on. */
  endedMs = Infinity;
  readonly subscriptions: SubscriptionRecord[] = [];
  /** What came by its own Subscriptions, retained, and by each Shared Subscription. */
  readonly live: DeliveryMap = new Map();
  readonly retained: DeliveryMap = new Map();
  readonly shared = new Map<string, DeliveryMap>();
  /** Messages that the client has refused with a Reason Code. */
  readonly refused = new Set<MessageRecord>();
  /** How often each Topic Filter was subscribed to. */
  readonly subscribes = new Map<string, number>();

  constructor(clientId: string, startedMs: number, madeMs: number) {
    this.clientId = clientId;
    this.startedMs = startedMs;
    this.madeMs = madeMs;
  }

  /** What came by the Shared Subscription to `topicFilter`. */
  sharedBy(topicFilter: string): DeliveryMap {
    let deliveries = this.shared.get(topicFilter);
    if (deliveries === undefined) this.shared.set(topicFilter, deliveries = new Map());
    return deliveries;
  }

  /** SUBSCRIBE is sent. */
  beginSubscribe(topicFilter: string, options: SubscriptionOptions, nowMs: number): void {
    this.subscribes.set(topicFilter, (this.subscribes.get(topicFilter) ?? 0) + 1);
    const current = this.#last(topicFilter);
    if (current !== undefined && sameOptions(current.options, options)) {
      if (current.certainUntilMs === Infinity) return;
    }
    this.#noLongerCertain(topicFilter, nowMs);
    const share = /^\$share\/[^/]+\/(.*)$/.exec(topicFilter);
    this.subscriptions.push({
      topicFilter,
      filter: share === null ? topicFilter : share[1]!,
      isShared: share !== null,
      options,
      possibleFromMs: nowMs,
      certainFromMs: Infinity,
      certainUntilMs: Infinity,
      possibleUntilMs: Infinity,
    });
  }

  /** SUBACK has come. */
  endSubscribe(topicFilter: string, nowMs: number): void {
    const last = this.#last(topicFilter)!;
    last.certainFromMs = Math.min(last.certainFromMs, nowMs);
    for (const each of this.subscriptions) {
      if (each.topicFilter === topicFilter && each !== last) {
        each.possibleUntilMs = Math.min(each.possibleUntilMs, nowMs);
      }
    }
  }

  /** UNSUBSCRIBE is sent. */
  beginUnsubscribe(topicFilter: string, nowMs: number): void {
    this.#noLongerCertain(topicFilter, nowMs);
  }

  /** UNSUBACK has come. */
  endUnsubscribe(topicFilter: string, nowMs: number): void {
    for (const each of this.subscriptions) {
      if (each.topicFilter !== topicFilter) continue;
      each.possibleUntilMs = Math.min(each.possibleUntilMs, nowMs);
    }
  }

  /** The Session is over, or may be over since `nowMs`. */
  end(nowMs: number): void {
    this.endedMs = nowMs;
  }

  #last(topicFilter: string): SubscriptionRecord | undefined {
    return this.subscriptions.findLast((each) => each.topicFilter === topicFilter);
  }

  #noLongerCertain(topicFilter: string, nowMs: number): void {
    for (const each of this.subscriptions) {
      if (each.topicFilter !== topicFilter) continue;
      each.certainUntilMs = Math.min(each.certainUntilMs, nowMs);
    }
  }
}

/** Counts a delivery. */
export function noteDelivery(
  deliveries: DeliveryMap,
  message: MessageRecord,
  qos: QoS,
  dup: boolean,
): void {
  let had = deliveries.get(message);
  if (had === undefined) {
    had = { count: 0, fresh: 0, exact: 0, qos: new Set() };
    deliveries.set(message, had);
  }
  had.count++;
  if (!dup) had.fresh++;
  if (qos === 2) had.exact++;
  had.qos.add(qos);
}

/** The Topic Names and Topic Filters of MQTT 5.0, section 4.7, in the plainest way. */
export function matches(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  if (topic.startsWith("$") && (wanted[0] === "+" || wanted[0] === "#")) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === "#") return true;
    if (i >= levels.length || (wanted[i] !== "+" && wanted[i] !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}

function sameOptions(a: SubscriptionOptions, b: SubscriptionOptions): boolean {
  return a.qos === b.qos && a.noLocal === b.noLocal && a.identifier === b.identifier;
}
