// The worlds of the normal run, as tests.

import type { Scenario } from "./population.ts";
import { scenarioOf, simulate } from "./simulate.ts";

/** The seeds of the normal run: each gives one world. */
const FIRST_SEED = 1;
const SEEDS = 100;
/** So many make one test, so that a failure is seen early. */
const SEEDS_PER_TEST = 10;

/** Tests the worlds of the normal run that are of these scenarios. */
export function testWorlds(isWanted: (scenario: Scenario) => boolean): void {
  for (let first = FIRST_SEED; first < FIRST_SEED + SEEDS; first += SEEDS_PER_TEST) {
    const seeds = Array.from({ length: SEEDS_PER_TEST }, (_, i) => first + i)
      .filter((seed) => isWanted(scenarioOf(seed)));
    Deno.test(`every message comes to whom it must in the worlds of seeds ${seeds.join(", ")}`, () => {
      for (const seed of seeds) simulate(seed, scenarioOf(seed));
    });
  }
}
