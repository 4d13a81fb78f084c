// KeepAlive: the bridge as a Client keeps the connection to the remote broker alive, and finds out when there is
// nobody at its other end any more (MQTT 5.0, section 3.1.2.10).

import { encodePacket } from "../packet/encode.ts";
import { PacketType } from "../packet/packet_type.ts";
import type { RemoteEnd } from "./remote_end.ts";

/** Longest wait for a PINGRESP. */
const MAXIMUM_PING_MS = 30_000;
const PINGREQ = encodePacket({ type: PacketType.Pingreq }, 4);

export class KeepAlive {
  /** Milliseconds of silence that there may be; 0: any. */
  periodMs: number;
  #pingSentAtMs = 0;

  constructor(periodMs: number) {
    this.periodMs = periodMs;
  }

  /**
   * Asks for a sign of life if it is time; to be called a few times a second.
   * @returns why the connection is dead; undefined if it is not.
   */
  tick(remote: RemoteEnd, nowMs: number): string | undefined {
    if (this.periodMs === 0) return undefined;
    const silentMs = nowMs - remote.lastReceivedMs;
    if (this.#pingSentAtMs > 0 && remote.lastReceivedMs >= this.#pingSentAtMs) {
      this.#pingSentAtMs = 0;
    }
    if (this.#pingSentAtMs > 0) {
      if (nowMs - this.#pingSentAtMs < Math.min(this.periodMs, MAXIMUM_PING_MS)) return undefined;
      return `the remote broker has been silent for ${Math.round(silentMs / 1000)} s`;
    }
    if (Math.max(nowMs - remote.lastSentMs, silentMs) < this.periodMs) return undefined;
    this.#pingSentAtMs = nowMs;
    remote.send(PINGREQ);
    return undefined;
  }
}
