// TlsCiphertext: the encrypted side of a TLS connection, as node:tls wants it: a Duplex over our ByteStream.
// It reads only when it is told to, one read at a time. That is the backpressure: node:tls itself would read
// without end.
//
//   ByteStream --pull()--> TlsCiphertext --> node:tls --> TlsStream
//   ByteStream <---------- TlsCiphertext <-- node:tls <-- TlsStream

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { ByteStream } from "./byte_stream.ts";
import type { ReadBuffers } from "./read_buffers.ts";

export class TlsCiphertext extends Duplex {
  readonly #stream: ByteStream;
  readonly #buffers: ReadBuffers;
  #buffer: Uint8Array;
  #smallReads = 0;
  #isReading = false;
  #isClosed = false;
  #hasWritten = false;
  #isHandshaking = true;
  #writing = 0;
  #onIdle: (() => void) | undefined = undefined;
  /** Sees each chunk before node:tls does, so that it may say what is wrong with it. */
  onChunk: ((chunk: Uint8Array) => void) | undefined = undefined;
  /** Called at the end of what the peer sends. */
  onEnd: (() => void) | undefined = undefined;
  /** Called when a read has ended and node:tls has had what came. */
  onPulled: (() => void) | undefined = undefined;
  readonly #onRead = (length: number | null): void => this.#received(length);
  readonly #onBroken = (error: Error): void => void this.destroy(error);

  constructor(stream: ByteStream, buffers: ReadBuffers) {
    super({ allowHalfOpen: true, emitClose: true });
    this.#stream = stream;
    this.#buffers = buffers;
    this.#buffer = buffers.first();
  }

  /** Reads once. */
  pull(): void {
    if (this.#isReading || this.#isClosed || this.readableEnded) return;
    this.#isReading = true;
    this.#stream.read(this.#buffer).then(this.#onRead, this.#onBroken);
  }

  /** Calls `then` once everything that was written has gone out. */
  whenWritten(then: () => void): void {
    if (this.#writing === 0) return then();
    this.#onIdle = then;
  }

  /** From now on the stream is closed when node:tls destroys this. */
  handshakeDone(): void {
    this.#isHandshaking = false;
    if (this.#isClosed) closeQuietly(this.#stream);
  }

  /**
   * The handshake has failed, and node:tls has destroyed this: closes the stream.
   * @param alert is sent before, unless the peer has been answered something; it is so short that it fits.
   */
  async fail(alert?: Uint8Array): Promise<void> {
    if (alert !== undefined && !this.#hasWritten) {
      await this.#stream.write(alert).catch(() => {}); // it is gone: nobody is to be told
    }
    this.handshakeDone();
    this.destroy();
  }

  /** Reading is what {@link pull} does. */
  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.#hasWritten = true;
    this.#writing++;
    this.#writeAll(chunk).then(() => {
      this.#wrote();
      done();
    }, (error) => {
      this.#wrote();
      done(error);
    });
  }

  override _final(done: (error?: Error) => void): void {
    this.#stream.closeWrite().then(() => done(), () => done()); // it is closed already
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      if (!this.#isReading) this.#buffers.release(this.#buffer);
      if (!this.#isHandshaking) closeQuietly(this.#stream);
    }
    this.#writing = 1;
    this.#wrote();
    done(error);
  }

  async #writeAll(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) rest = rest.subarray(await this.#stream.write(rest));
  }

  #wrote(): void {
    if (this.#writing > 0) this.#writing--;
    const then = this.#onIdle;
    if (this.#writing > 0 || then === undefined) return;
    this.#onIdle = undefined;
    then();
  }

  #received(length: number | null): void {
    this.#isReading = false;
    if (this.#isClosed) return this.#buffers.release(this.#buffer);
    if (length === null) {
      this.push(null);
      this.onEnd?.();
    } else {
      const chunk = this.#buffer.subarray(0, length);
      this.onChunk?.(chunk);
      if (this.#isClosed) return;
      // node:tls copies what it takes at once. Should it not, the bytes are its own from now on.
      this.push(Buffer.from(chunk.buffer, chunk.byteOffset, length));
      if (this.readableLength > 0) this.#buffer = new Uint8Array(this.#buffer.length);
      else this.#fitBuffer(length);
    }
    this.onPulled?.();
  }

  /** A larger buffer while reads fill it, a smaller one when they have not for a while. */
  #fitBuffer(length: number): void {
    if (this.#isClosed) return;
    const size = this.#buffer.length;
    if (length === size) {
      this.#smallReads = 0;
      this.#buffer = this.#buffers.larger(this.#buffer);
    } else if (length * 8 > size) {
      this.#smallReads = 0;
    } else if (++this.#smallReads === 8) {
      this.#smallReads = 0;
      this.#buffer = this.#buffers.smaller(this.#buffer);
    }
  }
}

/** A socket of Deno that is closed already throws. */
function closeQuietly(stream: ByteStream): void {
  try {
    stream.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
