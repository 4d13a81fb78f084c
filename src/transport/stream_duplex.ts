// StreamDuplex: a ByteStream as Node.js' Duplex, for what a library does before the stream is ours again:
// node:http takes a request off it and writes the response.

import { Duplex } from "node:stream";
import type { ByteStream } from "./byte_stream.ts";
import type { FirstBytes } from "./websocket_stream.ts";

/** Bytes of a read, which is a request's header. */
const READ_BYTES = 2_048;
/** Bytes written at a time without waiting. */
const WRITE_BYTES = 65_536;
/** How long a peer may take to read the last bytes and close too. */
const LINGER_MS = 1_000;

export class StreamDuplex extends Duplex {
  readonly #stream: ByteStream;
  #reading: Promise<Uint8Array | null> | undefined = undefined;
  #isDetached = false;
  /** Bytes that the peer has taken. */
  bytesWritten = 0;
  /** The first byte that came, which says what the peer speaks. */
  firstByte: number | undefined = undefined;

  constructor(stream: ByteStream) {
    super({ readableHighWaterMark: 1, writableHighWaterMark: WRITE_BYTES });
    this.#stream = stream;
  }

  /**
   * Ends the use of this object; the stream goes on in other hands.
   * @param head what a reader of this object took off and gave back.
   * @returns what was read and not taken off.
   */
  detach(head: Uint8Array): FirstBytes {
    this.#isDetached = true;
    const buffered: Uint8Array | null = this.read();
    return { head: buffered === null ? head : join(head, buffered), pending: this.#reading };
  }

  /** Ends our direction, throws away what still comes, and closes when the peer has, or soon. */
  endSoon(): void {
    if (this.destroyed) return;
    this.end();
    this.resume();
    const timer = setTimeout(() => this.destroy(), LINGER_MS);
    this.once("end", () => this.destroy());
    this.once("close", () => clearTimeout(timer));
  }

  override _read(): void {
    if (this.#isDetached || this.#reading !== undefined) return;
    const reading = this.#readSome();
    this.#reading = reading;
    reading.then((bytes) => {
      if (this.#isDetached) return;
      this.#reading = undefined;
      this.firstByte ??= bytes?.[0];
      this.push(bytes);
    }, (error) => this.#isDetached ? undefined : this.destroy(error));
  }

  override _write(chunk: Uint8Array, _: string, done: (error?: Error) => void): void {
    this.#writeAll(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#stream.closeWrite().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    try {
      if (!this.#isDetached) this.#stream.close();
    } catch {
      // It is closed already.
    }
    done(error);
  }

  async #readSome(): Promise<Uint8Array | null> {
    const buffer = new Uint8Array(READ_BYTES);
    const length = await this.#stream.read(buffer);
    return length === null ? null : buffer.subarray(0, length);
  }

  async #writeAll(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      const written = await this.#stream.write(chunk.subarray(at));
      at += written;
      this.bytesWritten += written;
    }
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
