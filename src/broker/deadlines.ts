// Deadlines: one coarse wheel for everything that happens later: time to CONNECT, Keep Alive, Session
// expiry, Will Delay, message expiry. No timer per connection: the owner of the broker calls `advance`
// every now and then, and what is due runs.

/** How exact a deadline is, in milliseconds: it never runs early, and late by no more than this. */
export const DEADLINE_RESOLUTION_MS = 100;

/** Something that waits for its time. One object can wait for one time. */
export interface Deadline {
  /** Kept by {@link Deadlines}; 0 while it does not wait. */
  dueSlot: number;
  onDeadline(nowMs: number): void;
}

export class Deadlines {
  readonly #slots = new Map<number, Set<Deadline>>();
  #reachedSlot: number;

  constructor(nowMs: number) {
    this.#reachedSlot = Math.floor(nowMs / DEADLINE_RESOLUTION_MS);
  }

  /** Lets `deadline` run at `dueMs`, and at no other time that it was set to before. */
  set(deadline: Deadline, dueMs: number): void {
    const slot = Math.max(slotOf(dueMs), this.#reachedSlot + 1);
    if (deadline.dueSlot === slot) return;
    this.cancel(deadline);
    deadline.dueSlot = slot;
    const waiting = this.#slots.get(slot);
    if (waiting === undefined) this.#slots.set(slot, new Set([deadline]));
    else waiting.add(deadline);
  }

  cancel(deadline: Deadline): void {
    if (deadline.dueSlot === 0) return;
    const slot = deadline.dueSlot;
    deadline.dueSlot = 0;
    const waiting = this.#slots.get(slot);
    if (waiting?.delete(deadline) && waiting.size === 0) this.#slots.delete(slot);
  }

  /** Runs what is due at `nowMs`, in the order of its time. */
  advance(nowMs: number): void {
    const slot = Math.floor(nowMs / DEADLINE_RESOLUTION_MS);
    if (slot <= this.#reachedSlot) return;
    for (const due of this.#dueSlots(slot)) {
      const waiting = this.#slots.get(due);
      if (waiting === undefined) continue; // an earlier one cancelled all of them
      this.#slots.delete(due);
      for (const deadline of waiting) {
        if (deadline.dueSlot !== due) continue; // one that ran before it cancelled it or set it anew
        deadline.dueSlot = 0;
        deadline.onDeadline(nowMs);
      }
    }
  }

  /** Steps from slot to slot; after a long sleep it is quicker to ask which ones there are. */
  #dueSlots(slot: number): number[] {
    const from = this.#reachedSlot + 1;
    this.#reachedSlot = slot;
    const due: number[] = [];
    if (slot - from < this.#slots.size) {
      for (let each = from; each <= slot; each++) if (this.#slots.has(each)) due.push(each);
      return due;
    }
    for (const each of this.#slots.keys()) if (each <= slot) due.push(each);
    return due.sort((a, b) => a - b);
  }
}

function slotOf(ms: number): number {
  return Math.ceil(ms / DEADLINE_RESOLUTION_MS);
}
