// Runs many seeds of the simulation:
//   deno run tests/simulation/soak.ts --seeds 1000 [--from 1] [--log-lines 200]

import { parseArgs } from "node:util";
import { print } from "../bench/print.ts";
import { scenarioOf, simulate } from "./simulate.ts";
import { SimulationError } from "./world.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    "log-lines": { type: "string", default: "200" },
  },
});
const from = Number(values.from);
const until = from + Number(values.seeds);
const startedMs = performance.now();
const failed: string[] = [];
let events = 0;
let deliveries = 0;
let deaths = 0;
let stops = 0;
for (let seed = from; seed < until; seed++) {
  try {
    const outcome = simulate(seed, scenarioOf(seed), Number(values["log-lines"]));
    events += outcome.events;
    deliveries += outcome.deliveries;
    deaths += outcome.deaths;
    stops += outcome.stops;
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    const lines = error.message.split("\n");
    failed.push(lines[0]!);
    print(failed.length === 1 ? error.message : lines[0]!);
  }
}
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
print(
  `seeds ${from} to ${until - 1}: ${failed.length} failed, ${events} events, ` +
    `${deliveries} deliveries, ${deaths} kills, ${stops} stops in ${seconds} s`,
);
if (failed.length > 0) Deno.exit(1);
