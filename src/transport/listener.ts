// Listener: accepts connections, takes each through the listener's layers (PROXY protocol, TLS, WebSocket),
// and hands it to the broker.

import type { Broker } from "../broker/broker.ts";
import type { ListenerPolicy } from "../broker/listener_policy.ts";
import type { Log } from "../broker/ports.ts";
import type { Layer, Peer } from "./byte_stream.ts";
import { Channel, type Clock } from "./channel.ts";
import { type HandshakeLimits, Handshakes } from "./handshakes.ts";
import type { ReadBuffers } from "./read_buffers.ts";

/** Connections that may wait to be accepted. */
const BACKLOG = 4_096;
/** Pause after an accept that failed, above all for want of file descriptors. */
const ACCEPT_RETRY_MS = 200;

const DEFAULT_HANDSHAKE_LIMITS: HandshakeLimits = {
  maximumHandshakes: 1_000,
  handshakeTimeoutMs: 10_000,
};

export interface ListenerOptions {
  /** IP address or host name to listen on. */
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What holds for its connections; default: what holds for all. */
  readonly policy?: ListenerPolicy;
  /** Connections that it has at a time; further ones are closed at once. Default: as many as the broker takes. */
  readonly maximumConnections?: number;
  /** What every connection goes through first, in this order; default: nothing, MQTT begins at once. */
  readonly layers?: readonly Layer[];
  /** Of the layers. */
  readonly handshakeLimits?: HandshakeLimits;
}

export class Listener {
  readonly hostname: string;
  readonly port: number;
  /** What logs call it. */
  readonly #name: string;
  readonly #listener: Deno.TcpListener;
  readonly #policy: ListenerPolicy | undefined;
  readonly #maximumConnections: number;
  readonly #handshakes: Handshakes | undefined;
  readonly #broker: Broker;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #buffers: ReadBuffers;
  readonly #channels = new Set<Channel>();
  readonly #onChannelClosed = (channel: Channel): void => this.#forget(channel);
  readonly #onFault = (error: unknown): void => reportFault(this.#log, error);
  readonly #onOpened = (peer: Peer): void => this.#open(peer);
  #isClosed = false;
  #onAllClosed: (() => void) | undefined = undefined;

  /** @throws {Deno.errors.AddrInUse | Deno.errors.PermissionDenied | Error} if it can't listen there. */
  constructor(
    options: ListenerOptions,
    broker: Broker,
    log: Log,
    clock: Clock,
    buffers: ReadBuffers,
  ) {
    const { hostname, port, layers = [] } = options;
    try {
      this.#listener = Deno.listen({ hostname, port, tcpBacklog: BACKLOG });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      throw new Deno.errors.AddrInUse(`port ${port} of ${hostname} is in use already`);
    }
    this.hostname = hostname;
    this.#policy = options.policy;
    this.#maximumConnections = options.maximumConnections ?? Infinity;
    this.#handshakes = layers.length === 0
      ? undefined
      : new Handshakes(layers, options.handshakeLimits ?? DEFAULT_HANDSHAKE_LIMITS, log);
    this.port = this.#listener.addr.port;
    this.#name = `port ${this.port}`;
    this.#broker = broker;
    this.#log = log;
    this.#clock = clock;
    this.#buffers = buffers;
    const family = this.#listener.addr.hostname.includes(":") ? "ipv6" : "ipv4";
    log.write("info", `Opening ${family} listen socket on port ${this.port}.`);
  }

  /** Accepts connections until {@link close}. */
  async run(): Promise<void> {
    let failed = false;
    while (!this.#isClosed) {
      try {
        this.#accepted(await this.#listener.accept());
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
    this.#handshakes?.close();
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

  #accepted(socket: Deno.TcpConn): void {
    try {
      socket.setNoDelay(true);
    } catch {
      return socket.close(); // the peer is gone already
    }
    const peer: Peer = {
      stream: socket,
      remoteAddress: showAddress(socket.remoteAddr),
      certifiedUserName: undefined,
    };
    if (this.#handshakes === undefined) this.#open(peer);
    else void this.#handshakes.begin(peer, this.#onOpened, this.#onFault);
  }

  #open(peer: Peer): void {
    if (this.#isClosed) return peer.stream.close();
    if (this.#channels.size >= this.#maximumConnections) {
      this.#log.write(
        "notice",
        `Client connection from ${peer.remoteAddress} denied: max_connections exceeded.`,
        "connection",
      );
      return peer.stream.close();
    }
    const channel = new Channel(
      peer,
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

  #forget(channel: Channel): void {
    this.#channels.delete(channel);
    if (this.#channels.size === 0) this.#onAllClosed?.();
  }
}

/** As logs show it: `192.0.2.1:50000`, `[2001:db8::1]:50000`. */
function showAddress({ hostname, port }: Deno.NetAddr): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
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
