// TlsLayer: the handshake of TLS, server side, over any ByteStream. node:tls does it, because it asks for
// Client certificates and knows versions, which Deno.listenTls does not, and leaves Nagle's algorithm
// (a stall of 40 ms between small messages) to whoever owns the socket.
//
// What a certificate says is settled before anything else of the peer is read; see ClientCertificates.

import { EventEmitter } from "node:events";
import { Duplex } from "node:stream";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { HandshakeError, type Layer, type Peer } from "./byte_stream.ts";
import { ReadBuffers } from "./read_buffers.ts";
import { TlsCiphertext } from "./tls_ciphertext.ts";
import { admit, CheckedCertificates, type ClientCertificates } from "./client_certificates.ts";
import { alertFor, describeFirstBytes, describeTlsError } from "./tls_reasons.ts";
import { TlsStream } from "./tls_stream.ts";

export interface TlsSettings {
  /** PEM: the certificate of the server and those between it and the root. */
  readonly certificate: string;
  /** PEM: its private key, which is that of the certificate. */
  readonly key: string;
  /** Oldest version of TLS. */
  readonly minimumVersion: "1.2" | "1.3";
  /** Undefined: Clients are not asked for certificates. */
  readonly clients: ClientCertificates | undefined;
}

export class TlsLayer implements Layer {
  readonly #buffers = new ReadBuffers();
  #server: Server;
  #clients: ClientCertificates | undefined;
  #checked = new CheckedCertificates();

  /** @param settings must be right; see readTlsFiles in src/server: node:tls would only fail later. */
  constructor(settings: TlsSettings) {
    this.#server = serverOf(settings);
    this.#clients = settings.clients;
  }

  /** For handshakes from now on; who is connected stays. */
  replace(settings: TlsSettings): void {
    this.#server = serverOf(settings);
    const isSameTrust = settings.clients?.authorities.join() === this.#clients?.authorities.join();
    if (!isSameTrust) this.#checked = new CheckedCertificates();
    this.#clients = settings.clients;
  }

  async open(peer: Peer, signal: AbortSignal): Promise<Peer> {
    const clients = this.#clients;
    const checked = this.#checked;
    const { socket, stream } = await this.#handshake(peer, signal);
    if (clients === undefined) return { ...peer, stream };
    try {
      const userName = await admit(socket, clients, checked);
      return { ...peer, stream, certifiedUserName: userName ?? peer.certifiedUserName };
    } catch (error) {
      stream.close();
      if (error instanceof HandshakeError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new HandshakeError(`its certificate can't be read: ${reason}`); // the peer's bytes, not our mistake
    }
  }

  #handshake(
    peer: Peer,
    signal: AbortSignal,
  ): Promise<{ readonly socket: TLSSocket; readonly stream: TlsStream }> {
    const server = this.#server;
    const ciphertext = new TlsCiphertext(peer.stream, this.#buffers);
    return new Promise((resolve, reject) => {
      const fail = (reason: string, alert?: Uint8Array): void => {
        ciphertext.onChunk = ciphertext.onPulled = ciphertext.onEnd = undefined;
        ciphertext.fail(alert).then(() => reject(new HandshakeError(reason)));
      };
      signal.addEventListener("abort", () => fail("it took too long"), { once: true });
      ciphertext.onChunk = (chunk) => {
        ciphertext.onChunk = undefined;
        const reason = describeFirstBytes(chunk);
        if (reason !== undefined) fail(reason);
      };
      ciphertext.onPulled = () => ciphertext.pull();
      ciphertext.onEnd = () => fail("it closed the connection");
      const secured = (socket: TLSSocket): void => {
        ciphertext.onPulled = ciphertext.onEnd = undefined;
        ciphertext.handshakeDone();
        resolve({ socket, stream: new TlsStream(socket, ciphertext) });
      };
      const failed = (error: Error) => fail(describeTlsError(error), alertFor(error));
      beginHandshake(server, ciphertext, secured, failed);
      ciphertext.pull();
    });
  }
}

/** Why node:tls can't use the certificate and key of `settings`, which are known to be a pair; undefined: it can. */
export function refusesKeyPair(settings: TlsSettings): string | undefined {
  const nothing = new Duplex({ read() {} });
  try {
    let reason: string | undefined;
    beginHandshake(serverOf(settings), nothing, () => {}, ({ message }) => reason ??= message);
    const result = reason; // what comes later is only that it ends
    return result;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    nothing.destroy();
  }
}

function serverOf({ certificate, key, minimumVersion, clients }: TlsSettings): Server {
  return createServer({
    cert: certificate,
    key,
    minVersion: `TLSv${minimumVersion}`,
    // To be told what is wrong with a certificate it has to be let in; see `admit`.
    ...clients && { ca: [...clients.authorities], requestCert: true, rejectUnauthorized: false },
  });
}

/**
 * Gives `server` a connection. It tells of all its connections by events of its own, without a word about
 * which Duplex it was; so each connection gets a view of the server that hears only what is about it.
 */
function beginHandshake(
  server: Server,
  ciphertext: Duplex,
  secured: (socket: TLSSocket) => void,
  failed: (error: Error) => void,
): void {
  const view: Server = Object.create(server);
  view.emit = (event: string, ...values: unknown[]): boolean => {
    if (event === "secureConnection") secured(values[0] as TLSSocket);
    else if (event === "tlsClientError") failed(values[0] as Error);
    return true;
  };
  EventEmitter.prototype.emit.call(view, "connection", ciphertext);
}
