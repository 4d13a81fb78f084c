// Loops that bridges of one configuration make: what comes in over one goes out to where it came from over
// another, or a bridge leads to its own broker.

import type { BridgeConfig, Config } from "../config/schema.ts";
import { isLoopback } from "../config/schema.ts";

type Topic = BridgeConfig["topics"][number];

/** What makes a loop, a sentence each, and the bridge that it is about. */
export function findBridgeLoops(
  { bridges, listeners }: Pick<Config, "bridges" | "listeners">,
): { readonly bridge: number; readonly text: string }[] {
  const ports = listeners.flatMap((each) => each.kind === "tcp" ? [each.port] : []);
  return bridges.flatMap((bridge, i) =>
    [
      ...loopsToItself(bridge, ports),
      ...bridges.flatMap((other) => other === bridge ? [] : loopsBetween(bridge, other)),
    ].map((text) => ({ bridge: i, text }))
  );
}

/** What comes in by `first`, goes out by `second`, and comes in again. */
function loopsBetween(first: BridgeConfig, second: BridgeConfig): string[] {
  const shared = first.addresses.find(({ host, port }) =>
    second.addresses.some((other) => other.host === host && other.port === port)
  );
  if (shared === undefined) return [];
  return inward(first).flatMap((into) =>
    outward(second).filter((out) =>
      overlap(localFilter(into), localFilter(out)) && overlap(remoteFilter(out), remoteFilter(into))
    ).map((out) =>
      `The bridges '${first.name}' and '${second.name}' make a loop: what comes in as ` +
      `${localFilter(into)} goes out as ${remoteFilter(out)} to the same broker, ` +
      `${shared.host}:${shared.port}. ${whatHappens(first, second)}`
    )
  );
}

function whatHappens(...bridges: readonly BridgeConfig[]): string {
  const isCut = bridges.every(({ remote }) => remote.protocolVersion === 5 && remote.marksPath);
  return isCut
    ? "Each such message comes twice there. Put the topics into one bridge."
    : "Each such message goes round for ever. Put the topics into one bridge.";
}

function loopsToItself(bridge: BridgeConfig, ports: readonly number[]): string[] {
  const own = bridge.addresses.find(({ host, port }) => isLoopback(host) && ports.includes(port));
  if (own === undefined) return [];
  return bridge.topics.filter((topic) => overlap(localFilter(topic), remoteFilter(topic))).map((
    topic,
  ) =>
    `The bridge '${bridge.name}' leads to its own broker, ${own.host}:${own.port}, and takes ` +
    `${localFilter(topic)} there again. Give the topic a prefix, or remove the bridge.`
  );
}

function inward({ topics }: BridgeConfig): readonly Topic[] {
  return topics.filter(({ direction }) => direction !== "out");
}

function outward({ topics }: BridgeConfig): readonly Topic[] {
  return topics.filter(({ direction }) => direction !== "in");
}

function localFilter({ localPrefix, filter }: Topic): string {
  return localPrefix + filter;
}

function remoteFilter({ remotePrefix, filter }: Topic): string {
  return remotePrefix + filter;
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
