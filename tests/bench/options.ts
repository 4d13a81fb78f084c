/** The command line of the benchmark. */

import { parseArgs } from "node:util";
import { type BrokerName, BROKERS } from "./brokers.ts";
import { SCENARIOS } from "./scenarios/catalogue.ts";

export interface BenchOptions {
  readonly scenarios: readonly string[];
  readonly brokers: readonly BrokerName[];
  readonly seconds: number;
  readonly repeat: number;
  readonly pin: boolean;
  readonly jsonPath: string | undefined;
}

export const USAGE = `deno task bench [options]
  --only NAME[,NAME]     these scenarios (${SCENARIOS.map(({ name }) => name).join(", ")})
  --brokers NAME[,NAME]  these brokers (default midge,mosquitto,aedes)
  --seconds N            how long to measure each broker in each scenario (default 3)
  --repeat N             measure N times and take the median (default 1)
  --json FILE            write the raw results to FILE
  --no-pin               don't bind the broker and the load generator to a core each`;

const MOST_SECONDS = 60;
const MOST_REPEATS = 20;

export class UsageError extends Error {}

export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      brokers: { type: "string" },
      seconds: { type: "string", default: "3" },
      repeat: { type: "string", default: "1" },
      json: { type: "string" },
      "no-pin": { type: "boolean", default: false },
    },
  });
  return {
    scenarios: parseNames("scenario", values.only, SCENARIOS.map(({ name }) => name)),
    brokers: parseNames("broker", values.brokers, Object.keys(BROKERS) as BrokerName[]),
    seconds: parseNumber("--seconds", values.seconds, MOST_SECONDS),
    repeat: Math.round(parseNumber("--repeat", values.repeat, MOST_REPEATS)),
    pin: !values["no-pin"],
    jsonPath: values.json,
  };
}

function parseNames<Name extends string>(
  what: string,
  list: string | undefined,
  known: readonly Name[],
): readonly Name[] {
  if (list === undefined) return known;
  const wanted = list.split(",").map((word) => word.trim());
  for (const word of wanted) {
    if (!(known as readonly string[]).includes(word)) {
      throw new UsageError(`Unknown ${what} "${word}": take ${known.join(", ")}`);
    }
  }
  return known.filter((name) => wanted.includes(name));
}

function parseNumber(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!(value > 0 && value <= most)) {
    throw new UsageError(`${option} "${text}": take a number above 0, at most ${most}`);
  }
  return value;
}
