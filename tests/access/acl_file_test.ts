// The grammar of the ACL file: what each line means, and each mistake with its line. The rows about blanks,
// tabs and access words were tried on Mosquitto 2.0.11.

import assert from "node:assert/strict";
import { AclFileError, type OperatorError } from "../../src/access/acl_errors.ts";
import { parseAclFile } from "../../src/access/acl_file.ts";

const PATH = "/etc/midge/acl";

function errorsOf(text: string): readonly OperatorError[] {
  try {
    parseAclFile(text, PATH);
    return [];
  } catch (error) {
    if (!(error instanceof AclFileError)) throw error;
    return error.errors;
  }
}

/** Rules as "line who kind access filter". */
function rulesOf(text: string): string[] {
  return parseAclFile(text, PATH).rules.list.map((rule) => {
    const who = rule.kind === "pattern" ? "*" : JSON.stringify(rule.userName ?? null);
    return `${rule.line} ${who} ${rule.kind} ${rule.access} ${JSON.stringify(rule.filter)}`;
  });
}

const MEANINGS = [
  { name: "an empty file", text: "", rules: [] },
  { name: "comments and blank lines", text: "# a\n\n \n\t\n#b\n\r\n", rules: [] },
  { name: "a topic without access", text: "topic a/b", rules: ['1 null topic readwrite "a/b"'] },
  {
    name: "each access",
    text: "topic read a\ntopic write b\ntopic readwrite c\ntopic deny d",
    rules: [
      '1 null topic read "a"',
      '2 null topic write "b"',
      '3 null topic readwrite "c"',
      '4 null topic deny "d"',
    ],
  },
  {
    name: "users, the same one twice",
    text: "user bob\ntopic a\nuser eve\ntopic b\nuser bob\ntopic c",
    rules: [
      '2 "bob" topic readwrite "a"',
      '4 "eve" topic readwrite "b"',
      '6 "bob" topic readwrite "c"',
    ],
  },
  {
    name: "a pattern below a user",
    text: "user bob\npattern read dev/%c/#",
    rules: ['2 * pattern read "dev/%c/#"'],
  },
  {
    name: "a user name with spaces",
    text: "user  jo  hn \ntopic a",
    rules: ['2 "jo  hn" topic readwrite "a"'],
  },
  { name: "a user name with #", text: "user #1\ntopic a", rules: ['2 "#1" topic readwrite "a"'] },
  {
    name: "a filter with spaces",
    text: "topic read living  room/lamp ",
    rules: ['1 null topic read "living  room/lamp"'],
  },
  { name: "many spaces", text: "  topic   read   a  ", rules: ['1 null topic read "a"'] },
  {
    name: "Windows line ends",
    text: "user bob\r\ntopic read a\r\n",
    rules: ['2 "bob" topic read "a"'],
  },
  { name: "a last line without an end", text: "topic read a", rules: ['1 null topic read "a"'] },
  { name: "a byte order mark", text: "\uFEFFtopic a", rules: ['1 null topic readwrite "a"'] },
  {
    name: "a tab behind the space",
    text: "topic read \ta\nuser \tbob\ntopic b",
    rules: ['1 null topic read "a"', '3 "bob" topic readwrite "b"'],
  },
  { name: "wildcards", text: "topic read +/a/#", rules: ['1 null topic read "+/a/#"'] },
  { name: "$SYS", text: "topic read $SYS/#", rules: ['1 null topic read "$SYS/#"'] },
  { name: "201 levels", text: `topic ${"/".repeat(200)}`, length: 1 },
];
for (const { name, text, rules, length } of MEANINGS) {
  Deno.test(`parseAclFile() reads ${name}`, () => {
    if (rules === undefined) assert.equal(rulesOf(text).length, length);
    else assert.deepEqual(rulesOf(text), rules);
  });
}

const MISTAKES = [
  {
    name: "an unknown word",
    text: "\ntopics a",
    line: 2,
    says: ['"topics"', "did you mean topic?"],
  },
  { name: "a capital word", text: "User bob", line: 1, says: ['"User"', "did you mean user?"] },
  { name: "a foreign word", text: "allow a", line: 1, says: ['"allow"', "topic, pattern or user"] },
  { name: "a comment behind spaces", text: "topic a\n  # b", line: 2, says: ["first character"] },
  { name: "a tab behind topic", text: "topic\tread\ta", line: 1, says: ["tab", "a space"] },
  { name: "a tab before topic", text: "\ttopic a", line: 1, says: ["tab", "a space"] },
  { name: "a topic without filter", text: "topic", line: 1, says: ["Empty topic in acl_file"] },
  { name: "a pattern without filter", text: "pattern ", line: 1, says: ["pattern readwrite"] },
  { name: "user without a name", text: "user  ", line: 1, says: ["Missing username in acl_file"] },
  {
    name: "an unknown access",
    text: "topic readonly a",
    line: 1,
    says: ['Invalid topic access type "readonly" in acl_file', "read, write, readwrite or deny"],
  },
  {
    name: "a filter with a space and no access",
    text: "topic living room",
    line: 1,
    says: ['"living"', "topic readwrite living room"],
  },
  { name: "# amid the filter", text: "topic a/#/b", line: 1, says: ['"a/#/b"', "last level"] },
  { name: "# beside text", text: "topic a#", line: 1, says: ['"a#"', "level of its own"] },
  { name: "+ beside text", text: "pattern a/+%c", line: 1, says: ['"+%c"', "level of its own"] },
  { name: "NUL, where Mosquitto ends", text: "topic deny a\0b", line: 1, says: ["NUL", "UTF-8"] },
  { name: "202 levels", text: `topic ${"/".repeat(201)}`, line: 1, says: ["201 levels"] },
];
for (const { name, text, line, says } of MISTAKES) {
  Deno.test(`parseAclFile() refuses ${name}, naming the line and what to write`, () => {
    const [error, ...others] = errorsOf(text);
    assert.deepEqual(others, []);
    assert.equal(error?.path, PATH);
    assert.equal(error.line, line);
    for (const each of says) assert.ok(error.message.includes(each), error.message);
    assert.ok(error.message.length < 500);
  });
}

Deno.test("parseAclFile() finds all mistakes at once, in the order of their lines", () => {
  const text = "user\ntopic a\nfoo\ntopic read b/#/c\n# fine\ntopic maybe d\n";
  assert.deepEqual(errorsOf(text).map(({ line }) => line), [1, 3, 4, 6]);
  assert.throws(() => parseAclFile(text, PATH), (error: Error) => {
    assert.match(error.message, /^\/etc\/midge\/acl:1: Missing username/);
    assert.equal(error.message.split("\n").length, 4);
    return true;
  });
});

const DOUBTS = [
  { name: "an access word for the filter", text: "topic deny", says: "taken for the filter" },
  { name: "a tab in the filter", text: "topic deny\ta", says: '"deny\\ta"' },
  { name: "%c in a topic", text: "topic read dev/%c", says: "write pattern for topic" },
  { name: "a pattern without %c and %u", text: "pattern read a", says: "does not contain '%c'" },
  { name: "%u beside text", text: "pattern read a/x-%u", says: '"x-%u"' },
  { name: "what is no UTF-8", text: "topic caf\uFFFD", says: "save the file as UTF-8" },
];
for (const { name, text, says } of DOUBTS) {
  Deno.test(`parseAclFile() takes ${name} as Mosquitto does, and warns`, () => {
    const { rules, warnings } = parseAclFile(`\n${text}\n`, PATH);
    assert.equal(rules.list.length, 1);
    assert.deepEqual(warnings.map(({ path, line }) => ({ path, line })), [{ path: PATH, line: 2 }]);
    assert.ok(warnings[0]!.message.includes(says), warnings[0]!.message);
  });
}

Deno.test("parseAclFile() has nothing to say about what is meant as it is written", () => {
  const text = "topic read a/#\nuser bob\ntopic deny x y\npattern write dev/%c/%u/state\n";
  assert.deepEqual(parseAclFile(text, PATH).warnings, []);
});
