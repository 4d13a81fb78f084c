// Channel: one peer's ByteStream as the broker's Link. Reads with callbacks that are made once,
// not per read; one write at a time (DESIGN, "Transport": concurrent writes interleave).

import type { Connection } from "../broker/connection.ts";
import type { Link } from "../broker/ports.ts";
import type { ByteStream, Peer } from "./byte_stream.ts";
import type { ReadBuffers } from "./read_buffers.ts";

/** How long a peer that is closed may take to answer the goodbye of its transport. */
const GOODBYE_MS = 1_000;

/** Milliseconds of the broker's clock. */
export type Clock = () => number;

export class Channel implements Link {
  readonly remoteAddress: string;
  readonly listener: string;
  readonly certifiedUserName: string | undefined;
  readonly #stream: ByteStream;
  readonly #clock: Clock;
  readonly #buffers: ReadBuffers;
  readonly #onClosed: (channel: Channel) => void;
  readonly #onFault: (error: unknown) => void;
  #connection: Connection | undefined = undefined;
  #buffer: Uint8Array;
  #smallReads = 0;
  #isReading = false;
  #isPaused = false;
  #isDraining = false;
  #isClosed = false;
  #pendingWrite: Uint8Array | undefined = undefined;
  #drainTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  readonly #onRead = (length: number | null): void => {
    try {
      this.#received(length);
    } catch (error) {
      this.#fault(error);
    }
  };
  readonly #onWritten = (length: number): void => {
    try {
      this.#wrote(length);
    } catch (error) {
      this.#fault(error);
    }
  };
  readonly #onBroken = (): void => this.#broken();

  constructor(
    peer: Peer,
    listener: string,
    clock: Clock,
    buffers: ReadBuffers,
    onClosed: (channel: Channel) => void,
    onFault: (error: unknown) => void,
  ) {
    this.remoteAddress = peer.remoteAddress;
    this.certifiedUserName = peer.certifiedUserName;
    this.listener = listener;
    this.#stream = peer.stream;
    this.#clock = clock;
    this.#buffers = buffers;
    this.#onClosed = onClosed;
    this.#onFault = onFault;
    this.#buffer = buffers.first();
  }

  /** Begins to read for `connection`. */
  start(connection: Connection): void {
    this.#connection = connection;
    this.#read();
  }

  write(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#pendingWrite = bytes;
    this.#stream.write(bytes).then(this.#onWritten, this.#onBroken);
  }

  pauseReading(): void {
    this.#isPaused = true;
  }

  resumeReading(): void {
    this.#isPaused = false;
    this.#read();
  }

  /**
   * Half-closes, reads and throws away what the peer still sends, and closes when it has closed too or
   * `drainMs` have passed. Closing with unread bytes would reset the connection, and the peer would lose
   * the DISCONNECT that tells it why.
   */
  closeGracefully(drainMs: number): void {
    if (this.#isClosed) return;
    this.#isDraining = true;
    this.#isPaused = false;
    this.#stream.closeWrite().catch(this.#onBroken);
    this.#drainTimer = setTimeout(() => this.closeNow(), drainMs);
    this.#read();
  }

  close(): void {
    const maySay = this.#stream.saysGoodbye && !this.#isDraining &&
      this.#pendingWrite === undefined;
    if (maySay) this.closeGracefully(GOODBYE_MS);
    else this.closeNow();
  }

  /** Closes without a word. */
  closeNow(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#drainTimer);
    this.#buffers.release(this.#buffer);
    this.#stream.close();
    this.#onClosed(this);
  }

  #read(): void {
    if (this.#isReading || this.#isPaused || this.#isClosed) return;
    this.#isReading = true;
    this.#stream.read(this.#buffer).then(this.#onRead, this.#onBroken);
  }

  #received(length: number | null): void {
    if (this.#isClosed) return;
    if (length === null) return this.#broken();
    if (!this.#isDraining) {
      this.#connection!.receive(this.#buffer, length, this.#clock());
      if (this.#isClosed) return;
    }
    this.#fitBuffer(length);
    this.#isReading = false; // not before: a resumeReading within receive must not read into its buffer
    this.#read();
  }

  /** A larger buffer while reads fill it, a smaller one when they have not for a while. */
  #fitBuffer(length: number): void {
    const size = this.#buffer.length;
    if (this.#stream.filledBuffer ?? length === size) {
      this.#smallReads = 0;
      this.#buffer = this.#buffers.larger(this.#buffer);
    } else if (length * 8 > size) {
      this.#smallReads = 0;
    } else if (++this.#smallReads === 8) {
      this.#smallReads = 0;
      this.#buffer = this.#buffers.smaller(this.#buffer);
    }
  }

  #wrote(length: number): void {
    if (this.#isClosed) return;
    const pending = this.#pendingWrite!;
    if (length < pending.length) {
      this.#connection!.progressed();
      return this.write(pending.subarray(length));
    }
    this.#pendingWrite = undefined;
    this.#connection!.written();
  }

  /** A mistake of ours: it costs this connection, not the others. */
  #fault(error: unknown): void {
    this.#onFault(error);
    this.#broken();
  }

  /** The peer closed, or the connection broke. */
  #broken(): void {
    if (this.#isClosed) return;
    this.closeNow();
    this.#connection?.closed(this.#clock());
  }
}
