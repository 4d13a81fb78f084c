// A listener's policy takes the place of another one while Clients are connected: what a reload changes.
//
//   before CONNECT is accepted   the new policy holds as a whole
//   connected                    the new one, but what the CONNACK has told the Client stays as it was told

import { ReasonCode } from "../packet/reason_code.ts";
import type { Connection } from "./connection.ts";
import type { Limits } from "./limits.ts";
import type { ListenerPolicy } from "./listener_policy.ts";

/** Limits that a Client was told, or that were settled, when its CONNECT was accepted. */
export const SETTLED_LIMITS = [
  "maximumQoS",
  "retainAvailable",
  "wildcardSubscriptionAvailable",
  "subscriptionIdentifierAvailable",
  "sharedSubscriptionAvailable",
  "maximumPacketSize",
  "receiveMaximum",
  "maximumInflightMessages",
  "topicAliasMaximum",
  "topicAliasMaximumToClient",
  "maximumKeepAlive",
] as const satisfies readonly (keyof Limits)[];

/**
 * Gives each connection the policy that `next` finds for its present one; undefined leaves it alone. A
 * connection whose CONNECT has begun to be judged by rules that hold no more is closed: it may try again.
 */
export function replacePolicies(
  connections: Iterable<Connection>,
  next: (policy: ListenerPolicy) => ListenerPolicy | undefined,
): void {
  const settled = new Map<ListenerPolicy, ListenerPolicy>(); // few policies, many connections
  for (const connection of [...connections]) {
    const was = connection.policy;
    const is = next(was);
    if (is === undefined || is === was || !connection.isOpen) continue;
    if (connection.isConnected) {
      let policy = settled.get(was);
      if (policy === undefined) settled.set(was, policy = settledPolicy(was, is));
      connection.policy = policy;
    } else if (admitsAlike(was, is)) {
      connection.policy = is;
    } else {
      connection.disconnect(ReasonCode.AdministrativeAction);
    }
  }
}

function settledPolicy(was: ListenerPolicy, is: ListenerPolicy): ListenerPolicy {
  const kept = Object.fromEntries(SETTLED_LIMITS.map((key) => [key, was.limits[key]]));
  return { ...is, mountPoint: was.mountPoint, limits: { ...is.limits, ...kept } };
}

/** Whether a CONNECT is judged alike, limits apart. */
function admitsAlike(a: ListenerPolicy, b: ListenerPolicy): boolean {
  const ofCONNECT = (
    { acceptedVersions, assignsClientIds, autoIdPrefix, clientIdPrefixes, ...rest }: ListenerPolicy,
  ) =>
    JSON.stringify([
      acceptedVersions,
      assignsClientIds,
      autoIdPrefix,
      clientIdPrefixes ?? null,
      rest.usesUserNameAsClientId,
      rest.mountPoint,
    ]);
  return ofCONNECT(a) === ofCONNECT(b);
}
