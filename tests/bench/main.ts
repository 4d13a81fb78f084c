/**
 * The benchmark: midge beside Mosquitto and aedes, in one run, on this machine.
 *
 *     main.ts ──starts──► broker      (core A, a fresh process for each measurement)
 *        └──────starts──► generator   (core B, a fresh process for each measurement)
 *
 * Scenario by scenario, one broker after the other, so that a machine that is busy for a while
 * disturbs all of them alike: trust the ratios more than the figures. With `taskset` and two cores
 * the broker is bound to the first and the generator to the last: the medians are the same as
 * without, but no measurement falls to a fraction because both landed on one core.
 */

import { type Broker, type BrokerName, BROKERS } from "./brokers.ts";
import { sleep } from "./clock.ts";
import { runGenerator, startBroker } from "./child_process.ts";
import { mergeRepeats, type Outcome } from "./measurement.ts";
import { describeMachine, findCores, type PinnedCores, readOpenFilesLimit } from "./machine.ts";
import { type BenchOptions, parseOptions, USAGE, UsageError } from "./options.ts";
import { print } from "./print.ts";
import { type Scenario, SCENARIOS } from "./scenarios/catalogue.ts";
import { makeTlsMaterial, type TlsMaterial } from "./transport.ts";
import { formatHeader, formatScenario, LEGEND, type Outcomes } from "./table.ts";

/** On top of the measured seconds: warm-up, connecting, settling, draining. */
const GENERATOR_SLACK_MS = 60_000;
/** A broker that ended is noticed a moment after its connections closed. */
const EXIT_NOTICE_MS = 200;

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    print(USAGE);
    return 0;
  }
  const options = parseOptionsOrExplain(args);
  return options === undefined ? 2 : await bench(options);
}

function parseOptionsOrExplain(args: readonly string[]): BenchOptions | undefined {
  try {
    return parseOptions(args);
  } catch (error) {
    // `parseArgs` reports an unknown option as a TypeError.
    if (!(error instanceof UsageError || error instanceof TypeError)) throw error;
    print(`${error.message}\n\n${USAGE}`);
    return undefined;
  }
}

async function bench(options: BenchOptions): Promise<number> {
  if (!await isWritable(options.jsonPath)) {
    print(`--json ${options.jsonPath}: run with --allow-write=${options.jsonPath}`);
    return 2;
  }
  const versions = await findVersions(options.brokers);
  const cores = options.pin ? await findCores() : undefined;
  const machine = await describeMachine(versions, cores);
  const openFilesLimit = await readOpenFilesLimit();
  const tls = await makeTlsMaterial();
  print(formatHeader());

  const results: { scenario: string; repeats: Outcomes[] }[] = [];
  let couldRunAll = true;
  for (const scenario of SCENARIOS.filter(({ name }) => options.scenarios.includes(name))) {
    const brokers = scenario.brokers.filter((name) => versions[name] !== undefined);
    if (brokers.length === 0) continue;
    if (scenario.openFiles > openFilesLimit) {
      print(`${scenario.name}: needs ${scenario.openFiles} open files, allowed ${openFilesLimit}`);
      couldRunAll = false;
      continue;
    }
    const repeats = await runScenario(scenario, brokers, options, tls, cores);
    const merged = mergeByBroker(brokers, repeats);
    for (const line of formatScenario(scenario.name, merged)) print(line);
    couldRunAll &&= Object.values(merged).some(({ kind }) => kind === "measured");
    results.push({ scenario: scenario.name, repeats });
  }
  await Deno.remove(tls.folder, { recursive: true });
  print(`\n${LEGEND}\n${machine}`);
  if (options.jsonPath !== undefined) {
    const report = { machine, versions, seconds: options.seconds, cores, results };
    await Deno.writeTextFile(options.jsonPath, JSON.stringify(report, null, 2) + "\n");
  }
  return couldRunAll ? 0 : 1;
}

async function runScenario(
  scenario: Scenario,
  brokers: readonly BrokerName[],
  options: BenchOptions,
  tls: TlsMaterial,
  cores: PinnedCores | undefined,
): Promise<Outcomes[]> {
  const repeats: Outcomes[] = [];
  for (let repeat = 0; repeat < options.repeat; repeat++) {
    const outcomes: Outcomes = {};
    for (const name of brokers) {
      outcomes[name] = await measure(scenario, BROKERS[name], options.seconds, tls, cores);
    }
    repeats.push(outcomes);
  }
  return repeats;
}

async function measure(
  scenario: Scenario,
  broker: Broker,
  seconds: number,
  tls: TlsMaterial,
  cores: PinnedCores | undefined,
): Promise<Outcome> {
  try {
    const running = await startBroker(
      broker,
      scenario.transport,
      tls.folder,
      scenario.durability,
      cores?.broker,
    );
    const { port, pid } = running;
    const { authority } = tls;
    const request = { scenario: scenario.name, port, pid, seconds, authority };
    const timeoutMs = seconds * 1_000 + GENERATOR_SLACK_MS;
    const outcome = await runGenerator(request, timeoutMs, cores?.generator);
    if (outcome.kind === "failed") await sleep(EXIT_NOTICE_MS);
    const reason = running.exitReason();
    await running.stop();
    return reason === undefined ? outcome : { kind: "failed", reason };
  } catch (error) {
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

function mergeByBroker(brokers: readonly BrokerName[], repeats: readonly Outcomes[]): Outcomes {
  const merged: Outcomes = {};
  for (const name of brokers) {
    merged[name] = mergeRepeats(repeats.map((r) => r[name]).filter((o) => o !== undefined));
  }
  return merged;
}

async function findVersions(
  names: readonly BrokerName[],
): Promise<Partial<Record<BrokerName, string>>> {
  const versions: Partial<Record<BrokerName, string>> = {};
  for (const name of names) {
    const version = await BROKERS[name].readVersion();
    if (version === undefined) print(`${name} is not here: going on without it`);
    else versions[name] = version;
  }
  return versions;
}

/** Better to hear it now than after four minutes. */
async function isWritable(path: string | undefined): Promise<boolean> {
  if (path === undefined) return true;
  return (await Deno.permissions.request({ name: "write", path })).state === "granted";
}
