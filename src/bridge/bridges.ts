// Bridges: all the links to other brokers, and how a changed list of them is taken up.

import { TopicNameCache } from "../packet/topic_name_cache.ts";
import { Bridge, type BridgeParts } from "./bridge.ts";
import { PathMarks } from "./path_mark.ts";
import type { BridgeSettings } from "./settings.ts";
import type { Broker } from "../broker/broker.ts";
import type { ListenerPolicy } from "../broker/listener_policy.ts";
import type { Log } from "../broker/ports.ts";

const TICK_MS = 250;
/** Milliseconds between two updates of the counters in $SYS. */
const REPORT_MS = 10_000;

/** A bridge, and what holds for it as a Client of the broker here. */
export interface BridgePlan {
  readonly settings: BridgeSettings;
  readonly policy: ListenerPolicy;
}

export interface BridgesOptions {
  readonly broker: Broker;
  readonly log: Log;
  /** Milliseconds of the broker's clock. */
  readonly clock: () => number;
  /** A mistake of ours. */
  readonly onFault: (error: unknown) => void;
}

export class Bridges {
  readonly #options: BridgesOptions;
  readonly #marks: PathMarks;
  readonly #topicNames = new TopicNameCache();
  #bridges: ReadonlyMap<string, Bridge> = new Map();
  #timer: ReturnType<typeof setInterval> | undefined = undefined;
  #reportDueMs = 0;

  constructor(options: BridgesOptions) {
    this.#options = options;
    this.#marks = new PathMarks(options.broker.id);
  }

  get all(): Iterable<Bridge> {
    return this.#bridges.values();
  }

  /** Starts those that are new, ends those that are gone, and leaves alone those that are the same. */
  configure(plans: readonly BridgePlan[]): void {
    const before = this.#bridges;
    const next = new Map<string, Bridge>();
    for (const { settings } of plans) {
      const known = before.get(settings.name);
      if (known !== undefined && isSame(known.settings, settings)) next.set(settings.name, known);
    }
    for (const [name, bridge] of before) {
      if (next.has(name)) continue;
      const successor = plans.find(({ settings }) => settings.name === name)?.settings;
      const isSameClient = successor?.local.clientId === bridge.settings.local.clientId;
      this.#guarded(() => bridge.stop(!isSameClient)); // what waits for a bridge that has changed goes on waiting
    }
    for (const { settings, policy } of plans) {
      if (next.has(settings.name)) continue;
      const bridge = new Bridge(settings, this.#partsFor(policy));
      next.set(settings.name, bridge);
      this.#guarded(() => bridge.start());
    }
    this.#bridges = next;
    if (next.size === 0) this.#stopTimer();
    else this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  /** Ends all connections; Sessions wait for the next start. */
  stop(): void {
    this.#stopTimer();
    for (const bridge of this.#bridges.values()) this.#guarded(() => bridge.stop(false));
    this.#bridges = new Map();
  }

  #partsFor(policy: ListenerPolicy): BridgeParts {
    const { broker, clock, log, onFault } = this.#options;
    return {
      side: { broker, policy, clock, topicNames: this.#topicNames },
      marks: this.#marks,
      log,
      onFault,
    };
  }

  #tick(): void {
    const now = this.#options.clock();
    const isReportDue = now >= this.#reportDueMs;
    if (isReportDue) this.#reportDueMs = now + REPORT_MS;
    for (const bridge of this.#bridges.values()) {
      this.#guarded(() => {
        bridge.tick(now);
        if (isReportDue) bridge.publishReport();
      });
    }
  }

  /** A mistake of ours in one bridge is not to cost the others. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function isSame(a: BridgeSettings, b: BridgeSettings): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
