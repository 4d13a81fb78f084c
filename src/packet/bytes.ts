// Bytes that outlive the chunk they came in.

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
