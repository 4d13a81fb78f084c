// The command line as a user has it: one process for each row, what it prints, how it ends.

import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { ChildProcess, type Ended } from "../support/process.ts";

async function run(...args: readonly string[]): Promise<Ended> {
  await using midge = new ChildProcess("main.ts", args);
  return await midge.ended();
}

Deno.test("midge --version prints the version of deno.json and nothing else", async () => {
  const { code, stdout, stderr } = await run("--version");
  assert.deepEqual({ code, stdout, stderr }, {
    code: 0,
    stdout: `midge version ${config.version}\n`,
    stderr: "",
  });
});

const OPTIONS_OF_START = [
  "-c, --config FILE",
  "-p, --port PORT",
  "-v, --verbose",
  "-q, --quiet",
  "--ephemeral",
  "--test-config",
  "--version",
  "-h, --help",
];
const HELP: readonly { readonly args: readonly string[]; readonly names: readonly string[] }[] = [
  { args: ["-h"], names: [...OPTIONS_OF_START, "start", "check", "passwd", "acl", "help"] },
  { args: ["--help"], names: OPTIONS_OF_START },
  { args: ["help"], names: OPTIONS_OF_START },
  { args: ["-p", "1", "-h", "--bogus"], names: OPTIONS_OF_START },
  { args: ["start", "-h"], names: OPTIONS_OF_START },
  { args: ["check", "-h"], names: ["-c, --config FILE", "-p, --port PORT", "-h, --help"] },
  { args: ["health", "-h"], names: ["-c, --config CONFIG", "--host HOST", "--timeout SECONDS"] },
  { args: ["help", "passwd"], names: ["-c", "-b", "-D", "-U", "-H HASH", "-I N", "-h, --help"] },
  { args: ["acl", "-h"], names: ["test", "-h, --help"] },
  { args: ["acl", "test", "-h"], names: ["--acl-file FILE", "-u, --user NAME", "-i, --client ID"] },
];
for (const { args, names } of HELP) {
  Deno.test(`midge ${args.join(" ")} explains ${names.join(" ")}`, async () => {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(stdout, /^Usage: midge /m);
    for (const each of names) {
      assert.ok(stdout.includes(`  ${each}  `), `${each} is missing in ${stdout}`);
    }
    for (const line of stdout.split("\n")) assert.ok(line.length <= 105, line);
  });
}

const UNKNOWN_PORT = "Write a number from 0 (any free one) to 65535.";

/** Mosquitto's words, behind which ours may stand. */
const WRONG: readonly { readonly args: readonly string[]; readonly says: string }[] = [
  { args: ["-p", "mqtt"], says: `Invalid port specified (mqtt). ${UNKNOWN_PORT}` },
  { args: ["-p", "65536"], says: `Invalid port specified (65536). ${UNKNOWN_PORT}` },
  { args: ["-p", "-1"], says: `Invalid port specified (-1). ${UNKNOWN_PORT}` },
  { args: ["--port", "1883.5"], says: `Invalid port specified (1883.5). ${UNKNOWN_PORT}` },
  { args: ["-p", ""], says: `Invalid port specified (). ${UNKNOWN_PORT}` },
  { args: ["-p", " "], says: `Invalid port specified ( ). ${UNKNOWN_PORT}` },
  { args: ["-p", "0x75b"], says: `Invalid port specified (0x75b). ${UNKNOWN_PORT}` },
  { args: ["-p", "1e3"], says: `Invalid port specified (1e3). ${UNKNOWN_PORT}` },
  { args: ["--port=99999"], says: `Invalid port specified (99999). ${UNKNOWN_PORT}` },
  { args: ["-p"], says: "-p argument given, but no port specified." },
  { args: ["--port"], says: "--port argument given, but no port specified." },
  { args: ["-p", "0", "-p"], says: "-p argument given, but no port specified." },
  {
    args: Array.from({ length: 11 }, (_, i) => ["-p", `${30_000 + i}`]).flat(),
    says: "Only 10 ports can be specified on the command line.",
  },
  { args: ["-c"], says: "-c argument given, but no config file specified." },
  {
    args: ["-c", "a.conf", "-c", "b.conf"],
    says: "There are two configurations, a.conf and b.conf: use include_dir.",
  },
  { args: ["-c", "/no/such"], says: "Unable to open config file '/no/such'." },
  { args: ["--bogus"], says: "Unknown option '--bogus'." },
  { args: ["--verbos"], says: "Unknown option '--verbos'. Did you mean '--verbose'?" },
  { args: ["-x"], says: "Unknown option '-x'." },
  { args: ["-vp", "1883"], says: "Unknown option '-vp'. Write each option by itself." },
  { args: ["-x", "-h"], says: "Unknown option '-x'." },
  { args: ["1883"], says: "Unknown option '1883'." },
  { args: ["chek", "x.conf"], says: "Unknown option 'chek'. Did you mean 'check'?" },
  { args: ["help", "chek"], says: "Unknown command 'chek'. Did you mean 'check'?" },
  { args: ["--verbose=no"], says: "Option '--verbose' takes no value." },
  {
    args: ["-d"],
    says: "midge does not go into the background: let systemd start it, or append &.",
  },
  {
    args: ["--tls-keylog", "x"],
    says: "midge writes no TLS keys to a file: --tls-keylog can't be had.",
  },
  {
    args: ["--ephemeral", "-p", "1883"],
    says: "--ephemeral takes ports that are free: leave -p out.",
  },
  { args: ["health", "-p", "mqtt"], says: `Invalid port specified (mqtt). ${UNKNOWN_PORT}` },
  {
    args: ["health", "--timeout", "0"],
    says: "Invalid timeout (0). Write seconds, up to 3600.",
  },
  {
    args: ["health", "-c", "a.conf", "-p", "1883"],
    says: "-c says where: leave the rest out.",
  },
  { args: ["--test-config"], says: "There is no configuration to check: name one with -c." },
  { args: ["check"], says: "There is no configuration to check: name one." },
  { args: ["check", "--prot", "1"], says: "Unknown option '--prot'. Did you mean --port?" },
  { args: ["check", "-p", "x", "a.conf"], says: `Invalid port specified (x). ${UNKNOWN_PORT}` },
  { args: ["acl", "tset"], says: "Unknown command 'tset'. Did you mean test?" },
  { args: ["acl", "test", "--usr", "x"], says: "Unknown option '--usr'. Did you mean --user?" },
];
for (const { args, says } of WRONG) {
  Deno.test(`midge ${args.join(" ")}: Error: ${says}`, async () => {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual({ code, stdout }, { code: 3, stdout: "" });
    assert.match(stderr, /^Error: [^\n]+\n$/);
    assert.equal(stderr.slice("Error: ".length, "Error: ".length + says.length), says);
    if (args[1] !== "/no/such") assert.match(stderr, / Try (midge [a-z ]+)?--help\.\n$/);
  });
}

Deno.test("midge on a port in use ends with exit code 1 and one line that says what to do", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, stdout, stderr } = await run("-p", `${other.addr.port}`);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
  assert.equal(
    stderr,
    `Error: Port ${other.addr.port} of 127.0.0.1 is in use already: stop the other program, or ` +
      "choose another port with -p.\n",
  );
});
