// AclRules: a table of decisions with the line that makes each, subscriptions that are hopeless, and ten
// thousand users.

import assert from "node:assert/strict";
import { parseAclFile } from "../../src/access/acl_file.ts";
import type { AclRules } from "../../src/access/acl_rules.ts";
import type { ClientIdentity } from "../../src/access/authorizer.ts";
import { asFilter, asName } from "../topic/reference.ts";

const TEXT = `# 1
topic read public/#
topic deny public/secret
topic readwrite guest
topic deny guest

user bob
topic readwrite home/#
topic deny home/safe/#
topic read log/+
topic write log/bob
topic read a b/c
topic deny shared/bob/x
topic write shared/bob/y
user eve
topic read $SYS/#
topic #
user bob
topic write late
pattern read shared/%u/#
pattern deny shared/%u/y
pattern write dev/%c/state
pattern write $SYS/broker/connection/%c/state
pattern read %c/#
pattern read both/%c/%u
pattern read part/x-%c-y/z
`;
const RULES = parseAclFile(TEXT, "acl").rules;

function client(userName: string | undefined, clientId = "c1"): ClientIdentity {
  return { clientId, userName };
}
const NOBODY = client(undefined);
const BOB = client("bob");
const EVE = client("eve");

/** `line` is that of the rule that decides; none where nothing matches. */
const DECISIONS: readonly {
  readonly who: ClientIdentity;
  readonly access: "read" | "write";
  readonly name: string;
  readonly allowed: boolean;
  readonly line?: number;
}[] = [
  { who: NOBODY, access: "read", name: "public/a", allowed: true, line: 2 },
  { who: NOBODY, access: "read", name: "public", allowed: true, line: 2 },
  { who: NOBODY, access: "write", name: "public/a", allowed: false },
  { who: NOBODY, access: "read", name: "public/secret", allowed: false, line: 3 },
  { who: NOBODY, access: "write", name: "public/secret", allowed: false, line: 3 },
  { who: NOBODY, access: "read", name: "guest", allowed: false, line: 5 }, // deny first, wherever
  { who: BOB, access: "read", name: "public/a", allowed: false }, // line 2 is for anonymous clients
  { who: BOB, access: "write", name: "home/a/b", allowed: true, line: 8 },
  { who: BOB, access: "write", name: "home/safe", allowed: false, line: 9 },
  { who: BOB, access: "read", name: "home/safe/key", allowed: false, line: 9 },
  { who: BOB, access: "read", name: "log/bob", allowed: true, line: 10 },
  { who: BOB, access: "write", name: "log/bob", allowed: true, line: 11 },
  { who: BOB, access: "write", name: "log/eve", allowed: false },
  { who: BOB, access: "read", name: "a b/c", allowed: true, line: 12 },
  { who: BOB, access: "write", name: "late", allowed: true, line: 19 },
  { who: EVE, access: "write", name: "late", allowed: true, line: 17 },
  { who: EVE, access: "read", name: "$SYS/broker/uptime", allowed: true, line: 16 },
  { who: EVE, access: "write", name: "$SYS/broker/uptime", allowed: false }, // "#" matches no "$"
  { who: EVE, access: "write", name: "$other", allowed: false },
  { who: EVE, access: "read", name: "shared/eve/y", allowed: true, line: 17 }, // topic before pattern
  { who: BOB, access: "read", name: "shared/bob/a", allowed: true, line: 20 },
  { who: BOB, access: "read", name: "shared/bob/x", allowed: false, line: 13 },
  { who: BOB, access: "write", name: "shared/bob/y", allowed: true, line: 14 }, // wins over line 21
  { who: BOB, access: "read", name: "shared/bob/y", allowed: false, line: 21 },
  { who: BOB, access: "read", name: "shared/eve/a", allowed: false },
  { who: client("zoe"), access: "read", name: "shared/zoe/a", allowed: true, line: 20 },
  { who: NOBODY, access: "read", name: "shared/%u/a", allowed: false },
  { who: NOBODY, access: "write", name: "dev/c1/state", allowed: true, line: 22 },
  { who: NOBODY, access: "write", name: "dev/c2/state", allowed: false },
  { who: BOB, access: "write", name: "$SYS/broker/connection/c1/state", allowed: true, line: 23 },
  { who: NOBODY, access: "read", name: "c1", allowed: true, line: 24 },
  { who: client("bob", "$SYS"), access: "read", name: "$SYS/broker/uptime", allowed: false },
  { who: BOB, access: "read", name: "both/c1/bob", allowed: true, line: 25 },
  { who: NOBODY, access: "read", name: "both/c1/%u", allowed: false },
  { who: client("", "c1"), access: "read", name: "both/c1/", allowed: false },
  { who: client(""), access: "read", name: "public/a", allowed: true, line: 2 },
  { who: NOBODY, access: "read", name: "part/x-c1-y/z", allowed: true, line: 26 },
  { who: client("x", "a/b"), access: "write", name: "dev/a/b/state", allowed: true, line: 22 },
  { who: client("x", "a/b"), access: "write", name: "dev/a/state", allowed: false },
  { who: client("bob", "%u"), access: "write", name: "dev/%u/state", allowed: true, line: 22 },
  { who: client("bob", "%u"), access: "write", name: "dev/bob/state", allowed: false },
];
for (const { who, access, name, allowed, line } of DECISIONS) {
  const { clientId, userName } = who;
  const by = line === undefined ? "by no line" : `by line ${line}`;
  const verb = allowed ? "lets" : "does not let";
  Deno.test(`AclRules ${verb} ${userName ?? "nobody"}/${clientId} ${access} ${name} ${by}`, () => {
    const decision = RULES.explain(who, access, asName(name));
    assert.deepEqual({ allowed: decision.allowed, line: decision.rule?.line }, { allowed, line });
    for (let times = 0; times < 2; times++) assert.equal(may(RULES, who, access, name), allowed);
  });
}

function may(
  rules: AclRules,
  who: ClientIdentity,
  access: "read" | "write",
  name: string,
): boolean {
  return access === "read"
    ? rules.mayReceive(who, asName(name))
    : rules.mayPublish(who, asName(name));
}

for (const dangerous of ["a+b", "+", "#", "a#"]) {
  Deno.test(`AclRules asks no pattern for a client id or user name ${dangerous}, and says so`, () => {
    const byId = RULES.explain(client("bob", dangerous), "write", asName("dev/c1/state"));
    assert.deepEqual(byId, { allowed: false, wildcardIn: "client id" });
    const byName = RULES.explain(client(dangerous), "write", asName("dev/c1/state"));
    assert.deepEqual(byName, { allowed: false, wildcardIn: "user name" });
    assert.ok(RULES.mayPublish(client("bob", dangerous), asName("home/a")), "topics are asked");
  });
}

Deno.test("AclRules of an empty file deny everything and grant every subscription", () => {
  const { rules } = parseAclFile("", "acl");
  assert.deepEqual(rules.explain(BOB, "read", asName("a")), { allowed: false });
  assert.ok(rules.maySubscribe(BOB, asFilter("a")));
});

Deno.test("AclRules name the last of several denials and the first of several grants", () => {
  const { rules } = parseAclFile("topic deny a\ntopic deny +\ntopic read b/#\ntopic b/+", "acl");
  assert.equal(rules.explain(NOBODY, "read", asName("a")).rule?.line, 2);
  assert.equal(rules.explain(NOBODY, "read", asName("b/c")).rule?.line, 3);
  assert.equal(rules.explain(NOBODY, "write", asName("b/c")).rule?.line, 4);
});

Deno.test("AclRules stay right when a client asks about more topics than are remembered", () => {
  const { rules } = parseAclFile("user bob\ntopic write +/even", "acl");
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 1_000; i++) {
      const name = asName(`${i}/${i % 2 === 0 ? "even" : "odd"}`);
      assert.equal(rules.mayPublish(BOB, name), i % 2 === 0);
      assert.equal(rules.mayReceive(BOB, name), false);
    }
  }
});

const SUBSCRIPTIONS = [
  { who: NOBODY, filter: "public/+/a", granted: true },
  { who: NOBODY, filter: "#", granted: true },
  { who: NOBODY, filter: "public/secret", granted: false },
  { who: NOBODY, filter: "public/secret/#", granted: true },
  { who: NOBODY, filter: "guest", granted: false },
  { who: NOBODY, filter: "$SYS/#", granted: false },
  { who: BOB, filter: "home/safe/#", granted: false },
  { who: BOB, filter: "home/+/key", granted: true },
  { who: BOB, filter: "late", granted: false }, // write only
  { who: BOB, filter: "shared/bob/+", granted: true },
  { who: BOB, filter: "shared/bob/x", granted: false },
  { who: BOB, filter: "shared/bob/y", granted: false },
  { who: BOB, filter: "shared/eve/#", granted: false },
  { who: BOB, filter: "c1/temperature", granted: true },
  { who: client("bob", "a+"), filter: "shared/bob/a", granted: false },
  { who: client("bob", "$SYS"), filter: "$SYS/#", granted: false },
  { who: EVE, filter: "$SYS/broker/#", granted: true },
  { who: client("zoe"), filter: "elsewhere", granted: false },
];
for (const { who, filter, granted } of SUBSCRIPTIONS) {
  const { rules } = parseAclFile(TEXT, "acl", { refuseHopelessSubscriptions: true });
  const name = `${who.userName ?? "nobody"}/${who.clientId}`;
  Deno.test(`AclRules that may refuse ${granted ? "grant" : "refuse"} ${name} ${filter}`, () => {
    assert.equal(rules.maySubscribe(who, asFilter(filter)), granted);
    assert.ok(RULES.maySubscribe(who, asFilter(filter)), "without the option all are granted");
  });
}

Deno.test("AclRules tell ten thousand users apart, and ten thousand patterns", () => {
  const users = Array.from({ length: 10_000 }, (_, i) => `user u${i}\ntopic write home/u${i}/#\n`);
  const patterns = Array.from({ length: 10_000 }, (_, i) => `pattern read p${i}/%c/%u\n`);
  const { rules } = parseAclFile([...users, ...patterns].join(""), "acl");
  for (let i = 0; i < 10_000; i++) {
    const who = client(`u${i}`, `c${i}`);
    const next = (i + 1) % 10_000;
    assert.equal(rules.explain(who, "write", asName(`home/u${i}/x`)).rule?.line, 2 * i + 2);
    assert.equal(rules.mayPublish(who, asName(`home/u${next}/x`)), false);
    assert.equal(rules.explain(who, "read", asName(`p${i}/c${i}/u${i}`)).rule?.line, 20_001 + i);
    assert.equal(rules.mayReceive(who, asName(`p${i}/c${next}/u${i}`)), false);
  }
});
