// `midge acl test`: what it prints and how it ends, with a file that is handed to it.

import assert from "node:assert/strict";
import { runProgram } from "../../src/cli/program.ts";

const PATH = "/etc/midge/acl";
const TEXT = `topic read public/#
user bob
topic readwrite home/#
topic deny home/safe
topic deny\tlog
topic write $SYS/#
pattern write dev/%c/state
`;

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], text = TEXT): Promise<Run> {
  let stdout = "";
  let stderr = "";
  const code = await runProgram(["acl", "test", ...args], {
    readTextFile: (path) => {
      if (path !== PATH) throw new Error("No such file");
      return text;
    },
    print: (line) => stdout += line,
    printError: (line) => stderr += line,
    exitCode: 0,
  });
  return { code, stdout, stderr };
}

const ANSWERS = [
  {
    name: "a grant",
    args: ["--user", "bob", "write", "home/lamp"],
    code: 0,
    stdout: `allowed by ${PATH}:3: topic readwrite home/#\n`,
  },
  {
    name: "a denial",
    args: ["read", "home/safe", "--user=bob"],
    code: 1,
    stdout: `denied by ${PATH}:4: topic deny home/safe\n`,
  },
  {
    name: "a pattern",
    args: ["-i", "c1", "write", "dev/c1/state"],
    code: 0,
    stdout: `allowed by ${PATH}:7: pattern write dev/%c/state\n`,
  },
  {
    name: "the absence of a rule",
    args: ["--client", "c1", "write", "public/a"],
    code: 1,
    stdout: `denied: no rule of ${PATH} lets a client without a user name with client id "c1" ` +
      "write public/a\n",
    stderr:
      `Warning: ${PATH}:5: A tab is part of the filter "deny\\tlog": separate words by spaces\n`,
  },
  {
    name: "a client id with a wildcard",
    args: ["--client", "a+", "write", "dev/a/state"],
    code: 1,
    stdout: `denied: the client id "a+" holds + or #, so no pattern of ${PATH} is asked for it\n`,
    stderr:
      `Warning: ${PATH}:5: A tab is part of the filter "deny\\tlog": separate words by spaces\n`,
  },
  {
    name: "what the broker keeps to itself",
    args: ["--user", "bob", "write", "$SYS/broker/uptime"],
    code: 1,
    stdout: `denied: $SYS/broker/uptime is the broker's own, whatever ${PATH}:6 says\n`,
  },
  {
    name: "the state of a bridge",
    args: ["--user", "bob", "write", "$SYS/broker/connection/b/state"],
    code: 0,
    stdout: `allowed by ${PATH}:6: topic write $SYS/#\n`,
  },
];
for (const { name, args, code, stdout, stderr = "" } of ANSWERS) {
  Deno.test(`midge acl test explains ${name} by its line`, async () => {
    assert.deepEqual(await run(["--acl-file", PATH, ...args]), { code, stdout, stderr });
  });
}

const WRONG = [
  { name: "no file", args: ["read", "a"], says: "--acl-file" },
  { name: "an unknown access", args: ["--acl-file", PATH, "readwrite", "a"], says: '"readwrite"' },
  { name: "no access", args: ["--acl-file", PATH], says: "read or write" },
  { name: "no topic", args: ["--acl-file", PATH, "read"], says: "TOPIC" },
  { name: "an empty topic", args: ["--acl-file", PATH, "read", ""], says: '""' },
  { name: "a filter", args: ["--acl-file", PATH, "read", "a/#"], says: '"a/#"' },
  { name: "two topics", args: ["--acl-file", PATH, "read", "living", "room"], says: "living room" },
  { name: "an unknown option", args: ["--acl-file", PATH, "--usr", "b", "read", "a"], says: "usr" },
  { name: "a file that is not there", args: ["--acl-file", "x", "read", "a"], says: '"x"' },
];
for (const { name, args, says } of WRONG) {
  Deno.test(`midge acl test refuses ${name} with exit code 3 and one line`, async () => {
    const { code, stdout, stderr } = await run(args);
    assert.deepEqual({ code, stdout }, { code: 3, stdout: "" });
    assert.match(stderr, /^Error: [^\n]+\n$/);
    assert.ok(stderr.includes(says), stderr);
  });
}

Deno.test("midge acl test prints every mistake of the file and ends with exit code 3", async () => {
  const { code, stdout, stderr } = await run(["--acl-file", PATH, "read", "a"], "topic\nfoo\n");
  assert.deepEqual({ code, stdout }, { code: 3, stdout: "" });
  assert.match(
    stderr,
    /^Error: \/etc\/midge\/acl:1: [^\n]+\nError: \/etc\/midge\/acl:2: [^\n]+\n$/,
  );
});

Deno.test("midge acl test --help explains its options", async () => {
  const { code, stdout, stderr } = await run(["--help"]);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  for (const each of ["--acl-file", "--user", "--client"]) assert.ok(stdout.includes(each));
});
