// Outbox: what waits to be written to one connection.
//
//   append.. --> [ filling ] --full--> [ sealed ][ sealed ] --take()--> [ being written ]
//
// Frames of one tick are gathered into one buffer and written at once. While a write is under way, frames
// gather in the next buffer; there is never a second write. Large payloads are not copied: they wait by
// reference between two buffers, shared by all their receivers.

import { copyRange } from "../packet/bytes.ts";
import type { PublishFrame } from "../packet/publish_frame.ts";
import { BUFFER_SIZES, type BufferPool } from "./buffer_pool.ts";

/** Payloads from this size on are written from where they are. */
export const LARGE_PAYLOAD_BYTES = 16_384;
const LARGEST_BUFFER = BUFFER_SIZES[BUFFER_SIZES.length - 1]!;

/** A full buffer or a large payload: `bytes[0, length)`, and whether the pool wants the buffer back. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly isPooled: boolean;
}

export class Outbox {
  readonly #pool: BufferPool;
  #filling: Uint8Array | undefined = undefined;
  #filled = 0;
  #sealed: Chunk[] | undefined = undefined;
  /** What is being written. */
  #writing: Uint8Array | undefined = undefined;
  #writingLength = 0;
  #isWritingPooled = false;
  #bytes = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Bytes that wait or are being written. */
  get bytes(): number {
    return this.#bytes;
  }

  get isWriting(): boolean {
    return this.#writing !== undefined;
  }

  /** Appends a whole packet by copying it. */
  append(packet: Uint8Array): void {
    const at = this.#reserve(packet.length);
    this.#filling!.set(packet, at);
  }

  /** Appends `bytes[start, end)` by copying it. */
  appendRange(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const at = this.#reserve(length);
    copyRange(bytes, start, length, this.#filling!, at);
  }

  /** Appends a packet of two bytes of header, a Packet Identifier, and a Reason Code unless it is 0. */
  appendAck(firstByte: number, packetId: number, reasonCode: number): void {
    const at = this.#reserve(reasonCode === 0 ? 4 : 5);
    const buffer = this.#filling!;
    buffer[at] = firstByte;
    buffer[at + 1] = reasonCode === 0 ? 2 : 3;
    buffer[at + 2] = packetId >>> 8;
    buffer[at + 3] = packetId;
    if (reasonCode !== 0) buffer[at + 4] = reasonCode;
  }

  /**
   * Appends a PUBLISH by copying its frame and making the copy the receiver's own.
   * @param payload the frame's payload if it may be kept until it is written, whenever that is.
   */
  appendFrame(
    frame: PublishFrame,
    flags: number,
    packetId: number,
    remainingExpiry: number,
    payload: Uint8Array | undefined,
  ): void {
    const isShared = payload !== undefined && payload.length >= LARGE_PAYLOAD_BYTES;
    const length = isShared ? frame.payloadOffset : frame.length;
    const at = this.#reserve(length);
    const buffer = this.#filling!;
    copyRange(frame.bytes, frame.start, length, buffer, at);
    frame.patch(buffer, at, flags, packetId, remainingExpiry);
    if (isShared) {
      this.#seal();
      this.#push({ bytes: payload, length: payload.length, isPooled: false });
      this.#bytes += payload.length;
    }
  }

  /** The next bytes to write, all that there are if they fit a buffer; undefined if there are none. */
  take(): Uint8Array | undefined {
    const sealed = this.#sealed?.shift();
    if (sealed !== undefined) {
      this.#writing = sealed.bytes;
      this.#writingLength = sealed.length;
      this.#isWritingPooled = sealed.isPooled;
    } else {
      if (this.#filled === 0) return undefined;
      this.#writing = this.#filling!;
      this.#writingLength = this.#filled;
      this.#isWritingPooled = true;
      this.#filling = undefined;
      this.#filled = 0;
    }
    const bytes = this.#writing;
    return this.#writingLength === bytes.length ? bytes : bytes.subarray(0, this.#writingLength);
  }

  /** What {@link take} gave is written. */
  written(): void {
    const bytes = this.#writing!;
    this.#bytes -= this.#writingLength;
    this.#writing = undefined;
    this.#writingLength = 0;
    if (this.#isWritingPooled) this.#pool.release(bytes);
  }

  /** Lets go of everything that is not being written. */
  clear(): void {
    if (this.#filling !== undefined) this.#pool.release(this.#filling);
    this.#filling = undefined;
    this.#filled = 0;
    this.#sealed = undefined;
    this.#bytes = this.#writingLength;
  }

  /** Makes room for `length` bytes in #filling; returns where they start. */
  #reserve(length: number): number {
    this.#bytes += length;
    const filling = this.#filling;
    const at = this.#filled;
    if (filling === undefined) {
      this.#filling = this.#pool.take(length);
    } else if (at + length > filling.length) {
      if (at + length > LARGEST_BUFFER) {
        this.#seal();
        this.#filling = this.#pool.take(length);
        this.#filled = length;
        return 0;
      }
      const grown = this.#pool.take(at + length);
      grown.set(filling.subarray(0, at));
      this.#pool.release(filling);
      this.#filling = grown;
    }
    this.#filled = at + length;
    return at;
  }

  #seal(): void {
    if (this.#filled === 0) return;
    this.#push({ bytes: this.#filling!, length: this.#filled, isPooled: true });
    this.#filling = undefined;
    this.#filled = 0;
  }

  #push(chunk: Chunk): void {
    (this.#sealed ??= []).push(chunk);
  }
}
