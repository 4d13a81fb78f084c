// Where messages have their bytes while they pass through: one after the other in blocks, since a block of
// its own for each costs several times what the copy costs. A block is free when the last of its messages is.

import { copyRange } from "../packet/bytes.ts";

const BLOCK_BYTES = 65_536;
/** Larger messages get bytes of their own. */
export const MAX_SHARED_BYTES = 4_096;

let block = new Uint8Array(BLOCK_BYTES);
let used = 0;

/** The block that the last {@link copyIntoBlock} has copied into. */
export function currentBlock(): Uint8Array {
  return block;
}

/**
 * Copies `bytes[start, end)`, at most {@link MAX_SHARED_BYTES}, for a message that is soon gone; it may keep up to
 * 64 KiB from being freed.
 * @returns where the copy begins in {@link currentBlock}.
 */
export function copyIntoBlock(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (used + length > BLOCK_BYTES) {
    block = new Uint8Array(BLOCK_BYTES);
    used = 0;
  }
  const at = used;
  copyRange(bytes, start, length, block, at);
  used += length;
  return at;
}
