// What $SYS says of a broker, put together: values, and how fast counters grow. A broker publishes them in rounds,
// every sys_interval, and leaves out what has not changed; so a round is what comes together, and a rate is how
// much a counter has grown from round to round.

const PREFIX = "$SYS/broker/";

/** Counters, and where the broker says how much a minute they have grown, before there are two rounds. */
const COUNTERS = {
  messagesReceived: { topic: "messages/received", load: "load/messages/received/1min" },
  messagesSent: { topic: "messages/sent", load: "load/messages/sent/1min" },
  publishReceived: { topic: "publish/messages/received", load: "load/publish/received/1min" },
  publishSent: { topic: "publish/messages/sent", load: "load/publish/sent/1min" },
  publishDropped: { topic: "publish/messages/dropped", load: "load/publish/dropped/1min" },
  bytesReceived: { topic: "bytes/received", load: "load/bytes/received/1min" },
  bytesSent: { topic: "bytes/sent", load: "load/bytes/sent/1min" },
} as const;

const GAUGES = {
  clientsConnected: "clients/connected",
  clientsDisconnected: "clients/disconnected",
  clientsMaximum: "clients/maximum",
  subscriptions: "subscriptions/count",
  retained: "retained messages/count",
  stored: "store/messages/count",
  storedBytes: "store/messages/bytes",
  heapBytes: "heap/current",
  heapMaximumBytes: "heap/maximum",
} as const;

export type CounterName = keyof typeof COUNTERS;
export type GaugeName = keyof typeof GAUGES;

/** What is not said is null. */
export interface SysReport {
  readonly version: string | null;
  readonly uptimeSeconds: number | null;
  readonly gauges: Readonly<Record<GaugeName, number | null>>;
  readonly totals: Readonly<Record<CounterName, number | null>>;
  /** Each a second. */
  readonly rates: Readonly<Record<CounterName, number | null>>;
}

/** All that is asked for: not `$SYS/#`, which would have the broker publish its log. */
export const SYS_FILTERS: readonly string[] = [
  "+",
  "clients/#",
  "messages/#",
  "publish/#",
  "bytes/#",
  "subscriptions/#",
  "retained messages/#",
  "store/#",
  "heap/#",
  "load/#",
].map((filter) => PREFIX + filter);

interface Round {
  readonly atMs: number;
  readonly totals: ReadonlyMap<CounterName, number>;
}

export class SysModel {
  readonly #values = new Map<string, string>();
  #lastRound: Round | undefined;
  #rates: Partial<Record<CounterName, number>> = {};

  receive(topic: string, payload: string): void {
    if (topic.startsWith(PREFIX)) this.#values.set(topic.slice(PREFIX.length), payload);
  }

  /** All of a round has come, and it began at `atMs`. */
  endRound(atMs: number): void {
    const totals = new Map<CounterName, number>();
    for (const name of Object.keys(COUNTERS) as CounterName[]) {
      const total = this.#number(COUNTERS[name].topic);
      if (total !== null) totals.set(name, total);
    }
    const last = this.#lastRound;
    if (last !== undefined && atMs > last.atMs) {
      this.#rates = {};
      for (const [name, total] of totals) {
        const before = last.totals.get(name);
        // A broker that has been started anew counts from 0.
        const grown = before === undefined || total < before ? total : total - before;
        this.#rates[name] = grown / ((atMs - last.atMs) / 1_000);
      }
    }
    this.#lastRound = { atMs, totals };
  }

  report(): SysReport {
    const each = <N extends string>(names: Record<N, unknown>, of: (name: N) => number | null) =>
      Object.fromEntries((Object.keys(names) as N[]).map((name) => [name, of(name)])) as Record<
        N,
        number | null
      >;
    return {
      version: this.#values.get("version") ?? null,
      uptimeSeconds: this.#number("uptime"),
      gauges: each(GAUGES, (name) => this.#number(GAUGES[name])),
      totals: each(COUNTERS, (name) => this.#number(COUNTERS[name].topic)),
      rates: each(COUNTERS, (name) => this.#rates[name] ?? this.#perMinute(COUNTERS[name].load)),
    };
  }

  #perMinute(topic: string): number | null {
    const value = this.#number(topic);
    return value === null ? null : value / 60;
  }

  #number(topic: string): number | null {
    const value = parseFloat(this.#values.get(topic) ?? "");
    return Number.isFinite(value) ? value : null;
  }
}
