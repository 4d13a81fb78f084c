// findHopelessRules(): which lines of a file can never decide anything, and why.

import assert from "node:assert/strict";
import { parseAclFile } from "../../src/access/acl_file.ts";
import { findHopelessRules, type WhoConnects } from "../../src/access/acl_hopeless.ts";

const CASES: readonly {
  readonly name: string;
  readonly text: string;
  readonly who?: WhoConnects;
  readonly lines: readonly number[];
  readonly says?: string;
}[] = [
  {
    name: "the same filter",
    text: "topic read a\ntopic deny a",
    lines: [1],
    says: "line 2 denies",
  },
  { name: "a wider filter", text: "topic deny a/#\ntopic a/+/c\ntopic a", lines: [2, 3] },
  { name: "a narrower filter", text: "topic deny a/b\ntopic a/+", lines: [] },
  {
    name: "another user",
    text: "topic deny a\nuser bob\ntopic a\nuser eve\ntopic deny a",
    lines: [],
  },
  { name: "several that deny all", text: "topic deny a\ntopic deny a/+/#\ntopic a/#", lines: [3] },
  { name: "a $ that # does not match", text: "topic deny #\ntopic read $SYS/#", lines: [] },
  { name: "the same pattern", text: "pattern deny a/%c/#\npattern a/%c/b", lines: [2] },
  { name: "a pattern that denies what a topic grants", text: "pattern deny a\ntopic a", lines: [] },
  { name: "+ over %c, which may hold a /", text: "pattern deny a/+\npattern a/%c", lines: [] },
  { name: "# over %c", text: "pattern deny a/#\npattern a/%c/b", lines: [2] },
  { name: "a shared subscription", text: "topic read $share/g/a/b", lines: [1], says: "write a/b" },
  {
    name: "an unknown user",
    text: "topic a\nuser bob\ntopic a\nuser bbo\ntopic a\npattern a",
    who: { userNames: new Set(["bob"]) },
    lines: [5],
    says: '"bbo"',
  },
  {
    name: "no anonymous clients",
    text: "topic a\nuser bob\ntopic a\npattern a",
    who: { allowAnonymous: false },
    lines: [1],
    says: "without a user name",
  },
];
for (const { name, text, who, lines, says = "" } of CASES) {
  Deno.test(`findHopelessRules() given ${name} names ${lines.length} of the lines`, () => {
    const found = findHopelessRules(parseAclFile(text, "acl").rules, who);
    assert.deepEqual(found.map(({ rule }) => rule.line), lines);
    for (const { reason } of found) assert.ok(reason.includes(says), reason);
  });
}
