// The load: connections, who publishes to whom, how fast, and what is measured. It knows nothing of how it is shown.
//
// Publisher p writes to PREFIX/p. As many subscribers as publishers or more: each hears one publisher, in turn.
// Fewer: each hears several. So 1 to 1, fan-out and fan-in are a matter of two numbers. A payload begins with
// the time (float64, milliseconds) and the number of its publisher (uint32).

import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import { encodePublish } from "../../packet/publish.ts";
import { dialer } from "../client/dial.ts";
import type { BenchSettings } from "./bench_options.ts";
import { Histogram } from "./histogram.ts";
import { LoadClient, Refused } from "./load_client.ts";

/** Connections that are made at once. */
const CONNECTING = 64;
/** Messages that one publisher sends before others have their turn. */
const BURST = 256;
const DRAIN_MS = 2_000;
/** A window of QoS 0 that nothing has come through for so long was lost. */
const STALLED_MS = 1_000;
const FAILED = 0x80;

export interface Progress {
  readonly phase: "connecting" | "warming up" | "measuring" | "draining";
  /** From 0 to 1, of the phase. */
  readonly share: number;
  readonly deliveredPerSecond: number;
}

export interface BenchResult {
  readonly connections: number;
  readonly connectSeconds: number;
  readonly connectsPerSecond: number;
  readonly seconds: number;
  readonly published: number;
  readonly publishedPerSecond: number;
  readonly delivered: number;
  readonly deliveredPerSecond: number;
  /** Of payloads that were delivered. */
  readonly bytesPerSecond: number;
  /** Milliseconds from publisher to subscriber; null: nobody has heard anything. */
  readonly latencyMs:
    | Readonly<Record<"mean" | "p50" | "p90" | "p99" | "p999" | "max", number>>
    | null;
  /** Deliveries that were due in the whole run, and did not come. */
  readonly lost: number;
  readonly lostConnections: number;
}

interface Publisher {
  readonly client: LoadClient;
  readonly frame: Buffer;
  readonly payloadAt: number;
  readonly packetIdAt: number;
  /** Who hears it. */
  readonly fan: number;
  sent: number;
  acknowledged: number;
  delivered: number;
  progressMs: number;
}

export class Load {
  readonly #settings: BenchSettings;
  readonly #onProgress: (progress: Progress) => void;
  readonly #latency = new Histogram();
  readonly #clients: LoadClient[] = [];
  readonly #publishers: Publisher[] = [];
  #isSending = false;
  #isWaiting = false;
  #measuresFromMs = Infinity;
  #published = 0;
  #delivered = 0;
  #deliveredInAll = 0;
  #lostConnections = 0;
  #isEnding = false;

  constructor(settings: BenchSettings, onProgress: (progress: Progress) => void) {
    this.#settings = settings;
    this.#onProgress = onProgress;
  }

  /** @throws {Refused} @throws {Error} @throws {UsageError} */
  async run(): Promise<BenchResult> {
    const { publishers, subscribers, warmUpSeconds, durationSeconds } = this.#settings;
    const pings = setInterval(
      () => this.#clients.forEach((client) => client.ping()),
      this.#settings.keepAliveSeconds * 500,
    );
    try {
      const beganMs = performance.now();
      await this.#connectAll(publishers + subscribers);
      const connectSeconds = (performance.now() - beganMs) / 1_000;
      await this.#subscribeAll();
      this.#makePublishers();
      this.#isSending = true;
      this.#send();
      await this.#watch("warming up", warmUpSeconds * 1_000);
      this.#latency.clear();
      this.#published = this.#delivered = 0;
      const measuresFromMs = this.#measuresFromMs = performance.now();
      await this.#watch("measuring", durationSeconds * 1_000);
      const seconds = (performance.now() - measuresFromMs) / 1_000;
      this.#isSending = false;
      const [published, delivered] = [this.#published, this.#delivered];
      await this.#drain();
      return this.#result({ connectSeconds, seconds, published, delivered });
    } finally {
      clearInterval(pings);
      this.#isSending = false;
      this.#isEnding = true;
      for (const client of this.#clients) client.end();
    }
  }

  async #connectAll(count: number): Promise<void> {
    const dial = dialer(this.#settings);
    const { version, username, password, keepAliveSeconds, id } = this.#settings;
    let next = 0;
    const connectSome = async () => {
      while (next < count) {
        const index = next++;
        const client = new LoadClient(dial(), version, {
          onMessage: (bytes, at, end) => this.#onMessage(bytes, at, end),
          onAcknowledged: () => this.#onAcknowledged(index),
          onRoom: () => this.#send(),
          onLost: () => {
            if (!this.#isEnding) this.#lostConnections++;
          },
        });
        this.#clients[index] = client;
        const clientId = `${id ?? this.#settings.runName}-${index}`;
        await client.connect({ clientId, username, password, keepAlive: keepAliveSeconds });
        this.#onProgress({ phase: "connecting", share: next / count, deliveredPerSecond: 0 });
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONNECTING, count) }, connectSome));
  }

  async #subscribeAll(): Promise<void> {
    const { publishers, subscribers, qos } = this.#settings;
    for (let each = 0; each < subscribers; each++) {
      const heard = heardBy(each, publishers, subscribers);
      const filters = heard.map((publisher) => this.#topic(publisher));
      const granted = await this.#clients[publishers + each]!.subscribe(filters, qos);
      const refused = granted.findIndex((code) => code >= FAILED);
      if (refused >= 0) {
        throw new Error(`The broker does not let us subscribe to ${filters[refused]}`);
      }
    }
  }

  #topic(publisher: number): string {
    return `${this.#settings.topicPrefix}/${publisher}`;
  }

  #makePublishers(): void {
    const { publishers, subscribers, qos, payloadBytes, version } = this.#settings;
    const fans = new Array<number>(publishers).fill(0);
    for (let each = 0; each < subscribers; each++) {
      for (const publisher of heardBy(each, publishers, subscribers)) fans[publisher]!++;
    }
    for (let index = 0; index < publishers; index++) {
      const payload = Buffer.alloc(payloadBytes, "midge bench ");
      payload.writeUInt32BE(index, 8);
      const frame = Buffer.from(encodePublish({
        topicName: this.#topic(index),
        payload,
        qos,
        retain: false,
        dup: false,
        packetId: qos === 0 ? 0 : 1,
      }, version));
      const payloadAt = frame.length - payloadBytes;
      const packetIdAt = qos === 0 ? 0 : payloadAt - 2 - (version === 5 ? 1 : 0);
      this.#publishers.push({
        client: this.#clients[index]!,
        frame,
        payloadAt,
        packetIdAt,
        fan: fans[index]!,
        sent: 0,
        acknowledged: 0,
        delivered: 0,
        progressMs: performance.now(),
      });
    }
  }

  /** Sends what may be sent now, and sees to it that it goes on. */
  #send(): void {
    if (!this.#isSending || this.#isWaiting) return;
    const { rate } = this.#settings;
    if (rate === 0) {
      let hasSent = false;
      for (const publisher of this.#publishers) {
        for (let i = 0; i < BURST && this.#mayPublish(publisher); i++) {
          this.#publish(publisher);
          hasSent = true;
        }
      }
      // Where all are held up, an acknowledgement or a delivery comes back here; the timer is for what is lost.
      this.#isWaiting = true;
      const again = () => {
        this.#isWaiting = false;
        this.#send();
      };
      if (hasSent) setImmediate(again);
      else setTimeout(again, 1);
    } else this.#sendPaced(performance.now(), 0, rate / 1_000);
  }

  /** Message n is due n / rate after the beginning, whenever the timer wakes us. */
  #sendPaced(beganMs: number, sent: number, perMs: number): void {
    this.#isWaiting = true;
    if (!this.#isSending) return;
    const due = Math.floor((performance.now() - beganMs) * perMs);
    for (; sent < due; sent++) {
      const publisher = this.#publishers[sent % this.#publishers.length]!;
      if (!this.#mayPublish(publisher)) break;
      this.#publish(publisher);
    }
    setTimeout(() => this.#sendPaced(beganMs, sent, perMs), 1);
  }

  #mayPublish(publisher: Publisher): boolean {
    const { qos, inflight } = this.#settings;
    const { client, sent, acknowledged, delivered, fan } = publisher;
    if (client.isBlocked) return false;
    if (qos > 0 && sent - acknowledged >= inflight) return false;
    if (fan === 0 || sent - delivered / fan < inflight) return true;
    if (performance.now() - publisher.progressMs < STALLED_MS) return false;
    publisher.delivered = sent * fan; // lost, as the sum will show
    return true;
  }

  #publish(publisher: Publisher): void {
    const { frame, payloadAt, packetIdAt, client } = publisher;
    frame.writeDoubleBE(performance.now(), payloadAt);
    client.publish(frame, packetIdAt);
    publisher.sent++;
    this.#published++;
  }

  #onAcknowledged(index: number): void {
    const publisher = this.#publishers[index];
    if (publisher !== undefined) publisher.acknowledged++;
  }

  #onMessage(bytes: Uint8Array, at: number, end: number): void {
    if (end - at !== this.#settings.payloadBytes) return; // somebody else's
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, 12);
    const publisher = this.#publishers[view.getUint32(8)];
    if (publisher === undefined) return;
    const nowMs = performance.now();
    const sentMs = view.getFloat64(0);
    publisher.delivered++;
    publisher.progressMs = nowMs;
    this.#delivered++;
    this.#deliveredInAll++;
    if (sentMs >= this.#measuresFromMs) this.#latency.add((nowMs - sentMs) * 1_000);
  }

  async #watch(phase: Progress["phase"], forMs: number): Promise<void> {
    const beganMs = performance.now();
    let [lastMs, last] = [beganMs, this.#deliveredInAll];
    for (let nowMs = beganMs; nowMs - beganMs < forMs; nowMs = performance.now()) {
      if (this.#lostConnections === this.#clients.length) {
        throw new Error("All connections are lost");
      }
      await pause(Math.min(200, forMs - (nowMs - beganMs)));
      const endMs = performance.now();
      this.#onProgress({
        phase,
        share: Math.min(1, (endMs - beganMs) / forMs),
        deliveredPerSecond: (this.#deliveredInAll - last) / ((endMs - lastMs) / 1_000),
      });
      [lastMs, last] = [endMs, this.#deliveredInAll];
    }
  }

  get #due(): number {
    return this.#publishers.reduce((sum, { sent, fan }) => sum + sent * fan, 0);
  }

  async #drain(): Promise<void> {
    const untilMs = performance.now() + DRAIN_MS;
    while (this.#deliveredInAll < this.#due && performance.now() < untilMs) await pause(10);
  }

  #result({ connectSeconds, seconds, published, delivered }: {
    readonly connectSeconds: number;
    readonly seconds: number;
    readonly published: number;
    readonly delivered: number;
  }): BenchResult {
    const ms = (micros: number) => Math.round(micros) / 1_000;
    const at = (share: number) => ms(this.#latency.percentile(share));
    return {
      connections: this.#clients.length,
      connectSeconds,
      connectsPerSecond: this.#clients.length / connectSeconds,
      seconds,
      published,
      publishedPerSecond: published / seconds,
      delivered,
      deliveredPerSecond: delivered / seconds,
      bytesPerSecond: delivered * this.#settings.payloadBytes / seconds,
      latencyMs: this.#latency.total === 0 ? null : {
        mean: ms(this.#latency.mean),
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: ms(this.#latency.maximum),
      },
      lost: Math.max(0, this.#due - this.#deliveredInAll),
      lostConnections: this.#lostConnections,
    };
  }
}

/** The publishers that subscriber `each` hears. */
export function heardBy(each: number, publishers: number, subscribers: number): number[] {
  if (publishers === 0) return [];
  if (subscribers >= publishers) return [each % publishers];
  const heard: number[] = [];
  for (let index = each; index < publishers; index += subscribers) heard.push(index);
  return heard;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export { Refused };
