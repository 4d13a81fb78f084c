// `deno task crash`: kills a busy broker some hundred times and says whether anything acknowledged was lost. With
// `--durability relaxed`, which promises nothing after a kill, that is counted, and only the rest must be right: the store is
// whole, the broker starts, everybody comes to rest, and an orderly end takes its time and no more.

import { parseArgs } from "node:util";
import { runCrashes } from "./run.ts";

const USAGE =
  `deno task crash [--kills 250] [--seed N] [--durability process|power|relaxed] [--port N]`;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      kills: { type: "string", default: "250" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      durability: { type: "string", default: "process" },
      port: { type: "string" },
    },
  });
  const kills = Number(values.kills);
  const seed = Number(values.seed);
  const { durability } = values;
  const isRight = kills > 0 && Number.isSafeInteger(seed) &&
    (durability === "process" || durability === "power" || durability === "relaxed");
  if (!isRight) {
    print(USAGE);
    return 2;
  }
  const { failures, summary } = await runCrashes({
    kills,
    seed,
    durability,
    killsPerCheck: 25,
    say: print,
    ...values.port !== undefined && { port: Number(values.port) },
  });
  for (const failure of failures) print(`FAILED: ${failure}`);
  if (failures.length > 0) print(summary);
  return failures.length === 0 ? 0 : 1;
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
