// AclRule: one line of an ACL file that grants or denies something.

export type AclAccess = "read" | "write" | "readwrite" | "deny";

export interface AclRule {
  /** From 1. */
  readonly line: number;
  /** The line as it is written, without blanks at its ends. */
  readonly text: string;
  /** A `topic` is about one user, a `pattern` about everybody. */
  readonly kind: "topic" | "pattern";
  readonly access: AclAccess;
  /** A Topic Filter; that of a pattern may hold `%c` and `%u`. */
  readonly filter: string;
  /** Whom a `topic` is about: undefined for clients without a user name. */
  readonly userName: string | undefined;
}

/** True if `rule` decides about `access` to what its filter matches. */
export function concerns(rule: AclRule, access: "read" | "write"): boolean {
  return rule.access === access || rule.access === "readwrite" || rule.access === "deny";
}

/** True if `rule` grants `access` to what its filter matches. */
export function grants(rule: AclRule, access: "read" | "write"): boolean {
  return rule.access === access || rule.access === "readwrite";
}

/**
 * The order in which Mosquitto asks rules; the first that matches and is about the access decides. Denials
 * come before grants, the last line first; grants follow in the order of their lines.
 */
export function inOrderOfDecision(rules: readonly AclRule[]): AclRule[] {
  return [
    ...rules.filter(({ access }) => access === "deny").reverse(),
    ...rules.filter(({ access }) => access !== "deny"),
  ];
}
