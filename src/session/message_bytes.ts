// Where messages have their bytes: one after the other in blocks, since a buffer of its own for each costs several
// times what the copy costs. A block is free when the last of its messages is.

import { copyRange } from "../packet/bytes.ts";

/** Larger messages get bytes of their own. */
export const MAX_SHARED_BYTES = 2_048;

export class MessageBytes {
  /** What the last {@link copy} has copied into. */
  block: Uint8Array;
  readonly #blockBytes: number;
  #used = 0;

  /** @param blockBytes that one message may keep from being freed. */
  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
    this.block = new Uint8Array(blockBytes);
  }

  /**
   * Copies `bytes[start, end)`, at most {@link MAX_SHARED_BYTES}.
   * @returns where the copy begins in {@link block}.
   */
  copy(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (this.#used + length > this.#blockBytes) {
      this.block = new Uint8Array(this.#blockBytes);
      this.#used = 0;
    }
    const at = this.#used;
    copyRange(bytes, start, length, this.block, at);
    this.#used += length;
    return at;
  }
}

/** For messages that pass through and are soon gone. */
export const PASSING = new MessageBytes(65_536);
/** For those that wait: in smaller blocks, since one that waits for a year keeps its block. */
export const WAITING = new MessageBytes(16_384);
