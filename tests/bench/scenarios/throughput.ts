/**
 * As many messages a second as go through: one to one, ten to ten, fan-out and fan-in.
 *
 * The windows keep at most 2,000 QoS 0 messages (or 500 with QoS 1 and 2) of each publisher under
 * way, and at most 20,000 deliveries of a fan-out. The figure counts deliveries to subscribers.
 */

import { sleep } from "../clock.ts";
import { Flow, watchForStalls } from "../flow.ts";
import { PublishBlock, type QoS } from "../frames.ts";
import type { Measurement } from "../measurement.ts";
import { numbered, openAll, Stopwatch, StoreWatch, type Target, warmUpMs } from "./target.ts";

const PAYLOAD_LENGTH = 64;
const FRAMES_PER_BLOCK = 256;
const QOS_0_WINDOW = 2_000;
const ACKNOWLEDGED_WINDOW = 500;
const FAN_OUT_WINDOW_DELIVERIES = 20_000;
const FAN_OUT_READ_BUFFER_LENGTH = 16 * 1024;

/** Each publisher has a topic and a subscriber of its own. */
export async function measurePairs(target: Target, pairs: number, qos: QoS): Promise<Measurement> {
  const publishers = await openAll(target, numbered("pub", pairs));
  const subscribers = await openAll(target, numbered("sub", pairs));
  const flows = await Promise.all(publishers.map(async (connection, index) => {
    const subscriber = subscribers[index];
    if (subscriber === undefined) throw new Error("as many subscribers as publishers");
    const topic = `bench/${String(index).padStart(2, "0")}`;
    await subscriber.subscribe([topic], qos);
    const block = PublishBlock.ofOneTopic(topic, qos, PAYLOAD_LENGTH, FRAMES_PER_BLOCK);
    return new Flow({
      publishers: [{ connection, block }],
      subscribers: [subscriber],
      deliveriesPerMessage: 1,
      windowDeliveries: qos === 0 ? QOS_0_WINDOW : ACKNOWLEDGED_WINDOW,
    });
  }));
  return measureFlows(target, flows);
}

/** One publisher, whose every message goes to all subscribers. */
export async function measureFanOut(target: Target, subscriberCount: number): Promise<Measurement> {
  const names = numbered("sub", subscriberCount);
  const subscribers = await openAll(target, names, FAN_OUT_READ_BUFFER_LENGTH);
  await Promise.all(subscribers.map((subscriber) => subscriber.subscribe(["bench/all"], 0)));
  const publishers = (await openAll(target, ["pub"])).map((connection) => ({
    connection,
    block: PublishBlock.ofOneTopic("bench/all", 0, PAYLOAD_LENGTH, FRAMES_PER_BLOCK),
  }));
  const flow = new Flow({
    publishers,
    subscribers,
    deliveriesPerMessage: subscriberCount,
    windowDeliveries: FAN_OUT_WINDOW_DELIVERIES,
  });
  return measureFlows(target, [flow]);
}

/** Many publishers, each with a topic of its own, and one subscriber for them all. */
export async function measureFanIn(target: Target, publisherCount: number): Promise<Measurement> {
  const subscribers = await openAll(target, ["sub"]);
  await Promise.all(subscribers.map((subscriber) => subscriber.subscribe(["bench/+"], 0)));
  const publishers = (await openAll(target, numbered("pub", publisherCount))).map(
    (connection, index) => ({
      connection,
      block: PublishBlock.ofOneTopic(`bench/${index}`, 0, PAYLOAD_LENGTH, FRAMES_PER_BLOCK),
    }),
  );
  const flow = new Flow({
    publishers,
    subscribers,
    deliveriesPerMessage: 1,
    windowDeliveries: QOS_0_WINDOW * publisherCount,
  });
  return measureFlows(target, [flow]);
}

/** Runs the flows through warm-up, measurement and drain. */
export async function measureFlows(
  target: Target,
  flows: readonly Flow[],
): Promise<Measurement> {
  const countReceived = () => flows.reduce((sum, flow) => sum + flow.received, 0);
  const stopWatching = watchForStalls(flows);
  for (const flow of flows) flow.start();
  await sleep(warmUpMs(target));

  const store = await StoreWatch.start(target);
  const stopwatch = await Stopwatch.start(target.pid);
  const receivedBefore = countReceived();
  await sleep(target.seconds * 1_000);
  const { elapsedSeconds } = stopwatch;
  const messages = countReceived() - receivedBefore;
  const cpu = await stopwatch.stop(messages);
  const kept = await store?.stop(messages) ?? [];

  stopWatching();
  const missing = await Promise.all(flows.map((flow) => flow.stop()));
  const stalls = flows.reduce((sum, flow) => sum + flow.stalls, 0);
  return {
    metrics: [
      { name: "", unit: "msg/s", value: messages / elapsedSeconds, better: "more" },
      ...kept,
    ],
    ...cpu,
    lost: missing.reduce((sum, count) => sum + Math.max(0, count), 0),
    duplicated: missing.reduce((sum, count) => sum + Math.max(0, -count), 0),
    notes: stalls > 0 ? [`stood still ${stalls} times: deliveries or answers never came`] : [],
  };
}
