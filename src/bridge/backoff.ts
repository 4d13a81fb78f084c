// Backoff: how long a bridge waits before its next attempt. Mosquitto's "decorrelated jitter": at random between
// the base and three times the last wait, so that a thousand bridges do not come back in the same second.

import type { BridgeSettings } from "./settings.ts";

export class Backoff {
  readonly #settings: BridgeSettings["restart"];
  readonly #random: () => number;
  #lastMs: number;

  /** @param random from 0 up to 1. */
  constructor(settings: BridgeSettings["restart"], random: () => number = Math.random) {
    this.#settings = settings;
    this.#random = random;
    this.#lastMs = settings.baseMs;
  }

  /**
   * Milliseconds until the next attempt.
   * @param connectedMs how long the connection that has ended lasted; 0 if there was none.
   */
  next(connectedMs: number): number {
    const { baseMs, capMs, stableMs } = this.#settings;
    if (capMs === undefined) return baseMs;
    const wasStable = connectedMs > 0 && connectedMs >= stableMs;
    this.#lastMs = wasStable
      ? baseMs
      : Math.min(capMs, baseMs + this.#random() * (3 * this.#lastMs - baseMs));
    return Math.round(this.#lastMs);
  }
}
