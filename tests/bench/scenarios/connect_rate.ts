/**
 * How many clients a second can come: TCP connect, CONNECT, CONNACK, DISCONNECT, close; 64 at once.
 *
 * At most 20,000 connections, since every one leaves a port in TIME_WAIT for a minute. Opening
 * connections costs the generator more than it costs a broker in C, so the broker's CPU time for
 * each connection says more here than the rate does.
 */

import { forEachAtOnce, sleep } from "../clock.ts";
import { connectMqtt, disconnectMqtt } from "../load_connection.ts";
import type { Measurement } from "../measurement.ts";
import { Stopwatch, type Target } from "./target.ts";

const AT_ONCE = 64;
const WARM_UP_CONNECTIONS = 1_000;
const MOST_CONNECTIONS = 20_000;
const SETTLE_MS = 200;

export async function measureConnectRate(target: Target): Promise<Measurement> {
  const connectOnce = async (index: number): Promise<void> => {
    await disconnectMqtt(await connectMqtt(target, `c${index}`));
  };
  await forEachAtOnce(WARM_UP_CONNECTIONS, AT_ONCE, connectOnce);
  await sleep(SETTLE_MS);

  let connections = 0;
  const stopwatch = await Stopwatch.start(target.pid);
  await forEachAtOnce(MOST_CONNECTIONS, AT_ONCE, async (index) => {
    if (stopwatch.elapsedSeconds > target.seconds) return;
    await connectOnce(WARM_UP_CONNECTIONS + index);
    connections++;
  });
  const { elapsedSeconds } = stopwatch;
  const cpu = await stopwatch.stop(connections);
  return {
    metrics: [{ name: "", unit: "conn/s", value: connections / elapsedSeconds, better: "more" }],
    ...cpu,
    lost: 0,
    duplicated: 0,
    notes: [],
  };
}
