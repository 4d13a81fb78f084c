// AclRules against a plain reading of Mosquitto's rules, and the sets of names behind filters against names
// that are tried one by one.

import assert from "node:assert/strict";
import fc from "fast-check";
import { areCovering, covers, intersection } from "../../src/access/acl_filters.ts";
import { findHopelessRules } from "../../src/access/acl_hopeless.ts";
import type { AclRule } from "../../src/access/acl_rule.ts";
import { AclRules } from "../../src/access/acl_rules.ts";
import type { ClientIdentity } from "../../src/access/authorizer.ts";
import type { TopicName } from "../../src/topic/topic_name.ts";
import { anyFilter, anyName, asName, check, matches } from "../topic/reference.ts";

type Access = "read" | "write";

/** One rule after the other, as mosquitto.conf(5) and the tests on Mosquitto 2.0.11 have it. */
function plainDecision(
  list: readonly AclRule[],
  client: ClientIdentity,
  access: Access,
  name: string,
): AclRule | undefined {
  const { clientId, userName } = client;
  const own = list.filter((rule) =>
    rule.kind === "topic" && rule.userName === (userName || undefined)
  );
  const found = firstOf(own, access, (filter) => matches(filter, name));
  if (found !== undefined || /[+#]/.test(clientId) || /[+#]/.test(userName ?? "")) return found;
  return firstOf(list.filter(({ kind }) => kind === "pattern"), access, (pattern) => {
    if (name.startsWith("$") !== pattern.startsWith("$")) return false;
    if (pattern.includes("%u") && !userName) return false;
    const filter = pattern.split(/(%[cu])/)
      .map((part) => part === "%c" ? clientId : part === "%u" ? userName : part).join("");
    return matches(filter, name);
  });
}

function firstOf(
  rules: readonly AclRule[],
  access: Access,
  fits: (filter: string) => boolean,
): AclRule | undefined {
  const fitting = rules.filter(({ filter }) => fits(filter));
  return fitting.findLast((rule) => rule.access === "deny") ??
    fitting.find((rule) => rule.access === "readwrite" || rule.access === access);
}

const anyAccess = fc.constantFrom("read", "write", "readwrite", "deny");
const anyUserName = fc.constantFrom(undefined, "a", "b", "a/b", "a+");
const anyIdentity = fc.record({
  clientId: fc.constantFrom("a", "b", "ab", "a/b", "b/", "$a", "$SYS", "#", "%u"),
  userName: fc.oneof(anyUserName, fc.constant("")),
});
const anyPattern = fc.tuple(
  fc.array(fc.constantFrom("a", "b", "+", "%c", "%u", "%c%u", "a%c", "$%c", "$a", "%"), {
    minLength: 1,
    maxLength: 3,
  }),
  fc.boolean(),
).map(([levels, hash]) => [...levels, ...(hash ? ["#"] : [])].join("/"));

const anyRules = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("topic" as const),
      access: anyAccess,
      filter: anyFilter,
      userName: anyUserName,
    }),
    fc.record({
      kind: fc.constant("pattern" as const),
      access: anyAccess,
      filter: anyPattern,
      userName: fc.constant(undefined),
    }),
  ),
  { maxLength: 12 },
).map((rules) =>
  rules.map((rule, i): AclRule => ({ ...rule, line: i + 1, text: `${rule.kind} ${rule.filter}` }))
);

/** Names that patterns reach, too. */
const someName = fc.oneof(
  anyName,
  fc.array(fc.constantFrom("a", "b", "ab", "aa", "$a", "$b", "$$a", "$SYS", "aab", "%u", "%"), {
    minLength: 1,
    maxLength: 5,
  }).map((levels) => asName(levels.join("/"))),
);

Deno.test("AclRules decide by the line that a plain reading finds, asked in any order, twice", () => {
  check(
    fc.property(
      anyRules,
      fc.array(fc.tuple(anyIdentity, fc.constantFrom<Access>("read", "write"), someName), {
        minLength: 1,
        maxLength: 12,
      }),
      (list, questions) => {
        const rules = new AclRules("acl", list);
        for (const [client, access, name] of [...questions, ...questions]) {
          const expected = plainDecision(list, client, access, name);
          assert.equal(rules.explain(client, access, name).rule, expected, name);
          const isAllowed = expected !== undefined && expected.access !== "deny";
          const asked = access === "read"
            ? rules.mayReceive(client, name)
            : rules.mayPublish(client, name);
          assert.equal(asked, isAllowed);
        }
      },
    ),
    5_000,
  );
});

const fewRules = anyRules.filter(({ length }) => length <= 5);

Deno.test("AclRules refuse a subscription exactly if no name gets through it", () => {
  check(
    fc.property(fewRules, anyIdentity, anyFilter, (list, client, filter) => {
      const rules = new AclRules("acl", list, { refuseHopelessSubscriptions: true });
      const isHopeless = !namesFor([filter, ...filtersFor(list, client)]).some((name) =>
        matches(filter, name) && rules.explain(client, "read", name).allowed
      );
      assert.equal(rules.maySubscribe(client, filter), !isHopeless);
    }),
  );
});

Deno.test("findHopelessRules() names no rule that decides about any name", () => {
  check(
    fc.property(fewRules, anyIdentity, (list, client) => {
      const rules = new AclRules("acl", list);
      const hopeless = findHopelessRules(rules).map(({ rule }) => rule);
      if (hopeless.length === 0) return;
      for (const name of namesFor(filtersFor(list, client))) {
        for (const access of ["read", "write"] as const) {
          const { rule } = rules.explain(client, access, name);
          assert.ok(rule === undefined || !hopeless.includes(rule), name);
        }
      }
    }),
  );
});

Deno.test("covers(), areCovering() and intersection() say what the names say", () => {
  check(
    fc.property(fc.array(anyFilter, { maxLength: 4 }), anyFilter, (wides, narrow) => {
      const names = namesFor([...wides, narrow]);
      const inNarrow = names.filter((name) => matches(narrow, name));
      const levels = narrow.split("/");
      const wideLevels = wides.map((wide) => wide.split("/"));
      const isCovered = inNarrow.every((name) => wides.some((wide) => matches(wide, name)));
      assert.equal(areCovering(wideLevels, levels), isCovered);
      for (const wide of wideLevels) {
        if (covers(wide, levels)) assert.ok(inNarrow.every((n) => matches(wide.join("/"), n)));
        const common = intersection(wide, levels)?.join("/");
        const inBoth = inNarrow.filter((name) => matches(wide.join("/"), name));
        const inCommon = common === undefined ? [] : names.filter((name) => matches(common, name));
        assert.deepEqual(inCommon, inBoth);
      }
    }),
  );
});

/** The filters of `list` as they are for `client`. */
function filtersFor(list: readonly AclRule[], { clientId, userName }: ClientIdentity): string[] {
  return list.map(({ kind, filter }) =>
    kind === "topic" ? filter : filter.replace(/%[cu]/g, (hole) => {
      return hole === "%c" ? clientId : userName || hole;
    })
  );
}

/**
 * Enough names to tell `filters` apart: at each level all their words there and one that none of them holds,
 * up to one level deeper than the deepest.
 */
function namesFor(filters: readonly string[]): TopicName[] {
  const levels = filters.map((filter) => filter.split("/"));
  const depth = Math.max(...levels.map(({ length }) => length)) + 1;
  const names: string[] = [];
  let ofThisDepth = [""];
  for (let i = 0; i < depth; i++) {
    const words = new Set(levels.flatMap((each) => each[i] ?? []).filter((w) => !/[+#]/.test(w)));
    for (const other of i === 0 ? ["other", "$other"] : ["other"]) words.add(other);
    ofThisDepth = ofThisDepth.flatMap((name) =>
      [...words].map((word) => i === 0 ? word : `${name}/${word}`)
    );
    names.push(...ofThisDepth);
  }
  return names.filter((name) => name !== "").map(asName);
}
