// TopicMap: which topics go where, and what they are called there: Mosquitto's `topic` lines.
//
//   here: LOCAL-PREFIX pattern  <--->  REMOTE-PREFIX pattern  :there

import type { QoS } from "../packet/packet_type.ts";
import type { BridgeTopic } from "./settings.ts";

/** Names that are remembered in each direction. */
const MAXIMUM_REMEMBERED = 1_000;

export interface BridgeFilter {
  readonly topicFilter: string;
  readonly qos: QoS;
}

interface Rule {
  readonly filter: readonly string[];
  readonly from: string;
  readonly to: string;
}

export class TopicMap {
  /** What is subscribed to here. */
  readonly localFilters: readonly BridgeFilter[];
  /** What is subscribed to there. */
  readonly remoteFilters: readonly BridgeFilter[];
  /** What there is no reason to be subscribed to there. */
  readonly remoteOthers: readonly string[];
  readonly #out: Mapper;
  readonly #in: Mapper;

  constructor(topics: readonly BridgeTopic[]) {
    const local = (topic: BridgeTopic) => topic.localPrefix + topic.pattern;
    const remote = (topic: BridgeTopic) => topic.remotePrefix + topic.pattern;
    const out = topics.filter(({ direction }) => direction !== "in");
    const into = topics.filter(({ direction }) => direction !== "out");
    this.localFilters = filtersOf(out, local);
    this.remoteFilters = filtersOf(into, remote);
    const wanted = new Set(this.remoteFilters.map(({ topicFilter }) => topicFilter));
    this.remoteOthers = [...new Set(out.map(remote))].filter((each) => !wanted.has(each));
    this.#out = new Mapper(
      out.filter(isMapped).map((topic) => ({
        filter: local(topic).split("/"),
        from: topic.localPrefix,
        to: topic.remotePrefix,
      })),
    );
    this.#in = new Mapper(
      into.filter(isMapped).map((topic) => ({
        filter: remote(topic).split("/"),
        from: topic.remotePrefix,
        to: topic.localPrefix,
      })),
    );
  }

  /** What the remote broker calls the topic `name` of ours. */
  toRemote(name: string): string {
    return this.#out.map(name);
  }

  /** What we call the topic `name` of the remote broker. */
  toLocal(name: string): string {
    return this.#in.map(name);
  }
}

/** True if the Topic Filter `filter` matches `name`; both in levels. */
export function matchesFilter(filter: readonly string[], name: readonly string[]): boolean {
  if (name[0]!.startsWith("$") && (filter[0] === "+" || filter[0] === "#")) return false; // [MQTT-4.7.2-1]
  for (let i = 0; i < filter.length; i++) {
    const level = filter[i]!;
    if (level === "#") return true;
    if (i === name.length || (level !== "+" && level !== name[i])) return false;
  }
  return filter.length === name.length;
}

/** The same filter may stand in several lines: the highest QoS holds. */
function filtersOf(
  topics: readonly BridgeTopic[],
  filterOf: (topic: BridgeTopic) => string,
): BridgeFilter[] {
  const highest = new Map<string, QoS>();
  for (const topic of topics) {
    const topicFilter = filterOf(topic);
    const before = highest.get(topicFilter) ?? 0;
    highest.set(topicFilter, topic.qos > before ? topic.qos : before);
  }
  return [...highest].map(([topicFilter, qos]) => ({ topicFilter, qos }));
}

function isMapped({ localPrefix, remotePrefix }: BridgeTopic): boolean {
  return localPrefix !== "" || remotePrefix !== "";
}

/** One direction. The first line with a prefix whose filter matches says how, as with Mosquitto. */
class Mapper {
  readonly #rules: readonly Rule[];
  readonly #known = new Map<string, string>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  map(name: string): string {
    if (this.#rules.length === 0) return name;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const levels = name.split("/");
    const rule = this.#rules.find(({ filter, from }) =>
      name.startsWith(from) && matchesFilter(filter, levels)
    );
    const mapped = rule === undefined ? name : rule.to + name.slice(rule.from.length);
    if (this.#known.size >= MAXIMUM_REMEMBERED) this.#known.clear();
    this.#known.set(name, mapped);
    return mapped;
  }
}
