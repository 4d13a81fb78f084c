import assert from "node:assert/strict";
import { parsePasswordFile } from "../../src/access/password_file.ts";

const HASH =
  "$7$101$K2wxRaj4pAU04N1O$kNrYuFPYI7jArxc7d4pjS0/g/MdonhWhLiR04XiSePUcFksK4L8M4jEy+Xyj3EZfvdhnSg9c3HyQVjZCGrTIEg==";

const READ = [
  { name: "an empty file", text: "", users: [] },
  { name: "one line", text: `alice:${HASH}\n`, users: ["alice"] },
  { name: "a last line without an end", text: `a:${HASH}\nb:${HASH}`, users: ["a", "b"] },
  { name: "lines as Windows ends them", text: `a:${HASH}\r\nb:${HASH}\r\n`, users: ["a", "b"] },
  { name: "a byte order mark", text: `\ufeffa:${HASH}\n`, users: ["a"] },
  { name: "comments and empty lines", text: `# a:b\n\n  \t\n#\na:${HASH}\n`, users: ["a"] },
  { name: "blanks around both fields", text: ` \ta : ${HASH} \t\n`, users: ["a"] },
  { name: "a blank inside a user name", text: `a b:${HASH}\n`, users: ["a b"] },
  { name: "names that are not ASCII", text: `zoë/日本:${HASH}\n`, users: ["zoë/日本"] },
  { name: "several colons together", text: `a:::${HASH}\n`, users: ["a"] },
  { name: "a third field", text: `a:${HASH}:since May\n`, users: ["a"] },
  { name: "a # inside a line", text: `a#b:${HASH}\n`, users: ["a#b"] },
];
for (const { name, text, users } of READ) {
  Deno.test(`parsePasswordFile() reads ${name} as Mosquitto does`, () => {
    const { entries, problems } = parsePasswordFile(text, "passwd");
    assert.deepEqual(problems, []);
    assert.deepEqual(entries.map(({ userName }) => userName), users);
  });
}

Deno.test("parsePasswordFile() tells the line of each entry", () => {
  const { entries } = parsePasswordFile(`# users\na:${HASH}\n\nb:${HASH}\n`, "passwd");
  assert.deepEqual(entries.map(({ line }) => line), [2, 4]);
});

const WRONG = [
  {
    name: "a password that is not hashed",
    line: "alice:hunter2",
    says:
      'Unable to decode line in password file /etc/midge/passwd:2: the password is not hashed (user "alice"); ' +
      "hash all of them with: midge passwd -U /etc/midge/passwd.",
  },
  {
    name: "a user name without anything",
    line: "alice:",
    says: 'Invalid line in password file /etc/midge/passwd:2: there is no hash behind "alice:"; ' +
      "set it anew with: midge passwd /etc/midge/passwd alice.",
  },
  {
    name: "a line without a user name",
    line: `:${HASH}`,
    says:
      "Empty username in password file /etc/midge/passwd:2: write the user name in front of the colon.",
  },
  {
    name: "a second line for a user",
    line: `first:${HASH}`,
    says:
      "Duplicate user 'first' in password file /etc/midge/passwd:2: it stands in line 1 already: " +
      "take out one of the two.",
  },
  {
    name: "a user name of 70,000 bytes",
    line: `${"ü".repeat(35_000)}:${HASH}`,
    says:
      'Invalid line in password file /etc/midge/passwd:2: username too long: "üüüüüüüüüüüüüüüüüüüü…" ' +
      "has 70000 bytes, 65535 are allowed.",
  },
  {
    name: "a hash of another program",
    line: "it's me:$2y$10$hunter2hunter2hunter2hunter2",
    says:
      'Unable to decode line in password file /etc/midge/passwd:2: "$2y$…" is a hash that neither ' +
      `Mosquitto nor midge knows (user "it's me"); ` +
      `set it anew with: midge passwd /etc/midge/passwd 'it'\\''s me'.`,
  },
  {
    name: "a damaged hash",
    line: "bob:$7$101$hunter2",
    says:
      'Unable to decode line in password file /etc/midge/passwd:2: "$7$101$…" is damaged: salt and hash ' +
      'must be base64 (user "bob"); set it anew with: midge passwd /etc/midge/passwd bob.',
  },
];
for (const { name, line, says } of WRONG) {
  Deno.test(`parsePasswordFile() tells of ${name} where it is and what to do`, () => {
    const text = `first:${HASH}\n${line}\nlast:${HASH}\n`;
    const { entries, problems } = parsePasswordFile(text, "/etc/midge/passwd");
    assert.deepEqual(problems, [{ severity: "error", line: 2, text: says }]);
    assert.ok(!says.includes("hunter2"));
    assert.deepEqual(entries.map(({ userName }) => userName), ["first", "last"]);
  });
}

Deno.test("parsePasswordFile() warns of a line without a colon, which Mosquitto skips", () => {
  const { entries, problems } = parsePasswordFile(`alice hunter2\na:${HASH}\n`, "passwd");
  assert.equal(entries.length, 1);
  assert.deepEqual(problems, [{
    severity: "warning",
    line: 1,
    text: "Skipped line in password file passwd:1: it has no colon, so it counts as a comment: " +
      "write user:hash, or # in front.",
  }]);
});

Deno.test("parsePasswordFile() tells all errors at once, in the order of their lines", () => {
  const { problems } = parsePasswordFile("a:b\nc:d\n:e\n", "passwd");
  assert.deepEqual(problems.map(({ line }) => line), [1, 2, 3]);
});
