// One seed, one run.

import type { Scenario } from "./population.ts";
import { type Outcome, World } from "./world.ts";

const SCENARIOS: readonly Scenario[] = [
  "roomy",
  "durable",
  "tight",
  "durable",
  "hostile",
  "durable",
];

/** Which scenario a seed is for: all take turns. */
export function scenarioOf(seed: number): Scenario {
  return SCENARIOS[seed % SCENARIOS.length]!;
}

/** @throws {SimulationError} if anything is wrong, with the last `logLines` of the event log. */
export function simulate(seed: number, scenario: Scenario, logLines?: number): Outcome {
  return new World(seed, scenario, logLines).run();
}
