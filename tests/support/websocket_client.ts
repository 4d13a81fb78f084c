// A WebSocket client that does what it is told to, right or wrong: frames as bytes, and a connection that
// sends them and reads what the broker answers.

import assert from "node:assert/strict";
import { Opcode } from "../../src/transport/websocket_frames.ts";

const READ_BYTES = 65_536;
const TIMEOUT_MS = 5_000;
/** RFC 6455, 1.3. */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

export interface FrameOptions {
  readonly opcode?: number;
  readonly isFinal?: boolean;
  /** Bits of the first byte. */
  readonly reserved?: number;
  /** Undefined: not masked. */
  readonly mask?: Uint8Array | undefined;
  /** Bytes of the length beside its first one; default: as few as will do. */
  readonly lengthBytes?: 0 | 2 | 8;
}

/** A frame with `payload`, bytes or digits in hex; by default a whole masked binary message. */
export function frame(payload: Uint8Array | string, options: FrameOptions = {}): Uint8Array {
  const bytes = typeof payload === "string" ? Uint8Array.fromHex(payload) : payload;
  const { opcode = Opcode.Binary, isFinal = true, reserved = 0, lengthBytes } = options;
  const mask = "mask" in options ? options.mask : Uint8Array.of(0x37, 0xFA, 0x21, 0x3D);
  const { length } = bytes;
  const extended = lengthBytes ?? (length < 126 ? 0 : length < 65_536 ? 2 : 8);
  const head = new Uint8Array(2 + extended + (mask === undefined ? 0 : 4));
  head[0] = (isFinal ? 0x80 : 0) | reserved | opcode;
  head[1] = (mask === undefined ? 0 : 0x80) |
    (extended === 0 ? length : extended === 2 ? 126 : 127);
  const view = new DataView(head.buffer);
  if (extended === 2) view.setUint16(2, length);
  if (extended === 8) view.setBigUint64(2, BigInt(length));
  if (mask !== undefined) head.set(mask, 2 + extended);
  const whole = new Uint8Array(head.length + length);
  whole.set(head);
  for (let i = 0; i < length; i++) {
    whole[head.length + i] = bytes[i]! ^ (mask === undefined ? 0 : mask[i % 4]!);
  }
  return whole;
}

/** The request for a WebSocket; headers that are undefined are left out. */
export function upgradeRequest(
  headers: Readonly<Record<string, string | undefined>> = {},
  line = "GET /mqtt HTTP/1.1",
): string {
  const all = {
    "Host": "broker",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "mqtt",
    ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line}\r\n${lines.join("")}\r\n`;
}

export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

export class WebSocketClient implements Disposable {
  readonly #socket: Deno.TcpConn;
  #unread = new Uint8Array(0);
  #isClosed = false;

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  /** A connection that has said nothing yet. */
  static async open(port: number): Promise<WebSocketClient> {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    socket.setNoDelay(true);
    return new WebSocketClient(socket);
  }

  /** A connection that has become a WebSocket. */
  static async connect(port: number): Promise<WebSocketClient> {
    const client = await WebSocketClient.open(port);
    await client.send(upgradeRequest());
    assert.match(await client.head(), /^HTTP\/1\.1 101 /);
    return client;
  }

  async send(what: string | Uint8Array): Promise<void> {
    const bytes = typeof what === "string" ? new TextEncoder().encode(what) : what;
    for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
  }

  /** The head of a response, without the empty line. */
  async head(): Promise<string> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#unread);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#unread = this.#unread.subarray(end + 4);
        return text.slice(0, end);
      }
      assert.ok(await this.#read(), `the stream ended after ${JSON.stringify(text)}`);
    }
  }

  /** All that comes until the end of the stream, as text. */
  async rest(): Promise<string> {
    while (await this.#read());
    return new TextDecoder().decode(this.#unread);
  }

  /** The next frame; undefined at the end of the stream. The broker's are never masked. */
  async frame(): Promise<ServerFrame | undefined> {
    for (;;) {
      const found = this.#takeFrame();
      if (found !== undefined) return found;
      if (!await this.#read()) {
        assert.equal(this.#unread.length, 0, "the stream ended within a frame");
        return undefined;
      }
    }
  }

  /** The next frame is a Close frame with `code`, and then the stream ends. */
  async expectClose(code: number | undefined): Promise<void> {
    const close = await this.frame();
    assert.equal(close?.opcode, Opcode.Close);
    const { payload } = close;
    assert.equal(payload.length === 0 ? undefined : payload[0]! << 8 | payload[1]!, code);
    assert.equal(await this.frame(), undefined);
  }

  /** Ends our direction. */
  closeWrite(): Promise<void> {
    return this.#socket.closeWrite();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #takeFrame(): ServerFrame | undefined {
    const bytes = this.#unread;
    if (bytes.length < 2) return undefined;
    assert.equal(bytes[0]! & 0xF0, 0x80, "a whole message without reserved bits");
    assert.ok(bytes[1]! < 0x80, "not masked");
    const start = bytes[1] === 127 ? 10 : bytes[1] === 126 ? 4 : 2;
    if (bytes.length < start) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const length = start === 2
      ? bytes[1]!
      : start === 4
      ? view.getUint16(2)
      : Number(view.getBigUint64(2));
    if (bytes.length < start + length) return undefined;
    this.#unread = bytes.subarray(start + length);
    return { opcode: bytes[0]! & 0x0F, payload: bytes.subarray(start, start + length) };
  }

  async #read(): Promise<boolean> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.close();
    }, TIMEOUT_MS);
    const buffer = new Uint8Array(READ_BYTES);
    try {
      const length = await this.#socket.read(buffer);
      if (length === null) return false;
      const joined = new Uint8Array(this.#unread.length + length);
      joined.set(this.#unread);
      joined.set(buffer.subarray(0, length), this.#unread.length);
      this.#unread = joined;
      return true;
    } catch (error) {
      if (isLate) assert.fail(`the broker sent nothing for ${TIMEOUT_MS} ms`);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
