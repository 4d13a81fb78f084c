/** What every scenario is given: the broker under test, and how long to look at it. */

import { cpuUsage } from "node:process";
import { LoadConnection } from "../load_connection.ts";
import type { Metric } from "../measurement.ts";
import { PingProbe } from "../ping_probe.ts";
import type { Transport } from "../transport.ts";
import { readCpuSeconds, readWrittenBytes } from "../process_stat.ts";

export interface Target {
  readonly port: number;
  readonly pid: number;
  readonly seconds: number;
  readonly transport: Transport;
  /** PEM: the CA of a broker that speaks TLS. */
  readonly authority: string;
  /** The Sessions of the Clients outlive their connections. */
  readonly keepsSessions?: boolean;
  readonly onFailure: (reason: string) => void;
}

/** JIT compilers and socket buffers settle in this time; it is not measured. */
export function warmUpMs(target: Target): number {
  return Math.min(1_000, target.seconds * 400);
}

export function openAll(
  target: Target,
  names: readonly string[],
  readBufferLength = 64 * 1024,
): Promise<LoadConnection[]> {
  const { port, transport, authority, keepsSessions: keepsSession, onFailure } = target;
  const common = { port, transport, authority, keepsSession, readBufferLength, onFailure };
  return Promise.all(names.map((clientId) => LoadConnection.open({ ...common, clientId })));
}

export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => prefix + String(index).padStart(4, "0"));
}

/** A stopwatch over wall time, the broker's CPU time and our own. */
export class Stopwatch {
  readonly #pid: number;
  readonly #startedMs: number;
  readonly #brokerSeconds: number;
  readonly #ownMicros: number;

  private constructor(pid: number, brokerSeconds: number) {
    this.#pid = pid;
    this.#brokerSeconds = brokerSeconds;
    this.#ownMicros = ownCpuMicros();
    this.#startedMs = performance.now();
  }

  static async start(pid: number): Promise<Stopwatch> {
    return new Stopwatch(pid, await readCpuSeconds(pid));
  }

  get elapsedSeconds(): number {
    return (performance.now() - this.#startedMs) / 1_000;
  }

  /** CPU figures since the start, for `messages` messages. */
  async stop(messages: number): Promise<{
    readonly brokerCpuMicrosPerMessage: number;
    readonly brokerCpuShare: number;
    readonly generatorCpuShare: number;
  }> {
    const elapsedSeconds = this.elapsedSeconds;
    const ownMicros = ownCpuMicros() - this.#ownMicros;
    const brokerSeconds = await readCpuSeconds(this.#pid) - this.#brokerSeconds;
    return {
      brokerCpuMicrosPerMessage: (brokerSeconds * 1e6) / messages,
      brokerCpuShare: brokerSeconds / elapsedSeconds,
      generatorCpuShare: ownMicros / 1e6 / elapsedSeconds,
    };
  }
}

/** What keeping costs besides time: bytes on the disk, and how long somebody waits who has no part in it. */
export class StoreWatch {
  readonly #pid: number;
  readonly #writtenBytes: number;
  readonly #probe: PingProbe;

  private constructor(pid: number, writtenBytes: number, probe: PingProbe) {
    this.#pid = pid;
    this.#writtenBytes = writtenBytes;
    this.#probe = probe;
  }

  /** Undefined for a scenario that keeps nothing. */
  static async start(target: Target): Promise<StoreWatch | undefined> {
    if (target.keepsSessions !== true) return undefined;
    const probe = await PingProbe.start(target.port);
    return new StoreWatch(target.pid, await readWrittenBytes(target.pid), probe);
  }

  /** Since the start, for `messages` messages. */
  async stop(messages: number): Promise<Metric[]> {
    const bytes = await readWrittenBytes(this.#pid) - this.#writtenBytes;
    return [
      { name: "written to disk", unit: "B/msg", value: bytes / messages, better: "less" },
      { name: "PINGRESP p99", unit: "ms", value: await this.#probe.stop(), better: "less" },
    ];
  }
}

function ownCpuMicros(): number {
  const { user, system } = cpuUsage();
  return user + system;
}
