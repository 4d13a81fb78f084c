// Rules that can never decide anything, for `midge check`. What it names is so; it may miss some.

import { areCovering, covers, type FilterLevels } from "./acl_filters.ts";
import { hasPlaceholder } from "./acl_pattern.ts";
import type { AclRule } from "./acl_rule.ts";
import type { AclRules } from "./acl_rules.ts";

export interface HopelessRule {
  readonly rule: AclRule;
  /** A sentence without its full stop: why, and what to do. */
  readonly reason: string;
}

export interface WhoConnects {
  /** All user names that can be logged in with; unknown if left out. */
  readonly userNames?: ReadonlySet<string>;
  /**
   * Whether clients without a user name are let in.
   * @default {true}
   */
  readonly allowAnonymous?: boolean;
}

/** Denials of one user that each of its rules is held against: a file of thousands must not take minutes. */
const MAX_DENIALS = 100;

/** The rules that can never match or never decide, in the order of their lines. */
export function findHopelessRules({ list }: AclRules, who: WhoConnects = {}): HopelessRule[] {
  const denials = Map.groupBy(list.filter(({ access }) => access === "deny"), groupOf);
  return list.flatMap((rule) => {
    const reason = whyNobody(rule, who) ?? whyNothing(rule) ??
      whyDenied(rule, denials.get(groupOf(rule))?.slice(0, MAX_DENIALS) ?? []);
    return reason === undefined ? [] : [{ rule, reason }];
  });
}

/** Rules of one group are asked together. */
function groupOf({ kind, userName }: AclRule): string {
  return kind === "pattern" ? "pattern" : userName === undefined ? "anonymous" : `user ${userName}`;
}

function whyNobody({ kind, userName }: AclRule, who: WhoConnects): string | undefined {
  if (kind === "pattern") return undefined;
  if (userName === undefined) {
    return who.allowAnonymous === false
      ? "it is for clients without a user name, and none are let in: move it below a user line, or write pattern to mean everybody"
      : undefined;
  }
  if (who.userNames === undefined || who.userNames.has(userName)) return undefined;
  return `there is no user "${userName}": add it to the password file, or remove the rule`;
}

function whyNothing({ filter }: AclRule): string | undefined {
  const [prefix, , ...levels] = filter.split("/");
  if (prefix !== "$share") return undefined;
  return `messages are never published to $share: write ${levels.join("/") || "the filter alone"}`;
}

function whyDenied(rule: AclRule, denials: readonly AclRule[]): string | undefined {
  if (rule.access === "deny") return undefined;
  const levels = rule.filter.split("/");
  const wides = denials.map((denial) => ({ line: denial.line, levels: denial.filter.split("/") }))
    .filter((wide) => rule.kind === "topic" || !fallsShort(wide.levels, levels));
  const one = wides.find((wide) => covers(wide.levels, levels));
  if (one !== undefined) return `line ${one.line} denies all of it`;
  if (!areCovering(wides.map((wide) => wide.levels), levels)) return undefined;
  return `lines ${wides.map(({ line }) => line).join(", ")} together deny all of it`;
}

/** A client identifier with "/" fills several levels, and "+" matches one. */
function fallsShort(wide: FilterLevels, pattern: FilterLevels): boolean {
  return pattern.some((level, i) => hasPlaceholder(level) && wide[i] === "+");
}
