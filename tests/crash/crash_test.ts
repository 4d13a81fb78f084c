// Killed time and again under load, midge has kept what it acknowledged. `deno task crash` does the same for longer.

import assert from "node:assert/strict";
import { runCrashes } from "./run.ts";

Deno.test("what midge acknowledged is kept, however often it is killed", async () => {
  const seed = Date.now() % 1_000_000;
  const { failures, summary } = await runCrashes({
    kills: 8,
    seed,
    durability: "process",
    killsPerCheck: 8,
  });
  assert.deepEqual(failures, [], summary);
});

Deno.test("the checker of that finds what durability: relaxed may lose", async () => {
  const { failures, summary } = await runCrashes({
    kills: 6,
    seed: 3,
    durability: "relaxed",
    isPromised: true,
    killsPerCheck: 3,
  });
  assert.notEqual(failures.length, 0, summary);
});
