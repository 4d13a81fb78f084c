// TlsStream: the plain side of a TLS connection as a ByteStream. What one read of the ciphertext gave is
// all that ever waits here; no further one begins before somebody asks for its bytes.

import type { TLSSocket } from "node:tls";
import type { ByteStream } from "./byte_stream.ts";
import type { TlsCiphertext } from "./tls_ciphertext.ts";

/** Bytes that node:tls encrypts at once; with more it would hold the rest back for itself. */
const MAXIMUM_WRITE = 49_152;

interface Waiting {
  readonly buffer: Uint8Array;
  resolve(length: number | null): void;
}

export class TlsStream implements ByteStream {
  readonly #socket: TLSSocket;
  readonly #ciphertext: TlsCiphertext;
  /** What came and was not read yet. */
  readonly #chunks: Uint8Array[] = [];
  #waiting: Waiting | undefined = undefined;
  #isEnded = false;

  /** Takes over a `socket` whose handshake is done. */
  constructor(socket: TLSSocket, ciphertext: TlsCiphertext) {
    this.#socket = socket;
    this.#ciphertext = ciphertext;
    socket.on("data", (chunk: Uint8Array) => this.#received(chunk));
    socket.on("end", () => this.#ended());
    socket.on("error", () => this.#ended());
    socket.on("close", () => this.#ended());
    ciphertext.onPulled = () => {
      if (this.#waiting !== undefined && !this.#isEnded) ciphertext.pull();
    };
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#chunks.length > 0) return Promise.resolve(this.#take(buffer));
    if (this.#isEnded) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#waiting = { buffer, resolve };
      this.#ciphertext.pull();
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    const part = bytes.length > MAXIMUM_WRITE ? bytes.subarray(0, MAXIMUM_WRITE) : bytes;
    return new Promise((resolve, reject) => {
      // Its callback comes when the bytes are encrypted, which is not when they are written.
      this.#socket.write(part, (error) => {
        if (error) return reject(error);
        this.#ciphertext.whenWritten(() => {
          if (this.#socket.destroyed) {
            reject(new Deno.errors.BrokenPipe("The connection is closed"));
          } else resolve(part.length);
        });
      });
    });
  }

  /** Sends close_notify, and then ends our direction below it, too. */
  closeWrite(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.end(() => {
        this.#ciphertext.whenWritten(() => {
          this.#ciphertext.end();
          resolve();
        });
      });
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#ciphertext.destroy();
    this.#ended();
  }

  #received(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    waiting.resolve(this.#take(waiting.buffer));
  }

  /** Fills `buffer` from what came. */
  #take(buffer: Uint8Array): number {
    let length = 0;
    while (length < buffer.length && this.#chunks.length > 0) {
      const chunk = this.#chunks[0]!;
      const part = chunk.subarray(0, buffer.length - length);
      buffer.set(part, length);
      length += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    return length;
  }

  #ended(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#waiting?.resolve(null);
    this.#waiting = undefined;
  }
}
