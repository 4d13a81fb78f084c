/**
 * Closed-loop load: publishers, the subscribers their messages go to, and the window between them.
 *
 *     expected ──────────── deliveries that the messages published so far must cause
 *        │  under way, at most `windowDeliveries`, so that no broker has a reason to drop
 *     received ──────────── deliveries that have arrived
 *
 * A publisher goes on when an eighth of its window is free: as a real burst does, it writes many
 * packets at once, and the generator does not wear itself out on single ones. With QoS 1 and 2 a
 * publisher also waits for its own acknowledgements. Deliveries that do not come within
 * `STALL_MS` are written off, so that one lost message does not stop the measurement; they are
 * counted as lost in the end.
 */

import type { PublishBlock } from "./frames.ts";
import type { LoadConnection } from "./load_connection.ts";
import { sleep } from "./clock.ts";

const STALL_MS = 1_500;
const STALL_CHECK_MS = 250;

export interface FlowOptions {
  readonly publishers: readonly { connection: LoadConnection; block: PublishBlock }[];
  readonly subscribers: readonly LoadConnection[];
  /** Deliveries that one message causes. */
  readonly deliveriesPerMessage: number;
  readonly windowDeliveries: number;
}

class Publisher {
  readonly connection: LoadConnection;
  readonly #block: PublishBlock;
  #next = 0;
  #lastPacketId = 0;
  #sent = 0;
  #writtenOff = 0;

  constructor(connection: LoadConnection, block: PublishBlock) {
    this.connection = connection;
    this.#block = block;
  }

  /** Messages that are not acknowledged yet; none with QoS 0. */
  get unacknowledged(): number {
    if (this.#block.qos === 0) return 0;
    return this.#sent - this.#writtenOff - this.connection.acknowledged;
  }

  /** Publishes the next `count` messages of the block, which begins again at its end. */
  publish(count: number): void {
    const block = this.#block;
    for (let left = count; left > 0;) {
      const part = Math.min(left, block.count - this.#next);
      const { connection } = this;
      this.#lastPacketId = connection.appendPublishes(block, this.#next, part, this.#lastPacketId);
      this.#next = (this.#next + part) % block.count;
      left -= part;
    }
    this.#sent += count;
    this.connection.flush();
  }

  writeOff(): void {
    this.#writtenOff += this.unacknowledged;
  }
}

export class Flow {
  expected = 0;
  received = 0;
  /** How often nothing moved for `STALL_MS` although something was under way. */
  stalls = 0;
  readonly #options: FlowOptions;
  readonly #publishers: readonly Publisher[];
  readonly #leastMessages: number;
  readonly #mostMessages: number;
  #firstPublisher = 0;
  #running = false;
  #writtenOff = 0;
  #progressMark = 0;
  #progressAtMs = 0;

  constructor(options: FlowOptions) {
    this.#options = options;
    this.#publishers = options.publishers.map((p) => new Publisher(p.connection, p.block));
    const windowMessages = options.windowDeliveries / options.deliveriesPerMessage;
    this.#mostMessages = Math.max(1, Math.floor(windowMessages / this.#publishers.length));
    this.#leastMessages = Math.max(1, this.#mostMessages >> 3);
    const connections = [...options.publishers.map((p) => p.connection), ...options.subscribers];
    for (const connection of connections) {
      connection.onProgress = (received) => {
        this.received += received;
        this.#publish();
      };
    }
  }

  start(): void {
    this.#running = true;
    this.#progressAtMs = performance.now();
    this.#publish();
  }

  /** Stops publishing and waits for what is under way; returns how many deliveries never came. */
  async stop(): Promise<number> {
    this.#running = false;
    while (this.#isUnderWay() && !this.writeOffIfStalled()) await sleep(20);
    await sleep(20); // a broker that sends a message twice gets the time to do so
    return this.expected - this.received;
  }

  /** To be called now and then: gives up on what has not moved for `STALL_MS`. */
  writeOffIfStalled(): boolean {
    const mark = this.received +
      this.#publishers.reduce((n, p) => n + p.connection.acknowledged, 0);
    const nowMs = performance.now();
    if (mark !== this.#progressMark || !this.#isUnderWay()) {
      this.#progressMark = mark;
      this.#progressAtMs = nowMs;
      return false;
    }
    if (nowMs - this.#progressAtMs < STALL_MS) return false;
    this.stalls++;
    this.#writtenOff = this.expected - this.received;
    for (const publisher of this.#publishers) publisher.writeOff();
    this.#publish();
    return true;
  }

  #isUnderWay(): boolean {
    return this.expected - this.received - this.#writtenOff > 0 ||
      this.#publishers.some((publisher) => publisher.unacknowledged > 0);
  }

  #publish(): void {
    if (!this.#running) return;
    const { deliveriesPerMessage, windowDeliveries } = this.#options;
    const underWay = this.expected - this.received - this.#writtenOff;
    let free = Math.floor((windowDeliveries - underWay) / deliveriesPerMessage);
    // Each turn begins with another publisher, so that none of them starves.
    for (let turn = 0; turn < this.#publishers.length && free >= this.#leastMessages; turn++) {
      const index = (this.#firstPublisher + turn) % this.#publishers.length;
      const publisher = this.#publishers[index];
      if (publisher === undefined) return;
      const room = Math.min(free, this.#mostMessages - publisher.unacknowledged);
      if (room < this.#leastMessages) continue;
      publisher.publish(room);
      this.expected += room * deliveriesPerMessage;
      free -= room;
    }
    this.#firstPublisher = (this.#firstPublisher + 1) % this.#publishers.length;
  }
}

/** Looks after stalled flows until the returned function is called. */
export function watchForStalls(flows: readonly Flow[]): () => void {
  const timer = setInterval(() => {
    for (const flow of flows) flow.writeOffIfStalled();
  }, STALL_CHECK_MS);
  return () => clearInterval(timer);
}
