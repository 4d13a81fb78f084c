// BufferPool: output buffers that are used again. An idle connection has none; one that sends takes one
// for as long as it takes to write it.

/** Sizes of buffers, smallest first. */
export const BUFFER_SIZES = [512, 4096, 32_768, 262_144] as const;
/** Bytes of free buffers that are kept of each size. */
const MAX_FREE_BYTES = 8 * 1024 * 1024;

export class BufferPool {
  readonly #free: Uint8Array[][] = BUFFER_SIZES.map(() => []);

  /** A buffer of the smallest size that holds `length` bytes; a larger one if no size does. */
  take(length: number): Uint8Array {
    for (let i = 0; i < BUFFER_SIZES.length; i++) {
      const size = BUFFER_SIZES[i]!;
      if (length <= size) return this.#free[i]!.pop() ?? new Uint8Array(size);
    }
    return new Uint8Array(length);
  }

  /** Gives back a buffer that nobody reads any more. */
  release(buffer: Uint8Array): void {
    const i = BUFFER_SIZES.indexOf(buffer.length as typeof BUFFER_SIZES[number]);
    if (i < 0) return;
    const free = this.#free[i]!;
    if (free.length * buffer.length < MAX_FREE_BYTES) free.push(buffer);
  }
}
