// Life: the broker of a world, through its deaths. It hands the calls in, runs the flushes that are asked for,
// and owns the store that outlives the broker: batches are stored late and told later still, or fail for a while.
//
//   call --> broker --> journal --batch--> [ store, after a while ] --answer, after a while--> journal
//                 \__ killed between any two of these, the batch under way kept or lost by chance __/

import { Broker, type BrokerOptions } from "../../src/broker/broker.ts";
import type { Connection } from "../../src/broker/connection.ts";
import type { Link } from "../../src/broker/ports.ts";
import { RestoringReader } from "../../src/store/restore.ts";
import { StoreJournal } from "../../src/store/store_journal.ts";
import { MemoryStore } from "../support/memory_store.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** What is noted is handed over after so long at the latest, if no batch is under way. */
const LAZY_MS = 300;
const RETRY_MS = 200;
/** How long connections may take to end when the broker is stopped. */
const STOP_MS = 500;

export interface LifeHost {
  readonly scheduler: Scheduler;
  readonly isCalm: boolean;
  log(text: string): void;
  fail(text: string): never;
  /** The broker's options, but for what belongs to its life. */
  brokerOptions(): Omit<BrokerOptions, "ports" | "journal"> & {
    readonly ports: Omit<BrokerOptions["ports"], "scheduleFlush">;
  };
  /** The process is gone, and its connections with it. */
  breakLinks(): void;
  /**
   * The broker was killed, which had run since `startedMs`.
   * @param sureMs what it had noted before that is stored.
   */
  onDeath(startedMs: number, sureMs: number): void;
}

export class Life {
  /** Undefined if the broker keeps nothing. */
  readonly store: MemoryStore | undefined;
  /** When the broker was killed. */
  readonly deaths: number[] = [];
  /** When storing began to fail. */
  readonly failures: number[] = [];
  /** How often it was stopped in good order. */
  stops = 0;
  readonly #host: LifeHost;
  readonly #random: Random;
  readonly #mountPoint: string;
  /** Everything may wait for so long while acknowledgements leave at once; then it is never killed. */
  readonly #relaxedMs: number | undefined;
  readonly #commitMs: number;
  readonly #maxBatchBytes: number;
  #broker: Broker | undefined;
  #journal: StoreJournal | undefined = undefined;
  /** Counts the brokers: what was planned for one of them is not for the next. */
  #generation = 0;
  #flush: (() => void) | undefined = undefined;
  #isJournalFlushAsked = false;
  #timer = 0;
  #droppedBefore = 0;
  #handedOverMs = 0;
  /** A batch is under way, or the journal has not heard yet that it is stored. */
  #isBusy = false;
  #sureMs = 0;
  #startedMs = 0;
  #failsUntilMs = 0;
  #isStopping = false;
  /** Calls into the broker, or batches, until it is killed. */
  #callsLeft = Infinity;
  #batchesLeft = Infinity;
  #answersLeft = Infinity;

  constructor(host: LifeHost, random: Random, isDurable: boolean) {
    this.#host = host;
    this.#random = random;
    this.store = isDurable ? new MemoryStore() : undefined;
    this.#mountPoint = isDurable && random.chance(0.2) ? "mounted/" : "";
    this.#relaxedMs = isDurable && random.chance(0.1) ? 1_000 : undefined;
    this.#commitMs = random.pick([0, 2, 20, 200, 2_000]);
    this.#maxBatchBytes = random.pick([1, 500, 5_000, 4_000_000]);
    this.#broker = this.#start();
  }

  /** @throws {Error} while there is none. */
  get broker(): Broker {
    if (this.#broker === undefined) throw new Error("the broker does not run");
    return this.#broker;
  }

  get isUp(): boolean {
    return this.#broker !== undefined && !this.#isStopping;
  }

  /** Messages that were dropped, by all brokers together. */
  get dropped(): number {
    return this.#droppedBefore + (this.#broker?.statistics.publishDropped ?? 0);
  }

  get generation(): number {
    return this.#generation;
  }

  deathsSince(ms: number): number {
    return this.deaths.filter((each) => each >= ms).length;
  }

  // ----------------------------------------------------------------------- calls into the broker

  accept(link: Link): Connection | undefined {
    const broker = this.#broker;
    if (broker === undefined) return undefined;
    const policy = { ...broker.defaultPolicy, mountPoint: this.#mountPoint };
    return this.enter(() => broker.accept(link, this.#host.scheduler.nowMs, policy));
  }

  advance(): void {
    const broker = this.#broker;
    if (broker !== undefined) this.enter(() => broker.advance(this.#host.scheduler.nowMs));
  }

  /** Ends all Sessions without a connection. */
  endSessions(): void {
    this.enter(() => this.broker.endSessions(() => true, this.#host.scheduler.nowMs));
  }

  /** Runs a call into the broker, and the flushes that it asked for. */
  enter<T>(call: () => T): T {
    const result = call();
    if (--this.#callsLeft <= 0) {
      if (this.#dieNext() && this.#random.chance(0.5)) return result; // nothing of what it did has left
    }
    this.#settle();
    return result;
  }

  #settle(): void {
    for (;;) {
      const flush = this.#flush;
      if (flush !== undefined && !(this.#isJournalFlushAsked && this.#random.chance(0.5))) {
        this.#flush = undefined;
        flush();
      } else if (this.#isJournalFlushAsked) {
        this.#isJournalFlushAsked = false;
        if (this.#random.chance(0.8)) this.#journal!.flush();
        else this.#later(this.#random.integer(0, 3), () => this.#journal!.flush());
      } else {
        return;
      }
    }
  }

  /** Calls into the broker that there is now, if there still is. */
  #later(delayMs: number, call: () => void): void {
    const generation = this.#generation;
    this.#host.scheduler.after(delayMs, () => {
      if (generation === this.#generation) this.enter(call);
    });
  }

  // ------------------------------------------------------------------------------------ the store

  #start(): Broker {
    const { store } = this;
    const { scheduler } = this.#host;
    const journal = store && new StoreJournal({
      sink: { commit: (batch) => this.#handOver(store, batch) },
      clock: () => scheduler.nowMs,
      scheduleFlush: () => this.#isJournalFlushAsked = true,
      scheduleTimer: (delayMs) => {
        const timer = ++this.#timer;
        this.#later(delayMs, () => {
          if (timer === this.#timer) journal!.flush();
        });
      },
      relaxedMs: this.#relaxedMs,
      maxBatchBytes: this.#maxBatchBytes,
    });
    this.#journal = journal;
    const { ports, ...options } = this.#host.brokerOptions();
    const broker = new Broker({
      ...options,
      ports: { ...ports, scheduleFlush: (flush) => this.#flush = flush },
      ...journal && { journal },
    });
    if (journal !== undefined) {
      const policy = { ...broker.defaultPolicy, mountPoint: this.#mountPoint };
      const restoration = broker.restore(() => policy);
      journal.continueFrom(store!.read(new RestoringReader(restoration, journal)));
      restoration.finish();
    }
    return broker;
  }

  #handOver(store: MemoryStore, batch: Uint8Array): void {
    this.#handedOverMs = this.#host.scheduler.nowMs;
    this.#isBusy = true;
    store.commit(batch);
    if (--this.#batchesLeft <= 0) this.#dieNext();
    this.#later(this.#commitDelay(), () => this.#tryToCommit(store));
  }

  #commitDelay(): number {
    return this.#random.skewed(
      0,
      this.#host.isCalm ? Math.min(20, this.#commitMs) : this.#commitMs,
    );
  }

  #tryToCommit(store: MemoryStore): void {
    const journal = this.#journal!;
    if (this.#host.scheduler.nowMs < this.#failsUntilMs && !this.#host.isCalm) {
      if (journal.trouble === undefined) {
        this.#host.log("storing fails");
        this.failures.push(this.#host.scheduler.nowMs);
      }
      journal.failing("the disk is full");
      return this.#later(RETRY_MS, () => this.#tryToCommit(store));
    }
    store.commitNow();
    this.#noteStored();
    this.#checkStore();
    if (--this.#answersLeft <= 0 && this.#dieNext()) return;
    this.#later(this.#commitDelay(), () => {
      if (journal.trouble !== undefined) journal.recovered();
      this.#isBusy = false;
      journal.committed();
      if (this.#isStopping && !journal.flushAll()) this.#stopped();
    });
  }

  /** A small batch does not take all that was noted. */
  #noteStored(): void {
    if (this.#maxBatchBytes > 1_000_000) this.#sureMs = this.#handedOverMs;
  }

  #checkStore(): void {
    const { inconsistencies } = this.store!;
    if (inconsistencies.length > 0) this.#host.fail(`the store: ${inconsistencies.join(", ")}`);
  }

  // ------------------------------------------------------------------------------ death and birth

  /** Plans how the broker of now ends. */
  planEnd(): void {
    if (this.#host.isCalm) return;
    const random = this.#random;
    if (random.chance(0.3)) this.#failLater();
    if (this.#relaxedMs !== undefined || random.chance(0.15)) {
      return this.#later(random.integer(100, 8_000), () => {
        if (!this.#host.isCalm) this.stop();
      });
    }
    random.weighted<() => void>([
      [() => this.#callsLeft = random.skewed(1, 3_000), 5],
      [() => this.#batchesLeft = random.skewed(1, 60), 2],
      [() => this.#answersLeft = random.skewed(1, 60), 2],
    ])();
  }

  #failLater(): void {
    const { scheduler } = this.#host;
    const forMs = this.#random.skewed(100, 5_000);
    this.#later(this.#random.integer(0, 4_000), () => this.#failsUntilMs = scheduler.nowMs + forMs);
  }

  /** Kills the broker before anything else happens. */
  #dieNext(): boolean {
    this.#callsLeft = this.#batchesLeft = this.#answersLeft = Infinity;
    if (this.#host.isCalm) return false;
    const generation = this.#generation;
    this.#host.scheduler.next(() => {
      if (generation === this.#generation) this.die();
    });
    return true;
  }

  /** The process is killed; another one starts after a while. */
  die(): void {
    const { store } = this;
    const { scheduler, isCalm } = this.#host;
    if (store === undefined || this.#broker === undefined) return;
    if (!this.#isBusy) this.#sureMs = Math.max(this.#sureMs, scheduler.nowMs - LAZY_MS);
    if (store.hasBatch && this.#random.chance(0.5)) {
      store.commitNow();
      this.#noteStored();
    }
    store.loseBatch();
    this.#checkStore();
    this.deaths.push(scheduler.nowMs);
    this.#end(isCalm ? 0 : this.#random.skewed(0, 3_000));
    const sureMs = this.#sureMs;
    this.#host.log(`the broker is killed: the last ${scheduler.nowMs - sureMs} ms may be lost`);
    const startedMs = this.#startedMs;
    scheduler.after(0, () => this.#host.onDeath(startedMs, sureMs)); // when all links have noted it
  }

  /** The broker is stopped as a server stops it: everybody is told, everything is stored. */
  stop(): void {
    if (this.#isStopping || this.#broker === undefined) return;
    this.#host.log("the broker stops");
    this.#isStopping = true;
    this.#callsLeft = this.#batchesLeft = this.#answersLeft = Infinity;
    this.#broker.stop(this.#host.scheduler.nowMs);
    this.#later(STOP_MS, () => {
      if (!this.#journal!.flushAll()) this.#stopped();
    });
  }

  #stopped(): void {
    this.#host.log("the broker has stopped");
    this.stops++;
    this.#checkStore();
    this.#end(this.#host.isCalm ? 0 : this.#random.skewed(0, 3_000));
  }

  #end(downMs: number): void {
    const { scheduler } = this.#host;
    const { statistics } = this.broker;
    this.#generation++;
    this.#droppedBefore += statistics.publishDropped;
    this.#flush = undefined;
    this.#isJournalFlushAsked = false;
    this.#isStopping = false;
    this.#failsUntilMs = 0;
    this.#isBusy = false;
    this.#broker = undefined;
    this.#journal = undefined;
    this.#host.breakLinks();
    scheduler.after(downMs, () => this.#startAgain());
  }

  #startAgain(): void {
    const { store } = this;
    this.#startedMs = this.#host.scheduler.nowMs;
    this.#host.log("the broker starts");
    if (this.#random.chance(0.3)) { // any Packet Identifier may be the last
      for (const [number, row] of store!.sessions) {
        store!.sessions.set(number, { ...row, lastPacketId: this.#random.integer(65_525, 65_535) });
      }
    }
    this.enter(() => this.#broker = this.#start());
    this.planEnd();
  }
}
