// The way of a Message that is allowed: into the retained store, then through the router.

import type { Message } from "../session/message.ts";
import type { Publisher } from "../session/session_ports.ts";
import type { TopicName } from "../topic/topic_name.ts";
import type { Parts } from "./parts.ts";
import type { RetainedOwner } from "./retained_store.ts";
import type { SessionEntry } from "./sessions.ts";

/** What Clients may publish below $SYS: the state of their bridges, as with Mosquitto. */
const BRIDGE_STATE = /^\$SYS\/broker\/connection\/[^/]+\/state$/;

/** Whether the Client of `entry` may publish to `name`. `$SYS` is the broker's own. */
export function mayPublish(entry: RetainedOwner, name: TopicName): boolean {
  if (isReserved(name)) return false;
  return entry.authorizer.mayPublish(entry.identity, name);
}

const DOLLAR = 0x24;

/** Whether no Client may publish to `name`, whatever its rules say. */
export function isReserved(name: TopicName): boolean {
  return name.charCodeAt(0) === DOLLAR &&
    (name.startsWith("$share") || (name.startsWith("$SYS") && !BRIDGE_STATE.test(name)));
}

/**
 * Retains and routes `message`.
 *
 * @param publisher held back if receivers can't keep up; undefined if nobody can be.
 * @param owner whose right to publish it a retained message depends on; undefined for the broker's own.
 * @returns whether any Subscription matched.
 */
export function routeMessage(
  parts: Parts,
  message: Message,
  publisher: Publisher | undefined,
  owner: RetainedOwner | undefined,
): boolean {
  if (message.retain) parts.retained.store(message, owner);
  const matched = parts.router.publish(message, publisher);
  message.forgetFrames(); // whoever keeps the message does not need it twice
  return matched;
}

/** Whether `message` may be retained; that it may not is logged, since MQTT 3 has no way to tell its Client. */
export function hasRoomToRetain(parts: Parts, message: Message, entry: SessionEntry): boolean {
  const limit = parts.retained.limitReachedBy(message);
  if (limit !== undefined) {
    parts.drops.noteRefused(entry.session.clientId, limit, parts.time.nowMs);
  }
  return limit === undefined;
}

/** Retains and routes a Will Message, if its Client may publish it. */
export function publishWill(parts: Parts, message: Message, entry: SessionEntry): void {
  if (!mayPublish(entry, message.topicName)) {
    return parts.denials.will(entry, message.topicName, parts.time.nowMs);
  }
  if (message.retain && !hasRoomToRetain(parts, message, entry)) return;
  routeMessage(parts, message, undefined, entry);
}
