// Loops that the bridges of one configuration make: what goes over one bridge comes round by it, or by others, to
// where it began.
//
//   each topic of each bridge, in each direction, is a hop:  x/# here --> y/# there
//   a hop follows another if it begins at the broker, and with topics, where that one ends
//   a way along hops that follows itself is a loop

import type { BridgeConfig, Config } from "../config/schema.ts";
import { isLoopback } from "../config/schema.ts";

const HERE = "";

/** One topic of one bridge, one way. */
interface Hop {
  readonly bridge: BridgeConfig;
  readonly direction: "in" | "out";
  /** Which broker it begins at: {@link HERE}, or an address. */
  readonly from: string;
  readonly takes: string;
  readonly to: string;
  readonly gives: string;
}

/** What makes a loop, a sentence each, and the bridge that it is about: one for each set of bridges that do. */
export function findBridgeLoops(
  { bridges, listeners }: Pick<Config, "bridges" | "listeners">,
): { readonly bridge: number; readonly text: string }[] {
  const hops = hopsOf(bridges, listeners);
  const next = new Map(hops.map((hop) => [hop, hops.filter((other) => follows(hop, other))]));
  const found = new Map<string, { readonly bridge: number; readonly text: string }>();
  for (const hop of hops) {
    const way = shortestWayBack(hop, next);
    if (way === undefined) continue;
    const members = [...new Set(way.map(({ bridge }) => bridges.indexOf(bridge)))];
    const key = members.toSorted((a, b) => a - b).join();
    if (!found.has(key)) found.set(key, { bridge: members[0]!, text: describe(way) });
  }
  return [...found.values()];
}

function hopsOf(bridges: readonly BridgeConfig[], listeners: Config["listeners"]): Hop[] {
  const names = brokerNames(bridges);
  return bridges.flatMap((bridge, i) => {
    const own = ownListener(bridge, listeners);
    const there = own === undefined ? names[i]! : HERE;
    const mountPoint = own?.mountPoint ?? "";
    return bridge.topics.flatMap(({ filter, direction, localPrefix, remotePrefix }) => {
      const local = { broker: HERE, filter: localPrefix + filter };
      const remote = { broker: there, filter: mountPoint + remotePrefix + filter };
      const hop = (way: "in" | "out", from: typeof local, to: typeof local): Hop => ({
        bridge,
        direction: way,
        from: from.broker,
        takes: from.filter,
        to: to.broker,
        gives: to.filter,
      });
      return [
        ...direction === "in" ? [] : [hop("out", local, remote)],
        ...direction === "out" ? [] : [hop("in", remote, local)],
      ];
    });
  });
}

/** A name for the remote broker of each bridge: those with an address in common have the same. */
function brokerNames(bridges: readonly BridgeConfig[]): string[] {
  const names: string[] = [];
  const nameOf = new Map<string, string>();
  for (const { addresses } of bridges) {
    const written = addresses.map(({ host, port }) => `${host}:${port}`);
    const name = written.map((each) => nameOf.get(each)).find((each) => each !== undefined) ??
      written[0]!;
    for (const each of written) if (!nameOf.has(each)) nameOf.set(each, name);
    names.push(name);
  }
  return names;
}

type TcpListener = Extract<Config["listeners"][number], { readonly kind: "tcp" }>;

/** The listener of this broker that `bridge` leads to. */
function ownListener(
  { addresses }: BridgeConfig,
  listeners: Config["listeners"],
): TcpListener | undefined {
  return listeners.filter((each) => each.kind === "tcp").find(({ port, hostnames }) =>
    addresses.some((address) =>
      address.port === port &&
      (hostnames.length === 0
        ? isLoopback(address.host)
        : hostnames.some((hostname) => leadsTo(address.host, hostname)))
    )
  );
}

/** Whether a connection to `host` comes to who listens at `hostname`; as far as this can be told without asking. */
function leadsTo(host: string, hostname: string): boolean {
  if (host === hostname) return true;
  if (!isLoopback(host)) return false;
  if (hostname === "0.0.0.0" || hostname === "::") return true;
  return isLoopback(hostname) && (host === "localhost" || hostname === "localhost");
}

/** Whether what `first` gives may be what `second` takes. A bridge takes nothing back to where it got it from. */
function follows(first: Hop, second: Hop): boolean {
  if (first.bridge === second.bridge && first.direction !== second.direction) return false;
  return first.to === second.from && overlap(first.gives, second.takes);
}

function shortestWayBack(
  start: Hop,
  next: ReadonlyMap<Hop, readonly Hop[]>,
): Hop[] | undefined {
  const cameFrom = new Map<Hop, Hop | undefined>([[start, undefined]]);
  for (const hop of cameFrom.keys()) { // which grows meanwhile
    for (const each of next.get(hop)!) {
      if (each === start) return wayTo(hop, cameFrom);
      if (!cameFrom.has(each)) cameFrom.set(each, hop);
    }
  }
  return undefined;
}

function wayTo(end: Hop, cameFrom: ReadonlyMap<Hop, Hop | undefined>): Hop[] {
  const way: Hop[] = [];
  for (let hop: Hop | undefined = end; hop !== undefined; hop = cameFrom.get(hop)) way.unshift(hop);
  return way;
}

function describe(way: readonly Hop[]): string {
  const [first, second] = way;
  const names = [...new Set(way.map(({ bridge }) => bridge.name))];
  const address = ({ bridge: { addresses: [a] } }: Hop): string => `${a!.host}:${a!.port}`;
  if (second === undefined) {
    return `The bridge '${names[0]}' leads to its own broker, ${address(first!)}, and takes ` +
      `${first!.takes} there again. ${
        whatHappens(way)
      } Give the topic another prefix, or remove the bridge.`;
  }
  if (way.length === 2 && way.every(({ from, to }) => from !== to)) {
    const [into, out] = first!.direction === "in" ? [first!, second] : [second, first!];
    return `The bridges '${into.bridge.name}' and '${out.bridge.name}' make a loop: what comes in as ` +
      `${into.gives} goes out as ${out.gives} to the same broker, ${address(into)}. ` +
      `${whatHappens(way)} Put the topics into one bridge.`;
  }
  const steps = way.map(({ bridge, takes, gives }) => `${takes} by '${bridge.name}' to ${gives}`);
  const who = names.length === 1
    ? `The bridge '${names[0]}' makes`
    : `The bridges ${names.map((name) => `'${name}'`).join(", ")} make`;
  return `${who} a loop: ${steps.join(", ")}, which is ${first!.takes} again. ` +
    `${whatHappens(way)} Give one of the topics another prefix.`;
}

/** The mark that ends loops is a Property of MQTT 5.0. */
function whatHappens(way: readonly Hop[]): string {
  const isCut = way.every(({ bridge: { remote } }) =>
    remote.protocolVersion === 5 && remote.marksPath
  );
  return isCut ? "Each such message comes twice there." : "Each such message goes round for ever.";
}

/** Whether there is a topic that both filters match. */
function overlap(first: string, second: string): boolean {
  const [a, b] = [first.split("/"), second.split("/")];
  for (let i = 0;; i++) {
    const [x, y] = [a[i], b[i]];
    if (x === "#" || y === "#") return true;
    if (x === undefined || y === undefined) {
      if (x === y) return true;
      return (x === undefined ? b : a)[i] === "#";
    }
    if (x !== y && x !== "+" && y !== "+") return false;
  }
}
