// Argon2Workers: Argon2id off the event loop. A Worker starts when a password needs it, serves one at a time
// and ends when nobody has needed it for a while: a gateway gets its memory back. How many there are
// follows from how many the caller asks for at once.

/** As hash-wasm takes it. */
export interface Argon2idRequest {
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  /** KiB. */
  readonly memorySize: number;
  readonly iterations: number;
  readonly parallelism: number;
  readonly hashLength: number;
}

export type Argon2idAnswer = { readonly hash: Uint8Array } | { readonly error: string };

/** How long a Worker that does nothing is kept. */
const IDLE_MS = 30_000;

interface Job {
  readonly resolve: (hash: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

export class Argon2Workers implements Disposable {
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Job>();
  #idleTimer: ReturnType<typeof setTimeout> | undefined = undefined;

  compute(request: Argon2idRequest): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const worker = this.#idle.pop() ?? this.#start();
      this.#busy.set(worker, { resolve, reject });
      worker.postMessage(request);
    });
  }

  /** Ends all Workers; what they compute is rejected. */
  [Symbol.dispose](): void {
    clearTimeout(this.#idleTimer);
    for (const worker of [...this.#busy.keys()]) this.#fail(worker, "it was stopped");
    for (const worker of this.#idle.splice(0)) worker.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL("./password_argon2_worker.ts", import.meta.url), {
      type: "module",
    });
    worker.onmessage = ({ data }: MessageEvent<Argon2idAnswer>) => this.#answered(worker, data);
    worker.onerror = (event) => {
      event.preventDefault(); // it is told where the hash was asked for
      this.#fail(worker, event.message);
    };
    return worker;
  }

  #answered(worker: Worker, answer: Argon2idAnswer): void {
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    this.#idle.push(worker);
    this.#endIdleLater();
    if ("hash" in answer) job?.resolve(answer.hash);
    else job?.reject(new Error(`Argon2id: ${answer.error}`));
  }

  #fail(worker: Worker, why: string): void {
    const job = this.#busy.get(worker);
    this.#busy.delete(worker);
    worker.terminate();
    job?.reject(new Error(`The Worker for Argon2id has failed: ${why}`));
  }

  #endIdleLater(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      for (const worker of this.#idle.splice(0)) worker.terminate();
    }, IDLE_MS);
    Deno.unrefTimer(this.#idleTimer as unknown as number);
  }
}
