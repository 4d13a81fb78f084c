/**
 * Start-up with a large store: makes one with a million messages that wait for one Client, or a million retained ones,
 * and measures how long a broker reads it, what memory that takes, and how fast the Client gets its messages.
 *
 *     deno run -A tests/bench/large_store.ts [--queued 1000000] [--retained 0]
 */

import { parseArgs } from "node:util";
import { BrokerProcess } from "../crash/broker_process.ts";
import { freePort } from "../support/free_port.ts";
import { BatchWriter } from "../../src/store/batch_writer.ts";
import { openDatabase } from "../../src/store/open_database.ts";
import { SqliteStore } from "../../src/store/sqlite_store.ts";
import { LoadConnection } from "./load_connection.ts";
import { print } from "./print.ts";

const ROWS_PER_BATCH = 10_000;
const PAYLOAD = new Uint8Array(64).fill(0x2e);
const NEVER_EXPIRES = 0xffff_ffff;
const DRAIN_TIMEOUT_MS = 120_000;

if (import.meta.main) await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      queued: { type: "string", default: "1000000" },
      retained: { type: "string", default: "0" },
    },
  });
  const queued = Number(values.queued);
  const retained = Number(values.retained);
  const folder = Deno.makeTempDirSync({ prefix: "midge-large-" });
  try {
    makeStore(`${folder}/midge.db`, queued, retained);
    await measureStart(folder, queued);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Writes the store as a broker would have. */
export function makeStore(path: string, queued: number, retained: number): void {
  const db = openDatabase(path, "process");
  const store = new SqliteStore(db);
  const writer = new BatchWriter();
  writer.session({
    session: 1,
    clientId: "sleeper",
    userName: undefined,
    listener: "",
    mountPoint: "",
    expiryInterval: NEVER_EXPIRES,
    disconnectedAtMs: Date.now(),
    will: undefined,
    lastPacketId: 0,
  });
  writer.subscription({
    session: 1,
    topicFilter: "queued/#",
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    identifier: 0,
    awaitsRetained: false,
  });
  for (let number = 1; number <= queued + retained; number++) {
    const isQueued = number <= queued;
    const topicName = isQueued ? `queued/${number % 1_000}` : `kept/${number}`;
    writer.message({
      message: number,
      topicName,
      payload: PAYLOAD,
      forwardedProperties: new Uint8Array(),
      qos: 1,
      retain: !isQueued,
      expiresAtMs: Infinity,
      publisherId: "maker",
    });
    if (isQueued) {
      writer.delivery({
        delivery: number,
        session: 1,
        message: number,
        qos: 1,
        retain: false,
        subscriptionIdentifiers: [],
        sharedFilter: "",
        packetId: 0,
        awaiting: 0,
      });
    } else {
      writer.retained({
        topicName,
        message: number,
        ownerClientId: "maker",
        ownerUserName: undefined,
        ownerListener: "",
      });
    }
    if (number % ROWS_PER_BATCH === 0) store.commit(writer.take());
  }
  store.commit(writer.take());
  db.close();
}

async function measureStart(folder: string, queued: number): Promise<void> {
  const port = freePort();
  const config = `${folder}/midge.yaml`;
  Deno.writeTextFileSync(
    config,
    `user: root
listeners: [{ port: ${port}, hostnames: [127.0.0.1], allowAnonymous: true }]
limits: { maximumInflightMessages: 65535, maximumQueuedMessages: unlimited, maximumQueuedBytes: unlimited }
persistence: { directory: ${folder} }
`,
  );
  const megabytes = (bytes: number) => Math.round(bytes / 1_048_576);
  print(`database: ${megabytes(Deno.statSync(`${folder}/midge.db`).size)} MiB`);
  const startedMs = performance.now();
  const broker = new BrokerProcess({ config, port });
  try {
    if (!await broker.listening()) throw new Error(broker.stderr);
    print(`listens after ${((performance.now() - startedMs) / 1_000).toFixed(2)} s`);
    for (const line of broker.stderr.split("\n").filter((each) => /Restored/.test(each))) {
      print(`  ${line}`);
    }
    print(
      `resident: ${megabytes(residentBytes(broker.pid, "VmRSS"))} MiB, at most ${
        megabytes(residentBytes(broker.pid, "VmHWM"))
      } MiB`,
    );
    if (queued > 0) await drain(port, queued);
  } finally {
    await broker.end("SIGKILL");
  }
}

async function drain(port: number, queued: number): Promise<void> {
  const startedMs = performance.now();
  const onFailure = (reason: string) => print(`failed: ${reason}`);
  const client = await LoadConnection.open({
    port,
    clientId: "sleeper",
    keepsSession: true,
    onFailure,
  });
  while (client.received < queued && performance.now() - startedMs < DRAIN_TIMEOUT_MS) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  print(
    `drained ${client.received} messages in ${seconds.toFixed(2)} s: ${
      Math.round(client.received / seconds)
    } messages/s`,
  );
  client.close();
}

function residentBytes(pid: number, field: string): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1_024;
}
