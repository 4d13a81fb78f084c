// Listener: accepts connections, takes each through the listener's layers (PROXY protocol, TLS, WebSocket),
// and hands it to the broker.

import type { Broker } from "../broker/broker.ts";
import type { ListenerPolicy } from "../broker/listener_policy.ts";
import type { Log } from "../broker/ports.ts";
import {
  ipv4Within,
  type ListenAddress,
  showPeer,
  showUnixPeer,
  type TcpAddress,
} from "./address.ts";
import type { Layer, Peer } from "./byte_stream.ts";
import { Channel, type Clock } from "./channel.ts";
import { DEFAULT_HANDSHAKE_LIMITS, type HandshakeLimits, Handshakes } from "./handshakes.ts";
import { openListeningSocket } from "./listening_socket.ts";
import type { ReadBuffers } from "./read_buffers.ts";

/** Pause after an accept that failed, above all for want of file descriptors. */
const ACCEPT_RETRY_MS = 200;
/** How often that is logged: where descriptors are short, some accepts succeed in between. */
const ACCEPT_LOG_PERIOD_MS = 10_000;

export interface ListenerOptions {
  /** Where to listen, at least one. Those with port 0 all have the port of the first. */
  readonly addresses: readonly ListenAddress[];
  /** What holds for its connections; default: what holds for all. */
  readonly policy?: ListenerPolicy;
  /** Connections that it has at a time; further ones are closed at once. Default: as many as the broker takes. */
  readonly maximumConnections?: number;
  /** What every connection goes through first, in this order; default: nothing, MQTT begins at once. */
  readonly layers?: readonly Layer[];
  /** Of the layers. */
  readonly handshakeLimits?: HandshakeLimits;
}

/** One open socket, and the address it really has. */
interface Entrance {
  readonly socket: Deno.Listener<Deno.TcpConn | Deno.UnixConn>;
  readonly address: ListenAddress;
}

export class Listener {
  /** What logs call it. */
  readonly #name: string;
  #entrances: readonly Entrance[];
  #policy: ListenerPolicy | undefined;
  #maximumConnections: number;
  #layers: readonly Layer[];
  readonly #handshakeLimits: HandshakeLimits;
  #handshakes: Handshakes | undefined;
  readonly #broker: Broker;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #buffers: ReadBuffers;
  readonly #channels = new Set<Channel>();
  readonly #onChannelClosed = (channel: Channel): void => this.#forget(channel);
  readonly #onFault = (error: unknown): void => reportFault(this.#log, error);
  readonly #onOpened = (peer: Peer): void => this.#open(peer);
  #isClosed = false;
  #suspension: Suspension | undefined = undefined;
  #onAllClosed: (() => void) | undefined = undefined;

  /** @throws {AggregateError} with an error for each address that it can't listen on. */
  constructor(
    options: ListenerOptions,
    broker: Broker,
    log: Log,
    clock: Clock,
    buffers: ReadBuffers,
  ) {
    const { addresses, layers = [] } = options;
    this.#entrances = openAll(addresses);
    this.#policy = options.policy;
    this.#maximumConnections = options.maximumConnections ?? Infinity;
    this.#layers = layers;
    this.#handshakeLimits = options.handshakeLimits ?? DEFAULT_HANDSHAKE_LIMITS;
    this.#handshakes = handshakesFor(layers, this.#handshakeLimits, log);
    this.#name = `port ${portOf(this.addresses[0]!)}`;
    this.#broker = broker;
    this.#log = log;
    this.#clock = clock;
    this.#buffers = buffers;
    for (const address of this.addresses) log.write("info", openingLine(address));
  }

  /** Where it listens. */
  get addresses(): readonly ListenAddress[] {
    return this.#entrances.map(({ address }) => address);
  }

  /** Accepts connections until {@link close}. */
  async run(): Promise<void> {
    for (;;) {
      await Promise.all(this.#entrances.map((entrance) => this.#accept(entrance)));
      if (this.#isClosed || this.#suspension === undefined) return;
      this.#suspension.begin();
      await this.#suspension.ended;
    }
  }

  /**
   * What holds for those who connect from now on; where it listens stays. Handshakes under way by other
   * layers are ended.
   */
  configure(options: ListenerOptions): void {
    const { policy, maximumConnections = Infinity, layers = [] } = options;
    this.#policy = policy;
    this.#maximumConnections = maximumConnections;
    if (isSame(layers, this.#layers)) return;
    this.#handshakes?.close();
    this.#layers = layers;
    this.#handshakes = handshakesFor(layers, this.#handshakeLimits, this.#log);
  }

  /** Gives its addresses free until {@link resume}; connections that are open stay. */
  async suspend(): Promise<void> {
    if (this.#isClosed || this.#suspension !== undefined) return;
    this.#suspension = suspension();
    for (const { socket } of this.#entrances) socket.close();
    await this.#suspension.begun; // Deno keeps the socket until the accept under way has failed
  }

  /** @throws {AggregateError} as the constructor, if somebody else has taken an address meanwhile. */
  resume(): void {
    const { end } = this.#suspension ?? {};
    if (end === undefined || this.#isClosed) return;
    this.#entrances = openAll(this.addresses);
    this.#suspension = undefined;
    end();
  }

  /** Accepts no more; connections that are open stay. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#suspension === undefined) {
      for (const { socket } of this.#entrances) {
        socket.close();
      }
    }
    this.#suspension?.end();
    this.#handshakes?.close();
  }

  /** Resolves when all channels are closed; closes those that are still open after `timeoutMs`. */
  async drained(timeoutMs: number): Promise<void> {
    if (this.#channels.size === 0) return;
    const timer = setTimeout(() => {
      for (const channel of this.#channels) channel.closeNow();
    }, timeoutMs);
    await new Promise<void>((resolve) => this.#onAllClosed = resolve);
    clearTimeout(timer);
  }

  async #accept({ socket, address }: Entrance): Promise<void> {
    let saidMs = -Infinity;
    while (!this.#isClosed && this.#suspension === undefined) {
      try {
        this.#accepted(await socket.accept(), address);
      } catch (error) {
        if (this.#isClosed || this.#suspension !== undefined) return;
        if (isPeerGone(error)) continue; // no pause: whoever resets many connections would stop the others
        // Out of file descriptors, above all: the listener itself goes on.
        if (this.#clock() - saidMs >= ACCEPT_LOG_PERIOD_MS) {
          this.#log.write("error", `Unable to accept a connection: ${messageOf(error)}.`);
          saidMs = this.#clock();
        }
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
      }
    }
  }

  #accepted(socket: Deno.TcpConn | Deno.UnixConn, address: ListenAddress): void {
    const remoteAddress = "path" in address
      ? showUnixPeer(address.path)
      : this.#admit(socket as Deno.TcpConn, address);
    if (remoteAddress === undefined) return socket.close();
    const peer: Peer = { stream: socket, remoteAddress, certifiedUserName: undefined };
    if (this.#handshakes === undefined) this.#open(peer);
    else void this.#handshakes.begin(peer, this.#onOpened, this.#onFault);
  }

  /** @returns its address; undefined: it is gone already, or may not come in here. */
  #admit(socket: Deno.TcpConn, { isIPv6Only }: TcpAddress): string | undefined {
    try {
      socket.setNoDelay(true);
    } catch {
      return undefined; // gone already
    }
    const { hostname, port } = socket.remoteAddr;
    const shown = showPeer(hostname, port);
    if (isIPv6Only !== true || ipv4Within(hostname) === undefined) return shown;
    this.#log.write(
      "notice",
      `Client connection from ${shown} denied: it came over IPv4, and here only IPv6 may.`,
      "connection",
    );
    return undefined;
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
    if (connection === undefined) return channel.closeNow();
    this.#channels.add(channel);
    channel.start(connection);
  }

  #forget(channel: Channel): void {
    this.#channels.delete(channel);
    if (this.#channels.size === 0) this.#onAllClosed?.();
  }
}

/** Opens all sockets, or none. */
function openAll(addresses: readonly ListenAddress[]): Entrance[] {
  const entrances: Entrance[] = [];
  const errors: unknown[] = [];
  let freePort = 0;
  for (const address of addresses) {
    const wanted = portOf(address) !== 0 || "path" in address
      ? address
      : { ...address, port: freePort };
    try {
      const socket = openListeningSocket(wanted);
      const { addr } = socket;
      const port = addr.transport === "tcp" ? addr.port : 0;
      if (portOf(wanted) === 0) freePort = port;
      entrances.push({ socket, address: "path" in wanted ? wanted : { ...wanted, port } });
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 0) return entrances;
  for (const { socket } of entrances) socket.close();
  throw new AggregateError(errors);
}

/** Whether the connection was reset before it was accepted: Deno asks for its address, and there is none. */
function isPeerGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionAborted || error instanceof Deno.errors.ConnectionReset;
}

/** Mosquitto's words. */
function openingLine(address: ListenAddress): string {
  if ("path" in address) return `Opening unix listen socket on path ${address.path}.`;
  const family = address.hostname.includes(":") ? "ipv6" : "ipv4";
  return `Opening ${family} listen socket on port ${address.port}.`;
}

/** As Mosquitto: that of a Unix socket is 0. */
function portOf(address: ListenAddress): number {
  return "path" in address ? 0 : address.port;
}

/** A time without sockets. */
interface Suspension {
  /** The accept loop waits. */
  readonly begun: Promise<void>;
  begin(): void;
  readonly ended: Promise<void>;
  end(): void;
}

function suspension(): Suspension {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  return { begun, begin, ended, end };
}

function handshakesFor(
  layers: readonly Layer[],
  limits: HandshakeLimits,
  log: Log,
): Handshakes | undefined {
  return layers.length === 0 ? undefined : new Handshakes(layers, limits, log);
}

function isSame(a: readonly Layer[], b: readonly Layer[]): boolean {
  return a.length === b.length && a.every((layer, i) => layer === b[i]);
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
