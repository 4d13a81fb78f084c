// The Worker that owns the database while the broker runs: one batch at a time, tried again until it is stored.
// store_client.ts is the other side. It is no part of the module graph of main.ts: `deno compile` needs
// `--include` for it.

import { backup } from "node:sqlite";
import { openDatabase } from "./open_database.ts";
import { StoreUpkeep } from "./store_upkeep.ts";
import { checkIdentity, type FileIdentity, LogGone, StoreFile } from "./store_file.ts";
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

type ToOpen = ToWorker & { readonly type: "open" };

const scope = globalThis as unknown as WorkerScope;

class StoreWorker {
  readonly #open: ToOpen;
  #db: ReturnType<typeof openDatabase>;
  #store: SqliteStore;
  #upkeep: StoreUpkeep;
  #file: StoreFile;
  /** The log was found gone. */
  #isToReopen = false;
  /** The batch that is not stored yet. */
  #batch: Uint8Array | undefined = undefined;
  /** Why not; undefined: it was not tried. */
  #reason: string | undefined = undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(open: ToOpen) {
    const { path, durability, identity } = this.#open = open;
    if (identity !== undefined) checkIdentity(path, identity); // before a new file is made in its place
    this.#db = openDatabase(path, durability);
    this.#store = new SqliteStore(this.#db);
    this.#upkeep = new StoreUpkeep(this.#db);
    this.#file = new StoreFile(path, identity);
  }

  get identity(): FileIdentity {
    return this.#file.identity;
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
      if (this.#isToReopen) this.#reopen();
      this.#file.check();
      this.#store.commit(this.#batch);
    } catch (error) {
      if (error instanceof LogGone) this.#isToReopen = true;
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

  /** What is in the log goes into the database: the log is still open, though it has lost its name. */
  #reopen(): void {
    const { path, durability } = this.#open;
    const { identity } = this;
    checkIdentity(path, identity);
    if (this.#db.isOpen) {
      const { busy } = this.#db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() as {
        busy: number;
      };
      if (busy !== 0) throw new Error("its log was deleted, and somebody reads the database");
      this.#db.close();
    }
    this.#db = openDatabase(path, durability);
    this.#store = new SqliteStore(this.#db);
    this.#upkeep[Symbol.dispose]();
    this.#upkeep = new StoreUpkeep(this.#db);
    this.#file = new StoreFile(path, identity);
    this.#isToReopen = false;
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
    if (this.#db.isOpen) this.#db.close();
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

function open(message: ToOpen): void {
  let identity: FileIdentity;
  try {
    worker = new StoreWorker(message);
    identity = worker.identity;
  } catch (error) {
    const { problem, found: reason, advice } = error instanceof StoreError
      ? error
      : new StoreError("failed", message.path, `${message.path}: ${reasonOf(error)}`);
    scope.postMessage({ type: "notOpened", problem, reason, advice });
    return;
  }
  scope.postMessage({ type: "opened", identity });
}
