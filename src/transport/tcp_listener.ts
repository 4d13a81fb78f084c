// TcpListener: accepts TCP connections and hands each to the broker.

import type { Broker } from "../broker/broker.ts";
import type { ListenerPolicy } from "../broker/listener_policy.ts";
import type { Log } from "../broker/ports.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import { type Clock, TcpChannel } from "./tcp_channel.ts";

/** Connections that may wait to be accepted. */
const BACKLOG = 4_096;
/** Pause after an accept that failed, above all for want of file descriptors. */
const ACCEPT_RETRY_MS = 200;

export interface TcpListenerOptions {
  /** IP address or host name to listen on. */
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What holds for its connections; default: what holds for all. */
  readonly policy?: ListenerPolicy;
  /** Connections that it has at a time; further ones are closed at once. Default: as many as the broker takes. */
  readonly maximumConnections?: number;
}

export class TcpListener {
  readonly hostname: string;
  readonly port: number;
  /** What logs call it. */
  readonly #name: string;
  readonly #listener: Deno.TcpListener;
  readonly #policy: ListenerPolicy | undefined;
  readonly #maximumConnections: number;
  readonly #broker: Broker;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #buffers: ReadBuffers;
  readonly #channels = new Set<TcpChannel>();
  readonly #onChannelClosed = (channel: TcpChannel): void => this.#forget(channel);
  readonly #onFault = (error: unknown): void => reportFault(this.#log, error);
  #isClosed = false;
  #onAllClosed: (() => void) | undefined = undefined;

  /** @throws {Deno.errors.AddrInUse | Deno.errors.PermissionDenied | Error} if it can't listen there. */
  constructor(
    options: TcpListenerOptions,
    broker: Broker,
    log: Log,
    clock: Clock,
    buffers: ReadBuffers,
  ) {
    const { hostname, port } = options;
    try {
      this.#listener = Deno.listen({ hostname, port, tcpBacklog: BACKLOG });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      throw new Deno.errors.AddrInUse(`port ${port} of ${hostname} is in use already`);
    }
    this.hostname = hostname;
    this.#policy = options.policy;
    this.#maximumConnections = options.maximumConnections ?? Infinity;
    this.port = this.#listener.addr.port;
    this.#name = `port ${this.port}`;
    this.#broker = broker;
    this.#log = log;
    this.#clock = clock;
    this.#buffers = buffers;
  }

  /** Accepts connections until {@link close}. */
  async run(): Promise<void> {
    let failed = false;
    while (!this.#isClosed) {
      try {
        this.#open(await this.#listener.accept());
        failed = false;
      } catch (error) {
        if (this.#isClosed) return;
        // Out of file descriptors, or the peer was gone again: the listener itself goes on.
        if (!failed) {
          this.#log.write("error", `Unable to accept a connection: ${messageOf(error)}.`);
        }
        failed = true;
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
      }
    }
  }

  /** Accepts no more; connections that are open stay. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.close();
  }

  /** Resolves when all channels are closed; closes those that are still open after `timeoutMs`. */
  async drained(timeoutMs: number): Promise<void> {
    if (this.#channels.size === 0) return;
    const timer = setTimeout(() => {
      for (const channel of this.#channels) channel.close();
    }, timeoutMs);
    await new Promise<void>((resolve) => this.#onAllClosed = resolve);
    clearTimeout(timer);
  }

  #open(socket: Deno.TcpConn): void {
    if (this.#channels.size >= this.#maximumConnections) {
      const { hostname } = socket.remoteAddr;
      this.#log.write(
        "notice",
        `Client connection from ${hostname} denied: max_connections exceeded.`,
      );
      return socket.close();
    }
    try {
      socket.setNoDelay(true);
    } catch {
      return socket.close(); // the peer is gone already
    }
    const channel = new TcpChannel(
      socket,
      this.#name,
      this.#clock,
      this.#buffers,
      this.#onChannelClosed,
      this.#onFault,
    );
    const connection = this.#broker.accept(channel, this.#clock(), this.#policy);
    if (connection === undefined) return channel.close();
    this.#channels.add(channel);
    channel.start(connection);
  }

  #forget(channel: TcpChannel): void {
    this.#channels.delete(channel);
    if (this.#channels.size === 0) this.#onAllClosed?.();
  }
}

/** Says that the broker itself made a mistake, with all that is needed to find it. */
export function reportFault(log: Log, error: unknown): void {
  const what = error instanceof Error ? error.stack ?? error.message : String(error);
  for (const line of `Internal error, please report it: ${what}`.split("\n")) {
    log.write("error", line);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
