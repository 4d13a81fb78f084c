// The text of a password file before and after. Hashes are short here: the editor does not read them.

import assert from "node:assert/strict";
import {
  CorruptLineError,
  countUsers,
  hashPlainText,
  removeUser,
  setPassword,
} from "../../src/cli/passwd_edit.ts";

const SET = [
  { name: "into an empty file", before: "", after: "bob:NEW\n", isNew: true },
  { name: "behind the others", before: "al:1\n", after: "al:1\nbob:NEW\n", isNew: true },
  { name: "behind a line without an end", before: "al:1", after: "al:1\nbob:NEW\n", isNew: true },
  { name: "in place", before: "al:1\nbob:2\ncy:3\n", after: "al:1\nbob:NEW\ncy:3\n", isNew: false },
  {
    name: "and keeps comments, empty lines and what it can't read",
    before: "# users\n\n  \nrubbish\n:x\nbob:2\n# bob:3",
    after: "# users\n\n  \nrubbish\n:x\nbob:NEW\n# bob:3",
    isNew: false,
  },
  {
    name: "once, for a user with two lines",
    before: "bob:1\nbob:2\n",
    after: "bob:NEW\n",
    isNew: false,
  },
  { name: "and keeps blanks apart", before: " bob : 1 \n", after: "bob:NEW\n", isNew: false },
  {
    name: "with the line ends that are there",
    before: "al:1\r\ncy:2\r\n",
    after: "al:1\r\ncy:2\r\nbob:NEW\r\n",
    isNew: true,
  },
  { name: "not for a longer name", before: "bobby:1\n", after: "bobby:1\nbob:NEW\n", isNew: true },
];
for (const { name, before, after, isNew } of SET) {
  Deno.test(`setPassword() writes a user ${name}`, () => {
    assert.deepEqual(setPassword(before, "bob", "NEW"), { text: after, isNew });
  });
}

Deno.test("removeUser() takes out all lines of a user and no other", () => {
  const before = "# bob:x\nbob:1\nal:2\nbob:3\nbobby:4";
  assert.deepEqual(removeUser(before, "bob"), { text: "# bob:x\nal:2\nbobby:4", wasFound: true });
  assert.deepEqual(removeUser(before, "cy"), { text: before, wasFound: false });
});

const HASH =
  "$7$101$K2wxRaj4pAU04N1O$kNrYuFPYI7jArxc7d4pjS0/g/MdonhWhLiR04XiSePUcFksK4L8M4jEy+Xyj3EZfvdhnSg9c3HyQVjZCGrTIEg==";

Deno.test("hashPlainText() hashes passwords; comments and hashes stay", async () => {
  const before = `# c:d\n\nal:one\nbob:${HASH}\ncy: two:three \r\ndi:f#g`;
  const outcome = await hashPlainText(before, (password) => Promise.resolve(`<${password}>`));
  assert.deepEqual(outcome, {
    text: `# c:d\n\nal:<one>\nbob:${HASH}\ncy:<two:three>\r\ndi:<f#g>`,
    hashed: 3,
    kept: 1,
  });
});

const CORRUPT = [
  { name: "no colon", line: "rubbish", says: /user:password/ },
  { name: "no user name", line: ":x", says: /user:password/ },
  { name: "no password", line: "al:", says: /"al" has no password/ },
  { name: "a damaged hash", line: "al:$7$101$x", says: /"al" seems hashed.*damaged/ },
  { name: "a hash of another program", line: "al:$2y$10$abc", says: /neither/ },
];
for (const { name, line, says } of CORRUPT) {
  Deno.test(`hashPlainText() does nothing where a line has ${name}`, async () => {
    await assert.rejects(
      hashPlainText(`# c\n${line}\n`, () => Promise.resolve("")),
      (error) => {
        assert.ok(error instanceof CorruptLineError);
        assert.equal(error.line, 2);
        assert.match(error.message, says);
        return true;
      },
    );
  });
}

Deno.test("countUsers() counts lines with a colon", () => {
  assert.equal(countUsers("# a:b\n\nc:d\nrubbish\ne:f"), 2);
});
