// PrimaryProbe: whether the first address answers again, asked while a bridge is connected to another one.

import { dial, DialError } from "./dial.ts";
import type { BridgeSettings } from "./settings.ts";

/** An address that answers and then takes no bridge is asked less and less often. */
const LONGEST_PERIOD_MS = 300_000;

export class PrimaryProbe {
  readonly #settings: BridgeSettings;
  #periodMs: number;
  #dueMs = 0;
  #probe: AbortController | undefined = undefined;

  constructor(settings: BridgeSettings) {
    this.#settings = settings;
    this.#periodMs = settings.primaryRetryMs;
  }

  /** The bridge is connected to the address `index`. */
  connected(index: number, nowMs: number): void {
    if (index === 0) this.#periodMs = this.#settings.primaryRetryMs;
    this.#dueMs = nowMs + this.#periodMs;
  }

  /** The bridge could not connect to the address `index`. */
  failed(index: number): void {
    if (index === 0) this.#periodMs = Math.min(2 * this.#periodMs, LONGEST_PERIOD_MS);
  }

  /** Asks if it is time; `onAnswer` is called if it answers. */
  tick(nowMs: number, onAnswer: () => void): void {
    if (nowMs < this.#dueMs || this.#probe !== undefined) return;
    this.#dueMs = nowMs + this.#periodMs;
    const probe = this.#probe = new AbortController();
    const timer = setTimeout(() => probe.abort(), this.#settings.connectTimeoutMs);
    const { addresses, remote } = this.#settings;
    const { bindAddress } = remote;
    dial(addresses[0]!, { tls: undefined, bindAddress, signal: probe.signal }).then((stream) => {
      stream.close();
      if (!probe.signal.aborted) onAnswer();
    }, (error) => {
      if (!(error instanceof DialError)) throw error;
    }).finally(() => {
      clearTimeout(timer);
      this.#probe = undefined;
    });
  }

  stop(): void {
    this.#probe?.abort();
  }
}
