// The simulated world: correct clients on a network that breaks, and now and then peers that are not correct.
// durable_test.ts has the worlds whose broker is killed, so that they can be run beside these.
// What must hold stands in checker.ts. More seeds: deno run tests/simulation/soak.ts --seeds 10000

import assert from "node:assert/strict";
import { simulate } from "./simulate.ts";
import { testWorlds } from "./worlds.ts";

testWorlds((scenario) => scenario !== "durable");

Deno.test("the same seed gives the same world", () => {
  for (const scenario of ["roomy", "tight", "hostile", "durable"] as const) {
    assert.deepEqual(simulate(7, scenario), simulate(7, scenario));
  }
  assert.notEqual(simulate(7, "roomy").fingerprint, simulate(8, "roomy").fingerprint);
});

Deno.test("worlds are worth their time: clients come back, messages arrive, brokers are killed", () => {
  const outcomes = [1, 2, 3, 4].map((seed) => simulate(seed, "roomy"));
  const connections = outcomes.reduce((sum, each) => sum + each.connections, 0);
  const deliveries = outcomes.reduce((sum, each) => sum + each.deliveries, 0);
  assert.ok(connections > 100, `${connections} connections`);
  assert.ok(deliveries > 1_000, `${deliveries} deliveries`);
  const lives = [1, 2, 3, 4].map((seed) => simulate(seed, "durable"));
  const deaths = lives.reduce((sum, each) => sum + each.deaths, 0);
  assert.ok(deaths > 4, `${deaths} deaths`);
});
