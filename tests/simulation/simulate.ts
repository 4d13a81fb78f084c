// One seed, one run.

import type { Scenario } from "./population.ts";
import { type Outcome, World } from "./world.ts";

const SCENARIOS: readonly Scenario[] = ["roomy", "roomy", "tight", "hostile"];

/** Which scenario a seed is for: all take turns. */
export function scenarioOf(seed: number): Scenario {
  return SCENARIOS[seed % SCENARIOS.length]!;
}

/** @throws {SimulationError} if anything is wrong. */
export function simulate(seed: number, scenario: Scenario): Outcome {
  return new World(seed, scenario).run();
}
