// PasswordQueue: how many passwords are hashed at once, how many wait, and for how long. Whoever comes when
// the line is full, or is reached too late, is turned away: a flood of CONNECTs must not take all of the
// processor, nor make everybody wait for longer than clients do.

export interface PasswordQueueOptions {
  readonly maximumConcurrency: number;
  readonly maximumWaiting: number;
  readonly maximumWaitMs: number;
}

/** One piece of work. */
export interface PasswordTask {
  /** Does it; never rejects. */
  run(): Promise<void>;
  /** It will not be done. */
  turnAway(): void;
}

interface Waiting {
  readonly task: PasswordTask;
  readonly sinceMs: number;
}

export class PasswordQueue {
  readonly #options: PasswordQueueOptions;
  /** A Set keeps the order and lets go of its first in constant time. */
  readonly #line = new Set<Waiting>();
  #running = 0;

  constructor(options: PasswordQueueOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#line.size;
  }

  add(task: PasswordTask, nowMs: number): void {
    if (this.#running < this.#options.maximumConcurrency) return void this.#run(task);
    if (this.waiting >= this.#options.maximumWaiting) return task.turnAway();
    this.#line.add({ task, sinceMs: nowMs });
  }

  /** Turns everybody away who waits. */
  clear(): void {
    const line = [...this.#line];
    this.#line.clear();
    for (const { task } of line) task.turnAway();
  }

  async #run(first: PasswordTask): Promise<void> {
    this.#running++;
    for (
      let task: PasswordTask | undefined = first;
      task !== undefined;
      task = this.#take(performance.now())
    ) {
      await task.run();
    }
    this.#running--;
  }

  /** The next one that has not waited for too long. */
  #take(nowMs: number): PasswordTask | undefined {
    for (const waiting of this.#line) {
      this.#line.delete(waiting);
      if (nowMs - waiting.sinceMs <= this.#options.maximumWaitMs) return waiting.task;
      waiting.task.turnAway();
    }
    return undefined;
  }
}
