// From the bridges of a configuration to what src/bridge is told.

import { ALLOW_EVERYTHING, type Authorizer } from "../access/authorizer.ts";
import type { BridgePlan } from "../bridge/bridges.ts";
import type { BridgeSettings, BridgeTls } from "../bridge/settings.ts";
import {
  BRIDGE_POLICY_PREFIX,
  DEFAULT_POLICY,
  type ListenerPolicy,
} from "../broker/listener_policy.ts";
import type { BridgeConfig, Config } from "../config/schema.ts";
import { UNLIMITED } from "../config/schema_values.ts";

const NEVER_EXPIRES = 0xffff_ffff;
const MAXIMUM_UNDER_WAY = 65_535;
/**
 * In MQTT 3 nobody says what would be too many. Mosquitto acknowledges those beyond its max_inflight_messages,
 * 20 by default, and throws them away.
 */
const MAXIMUM_UNTOLD = 20;
/** What a Remaining Length of four bytes allows. */
const MAXIMUM_PACKET_SIZE = 268_435_460;

/**
 * @param tls what the TLS files of the bridges say, by name.
 * @param rules what holds for bridges with a user name; the others may do everything, as with Mosquitto.
 */
export function bridgePlans(
  config: Config,
  tls: ReadonlyMap<string, BridgeTls>,
  rules: Authorizer,
): BridgePlan[] {
  return config.bridges.map((bridge) => ({
    settings: settingsOf(bridge, config, tls.get(bridge.name)),
    policy: policyOf(bridge, config, bridge.local.userName === null ? ALLOW_EVERYTHING : rules),
  }));
}

export function settingsOf(
  bridge: BridgeConfig,
  { limits }: Pick<Config, "limits">,
  tls: BridgeTls | undefined,
): BridgeSettings {
  const { name, local, remote, restart, notifications, notificationTopic } = bridge;
  const remoteId = remote.clientId ?? `${Deno.hostname()}.${name}`;
  return {
    name,
    addresses: bridge.addresses,
    roundRobin: bridge.roundRobin,
    primaryRetryMs: bridge.primaryRetryMs,
    topics: bridge.topics.map(({ filter, ...rest }) => ({ pattern: filter, ...rest })),
    local: {
      clientId: local.clientId ?? `local.${remoteId}`,
      userName: local.userName ?? undefined,
      cleanStart: local.cleanSession ?? remote.cleanSession,
      maximumQueuedMessages: local.maximumQueuedMessages,
      maximumQueuedBytes: local.maximumQueuedBytes,
      dropsOldest: local.dropsWhenFull === "oldest",
    },
    remote: {
      clientId: remoteId,
      userName: remote.userName ?? undefined,
      password: remote.password ?? undefined,
      cleanStart: remote.cleanSession,
      version: remote.protocolVersion,
      sessionExpiryInterval: remote.sessionExpiry ?? NEVER_EXPIRES,
      receiveMaximum: remote.receiveMaximum ??
        Math.min(
          limits.maximumInflightMessages,
          remote.protocolVersion === 5 ? MAXIMUM_UNDER_WAY : MAXIMUM_UNTOLD,
        ),
      topicAliasMaximum: remote.topicAliasMaximum,
      maximumPacketSize: remote.maximumPacketSize === UNLIMITED ? 0 : remote.maximumPacketSize,
      keepAlive: remote.keepAlive,
      triesPrivate: remote.tellsItIsABridge,
      retains: remote.retain,
      unsubscribes: remote.unsubscribes,
      marksPath: remote.marksPath,
      bindAddress: remote.bindAddress ?? undefined,
      tls,
    },
    start: bridge.start,
    idleTimeoutMs: bridge.idleTimeoutMs,
    threshold: bridge.threshold,
    restart: { ...restart, capMs: restart.capMs ?? undefined },
    notifications: notifications === "none" ? undefined : {
      topic: notificationTopic ?? `$SYS/broker/connection/${remoteId}/state`,
      remote: notifications === "both",
    },
    connectTimeoutMs: bridge.connectTimeoutMs,
  };
}

/** What the bridge is as a Client here: one of our own, so limits meant for strangers do not hold. */
function policyOf(
  { name }: BridgeConfig,
  { limits }: Config,
  authorizer: Authorizer,
): ListenerPolicy {
  const { maximumHandshakes: _maximum, handshakeTimeoutMs: _timeout, ...ofClients } = limits;
  return {
    ...DEFAULT_POLICY,
    name: `${BRIDGE_POLICY_PREFIX}${name}`,
    authorizer,
    limits: {
      ...ofClients,
      maximumQoS: 2,
      retainAvailable: true,
      wildcardSubscriptionAvailable: true,
      maximumPacketSize: MAXIMUM_PACKET_SIZE,
      maximumPayloadSize: 0,
      receiveMaximum: MAXIMUM_UNDER_WAY,
      maximumInflightMessages: MAXIMUM_UNDER_WAY,
      maximumSessionExpiryInterval: 0,
      maximumKeepAlive: 0,
      topicAliasMaximum: 0,
      topicAliasMaximumToClient: 0,
    },
  };
}
