// ProxyProtocol: the layer of a listener behind a proxy. Reads the proxy's header, not a byte more, so that
// TLS or MQTT begins on the untouched stream; from there on the Client's own address is the peer's.
//
// Whoever reaches the listener can write such a header: only the proxy may (docs/listeners.md, "Behind a proxy").

import { type ByteStream, HandshakeError, type Layer, type Peer } from "./byte_stream.ts";
import {
  lengthOfV2,
  LONGEST_V1,
  parseV1,
  parseV2,
  type ProxyHeader,
  V2_FIXED_LENGTH,
  V2_SIGNATURE,
} from "./proxy_header.ts";

export interface ProxyProtocolOptions {
  readonly version: 1 | 2;
  /** Refuse Clients that did not reach the proxy over TLS. Version 1 can't tell. */
  readonly requireTls: boolean;
  /** Refuse Clients that showed the proxy no certificate that it found valid. Version 1 can't tell. */
  readonly requireCertificate: boolean;
  /** `common-name`: the User Name is that of the certificate that the proxy saw. */
  readonly userNameFrom: "connect" | "common-name";
}

/** `PROXY UNKNOWN` with CR and LF: no line is shorter. */
const SHORTEST_V1 = 15;
const V1_START = new TextEncoder().encode("PROXY ");

export class ProxyProtocol implements Layer {
  readonly #options: ProxyProtocolOptions;

  constructor(options: ProxyProtocolOptions) {
    this.#options = options;
  }

  async open(peer: Peer): Promise<Peer> {
    const { version, requireTls, requireCertificate, userNameFrom } = this.#options;
    const header = version === 1 ? await readV1(peer.stream) : await readV2(peer.stream);
    const remoteAddress = header.remoteAddress ?? peer.remoteAddress;
    if (requireTls && header.tls === undefined) {
      throw new HandshakeError(`${remoteAddress} did not connect to the proxy using TLS`);
    }
    if (requireCertificate && header.tls?.hasCertificate !== true) {
      throw new HandshakeError(`${remoteAddress} did not show the proxy a valid certificate`);
    }
    if (userNameFrom === "connect") return { ...peer, remoteAddress };
    return { ...peer, remoteAddress, certifiedUserName: header.tls?.commonName };
  }
}

/** A line ends nobody knows where: never more is asked for than it must still have. */
async function readV1(stream: ByteStream): Promise<ProxyHeader> {
  const line = new Uint8Array(LONGEST_V1);
  let length = 0;
  let wanted = SHORTEST_V1;
  for (;;) {
    length += await readSome(stream, line.subarray(length, wanted), length);
    expectStart(line.subarray(0, length), V1_START, 1);
    if (length < wanted) continue;
    if (line[length - 2] === 13 && line[length - 1] === 10) break;
    if (length === LONGEST_V1) {
      throw new HandshakeError(`malformed PROXY header, longer than ${LONGEST_V1} bytes`);
    }
    wanted = Math.min(length + (line[length - 1] === 13 ? 1 : 2), LONGEST_V1);
  }
  return parseV1(LATIN1.decode(line.subarray(0, length - 2)));
}
const LATIN1 = new TextDecoder("latin1");

async function readV2(stream: ByteStream): Promise<ProxyHeader> {
  const fixed = new Uint8Array(V2_FIXED_LENGTH);
  for (let length = 0; length < fixed.length;) {
    length += await readSome(stream, fixed.subarray(length), length);
    expectStart(fixed.subarray(0, length), V2_SIGNATURE, 2);
  }
  const header = new Uint8Array(V2_FIXED_LENGTH + lengthOfV2(fixed));
  header.set(fixed);
  for (let length = fixed.length; length < header.length;) {
    length += await readSome(stream, header.subarray(length), length);
  }
  return parseV2(header);
}

async function readSome(
  stream: ByteStream,
  into: Uint8Array,
  lengthSoFar: number,
): Promise<number> {
  const length = await stream.read(into);
  if (length !== null) return length;
  throw new HandshakeError(
    lengthSoFar === 0
      ? "it closed before it sent a PROXY header"
      : "it closed in the middle of its PROXY header",
  );
}

/** @throws {HandshakeError} that says what it is instead, as soon as that is clear. */
function expectStart(bytes: Uint8Array, start: Uint8Array, version: 1 | 2): void {
  const isRight = bytes.every((byte, i) => i >= start.length || byte === start[i]);
  if (isRight) return;
  throw new HandshakeError(`no PROXY header of version ${version}, but ${describe(bytes)}`);
}

function describe(bytes: Uint8Array): string {
  const startsWith = (start: Uint8Array) =>
    start.subarray(0, bytes.length).every((byte, i) => byte === bytes[i]);
  if (startsWith(V1_START)) return "one of version 1";
  if (startsWith(V2_SIGNATURE)) return "one of version 2";
  if (bytes[0] === 0x10) return "an MQTT CONNECT: it did not come through the proxy";
  if (bytes[0] === 0x16) return "TLS: it did not come through the proxy";
  return "something else";
}
