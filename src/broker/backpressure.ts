// Backpressure: what happens while a Client takes its messages too slowly (DESIGN, "Speed").
//
//   congested --> its publishers are not read ----drained----> they are read again
//                       | maximumBackpressureMs
//                       v
//                 slow: publishers are read again, QoS 0 messages to it are dropped until it has drained
//                       | stalledOutputMs without a byte taken
//                       v
//                 disconnected
//
// So a short burst loses nothing, and one slow Client never costs the others more than a moment. One of
// these lives only as long as its Client is congested.

import type { Publisher } from "../session/session.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import type { Limits } from "./limits.ts";

export class Backpressure implements Deadline {
  dueSlot = 0;
  /** When the Client last took bytes. */
  progressMs: number;
  /** The Client has had its time; nobody waits for it any more. */
  isSlow = false;
  readonly #heldBack = new Set<Publisher>();
  readonly #deadlines: Deadlines;
  readonly #limits: Limits;
  readonly #onStalled: () => void;

  constructor(deadlines: Deadlines, limits: Limits, nowMs: number, onStalled: () => void) {
    this.#deadlines = deadlines;
    this.#limits = limits;
    this.#onStalled = onStalled;
    this.progressMs = nowMs;
    deadlines.set(this, nowMs + limits.maximumBackpressureMs);
  }

  holdBack(publisher: Publisher): void {
    if (this.isSlow || this.#heldBack.has(publisher)) return;
    this.#heldBack.add(publisher);
    publisher.pauseReading();
  }

  /** The Client has caught up, or is gone. */
  end(): void {
    this.#deadlines.cancel(this);
    this.#release();
  }

  onDeadline(nowMs: number): void {
    this.isSlow = true;
    this.#release();
    const stalledAtMs = this.progressMs + this.#limits.stalledOutputMs;
    if (nowMs >= stalledAtMs) return this.#onStalled();
    this.#deadlines.set(this, stalledAtMs);
  }

  #release(): void {
    for (const publisher of this.#heldBack) publisher.resumeReading();
    this.#heldBack.clear();
  }
}
