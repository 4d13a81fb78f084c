// Chaos: what the clients of a world do, and what happens to them, by chance.

import { SimulatedClient } from "./client.ts";
import { Hostile } from "./hostile.ts";
import type { Loss } from "./network.ts";
import {
  LIVE_TOPICS,
  newMessage,
  newSpec,
  newSubscription,
  type Taste,
  tasteFor,
} from "./population.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** Virtual time of the chaos. */
const CHAOS_MS = 10_000;
const NOTHING_SPECIAL = {
  receiveMaximum: undefined,
  maximumPacketSize: undefined,
  topicAliasMaximum: 0,
  ackDelayMs: 0,
  willChance: 0,
};

interface Actor {
  readonly client: SimulatedClient;
  readonly number: number;
  readonly taste: Taste;
  readonly random: Random;
  /** Milliseconds between two of its doings. */
  readonly paceMs: number;
  readonly burst: number;
}

export class Chaos {
  readonly #world: World;
  readonly #actors: Actor[] = [];

  constructor(world: World) {
    this.#world = world;
    const { random } = world;
    const count = random.integer(4, 16);
    for (let number = 0; number < count; number++) {
      const own = random.fork();
      const client = new SimulatedClient(world, newSpec(number, world.limits, own), own.fork());
      world.clients.push(client);
      this.#actors.push({
        client,
        number,
        taste: tasteFor(client.spec, own),
        random: own,
        paceMs: count * own.integer(20, 100),
        burst: own.pick([1, 3, 10, 20]),
      });
    }
  }

  run(): void {
    const { scheduler, scenario, random } = this.#world;
    if (scenario === "hostile") {
      for (let i = random.integer(1, 5); i > 0; i--) new Hostile(this.#world, i).start();
    }
    for (const actor of this.#actors) {
      for (let i = actor.random.integer(0, 4); i > 0; i--) this.#subscribe(actor);
      scheduler.after(actor.random.integer(0, 3_000), () => actor.client.connect());
      scheduler.after(actor.random.integer(0, 5_000), () => this.#act(actor));
    }
    scheduler.run(scheduler.nowMs + CHAOS_MS);
    this.#world.isCalm = true;
    for (const { client } of this.#actors) {
      client.comesBack = true;
      client.isReading = true;
      if (!client.hasLink) client.connect();
    }
  }

  /** One message of each QoS from everybody, with nothing in its way. */
  epilogue(): void {
    for (const { client, random } of this.#actors) {
      for (const qos of [0, 1, 2] as const) {
        const topic = random.pick(LIVE_TOPICS);
        const publisher = client.spec.id;
        client.publishing.publish(
          this.#world.messages.create({ publisher, topic, qos, isEpilogue: true }),
        );
      }
    }
  }

  /** A client of its own asks for everything that is retained; it is the last of the world's clients. */
  probeRetained(): void {
    const world = this.#world;
    const spec = {
      id: "probe",
      version: 4,
      isClean: true,
      expirySeconds: 0,
      keepAlive: 5,
    } as const;
    const probe = new SimulatedClient(world, { ...spec, ...NOTHING_SPECIAL }, world.random.fork());
    world.clients.push(probe);
    const options = { qos: 2, noLocal: false, retainHandling: 0, identifier: 0 } as const;
    probe.subscribing.subscribe([["r/#", options]]);
    probe.connect();
  }

  /** Everybody disconnects so that no Session is left. */
  leave(): void {
    for (const client of this.#world.clients) {
      client.comesBack = false;
      if (client.spec.version === 5) {
        client.disconnect(client.spec.expirySeconds > 0 ? 0 : undefined);
      } else {
        const spec = { ...client.spec, isClean: true, expirySeconds: 0, willChance: 0 };
        const clean = new SimulatedClient(this.#world, spec, client.random);
        clean.comesBack = false;
        clean.connect();
        this.#leaveWhenOnline(clean);
      }
    }
  }

  #leaveWhenOnline(client: SimulatedClient): void {
    client.disconnect();
    client.later(500, () => this.#leaveWhenOnline(client));
  }

  #act(actor: Actor): void {
    if (this.#world.isCalm) return;
    const { client, random } = actor;
    const doing = random.weighted<(actor: Actor) => void>([
      [(each) => this.#publish(each), 60],
      [(each) => this.#subscribe(each), 6],
      [(each) => this.#unsubscribe(each), 4],
      [(each) => this.#breakNetwork(each), 8],
      [({ client }) => client.close(), 2],
      [(each) => this.#takeOver(each), 3],
      [({ client }) => client.disconnect(), 2],
      [(each) => this.#stopReading(each), 4],
      [(each) => this.#stayAway(each), 1],
      [({ client }) => client.spec.version === 5 && client.startAnew(), 0.3],
    ]);
    doing(actor);
    const pauseMs = random.skewed(0, 2 * actor.paceMs);
    this.#world.scheduler.after(client.isOnline ? pauseMs : pauseMs + 200, () => this.#act(actor));
  }

  #publish({ client, number, random, burst }: Actor): void {
    for (let i = random.skewed(1, burst); i > 0; i--) {
      const wanted = newMessage(number, client.spec, random);
      client.publishing.publish(this.#world.messages.create(wanted));
    }
  }

  #subscribe({ client, taste, random }: Actor): void {
    const first = newSubscription(taste, client.spec, random);
    const all = new Map([[first.topicFilter, first.options]]);
    while (random.chance(0.2) && first.options.identifier === 0) {
      const next = newSubscription(taste, client.spec, random);
      if (next.options.identifier === 0) all.set(next.topicFilter, next.options);
    }
    client.subscribing.subscribe([...all]);
  }

  #unsubscribe({ client, random }: Actor): void {
    const wanted = [...client.subscribing.wanted.keys()];
    if (wanted.length > 0) client.subscribing.unsubscribe([random.pick(wanted)]);
  }

  #breakNetwork({ client, random }: Actor): void {
    client.loseNetwork(random.weighted<Loss>([
      [{ brokerNoticesMs: 0, clientNoticesMs: 0 }, 3],
      [{ brokerNoticesMs: random.skewed(0, 5_000), clientNoticesMs: 0 }, 3],
      [{ brokerNoticesMs: 0, clientNoticesMs: random.skewed(0, 5_000) }, 3],
      [{ brokerNoticesMs: Infinity, clientNoticesMs: random.skewed(0, 15_000) }, 3],
    ]));
  }

  /** A second connection while the first one still lives, once or several times. */
  #takeOver({ client, random }: Actor): void {
    if (!client.hasLink) return;
    client.log("connects again");
    do client.connect(); while (random.chance(0.2));
  }

  #stopReading({ client, random }: Actor): void {
    client.isReading = false;
    client.later(random.skewed(100, 15_000), () => client.isReading = true);
  }

  #stayAway({ client, random }: Actor): void {
    client.comesBack = false;
    client.close();
    this.#world.scheduler.after(random.skewed(1_000, 30_000), () => {
      if (this.#world.isCalm) return;
      client.comesBack = true;
      if (!client.hasLink) client.connect();
    });
  }
}
