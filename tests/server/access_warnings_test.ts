// What a start and `midge check` warn of: settings of access that work as written and hardly were meant so.

import assert from "node:assert/strict";
import { loadConfiguration } from "../../src/server/configured_server.ts";
import { memoryIO } from "../config/memory_io.ts";

const SALT = btoa("123456789012");
const WEAK = `$6$${SALT}$${btoa("h".repeat(64))}`;
const GOOD = `$7$101$${SALT}$${btoa("h".repeat(64))}`;
const CLOSED = "listener 1883\npassword_file /p\n";

/** The warnings about a configuration with these files, without those about the configuration's form. */
async function warningsOf(
  files: Readonly<Record<string, string>>,
  modes: Readonly<Record<string, number>>,
): Promise<string[]> {
  const io = {
    ...memoryIO(files),
    fileMode: (path: string) => Promise.resolve(modes[path] ?? 0o100600),
  };
  const { notes } = await loadConfiguration("/c", io);
  return notes.filter(({ level }) => level === "warning").map(({ text }) => text);
}

const CASES: readonly {
  readonly name: string;
  readonly conf: string;
  readonly passwd?: string;
  readonly acl?: string;
  readonly modes?: Readonly<Record<string, number>>;
  readonly says: readonly (string | RegExp)[];
}[] = [
  { name: "a listener with passwords", conf: CLOSED, passwd: `ann:${GOOD}\n`, says: [] },
  {
    name: "anonymous Clients from other machines",
    conf: "listener 1883\nallow_anonymous true\n",
    says: [
      "Listener on port 1883: Clients may connect from other machines without a user name (allow_anonymous true).",
    ],
  },
  {
    name: "anonymous Clients of an address that others reach, by that listener",
    conf: "listener 1883 127.0.0.1\nlistener 1884 192.0.2.1\nallow_anonymous true\n",
    says: [/^Listener on port 1884: Clients may connect from other machines/],
  },
  {
    name: "nothing of anonymous Clients of this machine",
    conf: "listener 1883 127.0.0.1\nlistener 1884 localhost\nallow_anonymous true\n",
    says: [],
  },
  {
    name: "a listener that lets nobody in",
    conf: "listener 1883\n",
    says: [/^Listener on port 1883: nobody can connect, because allow_anonymous is false/],
  },
  {
    name: "files that everybody can read",
    conf: `${CLOSED}acl_file /a\n`,
    passwd: `ann:${GOOD}\n`,
    acl: "user ann\ntopic #\n",
    modes: { "/p": 0o100644, "/a": 0o100666 },
    says: [
      "File /p has world readable permissions. To fix this, use `chmod o-rwx /p`.",
      "File /a has world writable permissions. To fix this, use `chmod o-rwx /a`.",
    ],
  },
  {
    name: "nothing of a folder of root's with files for the service's group",
    conf: `${CLOSED}acl_file /a\n`,
    passwd: `ann:${GOOD}\n`,
    acl: "user ann\ntopic #\n",
    modes: { "/p": 0o100640, "/a": 0o100640 },
    says: [],
  },
  {
    name: "weak hashes, by the first line and some names",
    conf: CLOSED,
    passwd: `ann:${GOOD}\n${"bcdefgh".replace(/./g, (name) => `${name}:${WEAK}\n`)}`,
    says: [/^\/p:2: \$6\$ hashes are fast to guess; .* for 'b', 'c', 'd', 'e', 'f' and 2 more\.$/],
  },
  {
    name: "users of the ACL file that the password file does not know, each once",
    conf: `${CLOSED}acl_file /a\n`,
    passwd: `ann:${GOOD}\n`,
    acl: "user ann\ntopic a\nuser bob\ntopic b\ntopic c\nuser carl\ntopic d\npattern %u\n",
    says: [
      '/a:4: "topic b" can never match: there is no user "bob": add it to the password file, or remove the rule.',
      '/a:7: "topic d" can never match: there is no user "carl": add it to the password file, or remove the rule.',
    ],
  },
  {
    name: "nothing of users where any name is let in",
    conf: "listener 1883 127.0.0.1\nallow_anonymous true\nacl_file /a\n",
    acl: "user bob\ntopic b\n",
    says: [],
  },
  {
    name: "rules for anonymous Clients where there are none, and denied ones",
    conf: `${CLOSED}acl_file /a\n`,
    passwd: `ann:${GOOD}\n`,
    acl: "topic a\nuser ann\ntopic b/c\ntopic deny b/#\n",
    says: [/^\/a:1: "topic a" can never match: /, /^\/a:3: .*line 4 denies all of it\.$/],
  },
  {
    name: "users of two password files for one ACL file",
    conf:
      "per_listener_settings true\nlistener 1\npassword_file /p\nacl_file /a\nlistener 2\npassword_file /q\nacl_file /a\n",
    passwd: `ann:${GOOD}\n`,
    acl: "user ann\ntopic a\nuser bob\ntopic b\nuser carl\ntopic c\n",
    says: [/^\/a:6: /],
  },
  {
    name: "a mount point that is no level",
    conf: `${CLOSED}mount_point site\n`,
    passwd: `ann:${GOOD}\n`,
    says: [/^Listener on port 1883: mount_point 'site' does not end with "\/"/],
  },
];
for (const { name, conf, passwd, acl, modes, says } of CASES) {
  Deno.test(`a configuration is warned of ${name}`, async () => {
    const files = {
      "/c": conf,
      "/q": `bob:${GOOD}\n`,
      ...passwd !== undefined && { "/p": passwd },
      ...acl !== undefined && { "/a": acl },
    };
    const warnings = await warningsOf(files, modes ?? {});
    assert.equal(warnings.length, says.length, warnings.join("\n"));
    for (const [i, line] of says.entries()) {
      if (typeof line === "string") assert.equal(warnings[i], line);
      else assert.match(warnings[i]!, line);
    }
  });
}

Deno.test("a file of thousands of rules that can never match is told of in twenty lines", async () => {
  const rules = Array.from({ length: 5_000 }, (_, i) => `user u${i}\ntopic a\n`).join("");
  const files = { "/c": `${CLOSED}acl_file /a\n`, "/p": `ann:${GOOD}\n`, "/a": rules };
  const warnings = await warningsOf(files, {});
  assert.equal(warnings.length, 21);
  assert.equal(warnings.at(-1), "/a: 4980 more rules can never match.");
});
