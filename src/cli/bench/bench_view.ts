// What `midge bench` shows: a bar while it runs, a table at its end.

import type { BenchResult, Progress } from "./load.ts";

const BAR = 30;

/** One line that replaces itself. */
export function progressLine({ phase, share, deliveredPerSecond }: Progress): string {
  const done = Math.round(share * BAR);
  const bar = `${"█".repeat(done)}${"░".repeat(BAR - done)}`;
  const rate = phase === "connecting" ? "" : ` ${whole(deliveredPerSecond)} messages/s`;
  return `\r${phase.padEnd(10)} ${bar}${rate}\x1b[K`;
}

export function resultTable(result: BenchResult, subscribers: number): string {
  const { latencyMs } = result;
  const rows: [string, string][] = [
    [
      "connections",
      `${whole(result.connections)} in ${(result.connectSeconds * 1_000).toFixed(0)} ms, ` +
      `${whole(result.connectsPerSecond)}/s`,
    ],
    ["published", `${whole(result.published)}, ${whole(result.publishedPerSecond)}/s`],
  ];
  if (subscribers > 0) {
    rows.push([
      "delivered",
      `${whole(result.delivered)}, ${whole(result.deliveredPerSecond)}/s, ` +
      `${(result.bytesPerSecond / 1_048_576).toFixed(2)} MiB/s`,
    ], ["lost", whole(result.lost)]);
  }
  if (latencyMs !== null) {
    const { mean, p50, p90, p99, p999, max } = latencyMs;
    rows.push([
      "latency, ms",
      `p50 ${p50.toFixed(2)}, p90 ${p90.toFixed(2)}, p99 ${p99.toFixed(2)}, ` +
      `p99.9 ${p999.toFixed(2)}, at most ${max.toFixed(2)}, mean ${mean.toFixed(2)}`,
    ]);
  }
  if (result.lostConnections > 0) rows.push(["connections lost", whole(result.lostConnections)]);
  return rows.map(([name, value]) => `${name.padEnd(18)}${value}\n`).join("");
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
