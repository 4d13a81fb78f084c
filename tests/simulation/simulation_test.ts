// The simulated world: correct clients on a network that breaks, a broker that is killed, and now and then peers that
// are not correct.
// What must hold stands in checker.ts. More seeds: deno run tests/simulation/soak.ts --seeds 10000

import assert from "node:assert/strict";
import { scenarioOf, simulate } from "./simulate.ts";

/** The seeds of the normal run: each gives one world. */
const FIRST_SEED = 1;
const SEEDS = 150;
/** So many make one test, so that a failure is seen early. */
const SEEDS_PER_TEST = 10;

for (let first = FIRST_SEED; first < FIRST_SEED + SEEDS; first += SEEDS_PER_TEST) {
  const last = first + SEEDS_PER_TEST - 1;
  Deno.test(`every message comes to whom it must in the worlds of seeds ${first} to ${last}`, () => {
    for (let seed = first; seed <= last; seed++) simulate(seed, scenarioOf(seed));
  });
}

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
