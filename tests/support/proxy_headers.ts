// Headers of the PROXY protocol, version 2, right ones and such as no proxy would send.

import { V2_SIGNATURE } from "../../src/transport/proxy_header.ts";

export interface V2Start {
  readonly versionAndCommand: number;
  readonly family: number;
  readonly addresses: readonly number[];
}

const PORTS = [6275 >> 8, 6275 & 255, 1883 >> 8, 1883 & 255];
const IPV6_SOURCE = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];

/** From 192.0.2.5:6275. */
export const IPV4: V2Start = {
  versionAndCommand: 0x21,
  family: 0x11,
  addresses: [192, 0, 2, 5, 10, 0, 0, 1, ...PORTS],
};
/** From [2001:db8::5]:6275. */
export const IPV6: V2Start = {
  versionAndCommand: 0x21,
  family: 0x21,
  addresses: [...IPV6_SOURCE, ...IPV6_SOURCE, ...PORTS],
};
export const UNKNOWN: V2Start = { versionAndCommand: 0x21, family: 0, addresses: [] };
/** The proxy speaks for itself. */
export const LOCAL: V2Start = { versionAndCommand: 0x20, family: 0, addresses: [] };

export function UNIX(path: string): V2Start {
  const addresses = new Uint8Array(216);
  addresses.set(new TextEncoder().encode(path));
  return { versionAndCommand: 0x21, family: 0x31, addresses: [...addresses] };
}

/** A whole header. */
export function proxyV2(
  { versionAndCommand, family, addresses }: V2Start,
  ...fields: readonly (readonly number[])[]
): Uint8Array<ArrayBuffer> {
  const rest = [...addresses, ...fields.flat()];
  return Uint8Array.from([
    ...V2_SIGNATURE,
    versionAndCommand,
    family,
    rest.length >> 8,
    rest.length & 255,
    ...rest,
  ]);
}

/** A field. */
export function tlv(type: number, value: string | readonly number[]): number[] {
  const bytes = typeof value === "string" ? [...new TextEncoder().encode(value)] : value;
  return [type, bytes.length >> 8, bytes.length & 255, ...bytes];
}

/** What a proxy says of TLS; by default with a certificate that it found valid. */
export function tls(
  { client = 5, verify = 0, commonName }: {
    readonly client?: number;
    readonly verify?: number;
    readonly commonName?: string;
  },
): number[] {
  const name = commonName === undefined ? [] : tlv(0x22, commonName);
  return tlv(0x20, [client, 0, 0, 0, verify, ...tlv(0x21, "TLSv1.3"), ...name]);
}
