// Two brokers with a bridge between them, over real sockets.

import { DEFAULT_LIMITS } from "../../src/broker/limits.ts";
import { DEFAULT_POLICY } from "../../src/broker/listener_policy.ts";
import type { BridgeState } from "../../src/bridge/bridge.ts";
import type { Server } from "../../src/server/server.ts";
import type { BridgePlan } from "../../src/bridge/bridges.ts";
import type { BridgeSettings, BridgeTopic } from "../../src/bridge/settings.ts";

export interface BridgeChanges extends Omit<Partial<BridgeSettings>, "local" | "remote"> {
  readonly port: number;
  readonly local?: Partial<BridgeSettings["local"]>;
  readonly remote?: Partial<BridgeSettings["remote"]>;
}

/** A plan with what a configuration would fill in. */
export function plan(changes: BridgeChanges): BridgePlan {
  const { port, local, remote, ...rest } = changes;
  const settings: BridgeSettings = {
    name: "cloud",
    addresses: [{ host: "127.0.0.1", port }],
    roundRobin: false,
    primaryRetryMs: 5_000,
    topics: [topic("#", "both", 2)],
    start: "automatic",
    idleTimeoutMs: 60_000,
    threshold: 10,
    restart: { baseMs: 50, capMs: undefined, stableMs: 0 },
    notifications: undefined,
    connectTimeoutMs: 10_000,
    ...rest,
    local: {
      clientId: `local.${rest.name ?? "cloud"}`,
      userName: undefined,
      cleanStart: false,
      maximumQueuedMessages: 100_000,
      maximumQueuedBytes: 2 ** 26,
      dropsOldest: false,
      ...local,
    },
    remote: {
      clientId: rest.name ?? "cloud",
      userName: undefined,
      password: undefined,
      cleanStart: false,
      version: 5,
      sessionExpiryInterval: 0xffff_ffff,
      receiveMaximum: 20,
      topicAliasMaximum: 10,
      maximumPacketSize: 0,
      keepAlive: 60,
      triesPrivate: true,
      retains: true,
      unsubscribes: true,
      marksPath: true,
      bindAddress: undefined,
      tls: undefined,
      ...remote,
    },
  };
  return {
    settings,
    policy: {
      ...DEFAULT_POLICY,
      name: `bridge ${settings.name}`,
      limits: { ...DEFAULT_LIMITS, receiveMaximum: 65_535, maximumSessionExpiryInterval: 0 },
    },
  };
}

export function topic(
  pattern: string,
  direction: BridgeTopic["direction"] = "out",
  qos: BridgeTopic["qos"] = 0,
  localPrefix = "",
  remotePrefix = "",
): BridgeTopic {
  return { pattern, direction, qos, localPrefix, remotePrefix };
}

/** Resolves when the bridges of `server` are all in `state`. */
export async function reached(server: Server, state: BridgeState): Promise<void> {
  await until(
    () => [...server.bridges].every((bridge) => bridge.state === state),
    () => [...server.bridges].map(({ state, detail }) => `${state}: ${detail}`).join("; "),
  );
}

export function connected(server: Server): Promise<void> {
  return reached(server, "connected");
}

const TIMEOUT_MS = 10_000;

/** Resolves when `condition` holds. */
export async function until(
  condition: () => boolean,
  explain: () => string = () => String(condition),
): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`in vain: ${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
