// WebSocketStream: the ByteStream inside a WebSocket. Reads are the payloads of binary frames, each write
// is one frame; Ping, Close and whatever a client does wrong stay below.
//
//   write   [header + first 32 KiB] in one write, the rest from where it is
//   pong    only the last one is owed, between two frames: a flood of Pings costs no memory
//   close   ours: Close frame, the client's answer, end      the client's: its code back, end
//           a violation: Close frame, then what still comes is thrown away for a moment, so that the
//           client can read why instead of having its connection reset

import type { BufferPool } from "../broker/buffer_pool.ts";
import type { ByteStream } from "./byte_stream.ts";
import {
  closeFrame,
  controlFrame,
  FrameDecoder,
  MAX_HEADER_BYTES,
  Opcode,
  writeFrameHeader,
} from "./websocket_frames.ts";

/** Bytes of a write that go out together with the frame's header. */
const JOINED_BYTES = 32_768 - MAX_HEADER_BYTES;
/** How long a client may take to read why it is closed, and to close too. */
const LINGER_MS = 1_000;
const RESOLVED = Promise.resolve();

/** What all WebSockets of a listener share. */
export interface WebSocketOwner {
  readonly buffers: BufferPool;
  /** The status code with which we close: it depends on whether the broker stops. */
  readonly closeCode: number;
  /** `violation`: in words what the client at `remoteAddress` did wrong; `code`: what it is closed with. */
  violated(remoteAddress: string, violation: string, code: number): void;
}

/** What a client sent behind its handshake, some of which may still be on its way; null: the end. */
export interface FirstBytes {
  readonly head: Uint8Array;
  readonly pending: Promise<Uint8Array | null> | undefined;
}

export class WebSocketStream implements ByteStream {
  readonly saysGoodbye = true;
  filledBuffer = false;
  readonly #stream: ByteStream;
  readonly #remoteAddress: string;
  readonly #owner: WebSocketOwner;
  readonly #decoder = new FrameDecoder();
  #first: FirstBytes | undefined;
  /** Bytes of the frame under way that are not written. */
  #frameLeft = 0;
  #isWriting = false;
  /** A control frame that is being written. */
  #control: Promise<void> | undefined = undefined;
  /** A Close frame that is to be written as soon as no other frame is under way. */
  #closeDue: { readonly frame: Uint8Array; readonly done: () => void } | undefined = undefined;
  /** Whether a Close frame is written or due: no message may follow it. */
  #isClosing = false;
  #isClosed = false;

  constructor(
    stream: ByteStream,
    remoteAddress: string,
    first: FirstBytes,
    owner: WebSocketOwner,
  ) {
    this.#stream = stream;
    this.#remoteAddress = remoteAddress;
    this.#first = first;
    this.#owner = owner;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    const decoder = this.#decoder;
    while (decoder.end === undefined) {
      const length = this.#first === undefined
        ? await this.#stream.read(buffer)
        : await this.#readFirst(buffer, this.#first);
      if (length === null) return null;
      this.filledBuffer = length === buffer.length;
      const payload = decoder.decode(buffer, length);
      if (decoder.ping !== undefined) this.#sendDue();
      if (payload > 0) return payload; // an end behind it is for the next read
    }
    await this.#answerEnd(buffer);
    return null;
  }

  async write(bytes: Uint8Array): Promise<number> {
    while (this.#control !== undefined) await this.#control;
    if (this.#frameLeft === 0 && this.#isClosing) return bytes.length; // nobody waits for it any more
    this.#isWriting = true;
    try {
      const taken = this.#frameLeft === 0
        ? await this.#beginFrame(bytes)
        : await this.#stream.write(bytes);
      this.#frameLeft -= taken;
      return taken;
    } finally {
      this.#isWriting = false;
      this.#sendDue();
    }
  }

  /** Says with a Close frame that nothing more comes; the client answers with one of its own. */
  closeWrite(): Promise<void> {
    return this.#sendClose(this.#owner.closeCode);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeDue?.done();
    this.#stream.close();
  }

  /** What came with the handshake, as much as fits. */
  async #readFirst(buffer: Uint8Array, { head, pending }: FirstBytes): Promise<number | null> {
    if (head.length === 0) {
      this.#first = undefined;
      if (pending === undefined) return await this.#stream.read(buffer);
      const bytes = await pending;
      if (bytes === null) return null;
      return await this.#readFirst(buffer, { head: bytes, pending: undefined });
    }
    const length = Math.min(head.length, buffer.length);
    buffer.set(head.subarray(0, length));
    this.#first = { head: head.subarray(length), pending };
    return length;
  }

  /** @returns how many of `bytes` were written. */
  async #beginFrame(bytes: Uint8Array): Promise<number> {
    const joined = Math.min(bytes.length, JOINED_BYTES);
    const buffer = this.#owner.buffers.take(MAX_HEADER_BYTES + joined);
    const header = writeFrameHeader(buffer, Opcode.Binary, bytes.length);
    buffer.set(joined === bytes.length ? bytes : bytes.subarray(0, joined), header);
    const end = header + joined;
    this.#frameLeft = bytes.length;
    let written = 0;
    do written += await this.#stream.write(buffer.subarray(written, end)); while (written < header);
    this.#owner.buffers.release(buffer);
    return written - header;
  }

  /** Answers the Close frame or the violation with which the client has ended. */
  async #answerEnd(buffer: Uint8Array): Promise<void> {
    const { code, violation } = this.#decoder.end!;
    await RESOLVED; // what answers the last messages is flushed first
    if (violation !== undefined) this.#owner.violated(this.#remoteAddress, violation, code!);
    let timer: ReturnType<typeof setTimeout> | undefined = undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, LINGER_MS));
    const answer = violation === undefined
      ? this.#sendClose(code)
      : this.#sendClose(code).then(() => this.#throwAwayRest(buffer));
    await Promise.race([answer, late]);
    clearTimeout(timer);
  }

  async #throwAwayRest(buffer: Uint8Array): Promise<void> {
    try {
      await this.#stream.closeWrite();
      while (!this.#isClosed && await this.#stream.read(buffer) !== null);
    } catch {
      // It broke: nothing is left to wait for.
    }
  }

  /** Resolves when the Close frame is written, or never will be. */
  #sendClose(code: number | undefined): Promise<void> {
    if (this.#isClosing || this.#isClosed) return Promise.resolve();
    this.#isClosing = true;
    return new Promise((done) => {
      this.#closeDue = { frame: closeFrame(code), done };
      this.#sendDue();
    });
  }

  /** Writes the control frame that is due, unless another frame is under way: then that calls it again. */
  #sendDue(): void {
    if (this.#isWriting || this.#frameLeft > 0 || this.#control !== undefined) return;
    if (this.#isClosed) return;
    const { ping } = this.#decoder;
    if (this.#closeDue !== undefined) {
      const { frame, done } = this.#closeDue;
      this.#control = this.#sendControl(frame, done);
    } else if (ping !== undefined && !this.#isClosing) {
      this.#decoder.ping = undefined;
      this.#control = this.#sendControl(controlFrame(Opcode.Pong, ping));
    }
  }

  async #sendControl(frame: Uint8Array, done?: () => void): Promise<void> {
    try {
      for (let at = 0; at < frame.length;) at += await this.#stream.write(frame.subarray(at));
    } catch {
      // The connection broke, which whoever reads hears of.
    }
    this.#control = undefined;
    if (done !== undefined) {
      this.#closeDue = undefined;
      done();
    } else {
      this.#sendDue();
    }
  }
}
