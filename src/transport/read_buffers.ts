// ReadBuffers: what the channels read into. A connection starts with a small buffer, so that ten
// thousand idle ones cost little; one that is flooded gets a large one, as long as all the large ones
// together stay within a budget.

import { Buffer } from "node:buffer";

const SIZES = [512, 8_192, 65_536] as const;
/** Bytes that all buffers above the smallest size may have together. */
const BUDGET_BYTES = 64 * 1024 * 1024;
/** Free buffers of each size that are kept for the next one. */
const MAX_FREE = 64;

export class ReadBuffers {
  readonly #free: Uint8Array[][] = SIZES.map(() => []);
  #largeBytes = 0;

  /** The buffer of a new connection. */
  first(): Uint8Array {
    return this.#take(0);
  }

  /** A larger buffer in place of `buffer`, or that itself if there is none to be had. */
  larger(buffer: Uint8Array): Uint8Array {
    const size = SIZES.indexOf(buffer.length as typeof SIZES[number]) + 1;
    if (size === SIZES.length || this.#largeBytes + SIZES[size]! > BUDGET_BYTES) return buffer;
    this.release(buffer);
    return this.#take(size);
  }

  /** A smaller buffer in place of `buffer`, or that itself if it is the smallest. */
  smaller(buffer: Uint8Array): Uint8Array {
    const size = SIZES.indexOf(buffer.length as typeof SIZES[number]) - 1;
    if (size < 0) return buffer;
    this.release(buffer);
    return this.#take(size);
  }

  /** Gives back a buffer that nothing reads into any more. */
  release(buffer: Uint8Array): void {
    const size = SIZES.indexOf(buffer.length as typeof SIZES[number]);
    if (size > 0) this.#largeBytes -= buffer.length;
    const free = this.#free[size]!;
    if (free.length < MAX_FREE) free.push(buffer);
  }

  #take(size: number): Uint8Array {
    if (size > 0) this.#largeBytes += SIZES[size]!;
    return this.#free[size]!.pop() ?? Buffer.allocUnsafeSlow(SIZES[size]!);
  }
}
