// Server: a broker that runs. It composes the sans-I/O Broker with a clock, a log and listeners, starts
// them and stops them in order; the only place that knows every folder.

import type { Authenticator } from "../access/authenticator.ts";
import type { Authorizer, ClientIdentity } from "../access/authorizer.ts";
import { Broker } from "../broker/broker.ts";
import type { Limits } from "../broker/limits.ts";
import type { ListenerPolicy } from "../broker/listener_policy.ts";
import type { Log, LogLevel } from "../broker/ports.ts";
import type { Statistics } from "../broker/statistics.ts";
import { NO_LOG } from "../observe/line_log.ts";
import type { ListenAddress } from "../transport/address.ts";
import { DEFAULT_HANDSHAKE_LIMITS, type HandshakeLimits } from "../transport/handshakes.ts";
import { ReadBuffers } from "../transport/read_buffers.ts";
import { Listener, type ListenerOptions, reportFault } from "../transport/listener.ts";
import { VERSION } from "./version.ts";

/** How often the broker's deadlines are looked at. */
const TICK_MS = 200;
/** Lines of a report that are written in one go. */
const REPORT_LINES = 200;
/** How long connections may take to end when the broker stops. */
const STOP_TIMEOUT_MS = 2_000;

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

export class Server {
  readonly #broker: Broker;
  readonly #log: Log;
  #isLoggingSessions = false;
  readonly #listeners: readonly Listener[];
  readonly #accepting: readonly Promise<void>[];
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(broker: Broker, listeners: readonly Listener[], log: Log) {
    this.#broker = broker;
    this.#log = log;
    this.#listeners = listeners;
    this.#accepting = listeners.map((listener) => listener.run());
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
   * @throws {Deno.errors.AddrInUse} if the port is taken, {@link Deno.errors.PermissionDenied} if it may not be
   * used, or another error of `Deno.listen`; if there are several, an AggregateError of them.
   */
  static start(options: ServerOptions = {}): Server {
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
    });
    const buffers = new ReadBuffers();
    const handshakeLimits = { ...DEFAULT_HANDSHAKE_LIMITS, ...limits };
    const open = (listener: ListenerOptions) =>
      new Listener({ handshakeLimits, ...listener }, broker, log, now, buffers);
    return new Server(broker, openAll(options.listeners ?? onAllPorts(options), open), log);
  }

  /** The first TCP port that it listens on; 0 if there are Unix sockets only. */
  get port(): number {
    for (const address of this.addresses) if ("port" in address) return address.port;
    return 0;
  }

  /** Where it listens. */
  get addresses(): readonly ListenAddress[] {
    return this.#listeners.flatMap(({ addresses }) => addresses);
  }

  /** What the broker has counted since its start. */
  get statistics(): Readonly<Statistics> {
    return this.#broker.statistics;
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
    for (const listener of this.#listeners) listener.close();
    this.#broker.stop(now());
    await Promise.all(this.#listeners.map((listener) => listener.drained(STOP_TIMEOUT_MS)));
    clearInterval(this.#timer);
    await Promise.all(this.#accepting);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** A listener for each port, on all the addresses. */
function onAllPorts(options: ServerOptions): ListenerOptions[] {
  const { hostname = "127.0.0.1", port = 0, otherHostnames = [], otherPorts = [] } = options;
  return [port, ...otherPorts].map((port) => ({
    addresses: [hostname, ...otherHostnames].map((hostname) => ({ hostname, port })),
  }));
}

/** Opens all listeners or none, so that whoever mends the one address hears of the others too. */
function openAll(
  wanted: readonly ListenerOptions[],
  open: (options: ListenerOptions) => Listener,
): Listener[] {
  const listeners: Listener[] = [];
  const errors: unknown[] = [];
  for (const options of wanted) {
    try {
      listeners.push(open(options));
    } catch (error) {
      errors.push(...error instanceof AggregateError ? error.errors : [error]);
    }
  }
  if (errors.length === 0) return listeners;
  for (const listener of listeners) listener.close();
  throw errors.length === 1 ? errors[0] : new AggregateError(errors, messagesOf(errors));
}

function messagesOf(errors: readonly unknown[]): string {
  return errors.map((error) => error instanceof Error ? error.message : String(error)).join("; ");
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
