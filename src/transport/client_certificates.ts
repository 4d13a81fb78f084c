// ClientCertificates: what a listener asks of the certificates of its Clients, and what it takes from them.
// node:tls checks that the chain leads to one of our CAs, that its signatures and dates are right, and that
// it is meant for Clients, but lets everybody in all the same; the verdict is here, and it is strict: who is
// not known to be right is refused.

import { type DetailedPeerCertificate, TLSSocket } from "node:tls";
import { X509Certificate } from "node:crypto";
import { HandshakeError } from "./byte_stream.ts";
import { commonNameOf, showName, subjectNameOf, versionOf } from "./certificate_names.ts";
import type { RevocationLists } from "./revocation_lists.ts";

/**
 * Certificates that the runtime has checked, by fingerprint, for one set of CAs.
 *
 * Sessions of TLS are resumed without a look at the certificate, across all listeners of the process, and
 * also those of handshakes that ended in a refusal. Who resumes one has proved to hold the key, but the
 * runtime calls any certificate right then. So it counts only if it was found right in a whole handshake here.
 */
export class CheckedCertificates {
  readonly #untilMs = new Map<string, number>();

  /** @param chain of a whole handshake that the runtime has found right. */
  add(chain: readonly X509Certificate[]): void {
    const { fingerprint256 } = chain[0]!;
    this.#untilMs.delete(fingerprint256);
    this.#untilMs.set(
      fingerprint256,
      Math.min(...chain.map(({ validToDate }) => validToDate.getTime())),
    );
    if (this.#untilMs.size <= MAXIMUM_CHECKED) return;
    this.#untilMs.delete(this.#untilMs.keys().next().value!); // the oldest
  }

  has({ fingerprint256 }: X509Certificate, nowMs: number): boolean {
    return nowMs < (this.#untilMs.get(fingerprint256) ?? -Infinity);
  }
}

/** Certificates that are remembered for resumed sessions; a Client whose one is not makes a new session. */
const MAXIMUM_CHECKED = 10_000;

export interface ClientCertificates {
  /** PEM: the CAs, and nothing else, that may have signed them. */
  readonly authorities: readonly string[];
  /** Whether Clients without one are refused. */
  readonly isRequired: boolean;
  readonly userNameFrom: "connect" | "common-name" | "subject";
  readonly revocationLists: RevocationLists | undefined;
}

/** Longest chain that is followed. */
const MAXIMUM_CHAIN = 10;

/**
 * Judges the Client behind `socket`, whose handshake is done.
 * @param checked of the listener; it learns the certificate.
 * @returns the User Name that its certificate says, if the listener takes it from there.
 * @throws {HandshakeError} (as a rejection) if it may not come in.
 */
export async function admit(
  socket: TLSSocket,
  { isRequired, userNameFrom, revocationLists }: ClientCertificates,
  checked: CheckedCertificates,
): Promise<string | undefined> {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    if (isRequired) {
      throw new HandshakeError("it has no certificate, and require_certificate is set");
    }
    return undefined;
  }
  if (socket.authorized !== true) {
    throw new HandshakeError(describeRefusal(certificate, socket.authorizationError));
  }
  const chain = chainOf(socket.getPeerCertificate(true));
  if (!socket.isSessionReused()) {
    checked.add(chain);
  } else if (!checked.has(certificate, Date.now())) {
    throw new HandshakeError("it resumed a session whose certificate was not found right here");
  }
  const reason = await revocationLists?.findRevoked(chain);
  if (reason !== undefined) throw new HandshakeError(reason);
  if (userNameFrom === "connect") return undefined;
  const der = new Uint8Array(certificate.raw);
  return userNameFrom === "subject" ? subjectNameOf(der) : commonNameOf(der);
}

/** The certificates that the peer sent, its own first. */
function chainOf(certificate: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = certificate;
  while (next?.raw !== undefined && chain.length < MAXIMUM_CHAIN) {
    chain.push(new X509Certificate(next.raw));
    const above: DetailedPeerCertificate | undefined = next.issuerCertificate;
    next = above === next ? undefined : above;
  }
  return chain;
}

/** Whether this runtime checks Clients' certificates: older versions of Deno take the options and ignore them. */
export function canCheckCertificates(): boolean {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  return (major > 2 || (major === 2 && minor >= 9)) &&
    typeof TLSSocket.prototype.getPeerX509Certificate === "function";
}

/** The runtime's codes say less than the certificate itself. */
function describeRefusal(certificate: X509Certificate, code: Error | string | null): string {
  const who = `its certificate (${showName(certificate.subject)})`;
  const nowMs = Date.now();
  const { validFromDate, validToDate } = certificate;
  if (versionOf(new Uint8Array(certificate.raw)) < 3) {
    return `${who} is of version 1 of X.509, which can't be checked here: issue it anew with an extension, ` +
      "as in openssl x509 -req -extfile <(echo basicConstraints=CA:FALSE)";
  }
  if (validToDate.getTime() < nowMs) return `${who} expired on ${day(validToDate)}`;
  if (validFromDate.getTime() > nowMs) return `${who} is not valid before ${day(validFromDate)}`;
  const name = code instanceof Error ? (code as { code?: string }).code ?? code.message : code;
  switch (name) {
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return `${who} is signed by itself, not by a CA of ours (cafile, capath)`;
    case "INVALID_PURPOSE":
      return `${who} is not meant for Clients: its Extended Key Usage lacks clientAuth`;
    default:
      return `${who} does not lead to a CA of ours (cafile, capath), or one between has expired or ` +
        `may not sign; it was issued by ${showName(certificate.issuer)}`;
  }
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
