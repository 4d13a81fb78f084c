// Where messages have their bytes while they pass through: one after the other in blocks, since a block of
// its own for each costs several times what the copy costs. A block is free when the last of its messages is.

const BLOCK_BYTES = 65_536;
/** Larger messages get a block of their own. */
const MAX_SHARED_BYTES = 4_096;

let block = new ArrayBuffer(BLOCK_BYTES);
let used = 0;

/** A copy of `bytes` for a message that is soon gone; it may keep up to 64 KiB from being freed. */
export function copyShortLived(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length > MAX_SHARED_BYTES) return new Uint8Array(bytes);
  if (used + length > BLOCK_BYTES) {
    block = new ArrayBuffer(BLOCK_BYTES);
    used = 0;
  }
  const copy = new Uint8Array(block, used, length);
  used += length;
  copy.set(bytes);
  return copy;
}
