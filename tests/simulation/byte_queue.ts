// ByteQueue: bytes on their way, in order.

export class ByteQueue {
  #parts: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  /** Takes out the first `count` bytes, or as many as there are, as a copy. */
  take(count: number): Uint8Array {
    const taken = new Uint8Array(Math.min(count, this.#length));
    let at = 0;
    let gone = 0;
    while (at < taken.length) {
      const part = this.#parts[gone]!;
      const piece = part.subarray(0, taken.length - at);
      taken.set(piece, at);
      at += piece.length;
      if (piece.length === part.length) gone++;
      else this.#parts[gone] = part.subarray(piece.length);
    }
    if (gone > 0) this.#parts.splice(0, gone);
    this.#length -= taken.length;
    return taken;
  }

  /** Loses everything behind the first `count` bytes. */
  truncate(count: number): void {
    const kept = this.take(count);
    this.#parts = [];
    this.#length = 0;
    this.push(kept);
  }
}
