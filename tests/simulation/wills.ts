// Wills: what is known of the Will Messages of a world: whether each must have gone out, must not, or may have.
//
//   connection ends ----- Will Delay Interval -----> due: it goes out
//                    | the Client is back: never       | Clean Start, or the Session ends: at once
//
// Nobody acknowledges a Will. A broker that is killed sends those that it had stored when it starts again, even if
// it had not stored that their Client took them back; those that it had not stored are lost.

import type { ClientSpec } from "./client_parts.ts";
import type { MessageRecord } from "./records.ts";
import type { World } from "./world.ts";
import type { WireObserver } from "./wire_observer.ts";

/** How much earlier than its link a connection may end for the broker: it drains its output first. */
const DRAIN_MS = 4_000;
/** How much later than it is due a Will may go out: the machine may be busy. */
const LATE_MS = 4_000;
/** The longest that a broker is down. */
const DOWN_MS = 3_000;

interface WillRecord {
  readonly message: MessageRecord;
  readonly spec: ClientSpec;
  readonly delayMs: number;
  readonly wire: WireObserver;
  /** When it waits: between these two times it goes out, unless its Client comes back. */
  dueFromMs: number;
  dueUntilMs: number;
  /** When it was decided what becomes of it. */
  decidedMs: number;
  /** It has outlived a broker that was killed. */
  isStored: boolean;
}

export class Wills {
  readonly #world: World;
  readonly #all: WillRecord[] = [];
  /** The last connection of each Client that the broker accepted. */
  readonly #accepted = new Map<string, WireObserver>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A CONNECT was sent, with `message` as its Will if there is one. */
  add(
    message: MessageRecord | undefined,
    delaySeconds: number,
    spec: ClientSpec,
    wire: WireObserver,
  ): void {
    wire.onAccepted = () => this.#onAccepted(spec, wire);
    if (message === undefined) return;
    const delayMs = Math.min(delaySeconds, spec.expirySeconds) * 1000;
    this.#all.push({
      message,
      spec,
      delayMs,
      wire,
      dueFromMs: 0,
      dueUntilMs: 0,
      decidedMs: Infinity,
      isStored: false,
    });
  }

  /** The broker is done with a connection. */
  onDone(wire: WireObserver, { id }: ClientSpec): void {
    const isUnknown = !wire.isAccepted && !wire.isRefused && this.#world.life.store !== undefined;
    // If its CONNECT was accepted and only the CONNACK waited for the store, it took back what waited.
    if (isUnknown) { for (const each of this.#all) if (each.spec.id === id) each.dueUntilMs = 0; }
    const each = this.#all.find((will) => will.wire === wire);
    if (each === undefined) return;
    const { message, spec, delayMs } = each;
    const { nowMs } = this.#world.scheduler;
    if (!wire.isAccepted) {
      message.isForbidden = !isUnknown;
    } else if (wire.sawDisconnect) {
      if (spec.version !== 5 || wire.sentDisconnect || !wire.wasEndedByBroker) return;
      this.#decide(each, "forbidden"); // it was the DISCONNECT that ended it
    } else if (delayMs === 0) {
      this.#decide(each, "sent");
    } else if (this.#accepted.get(spec.id) === wire) {
      each.dueFromMs = nowMs + delayMs - DRAIN_MS;
      each.dueUntilMs = nowMs + delayMs + LATE_MS;
    } else if (this.#accepted.get(spec.id)!.startsClean) {
      this.#decide(each, "sent");
    } // else its Client was back before or behind its time: who knows
  }

  /**
   * The broker was killed, which had run since `startedMs`; all connections are done.
   * @param sureMs what it had noted before that is stored.
   */
  onDeath(startedMs: number, sureMs: number): void {
    const { nowMs } = this.#world.scheduler;
    for (const each of this.#all) {
      const { message, spec, wire, decidedMs, delayMs } = each;
      if (spec.expirySeconds > 0 && wire.acceptedMs >= startedMs && wire.acceptedMs < sureMs) {
        each.isStored = true;
      }
      if (each.dueUntilMs > 0) { // it waits
        each.dueUntilMs = each.isStored ? nowMs + DOWN_MS + delayMs + LATE_MS : 0;
      } else if (decidedMs >= startedMs && decidedMs >= sureMs && decidedMs !== Infinity) {
        const sentMs = each.isStored && !message.isForbidden ? nowMs + DOWN_MS : Infinity;
        message.isForbidden = false; // what its Client took back may be there again
        message.settledMs = each.decidedMs = sentMs;
      }
    }
  }

  #onAccepted(spec: ClientSpec, wire: WireObserver): void {
    this.#accepted.set(spec.id, wire);
    const { nowMs } = this.#world.scheduler;
    for (const each of this.#all) {
      if (each.spec.id !== spec.id || each.dueUntilMs === 0) continue;
      if (nowMs > each.dueUntilMs || wire.startsClean) this.#decide(each, "sent");
      else if (nowMs < each.dueFromMs) this.#decide(each, "forbidden");
      each.dueUntilMs = 0;
    }
  }

  #decide(each: WillRecord, what: "sent" | "forbidden"): void {
    each.decidedMs = this.#world.scheduler.nowMs;
    if (what === "sent") each.message.settledMs = each.decidedMs;
    else each.message.isForbidden = true;
  }
}
