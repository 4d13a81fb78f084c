/**
 * Messages with QoS 1 for a Client that is not there: how fast they are accepted, and how fast it gets them when it
 * comes back.
 *
 * Four publishers with 500 messages under way each; what counts is their PUBACKs. Then the subscriber reconnects to
 * its Session and acknowledges what it gets.
 */

import { sleep } from "../clock.ts";
import { PublishBlock } from "../frames.ts";
import type { LoadConnection } from "../load_connection.ts";
import type { Measurement } from "../measurement.ts";
import { numbered, openAll, Stopwatch, StoreWatch, type Target } from "./target.ts";

const PUBLISHERS = 4;
const PAYLOAD_LENGTH = 64;
const WINDOW = 500;
const STEP = 50;
const TOPIC = "bench/offline";
const DRAIN_TIMEOUT_MS = 30_000;

export async function measureOffline(target: Target): Promise<Measurement> {
  const [sleeper] = await openAll(target, ["sleeper"]);
  await sleeper!.subscribe([TOPIC], 1);
  await sleeper!.disconnect();

  const publishers = await openAll(target, numbered("pub", PUBLISHERS));
  const block = PublishBlock.ofOneTopic(TOPIC, 1, PAYLOAD_LENGTH, STEP);
  const loads = publishers.map((connection) => new Load(connection, block));
  const acknowledged = () => publishers.reduce((sum, each) => sum + each.acknowledged, 0);
  const store = await StoreWatch.start(target);
  const stopwatch = await Stopwatch.start(target.pid);
  for (const load of loads) load.go();
  await sleep(target.seconds * 1_000);
  const { elapsedSeconds } = stopwatch;
  const count = acknowledged();
  const cpu = await stopwatch.stop(count);
  const kept = await store?.stop(count) ?? [];
  for (const load of loads) load.isOver = true;
  while (loads.some((load) => load.isUnderWay)) await sleep(10);

  const queued = acknowledged();
  const startedMs = performance.now();
  const [back] = await openAll(target, ["sleeper"]);
  while (back!.received < queued && performance.now() - startedMs < DRAIN_TIMEOUT_MS) {
    await sleep(5);
  }
  const drainSeconds = (performance.now() - startedMs) / 1_000;
  return {
    metrics: [
      { name: "", unit: "msg/s", value: count / elapsedSeconds, better: "more" },
      { name: "drained", unit: "msg/s", value: back!.received / drainSeconds, better: "more" },
      ...kept,
    ],
    ...cpu,
    lost: Math.max(0, queued - back!.received),
    duplicated: Math.max(0, back!.received - queued),
    notes: [],
  };
}

/** Keeps {@link WINDOW} messages under way. */
class Load {
  isOver = false;
  readonly #connection: LoadConnection;
  readonly #block: PublishBlock;
  #sent = 0;
  #lastPacketId = 0;

  constructor(connection: LoadConnection, block: PublishBlock) {
    this.#connection = connection;
    this.#block = block;
    connection.onProgress = () => this.go();
  }

  get isUnderWay(): boolean {
    return this.#sent > this.#connection.acknowledged;
  }

  go(): void {
    while (!this.isOver && this.#sent - this.#connection.acknowledged + STEP <= WINDOW) {
      this.#lastPacketId = this.#connection.appendPublishes(
        this.#block,
        0,
        STEP,
        this.#lastPacketId,
      );
      this.#sent += STEP;
    }
    this.#connection.flush();
  }
}
