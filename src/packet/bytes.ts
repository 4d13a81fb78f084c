// Bytes that outlive the chunk they came in.

/** Below this size a loop copies faster than a call. */
const COPY_LOOP_BYTES = 96;

/**
 * A copy of `bytes` that nobody else holds, no larger than it must be. Not `bytes.slice()`: of a Buffer, which
 * is what sockets read into, that is a view.
 */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** `first` and `second` in one. */
export function concatBytes(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** Copies `length` bytes of `from` from `start` on, to `to` at `at`. */
export function copyRange(
  from: Uint8Array,
  start: number,
  length: number,
  to: Uint8Array,
  at: number,
): void {
  if (length >= COPY_LOOP_BYTES) return to.set(from.subarray(start, start + length), at);
  for (let i = 0; i < length; i++) to[at + i] = from[start + i]!;
}
