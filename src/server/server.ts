// Server: a broker that runs. It composes the sans-I/O Broker with a clock, a log and listeners, starts
// them and stops them in order; the only place that knows every folder.

import type { Authenticator } from "../access/authenticator.ts";
import type { Authorizer, ClientIdentity } from "../access/authorizer.ts";
import type { Bridge } from "../bridge/bridge.ts";
import type { BridgePlan, Bridges } from "../bridge/bridges.ts";
import { Broker } from "../broker/broker.ts";
import type { Limits } from "../broker/limits.ts";
import { BRIDGE_POLICY_PREFIX, type ListenerPolicy } from "../broker/listener_policy.ts";
import type { Log, LogLevel } from "../broker/ports.ts";
import type { Statistics } from "../broker/statistics.ts";
import { NO_LOG } from "../observe/line_log.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import type { ListenAddress } from "../transport/address.ts";
import { DEFAULT_HANDSHAKE_LIMITS, type HandshakeLimits } from "../transport/handshakes.ts";
import { ReadBuffers } from "../transport/read_buffers.ts";
import { Listener, type ListenerOptions, reportFault } from "../transport/listener.ts";
import { type ListenerChange, ListenerSet } from "./listener_set.ts";
import { Persistence, type PersistenceOptions } from "./persistence.ts";
import { VERSION } from "./version.ts";

/** How often the broker's deadlines are looked at. */
const TICK_MS = 200;

/** Undefined until there is a bridge. */
let loadedBridges: typeof Bridges | undefined = undefined;
/** Lines of a report that are written in one go. */
const REPORT_LINES = 200;

export interface ServerOptions {
  /** Where to listen; default 127.0.0.1. */
  readonly hostname?: string;
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number;
  /** Further ports. */
  readonly otherPorts?: readonly number[];
  /** Further addresses to listen on, with the same ports. */
  readonly otherHostnames?: readonly string[];
  /** Listeners that may differ in what holds for them, in place of hostnames and ports. */
  readonly listeners?: readonly ListenerOptions[];
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<Limits & HandshakeLimits>;
  /** Milliseconds between two updates of `$SYS`; 0: there is no `$SYS`. Default 10,000. */
  readonly sysIntervalMs?: number;
  /** Who may connect; default: everybody. */
  readonly authenticator?: Authenticator;
  /** Who may do what; default: everybody everything. */
  readonly authorizer?: Authorizer;
  /** Whether a retained message is held back if its publisher has lost the right to it; default true. */
  readonly checksRetainedOwners?: boolean;
  /** Default: no log. */
  readonly log?: Log;
}

/** What {@link Server.configure} changes while the broker runs. */
export interface BrokerSettings {
  readonly limits: Limits;
  readonly sysIntervalMs: number;
  readonly checksRetainedOwners: boolean;
}

/** What {@link Server.open} takes besides. */
export interface DurableServerOptions extends ServerOptions {
  /** Where Sessions and retained messages outlive the process; default: nowhere. */
  readonly persistence?: PersistenceOptions;
}

export class Server {
  readonly #broker: Broker;
  readonly #log: Log;
  #isLoggingSessions = false;
  readonly #listeners: ListenerSet;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #persistence: Persistence | undefined;
  #bridges: Bridges | undefined = undefined;
  #isStopping = false;

  private constructor(
    broker: Broker,
    listeners: ListenerSet,
    log: Log,
    persistence: Persistence | undefined,
  ) {
    this.#broker = broker;
    this.#persistence = persistence;
    this.#log = log;
    this.#listeners = listeners;
    this.#timer = setInterval(() => {
      try {
        broker.advance(now());
      } catch (error) {
        reportFault(log, error);
      }
    }, TICK_MS);
  }

  /**
   * Starts a broker. It serves when this returns.
   *
   * @param persistence that is open; the Server closes it when it stops. Default: nothing is kept.
   * @throws {Deno.errors.AddrInUse} if the port is taken, {@link Deno.errors.PermissionDenied} if it may not be
   * used, or another error of `Deno.listen`; if there are several, an AggregateError of them.
   */
  static start(options: ServerOptions = {}, persistence?: Persistence): Server {
    const log = options.log ?? NO_LOG;
    const report = (error: unknown) => reportFault(log, error);
    const { limits, sysIntervalMs, authenticator, authorizer, checksRetainedOwners } = options;
    const broker = new Broker({
      ports: {
        log,
        scheduleFlush: (flush) => void RESOLVED.then(flush).catch(report),
        createUuid: () => crypto.randomUUID(),
        heapBytes: () => Deno.memoryUsage().heapUsed,
      },
      nowMs: now(),
      version: VERSION,
      ...limits && { limits },
      ...sysIntervalMs !== undefined && { sysIntervalMs },
      ...checksRetainedOwners !== undefined && { checksRetainedOwners },
      ...authenticator && { authenticator },
      ...authorizer && { authorizer },
      ...persistence && { journal: persistence.journal },
    });
    const buffers = new ReadBuffers();
    const handshakeLimits = { ...DEFAULT_HANDSHAKE_LIMITS, ...limits };
    const listeners = new ListenerSet((listener) =>
      new Listener({ handshakeLimits, ...listener }, broker, log, now, buffers)
    );
    const wanted = options.listeners ?? onAllPorts(options);
    listeners.open(wanted); // nobody is served before this returns
    try {
      persistence?.restore(broker, policyByName(wanted, broker.defaultPolicy));
    } catch (error) {
      listeners.close();
      throw error;
    }
    return new Server(broker, listeners, log, persistence);
  }

  /**
   * Starts a broker whose Sessions and retained messages are kept. It serves when this resolves.
   *
   * @throws {StoreError} if the store is in use, damaged, not ours, or can't be written; else as {@link start}.
   */
  static async open(options: DurableServerOptions = {}): Promise<Server> {
    if (options.persistence === undefined) return Server.start(options);
    const persistence = await Server.openPersistence(options.persistence, options.log);
    try {
      return Server.start(options, persistence);
    } catch (error) {
      await persistence.close();
      throw error;
    }
  }

  /** @throws {StoreError} as {@link open}. */
  static openPersistence(options: PersistenceOptions, log: Log = NO_LOG): Promise<Persistence> {
    return Persistence.open(options, log, now, (error) => reportFault(log, error));
  }

  /** The first TCP port that it listens on; 0 if there are Unix sockets only. */
  get port(): number {
    for (const address of this.addresses) if ("port" in address) return address.port;
    return 0;
  }

  /** Where it listens. */
  get addresses(): readonly ListenAddress[] {
    return this.#listeners.all.flatMap(({ addresses }) => addresses);
  }

  /** The same, listener by listener, in the order of the options. */
  get listenerAddresses(): readonly (readonly ListenAddress[])[] {
    return this.#listeners.all.map(({ addresses }) => addresses);
  }

  /** How many Clients are connected. */
  get connectedClients(): number {
    return this.#broker.counts.connected;
  }

  /** What the broker has counted since its start. */
  get statistics(): Readonly<Statistics> {
    return this.#broker.statistics;
  }

  /**
   * Opens those of `listeners` that are new; see {@link ListenerSet}.
   * @throws {Deno.errors.AddrInUse | Deno.errors.PermissionDenied | Error} if one can't be had.
   */
  prepareListeners(listeners: readonly ListenerOptions[]): Promise<ListenerChange> {
    return this.#listeners.prepare(listeners);
  }

  /** Limits and options of the broker as a whole; the listeners' are in their policies. */
  configure(settings: BrokerSettings): void {
    this.#broker.replaceLimits(settings.limits);
    this.#broker.checksRetainedOwners = settings.checksRetainedOwners;
    this.#broker.setSysInterval(settings.sysIntervalMs, now());
  }

  /** See {@link Broker.setSysFacts}. */
  setSysFacts(facts: ReadonlyMap<string, string>): void {
    this.#broker.setSysFacts(facts, now());
  }

  /**
   * To be called before {@link start} if there will be bridges: {@link configureBridges} makes them at once then,
   * before any Client can publish. Who has none need not load them.
   */
  static async loadBridges(): Promise<void> {
    const { Bridges } = await import("../bridge/bridges.ts");
    loadedBridges = Bridges;
  }

  /**
   * Links to other brokers: those that are new are started, those that are gone ended, the same left alone.
   * The Sessions of bridges that are no more end.
   */
  async configureBridges(plans: readonly BridgePlan[]): Promise<void> {
    if (plans.length > 0 && this.#bridges === undefined) {
      if (loadedBridges === undefined) await Server.loadBridges();
      if (this.#isStopping) return;
      this.#bridges ??= new loadedBridges!({
        broker: this.#broker,
        log: this.#log,
        clock: now,
        onFault: (error) => reportFault(this.#log, error),
      });
    }
    this.#bridges?.configure(plans);
    const names = new Set(plans.map(({ policy }) => policy.name));
    this.#broker.endSessions(
      (listener) => listener.startsWith(BRIDGE_POLICY_PREFIX) && !names.has(listener),
      now(),
    );
  }

  /** The bridges that there are. */
  get bridges(): Iterable<Bridge> {
    return this.#bridges?.all ?? [];
  }

  /** See {@link Broker.replacePolicies}. */
  replacePolicies(next: (policy: ListenerPolicy) => ListenerPolicy | undefined): void {
    this.#broker.replacePolicies(next, now());
  }

  /** Ends the connections of the listeners that `isMeant`, with 0x98. */
  endConnections(isMeant: (policy: ListenerPolicy) => boolean): void {
    this.#broker.endConnections(isMeant, ReasonCode.AdministrativeAction, now());
  }

  /** To be called when the Authorizers of the listeners decide otherwise than before. */
  accessRulesChanged(): void {
    this.#broker.accessRulesChanged();
  }

  /** Disconnects the Clients that may not stay, with 0x87; see {@link Broker.reviewClients}. */
  reviewClients(mayStay: (client: ClientIdentity, policy: ListenerPolicy) => boolean): void {
    this.#broker.reviewClients(mayStay, now());
  }

  /** Publishes lines of the log to `$SYS/broker/log/…`. */
  publishLog(lines: Iterable<{ readonly level: LogLevel; readonly text: string }>): void {
    this.#broker.publishLog(lines, now());
  }

  /** Stores what waits, without waiting for that. @returns what was stored since the start, in words. */
  save(): string {
    return this.#persistence?.save() ?? "there is nothing to save: nothing is kept.";
  }

  /**
   * Logs who has a Session, its Subscriptions and queues, a few lines at a time: Clients are served between.
   * Resolves when that is done; once it has begun, another call changes nothing.
   */
  async logSessions(): Promise<void> {
    if (this.#isLoggingSessions) return;
    this.#isLoggingSessions = true;
    let written = 0;
    for (const line of this.#broker.reportSessions()) {
      this.#log.write("info", line);
      if (++written % REPORT_LINES === 0) await new Promise((resolve) => setTimeout(resolve));
    }
    this.#isLoggingSessions = false;
  }

  /**
   * Stops: no new connections, DISCONNECT 0x8B to MQTT 5.0 Clients, wills as the specification has them.
   * Resolves when everything is closed.
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#bridges?.stop();
    this.#listeners.close();
    this.#broker.stop(now());
    await this.#listeners.drained();
    clearInterval(this.#timer);
    await this.#persistence?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Whose access rules hold for what was stored: those by the same name, or of the first listener. */
function policyByName(
  listeners: readonly ListenerOptions[],
  defaultPolicy: ListenerPolicy,
): (name: string) => ListenerPolicy {
  const policies = new Map(listeners.map(({ policy }) => [policy?.name, policy]));
  return (name) => policies.get(name) ?? listeners[0]?.policy ?? defaultPolicy;
}

/** A listener for each port, on all the addresses. */
function onAllPorts(options: ServerOptions): ListenerOptions[] {
  const { hostname = "127.0.0.1", port = 0, otherHostnames = [], otherPorts = [] } = options;
  return [port, ...otherPorts].map((port) => ({
    addresses: [hostname, ...otherHostnames].map((hostname) => ({ hostname, port })),
  }));
}

/** `RESOLVED.then` does what queueMicrotask does, at a fraction of its cost. */
const RESOLVED = Promise.resolve();

/**
 * Milliseconds since 1970 that never run backwards: a gateway without a battery sets its clock by years
 * while it runs, and no Session may expire of that.
 */
function now(): number {
  return performance.timeOrigin + performance.now();
}
