// ByteStream: what every transport looks like to the Channel above it, and to the layers between. A
// Deno.Conn is one as it stands; TLS, WebSocket and the PROXY protocol make one out of another.
//
//   socket (Deno.TcpConn, Deno.UnixConn) -> PROXY protocol -> TLS -> WebSocket -> Channel -> Connection

export interface ByteStream {
  /**
   * Reads into `buffer`, one call at a time. Nothing is read from the peer without being asked: that is
   * the backpressure.
   * @returns how many bytes, at least one; null at the end.
   */
  read(buffer: Uint8Array): Promise<number | null>;
  /**
   * Writes `bytes`, which must stay untouched until the promise resolves; one call at a time.
   * @returns how many bytes were written; the rest has to be written again.
   */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends our direction. */
  closeWrite(): Promise<void>;
  /**
   * Whether the last read filled its buffer before a layer took out what is its own, so that a larger one
   * would have had use. Where it is missing, a full buffer says so.
   */
  readonly filledBuffer?: boolean;
  /** Whether {@link closeWrite} says to the peer what a mere end doesn't: it is called before each close then. */
  readonly saysGoodbye?: boolean;
  /** Closes at once; calls that are under way are rejected or resolve with null. */
  close(): void;
}

/** A peer whose bytes can be read, and what is known of it. */
export interface Peer {
  readonly stream: ByteStream;
  /** Address and port, as logs show them and limits go by: `192.0.2.1:50000`, `[2001:db8::1]:50000`. */
  readonly remoteAddress: string;
  /** The User Name that its certificate says, where the listener takes it from there. */
  readonly certifiedUserName: string | undefined;
}

/** One step from the accepted socket to the Channel, such as a TLS handshake. */
export interface Layer {
  /**
   * Takes up the peer. Once it rejects, or `signal` is aborted, the listener closes the socket below.
   * @returns undefined if the peer came for something else than MQTT, which the layer sees to itself.
   * @throws {HandshakeError} (as a rejection) with the reason in words, for the log.
   */
  open(peer: Peer, signal: AbortSignal): Promise<Peer | undefined>;
  /** Ends what it sees to itself; the listener closes. */
  close?(): void;
}

/** Why a peer did not get to its first Control Packet, in words that an operator understands. */
export class HandshakeError extends Error {
  override readonly name = "HandshakeError";
}
