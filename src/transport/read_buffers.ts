// ReadBuffers: what the channels read into. A connection starts with a small buffer, so that ten
// thousand idle ones cost little; one that is flooded gets a large one, as long as all the large ones
// together stay within a budget.

const SIZES = [512, 8_192, 65_536] as const;
/** Small buffers are cut from blocks: each in a block of its own would cost as much again. */
const SMALL_PER_BLOCK = 128;
/** Bytes that all buffers above the smallest size may have together. */
const BUDGET_BYTES = 64 * 1024 * 1024;
/** Free large buffers of each size that are kept for the next one. */
const MAX_FREE_LARGE = 64;

export class ReadBuffers {
  readonly #free: Uint8Array[][] = SIZES.map(() => []);
  #largeBytes = 0;

  /** The buffer of a new connection. */
  first(): Uint8Array {
    return this.#take(0);
  }

  /** A larger buffer in place of `buffer`, or that itself if there is none to be had. */
  larger(buffer: Uint8Array): Uint8Array {
    const size = sizeOf(buffer) + 1;
    if (size === SIZES.length || this.#largeBytes + SIZES[size]! > BUDGET_BYTES) return buffer;
    this.release(buffer);
    return this.#take(size);
  }

  /** A smaller buffer in place of `buffer`, or that itself if it is the smallest. */
  smaller(buffer: Uint8Array): Uint8Array {
    const size = sizeOf(buffer) - 1;
    if (size < 0) return buffer;
    this.release(buffer);
    return this.#take(size);
  }

  /** Gives back a buffer that nothing reads into any more. */
  release(buffer: Uint8Array): void {
    const size = sizeOf(buffer);
    const free = this.#free[size]!;
    if (size > 0) this.#largeBytes -= buffer.length;
    if (size === 0 || free.length < MAX_FREE_LARGE) free.push(buffer);
  }

  #take(size: number): Uint8Array {
    if (size > 0) this.#largeBytes += SIZES[size]!;
    else if (this.#free[0]!.length === 0) this.#cutBlock();
    return this.#free[size]!.pop() ?? new Uint8Array(SIZES[size]!);
  }

  #cutBlock(): void {
    const block = new Uint8Array(SIZES[0] * SMALL_PER_BLOCK);
    for (let at = 0; at < block.length; at += SIZES[0]) {
      this.#free[0]!.push(block.subarray(at, at + SIZES[0]));
    }
  }
}

function sizeOf(buffer: Uint8Array): number {
  return SIZES.indexOf(buffer.length as typeof SIZES[number]);
}
