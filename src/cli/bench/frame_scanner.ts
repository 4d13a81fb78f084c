// Control Packets cut out of a byte stream, without a copy but for those that two chunks share.

import { concatBytes } from "../../packet/bytes.ts";

/** `bytes` from `start` to `end` are what stands behind the fixed header; valid during the call. */
export type FrameVisitor = (header: number, bytes: Uint8Array, start: number, end: number) => void;

export class FrameScanner {
  readonly #visit: FrameVisitor;
  #rest: Uint8Array | undefined;

  constructor(visit: FrameVisitor) {
    this.#visit = visit;
  }

  feed(chunk: Uint8Array): void {
    const bytes = this.#rest === undefined ? chunk : concatBytes(this.#rest, chunk);
    let at = 0;
    while (at < bytes.length) {
      let length = 0;
      let next = at + 1;
      let digit = 0x80;
      for (let shift = 0; digit >= 0x80 && next < bytes.length; shift += 7) {
        if (shift > 21) throw new Error("the broker sends no MQTT");
        digit = bytes[next++]!;
        length |= (digit & 0x7f) << shift;
      }
      if (digit >= 0x80 || next + length > bytes.length) break;
      this.#visit(bytes[at]!, bytes, next, next + length);
      at = next + length;
    }
    // A chunk may be used again by who gave it.
    this.#rest = at === bytes.length ? undefined : bytes.slice(at);
  }
}
