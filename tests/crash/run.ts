// A crash run: the broker is killed again and again while clients are busy with it, and what was acknowledged is
// checked whenever they have come to rest.
//
//   start --> load --> SIGKILL, at any moment --> start ...   every so many kills: rest --> check --> forget

import { Random } from "../simulation/random.ts";
import { BrokerProcess, makeFolder } from "./broker_process.ts";
import { check } from "./checker.ts";
import { History } from "./history.ts";
import { Population } from "./population.ts";
import { checkRetained, watchRetained } from "./retained_probe.ts";

export interface RunOptions {
  readonly kills: number;
  readonly seed: number;
  readonly durability: "process" | "power" | "relaxed";
  /** Whether what was acknowledged must be there after a kill; default: as `durability` says. */
  readonly isPromised?: boolean;
  /** How many kills there are between two checks. */
  readonly killsPerCheck: number;
  readonly say?: (line: string) => void;
  readonly port?: number;
}

export interface RunResult {
  /** What was wrong, each with the history of its message. */
  readonly failures: readonly string[];
  readonly summary: string;
}

/** Milliseconds that a busy broker lives, at most; mostly less. */
const LIFE_MS = 900;
const START_MS = 600;
const REST_TIMEOUT_MS = 30_000;
const POLL_MS = 10;
const MAX_FAILURES = 10;
/** It was killed while it wrote: nobody was told that what it wrote was stored. */
const TORN = /it was not finished, and nobody was told/;
const ORDERLY_END_MS = 10_000;

/** Runs until it is done or has failed. */
export async function runCrashes(options: RunOptions): Promise<RunResult> {
  const run = new CrashRun(options);
  try {
    return await run.run();
  } finally {
    await run.end();
  }
}

class CrashRun {
  readonly #options: RunOptions;
  readonly #random: Random;
  readonly #history: History;
  readonly #folder: ReturnType<typeof makeFolder>;
  readonly #population: Population;
  #broker: BrokerProcess | undefined = undefined;
  #kills = 0;
  #killsAtStart = 0;
  #orderlyEnds = 0;
  #checked = 0;
  readonly #startedMs = Date.now();

  constructor(options: RunOptions) {
    this.#options = options;
    const { durability, isPromised = durability !== "relaxed" } = options;
    this.#history = new History(isPromised);
    this.#random = new Random(options.seed);
    this.#folder = makeFolder(durability, options.port);
    this.#population = new Population(this.#history, this.#random.fork(), this.#folder.port);
  }

  async run(): Promise<RunResult> {
    const { kills, killsPerCheck, say } = this.#options;
    this.#population.start();
    while (this.#kills < kills && this.#history.failures.length === 0) {
      await this.#liveAndDie();
      if (this.#kills % killsPerCheck !== 0 && this.#kills < kills) continue;
      await this.#checkAll();
      say?.(this.#summary());
      if (this.#kills < kills) this.#population.start();
    }
    return { failures: this.#history.failures.slice(0, MAX_FAILURES), summary: this.#summary() };
  }

  async end(): Promise<void> {
    await this.#population.stop();
    await this.#broker?.end("SIGKILL");
    Deno.removeSync(this.#folder.path, { recursive: true });
  }

  /** Starts the broker, and ends it at some moment. */
  async #liveAndDie(): Promise<void> {
    const broker = this.#broker = new BrokerProcess(this.#folder);
    const random = this.#random;
    if (random.chance(0.2)) {
      await sleep(random.integer(0, START_MS));
      this.#killsAtStart++;
    } else {
      await this.#listening(broker);
      if (random.chance(0.3)) await this.#probe(random.integer(20, 200));
      else await sleep(random.skewed(0, LIFE_MS));
    }
    if (random.chance(0.07) && / running\n/.test(broker.stderr)) return await this.#endInOrder();
    this.#kills++;
    this.#history.brokerEvent(`-- the broker was killed (${this.#kills}) --`);
    const ended = broker.end("SIGKILL");
    this.#population.brokerDied();
    await ended;
    this.#complainAbout(broker);
  }

  async #endInOrder(): Promise<void> {
    const broker = this.#broker!;
    this.#orderlyEnds++;
    this.#history.brokerEvent("-- the broker was ended by SIGTERM --");
    const startedMs = Date.now();
    const code = await broker.end("SIGTERM");
    const tookMs = Date.now() - startedMs;
    if (code !== 0) this.#history.fail(`SIGTERM: exit code ${code}: ${broker.stderr}`);
    if (tookMs > ORDERLY_END_MS) this.#history.fail(`SIGTERM: it took ${tookMs} ms`);
    this.#complainAbout(broker);
  }

  async #listening(broker: BrokerProcess): Promise<void> {
    if (await broker.listening()) return;
    this.#history.fail(`midge did not start: ${broker.stderr}`);
  }

  #complainAbout(broker: BrokerProcess): void {
    const bad = broker.stderr.split("\n").filter((line) =>
      /error|damaged|left out|unable|dropped/i.test(line) && !TORN.test(line)
    );
    if (bad.length > 0) this.#history.fail(`midge said:\n  ${bad.join("\n  ")}`);
  }

  /** Somebody new asks for the retained messages, while others publish them. */
  async #probe(forMs: number): Promise<void> {
    await watchRetained(this.#history, this.#folder.port, forMs);
  }

  async #checkAll(): Promise<void> {
    const history = this.#history;
    const broker = this.#broker = new BrokerProcess(this.#folder);
    await this.#listening(broker);
    this.#population.rest();
    const dueMs = Date.now() + REST_TIMEOUT_MS;
    let idleSinceMs = Infinity;
    for (;;) {
      if (!this.#population.isIdle) idleSinceMs = Infinity;
      else if (idleSinceMs === Infinity) idleSinceMs = Date.now();
      if (Date.now() - idleSinceMs > 300) break;
      if (Date.now() > dueMs || broker.hasEnded) {
        history.fail(`no rest: ${this.#population.unrest.join(", ")}`);
        break;
      }
      await sleep(POLL_MS);
    }
    this.#checked += history.messages.size;
    check(history, this.#population.persistent);
    for (const missing of this.#population.missingWills) {
      history.unkept(`the Will Message "${missing}" never came`);
    }
    await checkRetained(history, this.#folder.port);
    history.forget();
    if (!history.isPromised) this.#population.startAnew();
    await this.#endInOrder();
  }

  #summary(): string {
    const { sent, acknowledged, received, repeated, wills, probes, unkept } = this.#history.counts;
    const seconds = Math.round((Date.now() - this.#startedMs) / 1_000);
    return `seed ${this.#options.seed}, ${seconds} s: ${this.#kills} kills (${this.#killsAtStart} at the start), ` +
      `${this.#orderlyEnds} orderly ends; ${sent} messages sent, ${acknowledged} acknowledged, ` +
      `${this.#checked} checked; ${received} received, ${repeated} repeats recognised, ${wills} wills, ` +
      `${probes} looks at what is retained; ${this.#history.failures.length} failures` +
      (this.#history.isPromised ? "" : `; not kept, as nothing was promised: ${unkept}`);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
