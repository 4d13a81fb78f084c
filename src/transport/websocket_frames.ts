// FrameDecoder: takes the frames of RFC 6455 off what a client sends, in place, and keeps the payload of
// binary messages. Knows no socket.
//
//   [header][payload][header][payl      before, one read
//   [payload][payl]                     after, unmasked: frames and packets need not meet
//
// A frame is never gathered: its payload goes on as it comes, so that its length costs nothing.

import { isUtf8 } from "node:buffer";

export const Opcode = {
  Continuation: 0x0,
  Text: 0x1,
  Binary: 0x2,
  Close: 0x8,
  Ping: 0x9,
  Pong: 0xA,
} as const;

/** Status codes of a Close frame (RFC 6455, 7.4.1). */
export const CloseCode = {
  Normal: 1000,
  GoingAway: 1001,
  ProtocolError: 1002,
  UnsupportedData: 1003,
  InvalidPayload: 1007,
  TooLarge: 1009,
} as const;

const MAX_CONTROL_PAYLOAD = 125;
/** From this length on words are unmasked rather than bytes: the view costs as much as so many bytes. */
const WORDS_FROM = 128;

/** How the client ended: undefined as its code if it gave none. */
export interface FrameEnd {
  /** The status code to close with. */
  readonly code: number | undefined;
  /** What the client did wrong, in words; undefined if it just closed. */
  readonly violation: string | undefined;
}

const Step = { Start: 0, Length: 1, ExtendedLength: 2, Mask: 3, Payload: 4 } as const;

export class FrameDecoder {
  /** Set with a Close frame or a violation; what comes after it is thrown away. */
  end: FrameEnd | undefined = undefined;
  /** The payload of the last Ping that nobody has taken yet. */
  ping: Uint8Array | undefined = undefined;
  #step: typeof Step[keyof typeof Step] = Step.Start;
  #opcode = 0;
  /** A message has begun and not ended: what goes on is a continuation. */
  #isFragmented = false;
  /** Bytes that this step still takes. */
  #left = 0;
  #length = 0;
  /** Rotated so that its lowest byte is for the next byte of the payload. */
  #mask = 0;
  /** Payload of a control frame. */
  #control: Uint8Array | undefined = undefined;

  /** Decodes `buffer[0, length)` in place; returns how many bytes of payload it now begins with. */
  decode(buffer: Uint8Array, length: number): number {
    let to = 0;
    let at = 0;
    while (at < length && this.end === undefined) {
      if (this.#step !== Step.Payload) {
        this.#header(buffer[at++]!);
        continue;
      }
      const count = Math.min(this.#left, length - at);
      if (this.#control === undefined) {
        this.#unmask(buffer, at, count, to);
        to += count;
      } else {
        this.#unmask(buffer, at, count, at);
        this.#control.set(buffer.subarray(at, at + count), this.#control.length - this.#left);
      }
      at += count;
      this.#left -= count;
      if (this.#left === 0) this.#frameDone();
    }
    return to;
  }

  #header(byte: number): void {
    switch (this.#step) {
      case Step.Start:
        return this.#start(byte);
      case Step.Length:
        return this.#shortLength(byte);
      case Step.ExtendedLength:
        return this.#extendedLength(byte);
      default:
        this.#mask = this.#mask >>> 8 | byte << 24;
        if (--this.#left === 0) this.#beginPayload();
    }
  }

  #start(byte: number): void {
    const opcode = byte & 0x0F;
    const isFinal = byte >= 0x80;
    if ((byte & 0x70) !== 0) return this.#violated("a reserved bit is set"); // no extension was agreed on
    switch (opcode) {
      case Opcode.Continuation:
        if (!this.#isFragmented) return this.#violated("a continuation of nothing");
        this.#isFragmented = !isFinal;
        break;
      case Opcode.Binary:
        if (this.#isFragmented) return this.#violated("a new message within a message");
        this.#isFragmented = !isFinal;
        break;
      case Opcode.Text: // [MQTT-6.0.0-1]
        return this.#violated("a text frame: MQTT goes in binary ones", CloseCode.UnsupportedData);
      case Opcode.Close:
      case Opcode.Ping:
      case Opcode.Pong:
        if (!isFinal) return this.#violated("a control frame in fragments");
        break;
      default:
        return this.#violated(`opcode ${opcode}, which is reserved`);
    }
    this.#opcode = opcode;
    this.#step = Step.Length;
  }

  #shortLength(byte: number): void {
    if (byte < 0x80) return this.#violated("a frame that is not masked");
    const length = byte & 0x7F;
    if (this.#opcode >= Opcode.Close && length > MAX_CONTROL_PAYLOAD) {
      return this.#violated(`a control frame of more than ${MAX_CONTROL_PAYLOAD} bytes`);
    }
    // Lengths in more bytes than they need are taken, as by Mosquitto: small devices send them.
    if (length <= MAX_CONTROL_PAYLOAD) return this.#expectMask(length);
    this.#length = 0;
    this.#left = length === 126 ? 2 : 8;
    this.#step = Step.ExtendedLength;
  }

  #extendedLength(byte: number): void {
    if (this.#left === 8 && byte >= 0x80) return this.#violated("a length of 64 bits");
    this.#length = this.#length * 256 + byte;
    if (--this.#left > 0) return;
    if (this.#length > Number.MAX_SAFE_INTEGER) {
      return this.#violated("a frame too large to be counted", CloseCode.TooLarge);
    }
    this.#expectMask(this.#length);
  }

  #expectMask(length: number): void {
    this.#length = length;
    this.#left = 4;
    this.#step = Step.Mask;
  }

  #beginPayload(): void {
    this.#left = this.#length;
    this.#step = Step.Payload;
    if (this.#opcode >= Opcode.Close) this.#control = new Uint8Array(this.#length);
    if (this.#length === 0) this.#frameDone();
  }

  #frameDone(): void {
    this.#step = Step.Start;
    const control = this.#control;
    if (control === undefined) return;
    this.#control = undefined;
    if (this.#opcode === Opcode.Ping) this.ping = control;
    else if (this.#opcode === Opcode.Close) this.#closed(control);
  }

  #closed(payload: Uint8Array): void {
    if (payload.length === 0) {
      this.end = { code: undefined, violation: undefined };
      return;
    }
    const code = payload[0]! << 8 | payload[1]!;
    if (payload.length === 1) return this.#violated("a Close frame with half a status code");
    if (!mayBeSent(code)) return this.#violated(`a Close frame with the status code ${code}`);
    if (!isUtf8(payload.subarray(2))) {
      return this.#violated("a Close frame whose reason is no text", CloseCode.InvalidPayload);
    }
    this.end = { code, violation: undefined };
  }

  /** `buffer[from, from + count)` to `buffer[to…)`, unmasked. */
  #unmask(buffer: Uint8Array, from: number, count: number, to: number): void {
    if (count < WORDS_FROM) return this.#unmaskBytes(buffer, from, count, to);
    if (from !== to) buffer.copyWithin(to, from, from + count);
    const before = -(buffer.byteOffset + to) & 3;
    const words = count - before >>> 2;
    const after = to + before + words * 4;
    this.#unmaskBytes(buffer, to, before, to);
    const mask = this.#mask;
    const view = new Int32Array(buffer.buffer, buffer.byteOffset + to + before, words);
    for (let i = 0; i < words; i++) view[i]! ^= mask;
    this.#unmaskBytes(buffer, after, to + count - after, after);
  }

  #unmaskBytes(buffer: Uint8Array, from: number, count: number, to: number): void {
    let mask = this.#mask;
    for (let i = 0; i < count; i++) {
      buffer[to + i] = buffer[from + i]! ^ mask;
      mask = mask >>> 8 | mask << 24;
    }
    this.#mask = mask;
  }

  #violated(violation: string, code: number = CloseCode.ProtocolError): void {
    this.end = { code, violation };
  }
}

/** RFC 6455, 7.4: what an endpoint may put into a Close frame. */
function mayBeSent(code: number): boolean {
  return code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 ||
    code >= 3000 && code <= 4999;
}

/** Longest header that {@link writeFrameHeader} writes. */
export const MAX_HEADER_BYTES = 10;

/** Writes the header of a final, unmasked frame to the start of `buffer`; returns its length. */
export function writeFrameHeader(buffer: Uint8Array, opcode: number, length: number): number {
  buffer[0] = 0x80 | opcode;
  if (length <= MAX_CONTROL_PAYLOAD) {
    buffer[1] = length;
    return 2;
  }
  if (length < 65_536) {
    buffer[1] = 126;
    buffer[2] = length >>> 8;
    buffer[3] = length;
    return 4;
  }
  buffer[1] = 127;
  const high = Math.floor(length / 0x1_0000_0000);
  for (let i = 0; i < 4; i++) {
    buffer[2 + i] = high >>> 24 - 8 * i;
    buffer[6 + i] = length >>> 24 - 8 * i;
  }
  return MAX_HEADER_BYTES;
}

/** A frame with its payload. */
export function controlFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(2 + payload.length);
  writeFrameHeader(frame, opcode, payload.length);
  frame.set(payload, 2);
  return frame;
}

/** A Close frame; without `code` it says none. */
export function closeFrame(code: number | undefined): Uint8Array {
  const payload = code === undefined ? [] : [code >>> 8, code & 0xFF];
  return controlFrame(Opcode.Close, Uint8Array.from(payload));
}
