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
  /** Served from {@link #next} on, and cut now and then: shifting thousands one by one is slow. */
  #line: Waiting[] = [];
  #next = 0;
  #running = 0;

  constructor(options: PasswordQueueOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#line.length - this.#next;
  }

  add(task: PasswordTask, nowMs: number): void {
    if (this.#running < this.#options.maximumConcurrency) return void this.#run(task);
    if (this.waiting >= this.#options.maximumWaiting) return task.turnAway();
    this.#line.push({ task, sinceMs: nowMs });
  }

  /** Turns everybody away who waits. */
  clear(): void {
    const line = this.#line.slice(this.#next);
    this.#line = [];
    this.#next = 0;
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
    for (let waiting = this.#shift(); waiting !== undefined; waiting = this.#shift()) {
      if (nowMs - waiting.sinceMs <= this.#options.maximumWaitMs) return waiting.task;
      waiting.task.turnAway();
    }
    return undefined;
  }

  #shift(): Waiting | undefined {
    const waiting = this.#line[this.#next];
    if (waiting === undefined) return undefined;
    this.#next++;
    if (this.#next > 1_000 && this.#next * 2 > this.#line.length) {
      this.#line = this.#line.slice(this.#next);
      this.#next = 0;
    }
    return waiting;
  }
}
