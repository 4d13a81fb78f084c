// The way to the remote broker: the look-up of its name, TCP, TLS. All of it within a time, and with words for what
// goes wrong that an operator understands.

import { promises as dns } from "node:dns";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { ByteStream } from "../transport/byte_stream.ts";
import { ReadBuffers } from "../transport/read_buffers.ts";
import { TlsCiphertext } from "../transport/tls_ciphertext.ts";
import { TlsStream } from "../transport/tls_stream.ts";
import { connectBound } from "./bound_stream.ts";
import type { BridgeAddress, BridgeTls } from "./settings.ts";

/** Why the remote broker can't be reached; the message is for the operator. */
export class DialError extends Error {
  override readonly name = "DialError";
}

/** What an attempt waits for. */
export type DialStage = "the name" | "TCP" | "TLS";

export interface DialOptions {
  readonly tls: BridgeTls | undefined;
  /** The address of ours that it goes out by; undefined: as the system likes. */
  readonly bindAddress: string | undefined;
  /** Ends the attempt; what was opened is closed. */
  readonly signal: AbortSignal;
  readonly onStage?: (stage: DialStage) => void;
}

/**
 * Connects to `address`.
 * @throws {DialError} as a rejection.
 */
export async function dial(
  address: BridgeAddress,
  { tls, bindAddress, signal, onStage }: DialOptions,
): Promise<ByteStream> {
  onStage?.("the name");
  if (isIP(address.host) === 0) await lookUp(address.host);
  if (signal.aborted) throw new DialError("its name was looked up too late");
  onStage?.("TCP");
  const stream = await dialTcp(address, bindAddress, signal);
  if (tls === undefined) return stream;
  onStage?.("TLS");
  try {
    return await handshake(stream, address, tls, signal);
  } catch (error) {
    throw new DialError(describeTls(error as TlsError, address, tls));
  }
}

/** A step of its own, so that it can be told from a broker that does not answer. The system does it again, and tries
 * all the addresses. */
async function lookUp(host: string): Promise<void> {
  try {
    await dns.lookup(host);
  } catch (error) {
    const { code = "", message } = error as TlsError;
    throw new DialError(`the name ${host} can't be looked up (${LOOK_UP_WORDS[code] ?? message})`);
  }
}

const LOOK_UP_WORDS: Readonly<Record<string, string>> = {
  EAI_AGAIN: "no name server answers",
  ENOTFOUND: "there is no such name",
};

async function dialTcp(
  { host, port }: BridgeAddress,
  bindAddress: string | undefined,
  signal: AbortSignal,
): Promise<ByteStream> {
  try {
    if (bindAddress !== undefined) return await connectBound(host, port, bindAddress, signal);
    const stream = await Deno.connect({ hostname: host, port, signal });
    if (signal.aborted) {
      stream.close();
      throw new DialError("nobody answers there in time");
    }
    stream.setNoDelay(true);
    stream.setKeepAlive(true);
    return stream;
  } catch (error) {
    if (error instanceof DialError) throw error;
    throw new DialError(describeTcp(error, host));
  }
}

/** What did not come in time at `stage`, without a full stop. */
export function describeDelay(stage: DialStage, host: string): string {
  if (stage === "the name") return `no name server says what ${host} is`;
  if (stage === "TCP") return "nobody answers there";
  return "the remote broker takes the connection and does not complete the TLS handshake";
}

type TlsError = Error & { readonly code?: string };

function handshake(
  stream: ByteStream,
  { host }: BridgeAddress,
  tls: BridgeTls,
  signal: AbortSignal,
): Promise<ByteStream> {
  const ciphertext = new TlsCiphertext(stream, new ReadBuffers());
  const { ca, certificate, key, acceptsAnyName, minimumVersion, alpn } = tls;
  return new Promise((resolve, reject) => {
    let socket: TLSSocket | undefined = undefined;
    const fail = (error: TlsError): void => {
      ciphertext.onPulled = undefined;
      socket?.destroy();
      ciphertext.fail().then(() => reject(error));
    };
    signal.addEventListener("abort", () => fail(new Error("it took too long")), { once: true });
    ciphertext.onPulled = () => ciphertext.pull();
    try {
      socket = connect({
        socket: ciphertext,
        host,
        ...isIP(host) === 0 && { servername: host },
        ...ca !== undefined && { ca: [...ca] },
        ...certificate !== undefined && { cert: certificate },
        ...key !== undefined && { key },
        ...alpn !== undefined && { ALPNProtocols: [alpn] },
        ...acceptsAnyName && { checkServerIdentity: () => undefined },
        minVersion: `TLSv${minimumVersion}`,
      });
    } catch (error) {
      return fail(error as TlsError);
    }
    const secured = socket;
    secured.on("error", fail);
    secured.on("close", () => fail(new Error("the other side has closed the connection")));
    secured.on("secureConnect", () => {
      ciphertext.onPulled = undefined;
      secured.removeAllListeners("error");
      secured.removeAllListeners("close");
      ciphertext.handshakeDone();
      resolve(new TlsStream(secured, ciphertext));
    });
    ciphertext.pull();
  });
}

function describeTcp(error: unknown, host: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { readonly code?: unknown }).code;
  if (error instanceof Deno.errors.ConnectionRefused || code === "ECONNREFUSED") {
    return "nobody listens there";
  }
  if (error instanceof Deno.errors.TimedOut) return "nobody answers there";
  if (error instanceof Error && error.name === "AbortError") return "nobody answers there in time";
  if (/lookup|resolve|Name or service|nodename|No such host/i.test(message)) {
    return `the name ${host} can't be looked up (${message})`;
  }
  return message;
}

function describeTls(
  { code = "", message }: TlsError,
  { host }: BridgeAddress,
  { ca }: BridgeTls,
): string {
  const words = TLS_WORDS[code]?.(host, ca !== undefined);
  return words === undefined ? `TLS failed: ${message}` : `${words} (${code})`;
}

const unknownIssuer = (_host: string, hasCa: boolean): string =>
  `the certificate of the remote broker is not from ${
    hasCa ? "an authority in the CA file" : "an authority that is known here: name a CA file"
  }`;

const TLS_WORDS: Readonly<Record<string, (host: string, hasCa: boolean) => string>> = {
  CERT_HAS_EXPIRED: () => "the certificate of the remote broker has expired",
  CERT_NOT_YET_VALID: () =>
    "the certificate of the remote broker is not valid yet: is the clock here right?",
  ERR_TLS_CERT_ALTNAME_INVALID: (host) =>
    `the certificate of the remote broker is not for ${host}, but for another name`,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownIssuer,
  SELF_SIGNED_CERT_IN_CHAIN: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownIssuer,
  // The runtime's word for both: by then it has forgotten the certificate.
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: (host, hasCa) =>
    `${unknownIssuer(host, hasCa)}, or it has expired, or is not valid yet`,
  UNABLE_TO_GET_ISSUER_CERT: unknownIssuer,
};
