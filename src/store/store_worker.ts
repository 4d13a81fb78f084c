// The Worker that owns the database while the broker runs: one batch at a time, tried again until it is stored.
// store_client.ts is the other side. It is no part of the module graph of main.ts: `deno compile` needs
// `--include` for it.

import { backup } from "node:sqlite";
import { openDatabase } from "./open_database.ts";
import { StoreUpkeep } from "./store_upkeep.ts";
import { StoreFile } from "./store_file.ts";
import { SqliteStore } from "./sqlite_store.ts";
import { reasonOf, StoreError } from "./store_error.ts";
import type { FromWorker, ToWorker } from "./store_messages.ts";

/** What a Worker has and the types of the main thread do not know. */
interface WorkerScope {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  postMessage(message: FromWorker): void;
  close(): void;
}

const RETRY_MS = 1_000;

const scope = globalThis as unknown as WorkerScope;

class StoreWorker {
  readonly #db: ReturnType<typeof openDatabase>;
  readonly #store: SqliteStore;
  readonly #upkeep: StoreUpkeep;
  readonly #file: StoreFile;
  /** The batch that is not stored yet. */
  #batch: Uint8Array | undefined = undefined;
  /** Why not; undefined: it was not tried. */
  #reason: string | undefined = undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(open: ToWorker & { readonly type: "open" }) {
    this.#db = openDatabase(open.path, open.durability);
    this.#store = new SqliteStore(this.#db);
    this.#upkeep = new StoreUpkeep(this.#db);
    this.#file = new StoreFile(open.path);
  }

  commit(batch: Uint8Array): void {
    this.#batch = batch;
    this.retry();
  }

  retry(): void {
    clearTimeout(this.#retryTimer);
    if (this.#batch === undefined) return;
    const started = performance.now();
    try {
      this.#file.check();
      this.#store.commit(this.#batch);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== this.#reason) scope.postMessage({ type: "failing", reason });
      this.#reason = reason;
      this.#retryTimer = setTimeout(() => this.retry(), RETRY_MS);
      return;
    }
    this.#batch = undefined;
    this.#reason = undefined;
    const cost = this.#upkeep.committed(started);
    scope.postMessage({ type: "committed", cost });
  }

  async backup(path: string): Promise<void> {
    let reason: string | undefined;
    try {
      await backup(this.#db, path, { rate: 0x7fff_ffff }); // at once: else each commit would begin it anew
    } catch (error) {
      reason = reasonOf(error);
    }
    scope.postMessage({ type: "backedUp", reason });
  }

  close(): void {
    this.retry();
    clearTimeout(this.#retryTimer);
    this.#upkeep[Symbol.dispose]();
    const reason = this.#reason;
    this.#db.close();
    scope.postMessage({ type: "closed", reason });
    scope.close();
  }
}

let worker: StoreWorker | undefined;

scope.onmessage = ({ data }) => {
  if (data.type === "open") return open(data);
  if (worker === undefined) throw new Error(`${data.type} before open`);
  switch (data.type) {
    case "commit":
      return worker.commit(data.batch);
    case "retry":
      return worker.retry();
    case "backup":
      return void worker.backup(data.path);
    case "close":
      return worker.close();
    default:
      throw new Error(`the store's worker knows no ${JSON.stringify(data satisfies never)}`);
  }
};

function open(message: ToWorker & { readonly type: "open" }): void {
  try {
    worker = new StoreWorker(message);
  } catch (error) {
    const { problem, found: reason, advice } = error instanceof StoreError
      ? error
      : new StoreError("failed", message.path, `${message.path}: ${reasonOf(error)}`);
    scope.postMessage({ type: "notOpened", problem, reason, advice });
    return;
  }
  scope.postMessage({ type: "opened" });
}
