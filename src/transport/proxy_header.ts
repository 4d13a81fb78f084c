// The headers of the PROXY protocol, text (version 1) and binary (version 2), as
// https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt has them. Whole headers only: how they are
// read is for proxy_protocol.ts.

import { showPeer, showUnixPeer } from "./address.ts";
import { HandshakeError } from "./byte_stream.ts";
import { crc32c } from "./crc32c.ts";

/** What a proxy says of the Client. */
export interface ProxyHeader {
  /** Where the Client comes from, as logs show it; undefined: the proxy speaks for itself, or can't tell. */
  readonly remoteAddress: string | undefined;
  /** How the Client reached the proxy; undefined: not over TLS. */
  readonly tls: ProxiedTls | undefined;
}

export interface ProxiedTls {
  /** Whether it showed a certificate that the proxy found valid. */
  readonly hasCertificate: boolean;
  /** The Common Name of its certificate. */
  readonly commonName: string | undefined;
}

/** Bytes of the longest line, CR and LF included. */
export const LONGEST_V1 = 107;
/** What binary headers begin with. */
export const V2_SIGNATURE = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10);
/** The signature, version and command, family and protocol, and the length of what follows. */
export const V2_FIXED_LENGTH = 16;
/** Bytes that may follow: enough for addresses, names and a certificate, which some proxies pass on. */
const LONGEST_V2 = 4_096;

const LOCAL = 0;
const PROXY = 1;
/** By family and protocol: bytes of both addresses with their ports. */
const ADDRESS_LENGTHS: ReadonlyMap<number, number> = new Map([
  [0x00, 0], // unknown
  [0x11, 12], // TCP over IPv4
  [0x21, 36], // TCP over IPv6
  [0x31, 216], // Unix socket
]);
const enum Tlv {
  Crc32c = 0x03,
  Tls = 0x20,
  CommonName = 0x22,
}
/** Bits of what a proxy says of TLS. */
const enum ClientBit {
  Tls = 1,
  /** A certificate was shown in the session that this connection is part of. */
  CertificateInSession = 4,
}

/**
 * Reads a line without its CR and LF.
 * @throws {HandshakeError}
 */
export function parseV1(line: string): ProxyHeader {
  if (/^PROXY UNKNOWN(?: .*)?$/.test(line)) return { remoteAddress: undefined, tls: undefined };
  const [, family, source = "", destination = "", port = "", destinationPort = ""] =
    /^PROXY TCP([46]) (\S+) (\S+) (\S+) (\S+)$/.exec(line) ?? [];
  if (family === undefined) throw malformed(`its line is ${JSON.stringify(line)}`);
  const read = family === "4" ? readIPv4 : readIPv6;
  readPort(destinationPort);
  read(destination);
  return { remoteAddress: showPeer(read(source), readPort(port)), tls: undefined };
}

/**
 * @param fixed the first {@link V2_FIXED_LENGTH} bytes.
 * @returns how many more bytes the header has.
 * @throws {HandshakeError}
 */
export function lengthOfV2(fixed: Uint8Array): number {
  const [versionAndCommand = 0, family = 0] = fixed.subarray(V2_SIGNATURE.length);
  if (versionAndCommand >> 4 !== 2) throw malformed(`its version is ${versionAndCommand >> 4}`);
  const command = versionAndCommand & 15;
  if (command !== LOCAL && command !== PROXY) throw malformed(`its command is ${command}`);
  const length = fixed[14]! << 8 | fixed[15]!;
  if (length > LONGEST_V2) {
    throw malformed(`it has ${length} bytes, at most ${LONGEST_V2} are read`);
  }
  if (command === LOCAL) return length;
  const ofAddresses = ADDRESS_LENGTHS.get(family);
  if (ofAddresses === undefined) {
    throw malformed(
      `its address family and protocol are 0x${family.toString(16).padStart(2, "0")}`,
    );
  }
  if (length < ofAddresses) {
    throw malformed(`it has ${length} bytes, and its addresses alone need ${ofAddresses}`);
  }
  return length;
}

/**
 * Reads a whole header.
 * @throws {HandshakeError}
 */
export function parseV2(header: Uint8Array): ProxyHeader {
  const [versionAndCommand = 0, family = 0] = header.subarray(V2_SIGNATURE.length);
  // Health checks of the proxy itself: what follows is to be passed over.
  if ((versionAndCommand & 15) === LOCAL) return { remoteAddress: undefined, tls: undefined };
  const rest = header.subarray(V2_FIXED_LENGTH);
  const remoteAddress = readAddress(family, rest);
  return { remoteAddress, tls: readTlvs(header, V2_FIXED_LENGTH + ADDRESS_LENGTHS.get(family)!) };
}

function readAddress(family: number, bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (family) {
    case 0x11:
      return showPeer(bytes.subarray(0, 4).join("."), view.getUint16(8));
    case 0x21: {
      const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(2 * i).toString(16));
      return showPeer(readIPv6(groups.join(":")), view.getUint16(32));
    }
    case 0x31: {
      const [path = ""] = decode(bytes.subarray(0, 108)).split("\0");
      return showUnixPeer(path === "" ? "unix-socket" : path); // Mosquitto's word for one without a name
    }
    default:
      return undefined;
  }
}

/** Checks the checksum if there is one. */
function readTlvs(header: Uint8Array, start: number): ProxiedTls | undefined {
  let tls: ProxiedTls | undefined;
  let isTlsRead = false;
  for (const { type, value, at } of tlvs(header, start)) {
    if (type === Tlv.Crc32c) checkCrc(header, at, value);
    if (type !== Tlv.Tls) continue;
    if (isTlsRead) throw malformed("it tells of TLS twice");
    isTlsRead = true;
    tls = readTls(value);
  }
  return tls;
}

function readTls(value: Uint8Array): ProxiedTls | undefined {
  if (value.length < 5) throw malformed("what it tells of TLS is cut off");
  const client = value[0]!;
  const isVerified = value.subarray(1, 5).every((byte) => byte === 0);
  let commonName: string | undefined;
  for (const { type, value: name } of tlvs(value, 5)) {
    if (type === Tlv.CommonName) commonName = readName(name);
  }
  if ((client & ClientBit.Tls) === 0) return undefined; // proxies tell of TLS where there was none, too
  const hasCertificate = isVerified && (client & ClientBit.CertificateInSession) !== 0;
  return { hasCertificate, commonName: hasCertificate ? commonName : undefined };
}

function* tlvs(
  bytes: Uint8Array,
  start: number,
): Generator<{ readonly type: number; readonly value: Uint8Array; readonly at: number }> {
  for (let at = start; at < bytes.length;) {
    if (at + 3 > bytes.length) throw malformed("its last field is cut off");
    const length = bytes[at + 1]! << 8 | bytes[at + 2]!;
    const end = at + 3 + length;
    if (end > bytes.length) throw malformed("its last field is cut off");
    yield { type: bytes[at]!, value: bytes.subarray(at + 3, end), at: at + 3 };
    at = end;
  }
}

/** @param at where its value stands; counted as zeros. */
function checkCrc(header: Uint8Array, at: number, value: Uint8Array): void {
  if (value.length !== 4) throw malformed("its checksum has not four bytes");
  const zeroed = header.slice();
  zeroed.fill(0, at, at + 4);
  const wanted = new DataView(value.buffer, value.byteOffset, 4).getUint32(0);
  if (crc32c(zeroed) !== wanted) throw malformed("its checksum is wrong");
}

/** @returns undefined: it is empty, and so nobody's. */
function readName(bytes: Uint8Array): string | undefined {
  const name = decode(bytes);
  if (name.includes("\0")) throw malformed("there is a NUL in the name of a certificate");
  return name === "" ? undefined : name;
}

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw malformed("a name in it is not UTF-8");
  }
}
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readPort(text: string): number {
  const port = /^(?:0|[1-9]\d{0,4})$/.test(text) ? Number(text) : Infinity;
  if (port > 65_535) throw malformed(`${JSON.stringify(text)} is no port`);
  return port;
}

function readIPv4(text: string): string {
  const isIPv4 = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/.test(text) &&
    text.split(".").every((byte) => Number(byte) <= 255);
  if (!isIPv4) throw malformed(`${JSON.stringify(text)} is no IPv4 address`);
  return text;
}

/** In the one form that an address has: limits go by it. */
function readIPv6(text: string): string {
  const url = /^[0-9a-f:.]+$/i.test(text) ? URL.parse(`http://[${text}]`) : null;
  if (url === null) throw malformed(`${JSON.stringify(text)} is no IPv6 address`);
  const address = url.hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(address) ?? [];
  if (high === undefined || low === undefined) return address;
  const [h, l] = [parseInt(high, 16), parseInt(low, 16)];
  return `::ffff:${h >> 8}.${h & 255}.${l >> 8}.${l & 255}`; // as sockets show it
}

function malformed(what: string): HandshakeError {
  return new HandshakeError(`malformed PROXY header, ${what}`);
}
