// Population: the clients of a crash run and what they do until they are told to come to rest.
//
//   load/P/K      publishers (versions 3.1.1 and 5, QoS 1 and 2) to subscribers that come and go
//   shared/P      to a group that shares
//   kept/P/K      retained, sometimes cleared
//   toggle/P      to those who subscribe and unsubscribe, or begin anew
//   will/C        Will Messages, to a watcher that must get each once

import type { ProtocolVersion } from "../../src/packet/packet_type.ts";
import type { Random } from "../simulation/random.ts";
import { will } from "../vectors/vector.ts";
import { type ClientOptions, CrashClient } from "./client.ts";
import type { History, QoS } from "./history.ts";

const PUBLISHERS = 6;
const TOPICS = 3;
const KEPT = 4;
const MAX_BACKLOG = 60;
const TURN_MS = 10;

export class Population {
  readonly persistent = new Set<string>();
  readonly publishers: CrashClient[] = [];
  readonly subscribers: CrashClient[] = [];
  readonly #history: History;
  readonly #random: Random;
  readonly #port: number;
  readonly #sleepers: CrashClient[] = [];
  readonly #togglers: CrashClient[] = [];
  readonly #beginners: CrashClient[] = [];
  readonly #mourned: CrashClient[] = [];
  readonly #wills = new WillWatch();
  #timer: ReturnType<typeof setInterval> | undefined = undefined;

  constructor(history: History, random: Random, port: number) {
    this.#history = history;
    this.#random = random;
    this.#port = port;
    for (let i = 0; i < PUBLISHERS; i++) {
      const version = i % 2 === 0 ? 5 : 4;
      const isPersistent = i !== 4; // one whose Session ends with each connection; QoS 1
      this.publishers.push(
        this.#make(`pub${i}`, version, isPersistent, { window: i < 3 ? 10 : 3 }),
      );
    }
    const add = (
      clientId: string,
      version: ProtocolVersion,
      filters: readonly [string, QoS][],
      delayMs: number,
      isPersistent = true,
    ) => {
      const client = this.#make(clientId, version, isPersistent, { ackDelayMs: () => delayMs });
      for (const [filter, qos] of filters) client.subscribe(filter, qos);
      this.subscribers.push(client);
      return client;
    };
    add("steady", 5, [["load/#", 2], ["kept/#", 1]], 0);
    add("slow", 4, [["load/#", 2]], 25);
    add("lesser", 4, [["load/+/0", 1], ["load/+/1", 1], ["kept/+/0", 2]], 3);
    this.#sleepers.push(add("sleeper", 5, [["load/#", 2]], 1));
    this.#sleepers.push(add("snoozer", 4, [["load/0/#", 2], ["load/1/#", 1]], 0));
    add("passing", 5, [["load/#", 1]], 0, false);
    this.#togglers.push(add("toggler", 5, [["toggle/0", 2]], 0));
    this.#togglers.push(add("switcher", 4, [["toggle/+", 1]], 2));
    this.#beginners.push(add("beginner", 5, [["toggle/#", 1]], 0));
    for (let i = 0; i < 3; i++) {
      const member = add(`member${i}`, i === 1 ? 4 : 5, [["$share/g/shared/#", 2]], i * 4);
      if (i > 0) this.#sleepers.push(member);
    }
    this.#makeMourners();
  }

  #make(
    clientId: string,
    version: ProtocolVersion,
    isPersistent: boolean,
    options: Partial<ClientOptions>,
  ): CrashClient {
    if (isPersistent) this.persistent.add(clientId);
    const client = new CrashClient({
      clientId,
      version,
      isPersistent,
      port: this.#port,
      window: 10,
      ackDelayMs: () => 0,
      ...options,
    }, this.#history);
    return client;
  }

  #makeMourners(): void {
    const watcher = this.#make("watcher", 5, true, {});
    watcher.onMessage = (_topicName, payload) => {
      const failure = this.#wills.came(payload);
      if (failure !== undefined) this.#history.unkept(failure);
      this.#history.counts.wills++;
    };
    watcher.subscribe("will/#", 2);
    this.subscribers.push(watcher);
    for (let i = 0; i < 2; i++) {
      const clientId = `mourned${i}`;
      const client: CrashClient = this.#make(clientId, i === 0 ? 5 : 4, true, {
        resubscribes: true,
        will: () =>
          will({
            topicName: `will/${clientId}`,
            payload: new TextEncoder().encode(`${clientId} ${client.connections}`),
            qos: 2,
          }),
      });
      client.subscribe(`nothing/${i}`, 1);
      this.subscribers.push(client);
      this.#mourned.push(client);
    }
  }

  start(): void {
    this.#timer = setInterval(() => this.#turn(), TURN_MS);
  }

  /** The broker was killed, and what was under way with it. */
  brokerDied(): void {
    for (const client of this.#mourned) {
      if (client.isEstablished && client.isConnected && this.watches) {
        this.#wills.expect(`${client.clientId} ${client.connections}`);
      }
      client.isEstablished = false;
    }
  }

  /** Whether somebody is there for Will Messages. */
  get watches(): boolean {
    return this.subscribers.some((client) => client.isSubscribed("will/#"));
  }

  /** Will Messages that never came. */
  get missingWills(): readonly string[] {
    return [...this.#wills.missing];
  }

  /** Nobody publishes or goes away any more; all come back. */
  rest(): void {
    clearInterval(this.#timer);
    for (const client of this.#sleepers) client.goOnline();
  }

  /** All begin with a Clean Start: what the broker has lost without having promised it is behind them. */
  startAnew(): void {
    for (const client of [...this.publishers, ...this.subscribers]) client.startClean();
  }

  get isIdle(): boolean {
    return [...this.publishers, ...this.subscribers].every((client) => client.isIdle);
  }

  /** Who keeps it from resting. */
  get unrest(): readonly string[] {
    return [...this.publishers, ...this.subscribers].filter((client) => !client.isIdle)
      .map((client) => client.state);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.publishers, ...this.subscribers].map((client) => client.stop()));
  }

  #turn(): void {
    const random = this.#random;
    this.publishers.forEach((publisher, index) => {
      if (publisher.backlog > MAX_BACKLOG) return;
      const count = random.chance(0.02) ? 40 : random.chance(0.4) ? 1 : 0;
      for (let i = 0; i < count; i++) this.#publish(publisher, index);
    });
    for (const client of this.#sleepers) {
      if (random.chance(0.02)) client.goOffline(random.chance(0.5) ? "in order" : "abruptly");
      else if (random.chance(0.06)) client.goOnline();
    }
    for (const client of this.#togglers) {
      const filter = client.clientId === "toggler" ? "toggle/0" : "toggle/+";
      if (!random.chance(0.05)) continue;
      if (client.isSubscribed(filter)) client.unsubscribe(filter);
      else if (!client.wants(filter)) client.subscribe(filter, filter === "toggle/0" ? 2 : 1);
    }
    for (const client of this.#beginners) if (random.chance(0.01)) client.startClean();
    for (const client of this.#mourned) {
      if (random.chance(0.005)) {
        client.goOffline("in order");
        client.goOnline();
      }
    }
  }

  #publish(publisher: CrashClient, index: number): void {
    const random = this.#random;
    const qosOf = (k: number): QoS => index === 4 || k % 3 === 0 ? 1 : 2;
    const { clientId } = publisher;
    const history = this.#history;
    const kind = random.integer(0, 9);
    if (kind < 5) {
      const k = random.integer(0, TOPICS - 1);
      return publisher.publish(history.newMessage(clientId, `load/${index}/${k}`, qosOf(k)));
    }
    if (kind < 7) {
      return publisher.publish(history.newMessage(clientId, `shared/${index}`, qosOf(index + 1)));
    }
    if (kind < 8) {
      return publisher.publish(history.newMessage(clientId, `toggle/${index % 2}`, qosOf(index)));
    }
    const k = random.integer(0, KEPT - 1);
    publisher.publish(history.newMessage(clientId, `kept/${index}/${k}`, qosOf(k), {
      isRetained: true,
      isEmpty: random.chance(0.2),
    }));
  }
}

/** Which Will Messages must come, and that each comes once. */
class WillWatch {
  readonly missing = new Set<string>();
  readonly #seen = new Set<string>();

  expect(payload: string): void {
    if (!this.#seen.has(payload)) this.missing.add(payload);
  }

  /** @returns what is wrong with it. */
  came(payload: string): string | undefined {
    this.missing.delete(payload);
    if (this.#seen.has(payload)) return `the Will Message "${payload}" came twice`;
    this.#seen.add(payload);
    return undefined;
  }
}
