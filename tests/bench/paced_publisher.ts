/**
 * Open-loop load: a fixed number of messages a second, in turn from each of many connections.
 *
 * What is due is computed from the clock, so a late tick is made up for by the next one. Deno's
 * timers fire every 2 ms at best, which would send forty messages at once; `setImmediate` asks the
 * clock every few microseconds, so that each message leaves when it is due, at the price of a core
 * that never rests. Each payload ends with the time its packet was handed to the socket, as a
 * Float64 of milliseconds.
 */

import { setImmediate } from "node:timers";

import type { PublishBlock } from "./frames.ts";
import type { LoadConnection } from "./load_connection.ts";

export interface PacedConnection {
  readonly connection: LoadConnection;
  /** A block of one frame, whose last eight bytes become the timestamp. */
  readonly block: PublishBlock;
}

export class PacedPublisher {
  sent = 0;
  /** How much later than due each message was sent, in milliseconds, if someone wants to know. */
  onSent: (lateMs: number) => void = () => {};
  readonly #senders: readonly { connection: LoadConnection; block: PublishBlock; view: DataView }[];
  readonly #messagesPerSecond: number;
  #startedMs = 0;
  #running = false;

  constructor(connections: readonly PacedConnection[], messagesPerSecond: number) {
    this.#senders = connections.map(({ connection, block }) => ({
      connection,
      block,
      view: new DataView(block.bytes.buffer),
    }));
    this.#messagesPerSecond = messagesPerSecond;
  }

  start(): void {
    this.#running = true;
    this.#startedMs = performance.now();
    this.#tick();
  }

  stop(): void {
    this.#running = false;
  }

  #tick(): void {
    if (!this.#running) return;
    const elapsedMs = performance.now() - this.#startedMs;
    const due = Math.floor((elapsedMs * this.#messagesPerSecond) / 1_000);
    while (this.sent < due) {
      const dueMs = this.#startedMs + (this.sent * 1_000) / this.#messagesPerSecond;
      const sender = this.#senders[this.sent++ % this.#senders.length];
      if (sender === undefined) return;
      const nowMs = performance.now();
      this.onSent(nowMs - dueMs);
      sender.view.setFloat64(sender.block.frameLength - 8, nowMs);
      sender.connection.appendPublishes(sender.block, 0, 1, 0);
      sender.connection.flush();
    }
    setImmediate(() => this.#tick());
  }
}
