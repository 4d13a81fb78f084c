// Where a configured listener listens: its host names, network interface and address family as the
// addresses that sockets are opened on.

import { isIP } from "node:net";
import type { Config, TcpListenerConfig, UnixListenerConfig } from "../config/schema.ts";
import type { ListenAddress, TcpAddress } from "../transport/address.ts";
import { hasIPv6 } from "../transport/ipv6.ts";
import { removeStaleSocket } from "../transport/listening_socket.ts";

type Family = "ipv4" | "ipv6";

/** What there is to find out about this machine; another one in tests. */
export interface Machine {
  hasIPv6(): boolean;
  networkInterfaces(): readonly Pick<Deno.NetworkInterfaceInfo, "name" | "family" | "address">[];
  /** The addresses of a host name. */
  lookUp(hostname: string): Promise<readonly string[]>;
}

const THIS_MACHINE: Machine = {
  hasIPv6,
  networkInterfaces: () => Deno.networkInterfaces(),
  async lookUp(hostname) {
    const { lookup } = await import("node:dns/promises");
    return (await lookup(hostname, { all: true })).map(({ address }) => address);
  },
};

/**
 * The addresses of each listener of `config`, with what earlier processes have left there removed.
 *
 * @param ours where this process listens already: nothing of that is looked at.
 * @throws {AggregateError} with an error, a sentence, for each that can't be had.
 */
export async function findAddresses(
  { listeners, localOnly }: Config,
  ours: readonly ListenAddress[] = [],
  machine: Machine = THIS_MACHINE,
): Promise<ListenAddress[][]> {
  const settled = await Promise.allSettled(
    listeners.map((listener) =>
      listener.kind === "unix" ? pathOf(listener, ours) : addressesOf(listener, localOnly, machine)
    ),
  );
  const errors = settled.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
  if (errors.length > 0) throw new AggregateError(errors);
  return settled.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
}

async function pathOf(
  { path }: UnixListenerConfig,
  ours: readonly ListenAddress[],
): Promise<ListenAddress[]> {
  if (!ours.some((address) => "path" in address && address.path === path)) {
    await removeStaleSocket(path);
  }
  return [{ path }];
}

async function addressesOf(
  listener: TcpListenerConfig,
  localOnly: boolean,
  machine: Machine,
): Promise<ListenAddress[]> {
  const { port, hostnames, bindInterface, socketDomain } = listener;
  const named = (await Promise.all(hostnames.map((name) => resolve(name, listener, machine))))
    .flat();
  if (bindInterface !== null) return ofInterface(bindInterface, named, listener, machine);
  if (hostnames.length === 0) return [everywhere(port, socketDomain, machine)];
  return named
    // Loopback of IPv6 is asked for along with that of IPv4: not every machine has it.
    .filter((address) => !(localOnly && address === "::1" && !machine.hasIPv6()))
    .map((address) => toAddress(address, port));
}

function everywhere(port: number, family: Family | null, machine: Machine): TcpAddress {
  if (family === "ipv6") return toAddress("::", port);
  const isIPv4 = family === "ipv4" || !machine.hasIPv6();
  return { hostname: isIPv4 ? "0.0.0.0" : "::", port };
}

/** Whoever writes `::` means IPv6, as with Mosquitto. */
function toAddress(hostname: string, port: number): TcpAddress {
  return hostname === "::" ? { hostname, port, isIPv6Only: true } : { hostname, port };
}

/** @throws {Error} if the name has no address, or none of the family that is asked for. */
async function resolve(
  hostname: string,
  { port, socketDomain }: TcpListenerConfig,
  machine: Machine,
): Promise<string[]> {
  let addresses: readonly string[] = [hostname];
  if (isIP(hostname) === 0) {
    try {
      addresses = await machine.lookUp(hostname);
    } catch {
      throw new Error(`Unable to listen on port ${port} of ${hostname}: no such host is known`);
    }
  }
  const fitting = new Set(
    addresses.filter((each) => socketDomain === null || familyOf(each) === socketDomain),
  );
  if (fitting.size > 0) return [...fitting];
  throw new Error(
    `Unable to listen on port ${port} of ${hostname}: it has no ${show(socketDomain!)} address, ` +
      `and socket_domain asks for one`,
  );
}

/**
 * All addresses of the interface, or those among them that the listener names.
 *
 * @throws {Error} if there is no such interface, or it has not what is asked for.
 */
function ofInterface(
  name: string,
  named: readonly string[],
  { port, socketDomain }: TcpListenerConfig,
  machine: Machine,
): TcpAddress[] {
  const interfaces = machine.networkInterfaces();
  const its = interfaces.filter((each) => each.name.toLowerCase() === name.toLowerCase());
  if (its.length === 0) {
    const known = [...new Set(interfaces.map((each) => each.name))].join(", ");
    throw new Error(
      `Unable to listen on port ${port} of the interface ${name}: there is none, or it has no ` +
        `address. Those with one: ${known}`,
    );
  }
  const foreign = named.find((address) => !its.some((each) => each.address === address));
  if (foreign !== undefined) {
    throw new Error(
      `Unable to listen on port ${port} of ${foreign}: the interface ${name} has not this address, ` +
        `but ${its.map(({ address }) => address).join(", ")}`,
    );
  }
  const fitting = its.filter(({ address }) =>
    (named.length === 0 || named.includes(address)) &&
    (socketDomain === null || familyOf(address) === socketDomain)
  );
  if (fitting.length === 0) {
    throw new Error(
      `Unable to listen on port ${port} of the interface ${name}: it has no ` +
        `${show(socketDomain!)} address, and socket_domain asks for one`,
    );
  }
  return fitting.map(({ address }) => ({ hostname: withZone(address, name), port }));
}

/** A link-local address is one of an interface. */
function withZone(address: string, interfaceName: string): string {
  return /^fe[89ab]/i.test(address) ? `${address}%${interfaceName}` : address;
}

function familyOf(address: string): Family {
  return address.includes(":") ? "ipv6" : "ipv4";
}

function show(family: Family): string {
  return family === "ipv4" ? "IPv4" : "IPv6";
}
