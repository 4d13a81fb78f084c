// World: one simulated run, from its seed: a broker, clients that come and go, a network that breaks. It owns the
// virtual clock, hands the calls into the broker, and writes the event log whose tail a failure shows.
//
//   chaos --> calm: everybody comes back, everything drains --> epilogue --> checker --> everybody leaves

import type { AuthenticationOutcome, Authenticator } from "../../src/access/authenticator.ts";
import type { Connection } from "../../src/broker/connection.ts";
import type { Link } from "../../src/broker/ports.ts";
import type { Limits } from "../../src/broker/limits.ts";
import type { ConnectPacket } from "../../src/packet/packets.ts";
import { ReasonCode } from "../../src/packet/reason_code.ts";
import { TopicNameCache } from "../../src/packet/topic_name_cache.ts";
import { Chaos } from "./chaos.ts";
import { Checker } from "./checker.ts";
import type { ClientHost, SimulatedClient } from "./client.ts";
import { Life, type LifeHost } from "./life.ts";
import { Messages } from "./messages.ts";
import { type LinkClient, type LinkObserver, type NetworkHost, SimulatedLink } from "./network.ts";
import { limitsFor, type Scenario } from "./population.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { Wills } from "./wills.ts";
import { WireObserver } from "./wire_observer.ts";

const START_MS = Date.UTC(2026, 0, 1);
const LOG_LINES = 200;
const TICK_MS = 200;
/** Virtual time within which everything must have come to rest. */
const REST_MS = 600_000;

/** What a failed run says. */
export class SimulationError extends Error {
  override readonly name = "SimulationError";
}

export interface Outcome {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly events: number;
  readonly messages: number;
  readonly deliveries: number;
  readonly connections: number;
  /** How often the broker was killed. */
  readonly deaths: number;
  /** How often it was stopped, and started again. */
  readonly stops: number;
  /** Of the whole event log: equal for equal runs. */
  readonly fingerprint: number;
}

export class World implements NetworkHost, ClientHost, LifeHost {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly random: Random;
  readonly scheduler = new Scheduler(START_MS);
  readonly messages = new Messages();
  readonly limits: Partial<Limits>;
  readonly life: Life;
  readonly wills: Wills;
  readonly clients: SimulatedClient[] = [];
  /** Why the broker said that it drops messages, by Client Identifier. */
  readonly drops = new Map<string, Set<string>>();
  isCalm = false;
  links: SimulatedLink[] = [];
  #connections = 0;
  readonly #topicNames = new TopicNameCache();
  readonly #log: string[] = [];
  readonly #logLines: number;
  #logged = 0;
  #fingerprint = 0;
  readonly #sysIntervalMs: number;
  readonly #authenticatorRandom: Random;
  #uuids = 0;

  /** @param logLines how much of its event log a failure shows. */
  constructor(seed: number, scenario: Scenario, logLines: number = LOG_LINES) {
    this.#logLines = logLines;
    this.seed = seed;
    this.scenario = scenario;
    this.random = new Random(seed);
    this.limits = limitsFor(scenario, this.random);
    this.#authenticatorRandom = this.random.fork();
    this.#sysIntervalMs = this.random.pick([0, 10_000]);
    this.wills = new Wills(this);
    this.life = new Life(this, this.random.fork(), scenario === "durable");
  }

  /** Lives through it all. @throws {SimulationError} at the first thing that is wrong. */
  run(): Outcome {
    try {
      this.#tick();
      if (this.life.store !== undefined) this.life.planEnd();
      const chaos = new Chaos(this);
      chaos.run();
      this.#comeToRest();
      chaos.epilogue();
      this.#comeToRest();
      this.#startAgain();
      const checker = new Checker(this);
      checker.checkDeliveries();
      chaos.probeRetained();
      this.#comeToRest();
      checker.checkRetained(this.clients.at(-1)!);
      this.#startAgain();
      chaos.leave();
      this.#advance(30_000);
      checker.checkNothingIsLeft();
      return this.#outcome();
    } catch (error) {
      if (error instanceof SimulationError) throw error;
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      throw new SimulationError(this.#report(`something was thrown: ${text}`));
    }
  }

  // ------------------------------------------------------------------------ for clients and links

  enter<T>(call: () => T): T {
    return this.life.enter(call);
  }

  accept(link: Link): Connection | undefined {
    return this.life.accept(link);
  }

  openLink(
    client: LinkClient,
    connect: ConnectPacket,
    onDone: (wire: WireObserver) => void,
  ): { link: SimulatedLink; wire: WireObserver } {
    const name = `${connect.clientId}#${++this.#connections}`;
    const fail = (text: string) => this.fail(text);
    const log = (text: string) => this.log(text);
    const { scheduler } = this;
    const wire = new WireObserver(
      name,
      connect,
      this.#topicNames,
      { log, fail, scheduler },
      onDone,
    );
    return { link: this.openRawLink(name, client, wire), wire };
  }

  openRawLink(name: string, client: LinkClient, observer: LinkObserver): SimulatedLink {
    const { random } = this;
    const conditions = {
      latencyMs: random.pick([0, 5, 30, 200]),
      chunkBytes: random.pick([1, 10, 100, 1_000, 100_000]),
      socketBytes: random.pick([200, 2_000, 60_000]),
    };
    const link = new SimulatedLink(this, name, random.fork(), conditions, client, observer);
    this.links.push(link);
    if (this.links.length > 200) this.links = this.links.filter((each) => !each.isBrokerDone);
    return link;
  }

  log(text: string): void {
    const line = `${String(this.scheduler.nowMs - START_MS).padStart(7)} ${text}`;
    this.#log[this.#logged++ % this.#logLines] = line;
    for (let i = 0; i < line.length; i++) {
      this.#fingerprint = Math.imul(this.#fingerprint ^ line.charCodeAt(i), 0x01000193);
    }
  }

  fail(text: string): never {
    throw new SimulationError(this.#report(text));
  }

  // ---------------------------------------------------------------------------------- for its life

  brokerOptions(): ReturnType<LifeHost["brokerOptions"]> {
    return {
      ports: {
        log: { isDebugEnabled: false, write: (_level, text) => this.#noteBrokerLog(text) },
        createUuid: () => `00000000-0000-4000-8000-${String(++this.#uuids).padStart(12, "0")}`,
        heapBytes: () => 1_000_000,
      },
      nowMs: this.scheduler.nowMs,
      version: "simulated",
      limits: this.limits,
      authenticator: this.#authenticator(this.#authenticatorRandom),
      sysIntervalMs: this.#sysIntervalMs,
    };
  }

  breakLinks(): void {
    for (const link of this.links) link.die();
  }

  onDeath(startedMs: number, sureMs: number): void {
    this.wills.onDeath(startedMs, sureMs);
    for (const client of this.clients) client.onDeath(startedMs, sureMs);
  }

  // ----------------------------------------------------------------------------------- its course

  /** At rest everything is acknowledged: a broker that is killed then must have kept all of it. */
  #startAgain(): void {
    if (this.life.store === undefined || this.random.chance(0.5)) return;
    if (this.random.chance(0.7)) this.life.die();
    else this.life.stop();
    this.#advance(2_000);
    this.#comeToRest();
  }

  /** Lets `ms` pass. */
  #advance(ms: number): void {
    this.scheduler.run(this.scheduler.nowMs + ms);
  }

  /** Everybody comes back, reads, and is left in peace until nothing more happens. */
  #comeToRest(): void {
    this.isCalm = true;
    const untilMs = this.scheduler.nowMs + REST_MS;
    for (let quietMs = 0; quietMs < 5_000;) {
      if (this.scheduler.nowMs >= untilMs) this.fail(`no rest: ${this.#restless()}`);
      this.#advance(500);
      const isQuiet = this.clients.every((each) => each.isQuiet) &&
        this.links.every((each) => each.isQuiet);
      quietMs = isQuiet ? quietMs + 500 : 0;
    }
  }

  #restless(): string {
    const clients = this.clients.filter((each) => !each.isQuiet).map((each) =>
      `${each.spec.id} (online: ${each.isOnline}, published: ${each.publishing.isQuiet}, ` +
      `received: ${each.receiving.isQuiet}, subscribed: ${each.subscribing.isQuiet})`
    );
    const links = this.links.filter((each) => !each.isQuiet).map((each) => each.state);
    return [...clients, ...links].join(", ");
  }

  /** The server's timer; now and then the machine was busy, or asleep. */
  #tick(): void {
    this.life.advance();
    const lateMs = this.random.chance(0.01) ? this.random.integer(0, 3_000) : 0;
    this.scheduler.after(TICK_MS + lateMs, () => this.#tick());
  }

  /** Answers at once, later, much later, and now and then with a refusal. */
  #authenticator(random: Random): Authenticator {
    const isSlow = random.chance(0.5);
    return {
      authenticate: (_credentials, done) => {
        const accepted = this.isCalm || !random.chance(0.02);
        const outcome: AuthenticationOutcome = accepted
          ? { accepted }
          : { accepted, reasonCode: ReasonCode.NotAuthorized };
        if (!isSlow || random.chance(0.5)) return done(outcome);
        const delayMs = random.skewed(0, this.isCalm ? 500 : 12_000);
        const { generation } = this.life;
        this.scheduler.after(delayMs, () => {
          if (generation === this.life.generation) this.enter(() => done(outcome));
        });
      },
      beginExchange: () => undefined,
    };
  }

  #noteBrokerLog(text: string): void {
    this.log(`broker: ${text}`);
    const drop = /being dropped for client (\S+): (.*)\.$/.exec(text);
    if (drop === null) return;
    const reasons = this.drops.get(drop[1]!) ?? new Set();
    this.drops.set(drop[1]!, reasons.add(drop[2]!));
  }

  #outcome(): Outcome {
    const sessions = this.clients.flatMap((each) => each.sessions);
    const deliveries = sessions.flatMap(({ live, shared }) =>
      [live, ...shared.values()].flatMap((each) => [...each.values()])
    );
    return {
      seed: this.seed,
      scenario: this.scenario,
      events: this.scheduler.count,
      messages: this.messages.all.length,
      deliveries: deliveries.reduce((sum, each) => sum + each.count, 0),
      connections: this.#connections,
      deaths: this.life.deaths.length,
      stops: this.life.stops,
      fingerprint: this.#fingerprint,
    };
  }

  #report(text: string): string {
    const at = this.#logged % this.#logLines;
    const tail = this.#logged > this.#logLines
      ? [...this.#log.slice(at), ...this.#log.slice(0, at)]
      : this.#log;
    return `seed ${this.seed} (${this.scenario}): ${text}\n` +
      `the last of ${this.#logged} events:\n${tail.join("\n")}\n` +
      `seed ${this.seed} (${this.scenario}): ${text}`;
  }
}
