/**
 * A large topic tree: 100 connections with 1,000 filters each, then messages that match one each.
 *
 *     s/CCC/FFFF/k/value   eight of ten filters (the Topic Name itself)
 *     s/CCC/FFFF/+/value   one of ten
 *     s/CCC/FFFF/#         one of ten
 *
 * Every one of the 100,000 Topic Names is published in turn, and neighbours in time go to different
 * connections, so that neither the last topic nor a small cache helps.
 */

import { sleep } from "../clock.ts";
import { Flow } from "../flow.ts";
import { PublishBlock } from "../frames.ts";
import type { Measurement } from "../measurement.ts";
import { readResidentBytes } from "../process_stat.ts";
import { numbered, openAll, type Target } from "./target.ts";
import { measureFlows } from "./throughput.ts";

const CONNECTIONS = 100;
const FILTERS_PER_CONNECTION = 1_000;
const SUBSCRIPTIONS = CONNECTIONS * FILTERS_PER_CONNECTION;
const FILTERS_PER_PACKET = 50;
/** Has no factor in common with 100,000, so its multiples visit every topic once. */
const STRIDE = 7_919;
const PAYLOAD_LENGTH = 64;
const WINDOW_DELIVERIES = 2_000;
const SETTLE_MS = 1_000;

export async function measureSubscriptions(target: Target): Promise<Measurement> {
  const subscribers = await openAll(target, numbered("sub", CONNECTIONS), 16 * 1024);
  const filters = subscribers.map((_, connection) =>
    Array.from({ length: FILTERS_PER_CONNECTION }, (_, index) => filterOf(connection, index))
  );
  await sleep(SETTLE_MS);
  const bytesBefore = await readResidentBytes(target.pid);
  const startedMs = performance.now();
  await Promise.all(
    subscribers.map((subscriber, connection) =>
      subscriber.subscribe(filters[connection] ?? [], 0, FILTERS_PER_PACKET)
    ),
  );
  const subscribedMs = performance.now() - startedMs;
  await sleep(SETTLE_MS);
  const bytes = await readResidentBytes(target.pid) - bytesBefore;

  const topics = Array.from({ length: SUBSCRIPTIONS }, (_, index) => {
    const subscription = (index * STRIDE) % SUBSCRIPTIONS;
    return topicOf(Math.floor(subscription / FILTERS_PER_CONNECTION), subscription % 1_000);
  });
  const block = new PublishBlock(topics, 0, PAYLOAD_LENGTH);
  const publishers = (await openAll(target, ["pub"])).map((connection) => ({ connection, block }));
  const flow = new Flow({
    publishers,
    subscribers,
    deliveriesPerMessage: 1,
    windowDeliveries: WINDOW_DELIVERIES,
  });
  const measurement = await measureFlows(target, [flow]);
  return {
    ...measurement,
    metrics: [
      ...measurement.metrics,
      { name: "to subscribe all", unit: "ms", value: subscribedMs, better: "less" },
      { name: "memory", unit: "B/sub", value: bytes / SUBSCRIPTIONS, better: "less" },
    ],
  };
}

function levels(connection: number, index: number): string {
  return `s/${String(connection).padStart(3, "0")}/${String(index).padStart(4, "0")}`;
}

function topicOf(connection: number, index: number): string {
  return `${levels(connection, index)}/k/value`;
}

function filterOf(connection: number, index: number): string {
  switch (index % 10) {
    case 8:
      return `${levels(connection, index)}/+/value`;
    case 9:
      return `${levels(connection, index)}/#`;
    default:
      return topicOf(connection, index);
  }
}
