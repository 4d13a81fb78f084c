// YoungUnits: units of nothing but messages on their way to Clients that may acknowledge them any moment. They wait
// for that, in order, each until its time is over; most need never be stored.

import type { Session } from "../session/session.ts";
import type { JournalUnit } from "./unit.ts";

/** How long a message may wait for the acknowledgements that make storing it needless. */
const YOUNG_MS = 10;
/** Under load acknowledgements take longer, and storing what they are under way for would make that worse. */
const MAX_YOUNG_MS = 50;
/** What waits for a place in its Client's window takes longer. */
const QUEUED_MS = 100;
/** For so many messages under way, a millisecond more. */
const YOUNG_PER_MS = 100;

export class YoungUnits {
  #units: JournalUnit[] = [];
  /** Those before it in {@link #units} are done, or taken. */
  #first = 0;
  /** Messages that began in those which are neither done nor taken, about. */
  #messages = 0;
  /** The last one with a message for each Session, by its number. */
  readonly #lastOf = new Map<number, JournalUnit>();
  /** Number of the last one whose time is over, whatever its age. */
  #lastHurried = 0;

  /** How long a unit that is added now may wait. */
  waitMs(unit: JournalUnit): number {
    if (unit.hasQueued) return QUEUED_MS;
    return Math.min(MAX_YOUNG_MS, YOUNG_MS + this.#messages / YOUNG_PER_MS);
  }

  add(unit: JournalUnit): void {
    this.#units.push(unit);
    this.#messages += unit.begun;
    let last: Session | undefined = undefined;
    for (const session of unit.sessions) { // mostly one, again and again
      if (session !== last) this.#lastOf.set(session.storedNumber, unit);
      last = session;
    }
  }

  /**
   * `unit` is not young. What came to its Sessions before must be stored before it: a crash may cut off the last
   * messages of a Session, but not those before the last.
   */
  hurryBefore(unit: JournalUnit): void {
    if (this.#lastOf.size === 0) return;
    let last = 0;
    for (const session of unit.openSessions()) {
      if (session === last) continue;
      last = session;
      const young = this.#lastOf.get(session);
      if (young !== undefined) this.#lastHurried = Math.max(this.#lastHurried, young.number);
    }
  }

  /** The oldest that is not done; forgets those before it. */
  oldest(): JournalUnit | undefined {
    const units = this.#units;
    let index = this.#first;
    for (; index < units.length && units[index]!.isDone; index++) {
      this.#messages -= units[index]!.begun;
    }
    const oldest = units[index];
    if (oldest === undefined) {
      if (units.length === 0) return undefined;
      this.#units = [];
      this.#lastOf.clear();
      this.#first = 0;
      this.#messages = 0;
    } else if (index * 2 > units.length) {
      this.#units = units.slice(index);
      this.#first = 0;
    } else {
      this.#first = index;
    }
    return oldest;
  }

  /** Takes out the oldest if it is due at `nowMs`, or done, and older than the unit with number `before`. */
  takeDue(before: number, nowMs: number): JournalUnit | undefined {
    const unit = this.#units[this.#first];
    if (unit === undefined || unit.number > before) return undefined;
    if (!unit.isDone && unit.dueMs > nowMs && unit.number > this.#lastHurried) return undefined;
    this.#first++;
    this.#messages -= unit.begun;
    return unit;
  }
}
