// WebSocketLayer: takes a peer's HTTP request and makes a WebSocket of its stream. Node.js' HTTP server
// parses it, over our stream; from the response on the framing is ours, because the WebSockets of the
// runtime can't be paused.
//
//   stream -> StreamDuplex -> node:http -- upgrade --> WebSocketStream
//                                       -- else -----> a file of http_dir, or a refusal in words

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { BufferPool } from "../broker/buffer_pool.ts";
import type { Log } from "../broker/ports.ts";
import { HandshakeError, type Layer, type Peer } from "./byte_stream.ts";
import type { HttpFiles } from "./http_files.ts";
import { StreamDuplex } from "./stream_duplex.ts";
import { CloseCode } from "./websocket_frames.ts";
import { type WebSocketOwner, WebSocketStream } from "./websocket_stream.ts";
import {
  acceptResponse,
  decideUpgrade,
  type Refusal,
  refuseResponse,
} from "./websocket_upgrade.ts";

/** First bytes that say what a peer speaks instead of HTTP. */
const MQTT_CONNECT = 0x10;
const TLS_HANDSHAKE = 0x16;

export interface WebSocketLayerOptions {
  /** Origins that pages may come from; none: any. */
  readonly origins: readonly string[];
  /** Bytes of a request's header; 431 beyond. */
  readonly maximumHeaderBytes: number;
  /** What is served beside; undefined: nothing. */
  readonly files: HttpFiles | undefined;
  readonly log: Log;
}

/** A peer whose request has not come yet, or is being refused. */
interface Handshake {
  readonly peer: Peer;
  readonly resolve: (peer: Peer | undefined) => void;
  readonly reject: (error: unknown) => void;
  /** A connection has one request: who sends more before the answer would make us gather them. */
  hasAsked: boolean;
  /** Why it is refused. */
  reason: string | undefined;
}

export class WebSocketLayer implements Layer, WebSocketOwner {
  readonly buffers = new BufferPool();
  closeCode: number = CloseCode.Normal;
  readonly #options: WebSocketLayerOptions;
  readonly #server: Server;
  readonly #handshakes = new WeakMap<Duplex, Handshake>();

  constructor(options: WebSocketLayerOptions) {
    this.#options = options;
    this.#server = createServer({ maxHeaderSize: options.maximumHeaderBytes });
    this.#server.on("upgrade", (request, duplex, head) => this.#onUpgrade(request, duplex, head));
    this.#server.on("request", (request, response) => this.#onRequest(request, response));
    this.#server.on("clientError", (error, duplex) => this.#onParseError(error, duplex));
  }

  open(peer: Peer): Promise<Peer | undefined> {
    return new Promise((resolve, reject) => {
      const duplex = new StreamDuplex(peer.stream);
      const handshake: Handshake = { peer, resolve, reject, hasAsked: false, reason: undefined };
      this.#handshakes.set(duplex, handshake);
      duplex.once("error", (error) => handshake.reason ??= describe(error));
      duplex.once("close", () => {
        const reason = handshake.reason ?? "the connection ended before a request for a WebSocket";
        reject(new HandshakeError(reason));
      });
      this.#server.emit("connection", duplex);
    });
  }

  close(): void {
    this.closeCode = CloseCode.GoingAway;
    this.#options.files?.close();
  }

  violated(remoteAddress: string, violation: string, code: number): void {
    const text =
      `Client ${remoteAddress} broke the WebSocket protocol: ${violation}; closed (${code}).`;
    this.#options.log.write("notice", text);
  }

  #onUpgrade(request: IncomingMessage, duplex: Duplex, head: Uint8Array): void {
    const handshake = this.#takeRequest(duplex);
    if (handshake === undefined) return;
    const decision = decideUpgrade(request, this.#options.origins);
    if ("reason" in decision) return this.#refuse(duplex, handshake, decision);
    const { peer, resolve, reject } = handshake;
    const { stream, remoteAddress } = peer;
    const first = (duplex as StreamDuplex).detach(head);
    const response = new TextEncoder().encode(acceptResponse(decision));
    writeAll(stream, response).then(
      () => resolve({ ...peer, stream: new WebSocketStream(stream, remoteAddress, first, this) }),
      reject,
    );
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const duplex = request.socket as Duplex as StreamDuplex;
    const handshake = this.#takeRequest(duplex);
    if (handshake === undefined) return;
    const { files } = this.#options;
    if (files !== undefined) {
      files.serve(request, response, duplex, handshake.peer.remoteAddress);
      return handshake.resolve(undefined); // from here on it is the files' to bound
    }
    this.#refuse(duplex, handshake, {
      status: 426,
      reason: "this port speaks MQTT over WebSocket",
      headers: { "Upgrade": "websocket" },
    });
  }

  /** Undefined if `duplex` has asked already: it is closed. */
  #takeRequest(duplex: Duplex): Handshake | undefined {
    const handshake = this.#handshakes.get(duplex)!;
    if (handshake.hasAsked) {
      handshake.reason ??= "more than one request";
      return void duplex.destroy();
    }
    handshake.hasAsked = true;
    return handshake;
  }

  #onParseError(error: Error & { readonly code?: string }, duplex: Duplex): void {
    const handshake = this.#handshakes.get(duplex);
    if (handshake === undefined || duplex.destroyed) return;
    const { firstByte } = duplex as StreamDuplex;
    if (firstByte === MQTT_CONNECT || firstByte === TLS_HANDSHAKE) {
      handshake.reason = firstByte === MQTT_CONNECT
        ? "it speaks MQTT without WebSocket, which this port does not"
        : "it speaks TLS, which this port does not";
      return void duplex.destroy();
    }
    const isTooLarge = error.code === "HPE_HEADER_OVERFLOW";
    const { maximumHeaderBytes } = this.#options;
    this.#refuse(duplex, handshake, {
      status: isTooLarge ? 431 : 400,
      reason: isTooLarge
        ? `a request header of more than ${maximumHeaderBytes} bytes`
        : `no request in HTTP (${error.message})`,
    });
  }

  /** Answers, and waits a moment for the client to read it: the handshake ends when the stream is closed. */
  #refuse(duplex: Duplex, handshake: Handshake, refusal: Refusal): void {
    handshake.reason = refusal.reason;
    duplex.write(refuseResponse(refusal));
    (duplex as StreamDuplex).endSoon();
  }
}

async function writeAll(stream: Peer["stream"], bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await stream.write(bytes.subarray(at));
}

function describe(error: Error): string {
  return `the connection broke before a request for a WebSocket (${error.message})`;
}
