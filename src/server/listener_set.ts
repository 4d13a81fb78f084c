// ListenerSet: the listeners of a broker while it runs. They change all or not at all:
//
//   prepare(wanted)   binds what is new             -> the operator's mistakes show here
//     .commit()       new ones accept, kept ones have their new policy, the rest accept no more
//     .rollback()     as if nothing had been
//
// A listener is known by its addresses: another port is another listener.

import type { ListenAddress } from "../transport/address.ts";
import type { Listener, ListenerOptions } from "../transport/listener.ts";

/** How long connections may take to end. */
const STOP_TIMEOUT_MS = 2_000;

export interface ListenerChange {
  commit(): void;
  /** @throws {Error} if an address that had to make room is taken: somebody else was faster. */
  rollback(): void;
}

export class ListenerSet {
  readonly #bind: (options: ListenerOptions) => Listener;
  #listeners: ReadonlyMap<string, Listener> = new Map();
  /** Accept loops that run. */
  readonly #accepting = new Set<Promise<void>>();
  /** The ends of the connections of listeners that are no more. */
  readonly #leaving = new Set<Promise<void>>();

  /** @param bind makes a listener; it throws if the address can't be had. */
  constructor(bind: (options: ListenerOptions) => Listener) {
    this.#bind = bind;
  }

  /** In the order in which they were asked for. */
  get all(): readonly Listener[] {
    return [...this.#listeners.values()];
  }

  /**
   * Opens the first ones.
   * @throws {Error} of `Deno.listen`, an AggregateError if there are several: none is open then.
   */
  open(wanted: readonly ListenerOptions[]): void {
    const opened = new Map<string, Listener>();
    const errors: unknown[] = [];
    for (const [key, options] of byAddresses(wanted)) {
      try {
        opened.set(key, this.#bind(options));
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) {
      for (const listener of opened.values()) listener.close();
      throw allOf(errors);
    }
    this.#listeners = opened;
    for (const listener of opened.values()) this.#run(listener);
  }

  /** @throws {Error} as {@link open}, if an address can't be had: everything is as it was then. */
  async prepare(wanted: readonly ListenerOptions[]): Promise<ListenerChange> {
    const byKey = byAddresses(wanted);
    const gone = [...this.#listeners].filter(([key]) => !byKey.has(key)).map(([, each]) => each);
    const next = new Map<string, Listener>();
    const opened: Listener[] = [];
    const suspended: Listener[] = [];
    const errors: unknown[] = [];
    const rollback = () => {
      for (const listener of opened) listener.close();
      for (const listener of suspended) listener.resume();
    };
    for (const [key, options] of byKey) {
      try {
        const known = this.#listeners.get(key);
        const listener = known ?? await this.#open(options, gone, suspended);
        if (known === undefined) opened.push(listener);
        next.set(key, listener);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 0) {
      return { rollback, commit: () => this.#commit(next, byKey, opened, gone) };
    }
    rollback(); // if that fails, too, its error is the one to tell: an address is lost
    throw allOf(errors);
  }

  /** All accept no more. */
  close(): void {
    for (const listener of this.all) listener.close();
  }

  /** Resolves when all connections are closed, those of listeners that are no more included. */
  async drained(): Promise<void> {
    const ends = this.all.map((listener) => listener.drained(STOP_TIMEOUT_MS));
    await Promise.all([...ends, ...this.#leaving]);
    await Promise.all(this.#accepting);
  }

  /** Binds; 127.0.0.1 can't be bound beside 0.0.0.0, so what goes on the same port makes room first. */
  async #open(
    options: ListenerOptions,
    gone: readonly Listener[],
    suspended: Listener[],
  ): Promise<Listener> {
    try {
      return this.#bind(options);
    } catch (error) {
      const places = new Set(options.addresses.map(placeOf));
      const inTheWay = gone.filter((each) =>
        !suspended.includes(each) && each.addresses.some((address) => places.has(placeOf(address)))
      );
      if (inTheWay.length === 0) throw error;
      suspended.push(...inTheWay);
      await Promise.all(inTheWay.map((listener) => listener.suspend()));
      return this.#bind(options);
    }
  }

  #commit(
    next: ReadonlyMap<string, Listener>,
    options: ReadonlyMap<string, ListenerOptions>,
    opened: readonly Listener[],
    gone: readonly Listener[],
  ): void {
    for (const [key, listener] of next) listener.configure(options.get(key)!);
    this.#listeners = next;
    for (const listener of opened) this.#run(listener);
    for (const listener of gone) this.#retire(listener);
  }

  #run(listener: Listener): void {
    const accepting = listener.run().finally(() => this.#accepting.delete(accepting));
    this.#accepting.add(accepting);
  }

  #retire(listener: Listener): void {
    listener.close();
    const left = listener.drained(STOP_TIMEOUT_MS).finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }
}

/** Where two addresses may be in each other's way. */
function placeOf(address: ListenAddress): string {
  return "path" in address ? address.path : `${address.port}`;
}

/**
 * By what a listener is known by. Several may ask for a free port, which is another one each time: they go by
 * their order, as do those that ask for the same: binding will say so.
 */
export function byAddresses<T extends Pick<ListenerOptions, "addresses">>(
  wanted: readonly T[],
): ReadonlyMap<string, T> {
  const byKey = new Map<string, T>();
  for (const each of wanted) {
    const addresses = each.addresses.map((address) => JSON.stringify(address)).sort().join();
    let count = 0;
    while (byKey.has(`${addresses}#${count}`)) count++;
    byKey.set(`${addresses}#${count}`, each);
  }
  return byKey;
}

/** One error for all of them. */
function allOf(errors: readonly unknown[]): unknown {
  const all = errors.flatMap((error) => error instanceof AggregateError ? error.errors : [error]);
  if (all.length === 1) return all[0];
  const messages = all.map((error) => error instanceof Error ? error.message : String(error));
  return new AggregateError(all, messages.join("; "));
}
