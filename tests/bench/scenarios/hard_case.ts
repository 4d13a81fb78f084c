/**
 * The hard case: 20,000 messages a second, evenly over 50 publishers, each to its own subscriber.
 *
 * Nothing can be batched here: a message leaves every 50 µs and each publisher speaks every 2.5 ms,
 * so nearly every message is a read and a write of its own at the broker, which is where a broker in
 * C is at its best. What counts is the broker's CPU time for each message, and the latency, from
 * a timestamp in the payload that is set when the packet is handed to the socket. The generator
 * itself is held up now and then on a busy machine; the last row, how late it sent, tells how much
 * of the high percentiles is the machine's.
 */

import { sleep } from "../clock.ts";
import { PublishBlock } from "../frames.ts";
import { type Measurement, type Metric, Samples } from "../measurement.ts";
import { PacedPublisher } from "../paced_publisher.ts";
import { numbered, openAll, Stopwatch, type Target, warmUpMs } from "./target.ts";

const MESSAGES_PER_SECOND = 20_000;
const PAIRS = 50;
const PAYLOAD_LENGTH = 64;
const READ_BUFFER_LENGTH = 16 * 1024;
const DRAIN_MS = 500;

export async function measureHardCase(target: Target): Promise<Measurement> {
  const subscribers = await openAll(target, numbered("sub", PAIRS), READ_BUFFER_LENGTH);
  const topics = numbered("bench/", PAIRS);
  await Promise.all(
    subscribers.map((sub, index) => sub.subscribe(topics.slice(index, index + 1), 0)),
  );
  const publishers = await openAll(target, numbered("pub", PAIRS), READ_BUFFER_LENGTH);
  const paced = new PacedPublisher(
    publishers.map((connection, index) => ({
      connection,
      block: new PublishBlock(topics.slice(index, index + 1), 0, PAYLOAD_LENGTH),
    })),
    MESSAGES_PER_SECOND,
  );

  const latencies = new Samples(MESSAGES_PER_SECOND * (target.seconds + 10));
  const lateness = new Samples(MESSAGES_PER_SECOND * (target.seconds + 10));
  for (const subscriber of subscribers) {
    subscriber.onPublish = (bytes, payloadEnd) => {
      latencies.add(performance.now() - bytes.getFloat64(payloadEnd - 8));
    };
  }
  paced.onSent = (lateMs) => lateness.add(lateMs);
  const countReceived = () => subscribers.reduce((sum, { received }) => sum + received, 0);

  paced.start();
  await sleep(warmUpMs(target));
  const stopwatch = await Stopwatch.start(target.pid);
  const receivedBefore = countReceived();
  latencies.start();
  lateness.start();
  await sleep(target.seconds * 1_000);
  latencies.stop();
  lateness.stop();
  const { elapsedSeconds } = stopwatch;
  const messages = countReceived() - receivedBefore;
  const cpu = await stopwatch.stop(messages);
  paced.stop();
  await sleep(DRAIN_MS);

  const missing = paced.sent - countReceived();
  const rate = messages / elapsedSeconds;
  const notes = rate < 0.98 * MESSAGES_PER_SECOND ? [`only ${Math.round(rate)} msg/s`] : [];
  return {
    metrics: [
      { name: "", unit: "msg/CPU-s", value: 1e6 / cpu.brokerCpuMicrosPerMessage, better: "more" },
      ...[50, 95, 99, 99.9].map((percent) =>
        microsMetric(`latency p${percent}`, latencies.percentile(percent))
      ),
      microsMetric("sent late p99", lateness.percentile(99)),
    ],
    brokerCpuMicrosPerMessage: cpu.brokerCpuMicrosPerMessage,
    brokerCpuShare: cpu.brokerCpuShare,
    lost: Math.max(0, missing),
    duplicated: Math.max(0, -missing),
    notes,
  };
}

function microsMetric(name: string, milliseconds: number): Metric {
  return { name, unit: "µs", value: milliseconds * 1_000, better: "less" };
}
