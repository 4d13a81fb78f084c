// The report that SIGUSR2 asks for: who has a Session, what it subscribes to, and how much waits for it.
// It is made line by line, so that whoever writes it can stop for a breath.

import type { Parts } from "./parts.ts";
import type { SessionEntry } from "./sessions.ts";

/** Topic Filters of a Session that are written out; further ones are counted. */
const MAX_FILTERS = 50;

/** The lines; Sessions that come or go meanwhile may or may not be among them. */
export function* reportSessions({ sessions, router, retained }: Parts): Generator<string> {
  const { subscriptionCount, sharedSubscriptionCount } = router;
  yield `Sessions: ${sessions.size}, ${sessions.connected} of them connected; subscriptions: ` +
    `${subscriptionCount}, shared: ${sharedSubscriptionCount}; retained messages: ${retained.size}`;
  for (const entry of sessions.values()) yield* reportSession(entry);
}

function* reportSession({ session, identity, connection }: SessionEntry): Generator<string> {
  const { userName } = identity;
  const user = userName === undefined ? "" : ` (u'${userName}')`;
  const where = connection === undefined
    ? "not connected"
    : `connected from ${connection.link.remoteAddress}`;
  const waiting = connection === undefined ? 0 : connection.output.waitingBytes;
  yield `Session ${session.clientId}${user}: ${where}, ${session.subscriptionCount} subscriptions, ` +
    `${session.outbound.size} messages under way, ${session.queuedMessages} queued ` +
    `(${session.queuedBytes} bytes), ${session.inbound.quotaUsed} awaiting PUBREL, ` +
    `${waiting} bytes of output`;
  let left = session.subscriptionCount;
  for (const { filter, shareName, qos } of session.subscriptions) {
    if (session.subscriptionCount - left === MAX_FILTERS) return yield `\tand ${left} more`;
    left--;
    yield `\t${shareName === undefined ? filter : `$share/${shareName}/${filter}`} (QoS ${qos})`;
  }
}
