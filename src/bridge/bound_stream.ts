// BoundStream: a TCP connection that goes out by an address of our choice, which only node:net can do, as a
// ByteStream. It reads when it is asked to, and holds no more than what one read of the socket gave.

import { connect, type Socket } from "node:net";
import { concatBytes } from "../packet/bytes.ts";
import type { ByteStream } from "../transport/byte_stream.ts";

/** @throws {Error} of node:net, as a rejection. */
export function connectBound(
  host: string,
  port: number,
  localAddress: string,
  signal: AbortSignal,
): Promise<BoundStream> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, localAddress, noDelay: true, keepAlive: true });
    const stop = (): void => void socket.destroy(new Error("nobody answers there in time"));
    signal.addEventListener("abort", stop, { once: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      signal.removeEventListener("abort", stop);
      socket.removeListener("error", reject);
      resolve(new BoundStream(socket));
    });
  });
}

export class BoundStream implements ByteStream {
  readonly #socket: Socket;
  #chunk: Uint8Array | undefined = undefined;
  #isEnded = false;
  #waiting: { readonly buffer: Uint8Array; resolve(length: number | null): void } | undefined =
    undefined;

  /** Takes over a `socket` that is connected. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.pause();
    socket.on("data", (chunk: Uint8Array) => {
      socket.pause();
      this.#chunk = this.#chunk === undefined ? chunk : concatBytes(this.#chunk, chunk);
      this.#deliver();
    });
    const end = (): void => {
      this.#isEnded = true;
      this.#deliver();
    };
    socket.on("end", end);
    socket.on("error", end);
    socket.on("close", end);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return new Promise((resolve) => {
      this.#waiting = { buffer, resolve };
      this.#deliver();
      if (this.#waiting !== undefined) this.#socket.resume();
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    this.#socket.destroy();
  }

  #deliver(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const chunk = this.#chunk;
    if (chunk === undefined && !this.#isEnded) return;
    this.#waiting = undefined;
    if (chunk === undefined) return waiting.resolve(null);
    const part = chunk.subarray(0, waiting.buffer.length);
    waiting.buffer.set(part);
    this.#chunk = part.length === chunk.length ? undefined : chunk.subarray(part.length);
    waiting.resolve(part.length);
  }
}
