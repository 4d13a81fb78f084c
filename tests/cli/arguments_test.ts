// The command line as a user has it: one process for each row, what it prints, how it ends.

import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { ChildProcess, type Ended } from "../support/process.ts";

async function run(...args: readonly string[]): Promise<Ended> {
  await using midge = new ChildProcess("main.ts", args);
  return await midge.ended(3_000); // one that serves would never end
}

Deno.test("midge --version prints the version of deno.json and nothing else", async () => {
  const { code, stdout, stderr } = await run("--version");
  assert.deepEqual({ code, stdout, stderr }, {
    code: 0,
    stdout: `midge version ${config.version}\n`,
    stderr: "",
  });
});

for (const option of ["-h", "--help"]) {
  Deno.test(`midge ${option} explains every option`, async () => {
    const { code, stdout, stderr } = await run(option);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    for (const each of ["-p, --port PORT", "-v, --verbose", "--version", "-h, --help"]) {
      assert.ok(stdout.includes(`  ${each}  `), `${each} is missing in ${stdout}`);
    }
  });
}

const WRONG = [
  { name: "a port that is no number", args: ["-p", "mqtt"], says: "mqtt" },
  { name: "a port above 65535", args: ["-p", "65536"], says: "65536" },
  { name: "a negative port", args: ["-p", "-1"], says: "-p" },
  { name: "a port with a fraction", args: ["--port", "1883.5"], says: "1883.5" },
  { name: "an empty port", args: ["-p", ""], says: "port" },
  { name: "a port of nothing but a space", args: ["-p", " "], says: "port" },
  { name: "a port in hexadecimal", args: ["-p", "0x75b"], says: "0x75b" },
  { name: "a port with an exponent", args: ["-p", "1e3"], says: "1e3" },
  { name: "-p without a port", args: ["-p"], says: "-p" },
  { name: "an unknown option", args: ["--bogus"], says: "--bogus" },
  { name: "an unknown letter", args: ["-x"], says: "-x" },
  { name: "an argument that is no option", args: ["1883"], says: "1883" },
  { name: "a value for an option that has none", args: ["--verbose=no"], says: "--verbose" },
];
for (const { name, args, says } of WRONG) {
  Deno.test(`midge refuses ${name} with exit code 3 and one line that names it`, async () => {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual({ code, stdout }, { code: 3, stdout: "" });
    assert.match(stderr, /^Error: [^\n]+\n$/);
    assert.ok(stderr.includes(says), stderr);
    assert.match(stderr, /[.?!] Try --help\.\n$/); // two sentences
  });
}

Deno.test("midge on a port in use ends with exit code 1 and one line that says what to do", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, stdout, stderr } = await run("-p", `${other.addr.port}`);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
  assert.equal(
    stderr,
    `Error: Port ${other.addr.port} is in use already: stop the other program, or choose another ` +
      "port with -p.\n",
  );
});
