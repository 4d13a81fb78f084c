/** The machine the figures come from, and the two cores the measurement is bound to. */

import { type BrokerName, readOutput } from "./brokers.ts";
import { readAllowedCores, readCpuModel } from "./process_stat.ts";

export interface PinnedCores {
  readonly broker: number;
  readonly generator: number;
}

/** The first and the last core we may use, or undefined without `taskset` or a second core. */
export async function findCores(): Promise<PinnedCores | undefined> {
  if (await readOutput("taskset", ["--version"]) === undefined) return undefined;
  const cores = await readAllowedCores();
  const broker = cores.at(0);
  const generator = cores.at(-1);
  if (broker === undefined || generator === undefined || broker === generator) return undefined;
  return { broker, generator };
}

/** How many files a process may open once it has raised its own limit. */
export async function readOpenFilesLimit(): Promise<number> {
  const limit = (await readOutput("sh", ["-c", "ulimit -Hn"]))?.trim();
  return limit === "unlimited" ? Infinity : Number(limit);
}

export async function describeMachine(
  versions: Partial<Record<BrokerName, string>>,
  cores: PinnedCores | undefined,
): Promise<string> {
  const placement = cores === undefined
    ? "broker and generator on any core"
    : `broker on core ${cores.broker}, generator on core ${cores.generator}`;
  return [
    `${navigator.hardwareConcurrency} cores (${await readCpuModel()})`,
    `Linux ${Deno.osRelease()}`,
    `Deno ${Deno.version.deno} (V8 ${Deno.version.v8})`,
    ...Object.entries(versions).map(([name, version]) => `${name} ${version}`),
    placement,
  ].join(", ");
}
