// Two brokers with stores, a bridge between them, a stream of messages over it, and kill -9 for the one and the
// other: what was acknowledged to the publisher arrives, with QoS 2 once.

import assert from "node:assert/strict";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { freePort } from "../support/free_port.ts";
import { ChildProcess } from "../support/process.ts";

const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
const ROUNDS = 2;

/** A broker that can be killed and comes back with what it has stored. */
class Mortal implements AsyncDisposable {
  readonly port: number;
  readonly #path: string;
  #process: ChildProcess | undefined = undefined;

  constructor(folder: string, port: number, bridges: unknown[], maximumQueuedMessages: number) {
    this.port = port;
    this.#path = join(folder, "midge.json");
    Deno.mkdirSync(folder);
    Deno.writeTextFileSync(
      this.#path,
      JSON.stringify({
        listeners: [{ port, hostnames: ["127.0.0.1"], allowAnonymous: true }],
        limits: { maximumQueuedMessages, receiveMaximum: 1_000 },
        persistence: { durability: "process", directory: folder },
        bridges,
        user: "root",
      }),
    );
  }

  async start(): Promise<void> {
    this.#process = new ChildProcess("main.ts", ["-c", this.#path], PERMISSIONS);
    await this.#process.waitForOutput(/Listening on/);
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async kill(): Promise<void> {
    this.#process?.signal("SIGKILL");
    await this.#process?.ended();
    this.#process = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

for (const [direction, version] of [["out", 5], ["in", 4]] as const) {
  Deno.test(`kill -9 of either side of a bridge of version ${version}, ${direction}: nothing is lost, QoS 2 comes once`, async () => {
    const folder = await Deno.makeTempDir();
    await using far = new Mortal(join(folder, "far"), freePort(), [], 100_000);
    await using near = new Mortal(join(folder, "near"), freePort(), [{
      name: "b",
      addresses: [`127.0.0.1:${far.port}`],
      topics: [{ filter: "t/#", direction, qos: 2 }],
      restart: { base: "1s", cap: null },
      remote: { protocolVersion: version },
    }], direction === "out" ? 1 : 100_000); // the bridge's own limit holds, from the first moment on
    await Promise.all([far.start(), near.start()]);
    const [source, target] = direction === "out" ? [near, far] : [far, near];
    const came: string[] = [];
    const subscriber = await client(target.port, "subscriber");
    subscriber.on("message", (_topic, payload) => void came.push(String(payload)));
    await subscriber.subscribeAsync("t/#", { qos: 2 });
    const publisher = await client(source.port, "publisher");
    await untilCame(publisher, came, "ready");
    const acknowledged: string[] = [];
    let isOver = false;
    const publishing = (async () => {
      for (let i = 0; !isOver; i++) {
        const [one, two] = [`1-${i}`, `2-${i}`];
        await publisher.publishAsync("t/1", one, { qos: 1 });
        acknowledged.push(one);
        await publisher.publishAsync("t/2", two, { qos: 2 });
        acknowledged.push(two);
      }
    })();
    for (let round = 0; round < ROUNDS; round++) {
      await new Promise((resolve) => setTimeout(resolve, 120));
      await (round % 2 === 0 ? far : near).restart();
    }
    isOver = true;
    await publishing;
    assert.ok(acknowledged.length > 2 * ROUNDS);
    const last = acknowledged.at(-1)!;
    await until(
      () => came.includes(last) && acknowledged.every((each) => came.includes(each)),
      () => {
        const missing = acknowledged.filter((each) => !came.includes(each));
        return `${missing.length} of ${acknowledged.length} are missing: ${missing.slice(0, 9)}`;
      },
    );
    const twice = came.filter((each, i) => each.startsWith("2-") && came.indexOf(each) < i);
    assert.deepEqual(twice, []);
    await Promise.all([subscriber.endAsync(true), publisher.endAsync(true)]);
    await Promise.all([far.kill(), near.kill()]);
    await Deno.remove(folder, { recursive: true });
  });
}

function client(port: number, clientId: string): Promise<MqttClient> {
  return connectAsync({
    port,
    clientId,
    clean: false,
    protocolVersion: 5,
    properties: { sessionExpiryInterval: 3_600 },
    reconnectPeriod: 20,
    connectTimeout: 2_000,
  });
}

/** Publishes `text` until it has come: the bridge is there. */
async function untilCame(
  publisher: MqttClient,
  came: readonly string[],
  text: string,
): Promise<void> {
  for (let tries = 0; tries < 200 && !came.includes(text); tries++) {
    await publisher.publishAsync("t/0", text);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.ok(came.includes(text));
}

async function until(condition: () => boolean, explain: () => string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(explain());
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
