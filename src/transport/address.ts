// Addresses: where a listener listens, where a peer comes from, and how logs show both.

/** A TCP port of one address of this machine. */
export interface TcpAddress {
  /** IP address or host name; `::` alone takes IPv4 too, unless {@link isIPv6Only}. */
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Whether peers that come over IPv4 are closed at once; default false. Matters for `::` alone. */
  readonly isIPv6Only?: boolean;
}

/** A socket in the file system. */
export interface UnixAddress {
  readonly path: string;
}

export type ListenAddress = TcpAddress | UnixAddress;

/** `192.0.2.1:1883`, `[2001:db8::1]:1883` or the path of a Unix socket. */
export function showListenAddress(address: ListenAddress): string {
  return "path" in address ? address.path : showHostAndPort(address.hostname, address.port);
}

/**
 * Where a peer comes from, as logs show it and limits go by: `192.0.2.1:50000`, `[2001:db8::1]:50000`.
 * IPv4 that came in through an IPv6 socket (`::ffff:192.0.2.1`) is IPv4.
 */
export function showPeer(hostname: string, port: number): string {
  return showHostAndPort(ipv4Within(hostname) ?? hostname, port);
}

/** As Mosquitto 2.1: peers of a Unix socket have no name, so it is that of the socket. */
export function showUnixPeer(path: string): string {
  return `${path}:0`;
}

/** The IPv4 address that is written as an IPv6 one. */
export function ipv4Within(hostname: string): string | undefined {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(hostname)?.[1];
}

function showHostAndPort(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
