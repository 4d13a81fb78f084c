// What the tests of overload share: a peer that writes as fast as it can, and a broker that is measured.

import type { Limits } from "../../src/mod.ts";
import { ChildProcess } from "../support/process.ts";

/** What can be flooded through. */
interface Peer {
  send(bytes: Uint8Array): Promise<void>;
  close(): void;
}

export const MIB = 1024 * 1024;

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** `bytes` as often as they fit into about a read of the broker. */
export function repeated(bytes: Uint8Array): Uint8Array {
  const times = Math.ceil(65_536 / bytes.length);
  const all = new Uint8Array(times * bytes.length);
  for (let i = 0; i < times; i++) all.set(bytes, i * bytes.length);
  return all;
}

/** Writes `bytes` over and over for `durationMs`; a write that is still stuck then is given up. */
export async function flood(peer: Peer, bytes: Uint8Array, durationMs: number): Promise<void> {
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    peer.close();
  }, durationMs);
  try {
    while (!isOver) await peer.send(bytes);
  } catch (error) {
    if (!isOver && !(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
  clearTimeout(timer);
}

/** A broker in another process, whose memory is known. */
export class MeasuredBroker implements AsyncDisposable {
  readonly port: number;
  readonly #process: ChildProcess;
  #baseBytes = 0;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(
    limits: Partial<Limits> = {},
    protocol: "mqtt" | "websockets" = "mqtt",
  ): Promise<MeasuredBroker> {
    const args = [JSON.stringify(limits), protocol];
    const process = new ChildProcess("tests/server/measured_broker.ts", args);
    const [, port] = await process.waitForOutput(/port (\d+)\n/);
    const broker = new MeasuredBroker(process, Number(port));
    const [, rss] = await process.waitForOutput(/\n(\d+)\n/);
    broker.#baseBytes = Number(rss);
    return broker;
  }

  /** The most resident bytes it has had so far, above those of its start. */
  async peakGrowth(): Promise<number> {
    const { stdout } = await this.#end();
    const samples = stdout.trim().split("\n").slice(1).map(Number);
    return Math.max(...samples) - this.#baseBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }

  #end(): Promise<{ readonly stdout: string }> {
    this.#process.signal("SIGTERM");
    return this.#process.ended();
  }
}
