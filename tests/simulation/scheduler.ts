// Scheduler: the virtual clock, and what happens when. Events of the same time run in the order in which
// they were planned, so a run is the same each time.

export interface Planned {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  isCancelled: boolean;
}

export class Scheduler {
  nowMs: number;
  /** Events that have run. */
  count = 0;
  /** A binary heap: the next event is the first. */
  readonly #heap: Planned[] = [];
  #order = 0;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  /** Plans `run` for `delayMs` from now. */
  after(delayMs: number, run: () => void): Planned {
    const planned = {
      atMs: this.nowMs + Math.max(0, delayMs),
      order: this.#order++,
      run,
      isCancelled: false,
    };
    this.#push(planned);
    return planned;
  }

  /** Runs `run` before anything else. */
  next(run: () => void): void {
    this.#push({ atMs: this.nowMs, order: -1, run, isCancelled: false });
  }

  /** Runs everything up to `untilMs`, as long as `goesOn`. */
  run(untilMs: number, goesOn: () => boolean = () => true): void {
    while (goesOn()) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#shift();
      if (next.isCancelled) continue;
      this.nowMs = next.atMs;
      this.count++;
      next.run();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let at = heap.push(planned) - 1;
    while (at > 0) {
      const parent = at - 1 >> 1;
      if (isBefore(heap[parent]!, planned)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = planned;
  }

  #shift(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
