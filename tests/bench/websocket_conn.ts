/**
 * The client's side of a WebSocket for the load generator, as cheap as it can be: frames are taken
 * off in place, and the mask is zero, so that the payload goes out as it is. The broker can't
 * know that, and unmasks it like any other.
 */

/** What the generator needs of a connection. */
export interface LoadSocket {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

const BINARY = 0x82;
const MASKED = 0x80;
const MASK_LENGTH = 4;

export class WebSocketConn implements LoadSocket {
  readonly #socket: Deno.TcpConn;
  /** Bytes of the header that have come; the payload's length once they are all there. */
  #header: number[] = [];
  #payloadLeft = 0;
  #outgoing = new Uint8Array(64 * 1024);

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  /** Makes a WebSocket of a connection that has said nothing yet. */
  static async upgrade(socket: Deno.TcpConn): Promise<WebSocketConn> {
    const request = [
      "GET /mqtt HTTP/1.1",
      "Host: 127.0.0.1",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: mqtt",
    ];
    await socket.write(new TextEncoder().encode(`${request.join("\r\n")}\r\n\r\n`));
    const byte = new Uint8Array(1);
    let head = "";
    while (!head.endsWith("\r\n\r\n")) {
      if (await socket.read(byte) === null) throw new Error("the broker refused the WebSocket");
      head += String.fromCharCode(byte[0]!);
    }
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(head.split("\r\n")[0]);
    return new WebSocketConn(socket);
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (true) {
      const count = await this.#socket.read(buffer);
      if (count === null) return null;
      const payload = this.#unframe(buffer, count);
      if (payload > 0) return payload;
    }
  }

  /** Writes all of `bytes` as one frame. */
  async write(bytes: Uint8Array): Promise<number> {
    const { length } = bytes;
    const header = (length < 126 ? 2 : length < 65_536 ? 4 : 10) + MASK_LENGTH;
    if (this.#outgoing.length < header + length) {
      this.#outgoing = new Uint8Array(2 * (header + length));
    }
    const outgoing = this.#outgoing;
    outgoing[0] = BINARY;
    if (length < 126) {
      outgoing[1] = MASKED | length;
    } else {
      const view = new DataView(outgoing.buffer);
      outgoing[1] = MASKED | (length < 65_536 ? 126 : 127);
      if (length < 65_536) view.setUint16(2, length);
      else view.setBigUint64(2, BigInt(length));
    }
    outgoing.fill(0, header - MASK_LENGTH, header);
    outgoing.set(bytes, header);
    const end = header + length;
    for (let at = 0; at < end;) at += await this.#socket.write(outgoing.subarray(at, end));
    return length;
  }

  close(): void {
    this.#socket.close();
  }

  #unframe(buffer: Uint8Array, end: number): number {
    let to = 0;
    let at = 0;
    while (at < end) {
      if (this.#payloadLeft === 0) {
        this.#header.push(buffer[at++]!);
        this.#payloadLeft = payloadLengthOf(this.#header);
        if (this.#payloadLeft > 0) this.#header = [];
        continue;
      }
      const count = Math.min(this.#payloadLeft, end - at);
      if (at !== to) buffer.copyWithin(to, at, at + count);
      to += count;
      at += count;
      this.#payloadLeft -= count;
    }
    return to;
  }
}

/** 0 while the header is not complete. */
function payloadLengthOf(header: readonly number[]): number {
  if (header[0] !== BINARY) throw new Error(`the broker sent a frame of type ${header[0]}`);
  const short = header[1];
  if (short === undefined || short < 126) return short ?? 0;
  const complete = short === 126 ? 4 : 10;
  if (header.length < complete) return 0;
  return header.slice(2).reduce((length, byte) => length * 256 + byte, 0);
}
