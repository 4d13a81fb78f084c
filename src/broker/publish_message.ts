// The way of a Message that is allowed: into the retained store, then through the router.

import type { ClientIdentity } from "../access/authorizer.ts";
import type { Message } from "../session/message.ts";
import type { Publisher } from "../session/session.ts";
import type { TopicName } from "../topic/topic_name.ts";
import type { Parts } from "./parts.ts";

/** What Clients may publish below $SYS: the state of their bridges, as with Mosquitto. */
const BRIDGE_STATE = /^\$SYS\/broker\/connection\/[^/]+\/state$/;

/** Whether `client` may publish to `name`. `$SYS` is the broker's own. */
export function mayPublish(parts: Parts, client: ClientIdentity, name: TopicName): boolean {
  if (name.charCodeAt(0) === DOLLAR && isReserved(name)) return false;
  return parts.authorizer.mayPublish(client, name);
}

const DOLLAR = 0x24;

function isReserved(name: TopicName): boolean {
  return name.startsWith("$share") || (name.startsWith("$SYS") && !BRIDGE_STATE.test(name));
}

/**
 * Retains and routes `message`.
 *
 * @param publisher held back if receivers can't keep up; undefined if nobody can be.
 * @returns whether any Subscription matched.
 */
export function routeMessage(
  parts: Parts,
  message: Message,
  publisher: Publisher | undefined,
): boolean {
  if (message.retain) parts.retained.store(message);
  const matched = parts.router.publish(message, publisher);
  message.forgetFrames(); // whoever keeps the message does not need it twice
  return matched;
}

/** Retains and routes a Will Message, if its Client may publish it. */
export function publishWill(parts: Parts, message: Message, client: ClientIdentity): void {
  if (!mayPublish(parts, client, message.topicName)) return;
  if (message.retain && !parts.retained.hasRoomFor(message)) return;
  routeMessage(parts, message, undefined);
}
