// When a changed setting takes effect: the one place that says so, for the log of a reload and for the
// documentation. By path in the Config; the longest row that fits a path counts.

/**
 * - `at once`: also for Clients that are connected.
 * - `for new connections`: what a Client was told in its CONNACK, or was admitted by, stays until it comes back.
 * - `after a restart`: until then the old value holds.
 */
export type TakesEffect = "at once" | "for new connections" | "after a restart";

/** `*` stands for every item of a list. */
export const TAKES_EFFECT: Readonly<Record<string, TakesEffect>> = {
  "access": "at once",
  "access.assignsClientIds": "for new connections",
  "access.autoIdPrefix": "for new connections",
  "access.clientIdPrefixes": "for new connections",
  "bridges": "at once",
  "limits": "at once",
  "limits.connectTimeoutMs": "for new connections",
  "limits.maximumInflightBytes": "for new connections",
  "limits.maximumInflightMessages": "for new connections",
  "limits.maximumKeepAlive": "for new connections",
  "limits.maximumPacketSize": "for new connections",
  "limits.maximumQoS": "for new connections",
  "limits.maximumSessionExpiryInterval": "for new connections",
  "limits.receiveMaximum": "for new connections",
  "limits.retainAvailable": "for new connections",
  "limits.sharedSubscriptionAvailable": "for new connections",
  "limits.subscriptionIdentifierAvailable": "for new connections",
  "limits.topicAliasMaximum": "for new connections",
  "limits.topicAliasMaximumToClient": "for new connections",
  "limits.wildcardSubscriptionAvailable": "for new connections",
  "listeners": "at once",
  "listeners.*.acceptedVersions": "for new connections",
  "listeners.*.assignsClientIds": "for new connections",
  "listeners.*.autoIdPrefix": "for new connections",
  "listeners.*.clientIdPrefixes": "for new connections",
  "listeners.*.maximumConnections": "for new connections",
  "listeners.*.maximumQoS": "for new connections",
  "listeners.*.mountPoint": "for new connections",
  "listeners.*.tls.certFile": "for new connections",
  "listeners.*.tls.keyFile": "for new connections",
  "listeners.*.topicAliasMaximum": "for new connections",
  "listeners.*.topicAliasMaximumToClient": "for new connections",
  "listeners.*.usesUserNameAsClientId": "for new connections",
  "localOnly": "at once",
  "logging": "at once",
  "persistence": "after a restart",
  "pidFile": "after a restart",
  "reload": "at once",
  "sysIntervalMs": "at once",
  "user": "after a restart",
};

/** When a change at `path` of the Config takes effect; what no row speaks of needs a restart. */
export function takesEffect(path: readonly PropertyKey[]): TakesEffect {
  const keys = path.map((key) => typeof key === "number" ? "*" : String(key));
  for (let length = keys.length; length > 0; length--) {
    const row = TAKES_EFFECT[keys.slice(0, length).join(".")];
    if (row !== undefined) return row;
  }
  return "after a restart";
}
