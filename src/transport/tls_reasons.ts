// Why a TLS handshake failed, in words that tell an operator what to change.

/** Undefined: TLS may begin with these bytes. */
export function describeFirstBytes(chunk: Uint8Array): string | undefined {
  const first = chunk[0]!;
  if (first === 0x16 || first === 0x80) return undefined; // a handshake record; SSL 2 has its own error
  if (first === 0x10) return "it speaks MQTT without TLS, and this port is for TLS";
  const text = String.fromCharCode(...chunk.subarray(0, 8));
  if (/^(GET|HEAD|POST|PUT|OPTIONS|CONNECT|DELETE|PATCH) /.test(text)) {
    return "it speaks HTTP without TLS, and this port is for TLS";
  }
  if (text.startsWith("PROXY ") || text.startsWith("\r\n\r\n\0\r\nQ")) {
    return "it sends a PROXY protocol header: set enable_proxy_protocol if there is a proxy before us";
  }
  return "what it sent is not TLS, and this port is for TLS";
}

/** What the peer says about our certificate, by the alert it sends. */
const ALERTS: readonly (readonly [RegExp, string])[] = [
  [/UnknownCA/i, "it does not know the CA of our certificate"],
  [/CertificateExpired/i, "it holds our certificate for expired"],
  [/CertificateUnknown/i, "it does not accept our certificate"],
  [/BadCertificate/i, "it does not accept our certificate (bad certificate)"],
  [/UnsupportedCertificate/i, "it does not accept the kind of our certificate"],
  [/CertificateRevoked/i, "it holds our certificate for revoked"],
  [/ProtocolVersion/i, "it does not speak the versions of TLS that are allowed here"],
  [/HandshakeFailure|InsufficientSecurity/i, "it has no cipher in common with us"],
];

/** A ClientHello without signature algorithms is one from before TLS 1.2. */
const NO_VERSION =
  /SupportedVersions|Tls1[23]NotOffered|NotEnabled|UnsupportedProtocol|SignatureAlgorithmsExtension|version/i;
const NOTHING_IN_COMMON = /NoCipherSuites|NoKxGroups|no suitable|NamedGroups|SignatureScheme/i;

/**
 * The alert that tells a peer why its ClientHello can't be answered (RFC 8446, section 6), which node:tls
 * leaves out; undefined: there is none to tell.
 */
export function alertFor({ message }: Error): Uint8Array<ArrayBuffer> | undefined {
  const description = NO_VERSION.test(message)
    ? 70 // protocol_version
    : NOTHING_IN_COMMON.test(message)
    ? 40 // handshake_failure
    : undefined;
  const isTheirs = /received fatal alert/i.test(message); // it has given up itself
  if (description === undefined || isTheirs) return undefined;
  return Uint8Array.of(0x15, 3, 3, 0, 2, 2, description);
}

/** @param error of node:tls, whose message is that of its TLS library. */
export function describeTlsError(error: Error): string {
  const { message } = error;
  if (/socket hang up/i.test(message)) return "it closed the connection";
  if (/received fatal alert/i.test(message)) {
    const known = ALERTS.find(([pattern]) => pattern.test(message));
    return known?.[1] ?? `it gave up: ${message}`;
  }
  if (NO_VERSION.test(message)) {
    return `it offers no version of TLS that is allowed here (${message})`;
  }
  if (NOTHING_IN_COMMON.test(message)) {
    return `it has no cipher or signature scheme in common with us (${message})`;
  }
  return message;
}
