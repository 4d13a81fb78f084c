// StoreClient: the main thread's side of the worker that owns the database. Takes one batch at a time and keeps it until
// it is stored: a worker that dies is started again and gets the same batch, which may be applied twice
// (sqlite_store.ts says why that does no harm).

import type { Durability } from "./open_database.ts";
import type { FileIdentity } from "./store_file.ts";
import { StoreError } from "./store_error.ts";
import type { CommitCost, FromWorker, ToWorker } from "./store_messages.ts";

export interface StoreOptions {
  /** The database. A {@link StoreLock} on it is held by the caller. */
  readonly path: string;
  readonly durability: Durability;
  /** Starts the worker; another one only in tests. */
  readonly startWorker?: () => Worker;
}

export interface StoreEvents {
  /** The batch handed over is stored; the next one may be. */
  committed(): void;
  /**
   * It can't be stored, for `reason` in words (disk full …); tried again until it can. Called once per trouble,
   * and again if the reason changes.
   */
  failing(reason: string): void;
  /** Storing works again (before the `committed` of the batch). */
  recovered(): void;
}

/** Takes one batch at a time; who hands it over waits for `committed`. */
export interface BatchSink {
  commit(batch: Uint8Array): void;
}

/** All since the start. */
export interface StoreFigures {
  readonly batches: number;
  /** Bytes of the batches. */
  readonly batchBytes: number;
  /** Bytes written to the write-ahead log. */
  readonly logBytes: number;
  /** Bytes moved from there into the database, at most. */
  readonly databaseBytes: number;
  /** Milliseconds that the worker was busy with commits. */
  readonly commitMs: number;
  readonly longestCommitMs: number;
  /** How often the worker was started again. */
  readonly restarts: number;
}

/** A worker that dies at once, time and again, must not keep the processor busy. */
const RESTART_MS = 1_000;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class StoreClient implements BatchSink {
  readonly #options: StoreOptions;
  readonly #events: StoreEvents;
  /** Which file the database is, once it was opened. */
  #identity: FileIdentity | undefined = undefined;
  #worker: Worker | undefined = undefined;
  #isOpen = false;
  /** Not stored yet. */
  #batch: Uint8Array | undefined = undefined;
  #reason: string | undefined = undefined;
  #restartTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  #opening: Waiting | undefined = undefined;
  #closing: Waiting | undefined = undefined;
  #backups: { readonly path: string; readonly waiting: Waiting }[] = [];
  #figures: StoreFigures = {
    batches: 0,
    batchBytes: 0,
    logBytes: 0,
    databaseBytes: 0,
    commitMs: 0,
    longestCommitMs: 0,
    restarts: 0,
  };

  private constructor(options: StoreOptions, events: StoreEvents) {
    this.#options = options;
    this.#events = events;
  }

  /**
   * Starts the worker and opens the database in it.
   * @throws {StoreError} if that fails.
   */
  static async open(options: StoreOptions, events: StoreEvents): Promise<StoreClient> {
    const client = new StoreClient(options, events);
    await new Promise<void>((resolve, reject) => {
      client.#opening = { resolve, reject };
      client.#start();
    });
    return client;
  }

  get figures(): StoreFigures {
    return this.#figures;
  }

  /** Stores `batch`, all of it or nothing; `committed` is called then. Its bytes may not change until then. */
  commit(batch: Uint8Array): void {
    if (this.#batch !== undefined) throw new Error("the batch before is not stored yet");
    if (this.#closing !== undefined) throw new Error("the store is closed");
    this.#batch = batch;
    this.#sendBatch();
  }

  /** Tries at once to store what could not be stored. */
  retry(): void {
    if (this.#isOpen) this.#send({ type: "retry" });
    else if (this.#worker === undefined) this.#start();
  }

  /**
   * Copies the database as it is now to the file `path`; commits wait meanwhile.
   * @throws {StoreError} if that fails.
   */
  backup(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#backups.push({ path, waiting: { resolve, reject } });
      if (this.#isOpen) this.#send({ type: "backup", path });
    });
  }

  /**
   * Stores what is in hand, closes the database and ends the worker.
   * @throws {StoreError} if the last batch could not be stored.
   */
  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#closing = { resolve, reject };
      if (this.#isOpen) this.#send({ type: "close" });
      else if (this.#worker === undefined) this.#start();
    });
  }

  #start(): void {
    clearTimeout(this.#restartTimer);
    const worker = (this.#options.startWorker ?? startWorker)();
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#onMessage(data);
    worker.onerror = (event) => {
      event.preventDefault(); // it is told as trouble of the store
      this.#onDeath(worker, event.message);
    };
    const { path, durability } = this.#options;
    this.#send({ type: "open", path, durability, identity: this.#identity });
  }

  #send(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }

  #sendBatch(): void {
    if (this.#batch === undefined || !this.#isOpen) return;
    const copy = new Uint8Array(this.#batch);
    this.#send({ type: "commit", batch: copy }, [copy.buffer]);
  }

  #onMessage(message: FromWorker): void {
    switch (message.type) {
      case "opened":
        this.#identity = message.identity;
        return this.#onOpened();
      case "notOpened":
        return this.#onNotOpened(
          new StoreError(message.problem, this.#options.path, message.reason, message.advice),
        );
      case "committed":
        return this.#onCommitted(message.cost);
      case "failing":
        return this.#failing(message.reason);
      case "backedUp":
        return this.#onBackedUp(message.reason);
      case "closed":
        return this.#onClosed(message.reason);
    }
  }

  #onOpened(): void {
    this.#isOpen = true;
    this.#opening?.resolve();
    this.#opening = undefined;
    this.#sendBatch();
    for (const { path } of this.#backups) this.#send({ type: "backup", path });
    if (this.#closing !== undefined) this.#send({ type: "close" });
  }

  #onNotOpened(error: StoreError): void {
    this.#endWorker();
    if (this.#opening !== undefined) {
      this.#opening.reject(error);
      this.#opening = undefined;
    } else if (this.#closing !== undefined) this.#onClosed(this.#batch && error.found);
    else this.#startLater(error.found);
  }

  #onCommitted(cost: CommitCost): void {
    const { length } = this.#batch!;
    const before = this.#figures;
    this.#figures = {
      ...before,
      batches: before.batches + 1,
      batchBytes: before.batchBytes + length,
      logBytes: before.logBytes + cost.logBytes,
      databaseBytes: before.databaseBytes + cost.databaseBytes,
      commitMs: before.commitMs + cost.milliseconds,
      longestCommitMs: Math.max(before.longestCommitMs, cost.milliseconds),
    };
    this.#batch = undefined;
    if (this.#reason !== undefined) {
      this.#reason = undefined;
      this.#events.recovered();
    }
    this.#events.committed();
  }

  #failing(reason: string): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.#events.failing(reason);
  }

  #onBackedUp(reason: string | undefined): void {
    const { waiting } = this.#backups.shift()!;
    if (reason === undefined) waiting.resolve();
    else waiting.reject(this.#error(reason));
  }

  #onClosed(reason: string | undefined): void {
    this.#endWorker();
    for (const { waiting } of this.#backups.splice(0)) waiting.reject(this.#error("it was closed"));
    if (reason === undefined) this.#closing?.resolve();
    else this.#closing?.reject(this.#error(`what changed last could not be stored: ${reason}`));
  }

  #onDeath(worker: Worker, why: string): void {
    if (worker !== this.#worker) return;
    this.#onNotOpened(
      new StoreError("failed", this.#options.path, `the store's worker has failed: ${why}`),
    );
  }

  #startLater(reason: string): void {
    this.#failing(reason);
    this.#figures = { ...this.#figures, restarts: this.#figures.restarts + 1 };
    this.#restartTimer = setTimeout(() => this.#start(), RESTART_MS);
  }

  #endWorker(): void {
    clearTimeout(this.#restartTimer);
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#isOpen = false;
  }

  #error(reason: string): StoreError {
    return new StoreError("failed", this.#options.path, `${this.#options.path}: ${reason}`);
  }
}

function startWorker(): Worker {
  return new Worker(new URL("./store_worker.ts", import.meta.url), { type: "module" });
}
