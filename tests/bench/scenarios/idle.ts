/**
 * What a connection costs while nobody speaks: resident memory of the broker before and after
 * 10,000 clients have connected, both after a moment to settle.
 */

import { forEachAtOnce, sleep } from "../clock.ts";
import { connectMqtt } from "../load_connection.ts";
import type { Measurement } from "../measurement.ts";
import { readResidentBytes } from "../process_stat.ts";
import type { LoadSocket } from "../websocket_conn.ts";
import type { Target } from "./target.ts";

const AT_ONCE = 64;
const SETTLE_MS = 2_000;
const MEBIBYTE = 1024 * 1024;

export async function measureIdle(target: Target, connectionCount: number): Promise<Measurement> {
  await sleep(SETTLE_MS);
  const bytesBefore = await readResidentBytes(target.pid);
  const connections: LoadSocket[] = [];
  await forEachAtOnce(connectionCount, AT_ONCE, async (index) => {
    connections.push(await connectMqtt(target, `idle${index}`));
  });
  await sleep(SETTLE_MS);
  const bytesAfter = await readResidentBytes(target.pid);
  for (const connection of connections) connection.close();
  return {
    metrics: [
      {
        name: "",
        unit: "B/conn",
        value: (bytesAfter - bytesBefore) / connectionCount,
        better: "less",
      },
      { name: "memory before", unit: "MiB", value: bytesBefore / MEBIBYTE, better: "less" },
      { name: "memory after", unit: "MiB", value: bytesAfter / MEBIBYTE, better: "less" },
    ],
    lost: 0,
    duplicated: 0,
    notes: [],
  };
}
