// Handshakes: takes the peers of one listener through its layers before the broker hears of them. Bounded
// in number and in time: a peer that connects and stays silent costs little, and not for long.

import type { Log } from "../broker/ports.ts";
import { HandshakeError, type Layer, type Peer } from "./byte_stream.ts";

export interface HandshakeLimits {
  /** Handshakes under way at a time on a listener; further peers are closed at once. */
  readonly maximumHandshakes: number;
  /** Milliseconds until a handshake must be done. */
  readonly handshakeTimeoutMs: number;
}

export const DEFAULT_HANDSHAKE_LIMITS: HandshakeLimits = {
  maximumHandshakes: 1_000,
  handshakeTimeoutMs: 10_000,
};

export class Handshakes {
  readonly #layers: readonly Layer[];
  readonly #limits: HandshakeLimits;
  readonly #log: Log;
  readonly #underWay = new Set<Peer>();
  #isFullSaid = false;

  constructor(layers: readonly Layer[], limits: HandshakeLimits, log: Log) {
    this.#layers = layers;
    this.#limits = limits;
    this.#log = log;
  }

  /**
   * Takes `peer` through all layers and then calls `open`; closes it if that fails or takes too long, and
   * logs why. `onFault` hears of mistakes of ours.
   */
  async begin(
    peer: Peer,
    open: (peer: Peer) => void,
    onFault: (error: unknown) => void,
  ): Promise<void> {
    const { maximumHandshakes, handshakeTimeoutMs } = this.#limits;
    if (this.#underWay.size >= maximumHandshakes) return this.#refuse(peer);
    if (this.#underWay.size * 2 <= maximumHandshakes) this.#isFullSaid = false; // the rush is over
    this.#underWay.add(peer);
    const timeout = new AbortController();
    const timer = setTimeout(() => {
      timeout.abort();
      closeOnce(peer); // what waits for it is rejected
    }, handshakeTimeoutMs);
    let opened = peer;
    try {
      for (const layer of this.#layers) {
        const next = await layer.open(opened, timeout.signal);
        if (next === undefined) return;
        opened = next;
      }
      if (timeout.signal.aborted) return;
      clearTimeout(timer);
      this.#underWay.delete(peer);
      open(opened);
    } catch (error) {
      closeOnce(peer);
      this.#ended(opened, error, timeout.signal, onFault);
    } finally {
      clearTimeout(timer);
      this.#underWay.delete(peer);
    }
  }

  /** Ends those that are under way. */
  close(): void {
    for (const peer of this.#underWay) closeOnce(peer);
    for (const layer of this.#layers) layer.close?.();
  }

  #refuse(peer: Peer): void {
    peer.stream.close();
    if (this.#isFullSaid) return;
    this.#isFullSaid = true;
    this.#log.write(
      "warning",
      `Client connection from ${peer.remoteAddress} denied: ` +
        `${this.#limits.maximumHandshakes} handshakes are under way already.`,
    );
  }

  /** @param peer as far as it is known. */
  #ended(
    peer: Peer,
    error: unknown,
    { aborted }: AbortSignal,
    onFault: (error: unknown) => void,
  ): void {
    const seconds = this.#limits.handshakeTimeoutMs / 1_000;
    const reason = aborted ? `not done within ${seconds} s` : reasonOf(error);
    if (reason === undefined) return onFault(error);
    this.#log.write(
      "notice",
      `Client ${peer.remoteAddress} disconnected in the handshake: ${reason}.`,
      "connection",
    );
  }
}

/** A socket of Deno that is closed already throws. */
function closeOnce({ stream }: Peer): void {
  try {
    stream.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Undefined: a mistake of ours. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof HandshakeError) return error.message;
  const isIO = error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
  return isIO ? "the connection broke" : undefined;
}
