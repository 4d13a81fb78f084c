// ByteWriter: grows as it is written to; for packets that are off the hot path.

import { Buffer } from "node:buffer";

/** The largest value of a Variable Byte Integer (section 1.5.5). */
export const MAX_VARIABLE_BYTE_INTEGER = 268_435_455;

/** Number of bytes a Variable Byte Integer takes: 1 to 4. */
export function variableByteIntegerLength(value: number): 1 | 2 | 3 | 4 {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

/** Writes a Variable Byte Integer into `bytes` at `at`; returns the offset behind it. */
export function writeVariableByteInteger(bytes: Uint8Array, at: number, value: number): number {
  while (value >= 0x80) {
    bytes[at++] = value & 0x7f | 0x80;
    value >>>= 7;
  }
  bytes[at++] = value;
  return at;
}

export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number = 64) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** @throws {RangeError} like all of these, if `value` does not fit. */
  writeUint8(value: number): void {
    checkRange(value, 0xff);
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  writeUint16(value: number): void {
    checkRange(value, 0xffff);
    this.#reserve(2);
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
  }

  writeUint32(value: number): void {
    checkRange(value, 0xffff_ffff);
    this.writeUint16(value >>> 16);
    this.writeUint16(value & 0xffff);
  }

  /** @throws {RangeError} if `value` is not between 0 and 268,435,455. */
  writeVariableByteInteger(value: number): void {
    checkRange(value, MAX_VARIABLE_BYTE_INTEGER);
    this.#reserve(4);
    this.#length = writeVariableByteInteger(this.#bytes, this.#length, value);
  }

  /** Bytes without a length in front. */
  writeBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** @throws {RangeError} if `bytes` is longer than 65,535. */
  writeBinary(bytes: Uint8Array): void {
    if (bytes.length > 0xffff) throw new RangeError(`${bytes.length} bytes of Binary Data`);
    this.writeUint16(bytes.length);
    this.writeBytes(bytes);
  }

  /** @throws {RangeError} if `text` takes more than 65,535 bytes. */
  writeString(text: string): void {
    this.writeBinary(Buffer.from(text, "utf8"));
  }

  /** What was written; a view that the next write may invalidate. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(length: number): void {
    const needed = this.#length + length;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

function checkRange(value: number, maximum: number): void {
  if (!(value >= 0 && value <= maximum)) {
    throw new RangeError(`${value} is not within 0 to ${maximum}`);
  }
}
