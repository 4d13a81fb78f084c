// Persistence: the store of one broker, from the lock on its folder to the last batch; joins the journal, which
// knows no I/O, with the worker that owns the database, and says in the log when storing fails.
//
//   Broker --> StoreJournal --batches--> StoreClient --> worker --> SQLite
//          <-- acknowledgements --- committed

import type { Broker } from "../broker/broker.ts";
import type { ListenerPolicy } from "../broker/listener_policy.ts";
import type { Log } from "../broker/ports.ts";
import { readStore } from "../store/read_store.ts";
import { RestoringReader } from "../store/restore.ts";
import { StoreClient, type StoreFigures } from "../store/store_client.ts";
import { StoreJournal } from "../store/store_journal.ts";
import { StoreLock } from "../store/store_lock.ts";
import { checkLog } from "../store/wal_check.ts";

/** The log repeats that storing fails once in so long. */
const REMIND_MS = 60_000;
/** How long the last batches may take when the broker stops. */
const CLOSE_TIMEOUT_MS = 30_000;
/** The same while storing fails: it may work again any moment, but nobody was promised anything. */
const CLOSE_IN_TROUBLE_MS = 2_000;
/** The log says once in so long how far reading the store is. */
const PROGRESS_MS = 1_000;

export interface PersistenceOptions {
  /**
   * What an acknowledgement outlives: `process`, the end of the process, however it ends; `power`, the loss of
   * power too; `relaxed`, neither for sure: it leaves at once, and what it acknowledges is written soon.
   */
  readonly durability: "process" | "power" | "relaxed";
  /** The database; its folder is made if need be. */
  readonly path: string;
  /** For `relaxed`: milliseconds until what was acknowledged is written, at the latest. Default 1,000. */
  readonly flushIntervalMs?: number;
}

export class Persistence {
  readonly journal: StoreJournal;
  readonly #path: string;
  readonly #log: Log;
  readonly #lock: StoreLock;
  readonly #clock: () => number;
  #client: StoreClient | undefined = undefined;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #reminder: ReturnType<typeof setInterval> | undefined = undefined;
  #onIdle: (() => void) | undefined = undefined;

  private constructor(
    options: PersistenceOptions,
    log: Log,
    clock: () => number,
    onFault: (error: unknown) => void,
    lock: StoreLock,
  ) {
    const { durability, path, flushIntervalMs = 1_000 } = options;
    this.#path = path;
    this.#log = log;
    this.#clock = clock;
    this.#lock = lock;
    const flush = () => {
      try {
        this.journal.flush();
      } catch (error) {
        onFault(error);
      }
    };
    this.journal = new StoreJournal({
      sink: { commit: (batch) => this.#client!.commit(batch) },
      clock,
      scheduleFlush: () => void RESOLVED.then(flush),
      scheduleTimer: (delayMs) => {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(flush, delayMs);
      },
      relaxedMs: durability === "relaxed" ? flushIntervalMs : undefined,
    });
  }

  /**
   * Locks the store and starts its worker.
   * @param onFault hears of mistakes of ours.
   * @throws {StoreError} if it is in use, damaged, not ours, or can't be written.
   */
  static async open(
    options: PersistenceOptions,
    log: Log,
    clock: () => number,
    onFault: (error: unknown) => void,
  ): Promise<Persistence> {
    const lock = StoreLock.take(options.path);
    try {
      const torn = checkLog(options.path); // before SQLite looks: it says nothing
      if (torn !== undefined) log.write("warning", torn);
      const persistence = new Persistence(options, log, clock, onFault, lock);
      const { path, durability } = options;
      persistence.#client = await StoreClient.open({ path, durability }, {
        committed: () => persistence.#committed(onFault),
        failing: (reason) => persistence.#failing(reason),
        recovered: () => persistence.#recovered(),
      });
      return persistence;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /** What the store has done since the start. */
  get figures(): StoreFigures {
    return this.#client!.figures;
  }

  /**
   * Gives `broker`, which must be new, what is stored.
   * @param policyOf the policy of the listener with a name, or what holds in its place.
   * @throws {StoreError} if it can't be read.
   */
  restore(broker: Broker, policyOf: (listener: string) => ListenerPolicy): void {
    const startedMs = this.#clock();
    let saidMs = startedMs;
    const restoration = broker.restore(policyOf);
    const contents = readStore(this.#path, new RestoringReader(restoration, this.journal), {
      nowMs: startedMs,
      progress: (done, total) => {
        if (this.#clock() < saidMs + PROGRESS_MS) return;
        saidMs = this.#clock();
        const percent = Math.floor(100 * done / total);
        this.#log.write("notice", `Reading ${this.#path}: ${percent} % of ${total} rows.`);
      },
    });
    this.journal.continueFrom({
      session: contents.nextSession,
      message: contents.nextMessage,
      delivery: contents.nextDelivery,
    });
    restoration.finish();
    const { sessions, subscriptions, deliveries, retained, expired, orphans } = contents;
    this.#log.write(
      "info",
      `Restored from ${this.#path} in ${Math.round(this.#clock() - startedMs)} ms: ` +
        `${sessions} Sessions, ${subscriptions} Subscriptions, ${deliveries} messages that wait, ` +
        `${retained} retained messages` +
        (expired === 0 ? "" : `; ${expired} had expired`) +
        (orphans === 0 ? "." : `; ${orphans} rows that belonged to nothing were left out.`),
    );
  }

  /** Stores what waits, without waiting for that. @returns what was stored since the start, in words. */
  save(): string {
    this.journal.flushAll();
    const { batches, batchBytes, logBytes, databaseBytes, longestCommitMs, restarts } =
      this.figures;
    const trouble = this.journal.trouble === undefined ? "" : ` ${this.journal.trouble}.`;
    return `what waits is being stored.${trouble} Since the start: ${batches} batches with ${batchBytes} bytes; ` +
      `${logBytes} bytes written to the log and up to ${databaseBytes} from there to the database; ` +
      `the longest commit took ${Math.round(longestCommitMs)} ms` +
      (restarts === 0 ? "." : `; the store's worker was started again ${restarts} times.`);
  }

  /**
   * Writes what waits, and frees the store.
   * @throws {StoreError} if not all of it could be stored; none of that was acknowledged.
   */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.journal.flushAll()) await this.#idle();
    clearTimeout(this.#timer);
    clearInterval(this.#reminder);
    try {
      await this.#client!.close();
    } finally {
      this.#lock[Symbol.dispose]();
    }
  }

  async #idle(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeoutMs = this.journal.trouble === undefined ? CLOSE_TIMEOUT_MS : CLOSE_IN_TROUBLE_MS;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, timeoutMs));
    await Promise.race([new Promise<void>((resolve) => this.#onIdle = resolve), late]);
    clearTimeout(timer);
  }

  #committed(onFault: (error: unknown) => void): void {
    try {
      this.journal.committed();
      if (this.#onIdle !== undefined && !this.journal.flushAll()) this.#onIdle();
    } catch (error) {
      onFault(error);
    }
  }

  #failing(reason: string): void {
    this.journal.failing(reason);
    this.#say(reason);
    clearInterval(this.#reminder);
    this.#reminder = setInterval(() => this.#say(reason), REMIND_MS);
  }

  #say(reason: string): void {
    this.#log.write(
      "error",
      `Unable to store in ${this.#path}: ${reason}. What can't be stored is not acknowledged; ` +
        "trying again until it can.",
    );
  }

  #recovered(): void {
    clearInterval(this.#reminder);
    this.#reminder = undefined;
    this.journal.recovered();
    this.#log.write("notice", `Storing in ${this.#path} works again.`);
  }
}

const RESOLVED = Promise.resolve();
