// AclRules: the rules of one ACL file as an Authorizer. It decides as Mosquitto does:
//
//   1. the `topic` rules of the client's user name (those before the first `user` line for clients without
//      one): denials first, then grants
//   2. the `pattern` rules: denials first, then grants; none if the client identifier or the user name holds
//      "+" or "#"
//   3. nothing matched: denied
//
// So a `topic` that grants wins over a `pattern` that denies. Rules never change: a reload makes new ones.

import { FilterTree } from "../topic/filter_tree.ts";
import type { TopicFilter } from "../topic/topic_filter.ts";
import type { TopicName } from "../topic/topic_name.ts";
import { areCovering, type FilterLevels, intersection } from "./acl_filters.ts";
import { filledLevels, PatternIndex } from "./acl_pattern.ts";
import { type AclRule, concerns, grants, inOrderOfDecision } from "./acl_rule.ts";
import type { Authorizer, ClientIdentity } from "./authorizer.ts";

/** Decisions that are remembered for each client: a publisher's topics, and few that it receives. */
const MAX_WRITES = 64;
const MAX_READS = 8; // the router remembers whom a Topic Name goes to

export interface AclRulesOptions {
  /**
   * Refuse a Subscription of which no rule could ever let anything through. Mosquitto grants every one.
   * @default {false}
   */
  readonly refuseHopelessSubscriptions?: boolean;
}

export type AclDecision =
  | { readonly allowed: boolean; readonly rule: AclRule }
  | {
    readonly allowed: false;
    readonly rule?: undefined;
    /** The name whose "+" or "#" kept all patterns from being asked. */
    readonly wildcardIn?: "client id" | "user name";
  };

export class AclRules implements Authorizer {
  readonly path: string;
  /** In the order of their lines. */
  readonly list: readonly AclRule[];
  readonly #options: AclRulesOptions;
  readonly #ofAnonymous: TopicRules;
  readonly #ofUsers: ReadonlyMap<string, TopicRules>;
  readonly #patterns: PatternIndex;
  readonly #patternRules: readonly AclRule[];
  readonly #recent = new WeakMap<ClientIdentity, RecentDecisions>();

  constructor(path: string, list: readonly AclRule[], options: AclRulesOptions = {}) {
    this.path = path;
    this.list = list;
    this.#options = options;
    const byUser = Map.groupBy(
      list.filter(({ kind }) => kind === "topic"),
      (rule) => rule.userName,
    );
    this.#ofAnonymous = new TopicRules(byUser.get(undefined) ?? []);
    this.#ofUsers = new Map(
      [...byUser].flatMap(([name, rules]) =>
        name === undefined ? [] : [[name, new TopicRules(rules)] as const]
      ),
    );
    this.#patternRules = list.filter(({ kind }) => kind === "pattern");
    this.#patterns = new PatternIndex(this.#patternRules);
  }

  mayPublish(client: ClientIdentity, topicName: TopicName): boolean {
    return this.#recentOf(client).writes.get(topicName) ?? this.#judge(client, "write", topicName);
  }

  mayReceive(client: ClientIdentity, topicName: TopicName): boolean {
    return this.#recentOf(client).reads.get(topicName) ?? this.#judge(client, "read", topicName);
  }

  maySubscribe(client: ClientIdentity, filter: TopicFilter): boolean {
    if (this.#options.refuseHopelessSubscriptions !== true) return true;
    const asked = filter.split("/");
    const own = this.#topicRulesOf(client)?.list ?? [];
    const denials = own.filter(isDenial).map(levelsOf);
    if (own.some((rule) => mayPass(rule, levelsOf(rule), asked, denials))) return true;
    if (this.#patterns.isEmpty || wildcardIn(client) !== undefined) return false;
    const filled = this.#patternRules.flatMap((rule) => {
      const levels = filledLevels(rule, client);
      return levels === undefined ? [] : [{ rule, levels }];
    });
    denials.push(...filled.filter(({ rule }) => isDenial(rule)).map(({ levels }) => levels));
    return filled.some(({ rule, levels }) => mayPass(rule, levels, asked, denials));
  }

  /** Why `client` may or may not have `access` to `topicName`: the very line that decided. */
  explain(client: ClientIdentity, access: "read" | "write", topicName: TopicName): AclDecision {
    const rule = this.#decide(client, access, topicName);
    if (rule !== undefined) return { allowed: !isDenial(rule), rule };
    const name = this.#patterns.isEmpty ? undefined : wildcardIn(client);
    return name === undefined ? { allowed: false } : { allowed: false, wildcardIn: name };
  }

  explainDenial(
    client: ClientIdentity,
    access: "read" | "write",
    topicName: TopicName,
  ): string {
    const { rule, ...decision } = this.explain(client, access, topicName);
    if (rule !== undefined) return `${this.path}:${rule.line}: ${rule.text}`;
    return "wildcardIn" in decision
      ? `the ${decision.wildcardIn} holds + or #, so no pattern of ${this.path} is asked for it.`
      : `no rule of ${this.path} allows it.`;
  }

  #judge(client: ClientIdentity, access: "read" | "write", topicName: TopicName): boolean {
    const rule = this.#decide(client, access, topicName);
    const isAllowed = rule !== undefined && !isDenial(rule);
    const { reads, writes } = this.#recentOf(client);
    if (access === "write") remember(writes, MAX_WRITES, topicName, isAllowed);
    else remember(reads, MAX_READS, topicName, isAllowed);
    return isAllowed;
  }

  #decide(
    client: ClientIdentity,
    access: "read" | "write",
    topicName: TopicName,
  ): AclRule | undefined {
    const rule = this.#topicRulesOf(client)?.decide(access, topicName);
    if (rule !== undefined || this.#patterns.isEmpty) return rule;
    // Otherwise a client could widen a pattern by the name that it gives itself (CVE-2017-7650).
    if (wildcardIn(client) !== undefined) return undefined;
    return this.#patterns.decide(client, access, topicName);
  }

  #topicRulesOf({ userName }: ClientIdentity): TopicRules | undefined {
    // An empty User Name is none, as with Mosquitto.
    return userName === undefined || userName === ""
      ? this.#ofAnonymous
      : this.#ofUsers.get(userName);
  }

  #recentOf(client: ClientIdentity): RecentDecisions {
    let recent = this.#recent.get(client);
    if (recent === undefined) this.#recent.set(client, recent = new RecentDecisions());
    return recent;
  }
}

/** The `topic` rules of one user. */
class TopicRules {
  readonly list: readonly AclRule[];
  /** Made when it is first asked: of ten thousand users few come in the turn of a reload. */
  #tree: FilterTree<RankedRule> | undefined = undefined;

  constructor(list: readonly AclRule[]) {
    this.list = list;
  }

  /** The rule that decides about `access` to `name`. */
  decide(access: "read" | "write", name: TopicName): AclRule | undefined {
    let best: RankedRule | undefined;
    this.#tree ??= treeOf(this.list);
    this.#tree.match(name, (found) => {
      if (best !== undefined && best.rank < found.rank) return;
      if (concerns(found.rule, access)) best = found;
    });
    return best?.rule;
  }
}

function treeOf(list: readonly AclRule[]): FilterTree<RankedRule> {
  const tree = new FilterTree<RankedRule>();
  for (const [rank, rule] of inOrderOfDecision(list).entries()) {
    tree.insert(rule.filter as TopicFilter, { rank, rule });
  }
  return tree;
}

interface RankedRule {
  /** Place in the order of decision. */
  readonly rank: number;
  readonly rule: AclRule;
}

/** What was decided of late for one client. */
class RecentDecisions {
  readonly writes = new Map<TopicName, boolean>();
  readonly reads = new Map<TopicName, boolean>();
}

function remember(
  decisions: Map<TopicName, boolean>,
  max: number,
  name: TopicName,
  isAllowed: boolean,
): void {
  if (decisions.size >= max) decisions.clear();
  decisions.set(name, isAllowed);
}

function wildcardIn({ clientId, userName }: ClientIdentity): "client id" | "user name" | undefined {
  if (userName !== undefined && /[+#]/.test(userName)) return "user name";
  return /[+#]/.test(clientId) ? "client id" : undefined;
}

/** True if `rule` lets something through that `asked` matches and no filter of `denials` takes away. */
function mayPass(
  rule: AclRule,
  levels: FilterLevels,
  asked: FilterLevels,
  denials: readonly FilterLevels[],
): boolean {
  if (!grants(rule, "read")) return false;
  const common = intersection(asked, levels);
  return common !== undefined && !areCovering(denials, common);
}

function isDenial({ access }: AclRule): boolean {
  return access === "deny";
}

function levelsOf({ filter }: AclRule): FilterLevels {
  return filter.split("/");
}
