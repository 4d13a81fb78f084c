// Patterns of an ACL file: Topic Filters in which `%c` stands for the client identifier and `%u` for the user
// name. Asked with an identity and a Topic Name.
//
//   pattern write dev/%c/state   ->  FilterTree: dev/+/state   finds candidates, whoever asks
//                                    holes: level 1 is "%c"    what a candidate is held against
//
// So nothing is kept for each client. Where "+" would find too little, the pattern is filled in and compared
// as a whole: an identity with "/" fills several levels, and "$%c" begins with what "+" does not match.

import { FilterTree } from "../topic/filter_tree.ts";
import type { TopicFilter } from "../topic/topic_filter.ts";
import type { TopicName } from "../topic/topic_name.ts";
import { covers, type FilterLevels } from "./acl_filters.ts";
import { type AclRule, concerns, inOrderOfDecision } from "./acl_rule.ts";
import type { ClientIdentity } from "./authorizer.ts";

const PLACEHOLDER = /%[cu]/;

class Pattern {
  readonly rule: AclRule;
  /** Place in the order of decision. */
  readonly rank: number;
  readonly levels: FilterLevels;
  /** Indexes of the levels that hold a placeholder. */
  readonly holes: readonly number[];

  constructor(rule: AclRule, rank: number) {
    this.rule = rule;
    this.rank = rank;
    this.levels = rule.filter.split("/");
    this.holes = [...this.levels.keys()].filter((i) => hasPlaceholder(this.levels[i]!));
  }
}

export class PatternIndex {
  readonly #patterns: readonly Pattern[];
  readonly #tree = new FilterTree<Pattern>();
  /** Those that can't be found in the tree. */
  readonly #others: Pattern[] = [];

  constructor(rules: readonly AclRule[]) {
    this.#patterns = inOrderOfDecision(rules).map((rule, rank) => new Pattern(rule, rank));
    for (const pattern of this.#patterns) {
      const { levels, holes } = pattern;
      const wide = levels.map((level, i) => holes.includes(i) ? "+" : level).join("/");
      if (holes[0] === 0 && levels[0]!.startsWith("$")) this.#others.push(pattern);
      else this.#tree.insert(wide as TopicFilter, pattern);
    }
  }

  get isEmpty(): boolean {
    return this.#patterns.length === 0;
  }

  /** The rule that decides whether `client` has `access` to `name`. */
  decide(
    client: ClientIdentity,
    access: "read" | "write",
    name: TopicName,
  ): AclRule | undefined {
    const levels = name.split("/");
    const spansLevels = client.clientId.includes("/") || client.userName?.includes("/") === true;
    let best: Pattern | undefined;
    const consider = (pattern: Pattern, fits: (pattern: Pattern) => boolean): void => {
      if (best !== undefined && best.rank < pattern.rank) return;
      if (concerns(pattern.rule, access) && fits(pattern)) best = pattern;
    };
    const fitsWhole = ({ rule }: Pattern): boolean => {
      const filled = filledLevels(rule, client);
      return filled !== undefined && covers(filled, levels);
    };
    const fitsHoles = (pattern: Pattern): boolean =>
      pattern.holes.every((i) => filled(pattern.levels[i]!, client) === levels[i]);
    if (spansLevels) {
      for (const pattern of this.#patterns) consider(pattern, fitsWhole);
    } else {
      this.#tree.match(name, (pattern) => consider(pattern, fitsHoles));
      for (const pattern of this.#others) consider(pattern, fitsWhole);
    }
    return best?.rule;
  }
}

/** True if `text` holds `%c` or `%u`. */
export function hasPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text);
}

/**
 * The Topic Filter that the pattern `rule` is for `client`. It is undefined if the client lacks a name that
 * the pattern needs, and if it would turn a pattern that does not begin with "$" into one that does: whoever
 * calls itself "$SYS" gets nothing by `%c/#`.
 */
export function filledLevels(rule: AclRule, client: ClientIdentity): FilterLevels | undefined {
  const text = filled(rule.filter, client);
  if (text === undefined) return undefined;
  return text.startsWith("$") && !rule.filter.startsWith("$") ? undefined : text.split("/");
}

function filled(text: string, { clientId, userName }: ClientIdentity): string | undefined {
  if (text.includes("%c") && clientId === "") return undefined;
  if (text.includes("%u") && (userName === undefined || userName === "")) return undefined;
  return text.replace(/%[cu]/g, (found) => found === "%c" ? clientId : userName!);
}
