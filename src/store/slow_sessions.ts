// SlowSessions: those whose Clients did not acknowledge in time what was worth waiting for. What queues for them is
// stored at once for a while, so that publishers need not wait in vain.

import type { Session } from "../session/session.ts";
import type { JournalUnit } from "./unit.ts";

const SLOW_MS = 1_000;
/** Above so many, those that are over are looked for. */
const MANY = 1_000;

export class SlowSessions {
  /** Until when, in ms of the broker's clock, by their numbers. */
  readonly #untilMs = new Map<number, number>();

  /** What is still open of `unit`, whose time is over, should have been acknowledged. */
  addThoseOf(unit: JournalUnit): void {
    if (this.#untilMs.size >= MANY) this.#forgetUntil(unit.dueMs);
    for (const session of unit.openSessions()) this.#untilMs.set(session, unit.dueMs + SLOW_MS);
  }

  has(session: Session, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(session.storedNumber);
    return untilMs !== undefined && untilMs > nowMs;
  }

  #forgetUntil(nowMs: number): void {
    for (const [session, untilMs] of this.#untilMs) {
      if (untilMs <= nowMs) this.#untilMs.delete(session);
    }
  }
}
