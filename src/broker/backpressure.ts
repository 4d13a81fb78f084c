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

import type { Publisher } from "../session/session_ports.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import type { Limits } from "./limits.ts";

/** What Backpressure asks and tells the peer's output. */
export interface SlowPeer {
  /** True while bytes wait for the peer to take them. */
  readonly isWriting: boolean;
  /** The peer has taken none for too long. */
  onStalled(): void;
}

export class Backpressure implements Deadline {
  dueSlot = 0;
  /** When the Client last took bytes. */
  progressMs: number;
  /** The Client has had its time; nobody waits for it any more. */
  isSlow = false;
  readonly #heldBack = new Set<Publisher>();
  readonly #deadlines: Deadlines;
  readonly #limits: Limits;
  readonly #peer: SlowPeer;

  constructor(deadlines: Deadlines, limits: Limits, nowMs: number, peer: SlowPeer) {
    this.#deadlines = deadlines;
    this.#limits = limits;
    this.#peer = peer;
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
    if (!this.#peer.isWriting) this.progressMs = nowMs; // slow with its acknowledgements only
    const stalledAtMs = this.progressMs + this.#limits.stalledOutputMs;
    if (nowMs >= stalledAtMs) return this.#peer.onStalled();
    this.#deadlines.set(this, stalledAtMs);
  }

  #release(): void {
    for (const publisher of this.#heldBack) publisher.resumeReading();
    this.#heldBack.clear();
  }
}
