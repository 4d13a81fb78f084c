// `midge pub` and `midge sub` as processes, against midge: what a script sees of them.

import assert from "node:assert/strict";
import { ChildProcess, startMidge } from "../../support/process.ts";

const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys"];

function tool(...args: readonly string[]): ChildProcess {
  return new ChildProcess("main.ts", args, PERMISSIONS);
}

Deno.test("what midge pub publishes, midge sub prints, and both end with 0", async () => {
  const { process, port } = await startMidge();
  await using _ = process;
  const where = ["-h", "127.0.0.1", "-p", `${port}`];
  await using publisher = tool("pub", ...where, "-t", "a/b", "-m", "hello", "-r", "-q", "2");
  const published = await publisher.ended();
  assert.deepEqual([published.code, published.stderr], [0, ""]);
  await using subscriber = tool(
    "sub",
    ...where,
    "-t",
    "a/#",
    "-C",
    "1",
    "-F",
    "%t %p %q %r",
    "-q",
    "1",
  );
  const { code, stdout, stderr } = await subscriber.ended();
  assert.deepEqual([code, stdout, stderr], [0, "a/b hello 1 1\n", ""]);
});

Deno.test("midge sub -W ends with 27, Ctrl+C with 0, no broker with 1", async () => {
  const { process, port } = await startMidge();
  await using _ = process;
  const where = ["-h", "127.0.0.1", "-p", `${port}`];
  await using late = tool("sub", ...where, "-t", "a", "-W", "1");
  await using endless = tool("sub", ...where, "-t", "a", "-d");
  await using lost = tool("sub", "-h", "127.0.0.1", "-p", "1", "-t", "a");
  await endless.waitForOutput(/Subscribed/);
  endless.signal("SIGINT");
  const [timedOut, interrupted, refused] = [
    await late.ended(),
    await endless.ended(),
    await lost.ended(),
  ];
  assert.deepEqual([timedOut.code, timedOut.stderr], [27, "Timed out\n"]);
  assert.equal(interrupted.code, 0);
  assert.match(interrupted.stdout, /sending DISCONNECT\n$/);
  assert.deepEqual([refused.code, refused.stderr], [1, "Error: Connection refused\n"]);
});
