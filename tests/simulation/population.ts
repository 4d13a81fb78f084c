// Population: what a seed's world consists of: the broker's limits, the clients, their topics and filters.

import type { Limits } from "../../src/broker/limits.ts";
import type { ProtocolVersion, QoS } from "../../src/packet/packet_type.ts";
import type { ClientSpec } from "./client_parts.ts";
import type { NewMessage } from "./messages.ts";
import type { Random } from "./random.ts";
import type { SubscriptionOptions } from "./records.ts";

export type Scenario = "roomy" | "tight" | "hostile" | "durable";

export const LIVE_TOPICS = ["t/0", "t/1", "t/2", "t/a/0", "t/a/1", "t/b", "u/0", "u/a/0"];
/** Each belongs to one client, by number, and has one QoS: so the last message is known. */
export const RETAINED_TOPICS = ["r/0", "r/1", "r/2", "r/3", "r/4"];
const FILTERS = [
  ...LIVE_TOPICS.slice(0, 5),
  ...["t/+", "t/#", "+/0", "t/+/0", "t/a/+", "+/+", "u/#", "w/#", "w/+", "r/#", "r/0", "#"],
];
const SHARED_FILTERS = ["$share/g1/t/#", "$share/g1/u/#", "$share/g2/t/+", "$share/g2/t/a/#"];

export function limitsFor(scenario: Scenario, random: Random): Partial<Limits> {
  const congested = random.pick([300, 1_000, 5_000, 50_000]);
  return {
    maximumInflightMessages: random.pick([1, 2, 5, 20, 100]),
    receiveMaximum: random.pick([1, 2, 5, 20, 100]),
    maximumQueuedMessages: scenario === "tight" ? random.integer(3, 30) : 1_000_000,
    maximumQueuedBytes: scenario === "tight" ? random.integer(2_000, 20_000) : 1e9,
    topicAliasMaximum: random.pick([0, 1, 3, 10]),
    topicAliasMaximumToClient: random.pick([0, 1, 3, 10]),
    connectTimeoutMs: 5_000,
    maximumKeepAlive: random.chance(0.2) ? 10 : 0,
    congestedOutputBytes: congested,
    drainedOutputBytes: congested >> 2,
    maximumOutputBytes: congested * random.integer(2, 8),
    maximumBackpressureMs: random.pick([100, 500, 1_000]),
    stalledOutputMs: random.pick([4_000, 10_000, 60_000]),
    drainMs: random.pick([200, 1_000]),
  };
}

export function newSpec(number: number, limits: Partial<Limits>, random: Random): ClientSpec {
  const version = random.weighted<ProtocolVersion>([[3, 1], [4, 3], [5, 6]]);
  const isClean = random.chance(0.2);
  const v5 = version === 5;
  const keepAlives = limits.maximumKeepAlive === 0 ? [0, 2, 5, 10] : [2, 5, 10];
  return {
    id: `c${number}`,
    version,
    isClean,
    expirySeconds: isClean
      ? 0
      : v5
      ? random.weighted([[Infinity, 7], [random.integer(1, 12), 2], [0, 1]])
      : Infinity,
    keepAlive: random.pick(keepAlives),
    receiveMaximum: v5 ? random.pick([undefined, 1, 2, 3, 10, 100]) : undefined,
    maximumPacketSize: v5 && random.chance(0.15) ? random.integer(64, 400) : undefined,
    topicAliasMaximum: v5 ? random.pick([0, 0, 1, 3, 8]) : 0,
    ackDelayMs: random.pick([0, 5, 50, 1_000]),
    willChance: random.pick([0, 0, 0.3]),
  };
}

/**
 * A message to publish.
 * @param number of the client that publishes it.
 */
export function newMessage(number: number, spec: ClientSpec, random: Random): NewMessage {
  const v5 = spec.version === 5;
  const retain = number < RETAINED_TOPICS.length && random.chance(0.2);
  const qos = retain ? (1 + number % 2) as QoS : random.weighted<QoS>([[0, 2], [1, 4], [2, 4]]);
  return {
    publisher: spec.id,
    topic: retain ? RETAINED_TOPICS[number]! : random.pick(LIVE_TOPICS),
    qos,
    retain,
    fillBytes: random.chance(0.02) ? random.integer(1_000, 20_000) : random.skewed(0, 300),
    expirySeconds: v5 && !retain && random.chance(0.05) ? random.integer(1, 20) : undefined,
    hasUserProperty: v5 && random.chance(0.1),
  };
}

/** Whether the client may have Shared Subscriptions beside others: it can tell what came by which. */
export type Taste = "plain" | "shared only" | "both";

export function tasteFor(spec: ClientSpec, random: Random): Taste {
  const tastes: Taste[] = spec.version === 5
    ? ["plain", "shared only", "both"]
    : ["plain", "plain", "shared only"];
  return random.pick(tastes);
}

export interface NewSubscription {
  readonly topicFilter: string;
  readonly options: SubscriptionOptions;
}

/** One that suits the client's `taste`; a client that is not picky in groups would get messages twice. */
export function newSubscription(taste: Taste, spec: ClientSpec, random: Random): NewSubscription {
  const isShared = taste === "shared only" || (taste === "both" && random.chance(0.4));
  const group = taste === "shared only" ? sharedFiltersOf(spec) : SHARED_FILTERS;
  const topicFilter = random.pick(isShared ? group : FILTERS);
  const number = isShared
    ? 1 + SHARED_FILTERS.indexOf(topicFilter)
    : 1 + SHARED_FILTERS.length + FILTERS.indexOf(topicFilter);
  const identified = taste === "both" || (spec.version === 5 && random.chance(0.5));
  return {
    topicFilter,
    options: {
      qos: random.weighted<QoS>([[0, 1], [1, 3], [2, 4]]),
      noLocal: !isShared && spec.version === 5 && random.chance(0.1),
      retainHandling: spec.version === 5 ? random.pick([0, 1, 2] as const) : 0,
      identifier: identified ? number : 0,
    },
  };
}

/** The filters of one group that do not overlap: so a message comes by one of them at most. */
function sharedFiltersOf({ id }: ClientSpec): readonly string[] {
  return id.charCodeAt(id.length - 1) % 2 === 0
    ? SHARED_FILTERS.slice(0, 2)
    : SHARED_FILTERS.slice(2);
}
