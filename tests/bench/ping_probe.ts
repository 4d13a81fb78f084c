/**
 * How long a Client that does nothing else waits for its PINGRESP while the broker is busy.
 *
 * A Worker, with an event loop of its own: the one of the load generator is late itself. It sends a PINGREQ each
 * millisecond, or when the answer to the one before has come, and measures from when it was sent.
 */

import { sleep } from "./clock.ts";
import { connectMqtt, disconnectMqtt } from "./load_connection.ts";
import { Samples } from "./measurement.ts";

interface ProbeScope {
  onmessage: (event: MessageEvent<{ readonly port: number } | "stop">) => void;
  postMessage(p99Ms: number | "ready"): void;
  close(): void;
}

const PINGREQ = new Uint8Array([0xc0, 0x00]);
const PINGRESP_LENGTH = 2;
const PACE_MS = 1;
const CAPACITY = 100_000;

/** The main thread's side. */
export class PingProbe {
  readonly #worker = new Worker(new URL("./ping_probe.ts", import.meta.url), { type: "module" });

  /** Resolves when it has begun. */
  static async start(port: number): Promise<PingProbe> {
    const probe = new PingProbe();
    const ready = probe.#next();
    probe.#worker.postMessage({ port });
    await ready;
    return probe;
  }

  /** @returns the 99th percentile, in milliseconds. */
  async stop(): Promise<number> {
    const p99Ms = this.#next();
    this.#worker.postMessage("stop");
    return Number(await p99Ms);
  }

  #next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => resolve(data);
      this.#worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
  }
}

if ("WorkerGlobalScope" in globalThis) {
  const scope = globalThis as unknown as ProbeScope;
  const samples = new Samples(CAPACITY);
  let isOver = false;
  scope.onmessage = ({ data }) => {
    if (data === "stop") isOver = true;
    else void probe(data.port);
  };

  const probe = async (port: number) => {
    const connection = await connectMqtt({ port }, "ping-probe");
    const answer = new Uint8Array(16);
    samples.start();
    scope.postMessage("ready");
    while (!isOver) {
      const sentMs = performance.now();
      await connection.write(PINGREQ);
      for (let length = 0; length < PINGRESP_LENGTH;) {
        length += await connection.read(answer) ?? NaN;
      }
      const tookMs = performance.now() - sentMs;
      samples.add(tookMs);
      if (tookMs < PACE_MS) await sleep(PACE_MS - tookMs);
    }
    await disconnectMqtt(connection);
    scope.postMessage(samples.percentile(99));
    scope.close();
  };
}
