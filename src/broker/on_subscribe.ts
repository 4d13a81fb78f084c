// SUBSCRIBE and UNSUBSCRIBE (MQTT 5.0, sections 3.8 to 3.11).

import { MqttError } from "../packet/mqtt_error.ts";
import { PacketType } from "../packet/packet_type.ts";
import type { SubscribePacket, SubscriptionRequest, UnsubscribePacket } from "../packet/packets.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import { Subscription } from "../session/subscription.ts";
import { type ParsedTopicFilter, parseTopicFilter } from "../topic/topic_filter.ts";
import type { DeliverySource } from "../session/session_ports.ts";
import type { TopicName } from "../topic/topic_name.ts";
import type { Connection } from "./connection.ts";
import { mayReceive } from "./denial_log.ts";
import { whenStored } from "./held_output.ts";
import { mountFilter } from "./mount_point.ts";
import { logFilter } from "./packet_log.ts";
import type { Parts } from "./parts.ts";
import type { SessionEntry } from "./sessions.ts";

/**
 * What a packet subscribes to, by Topic Filter: one that stands in it a thousand times is kept, and its retained
 * messages are looked up, once.
 */
type Subscribed = Map<
  string,
  { readonly subscription: Subscription; readonly wantsRetained: boolean }
>;

/** @throws {MqttError} if a Topic Filter is none: nothing of the packet is done then. */
export function onSubscribe(connection: Connection, packet: SubscribePacket): void {
  const { policy, state } = connection;
  const { mountPoint, limits: { maximumTopicLevels } } = policy;
  const filters = packet.subscriptions.map((request) => {
    const filter = parseTopicFilter(request.topicFilter, maximumTopicLevels);
    if (filter.shareName !== undefined && request.noLocal) { // [MQTT-3.8.3-4]
      throw new MqttError(ReasonCode.ProtocolError, "No Local on a Shared Subscription");
    }
    return mountFilter(mountPoint, filter);
  });
  const identifier = packet.properties.subscriptionIdentifiers?.[0] ?? 0;
  const subscribed: Subscribed = new Map();
  const { log } = connection.parts.ports;
  const reasonCodes = packet.subscriptions.map((asked, i) => {
    const request = state.isBridge ? { ...asked, noLocal: true, retainAsPublished: true } : asked;
    const filter = filters[i]!;
    const refused = refusal(connection, request, filter, identifier);
    if (log.isDebugEnabled) logFilter(connection, asked.topicFilter, refused ?? request.qos);
    if (refused !== undefined) return refusedCode(connection, request, refused);
    subscribe(connection, request, filter, identifier, subscribed);
    log.write("subscribe", `${connection.clientId} ${request.qos} ${request.topicFilter}`);
    return request.qos; // [MQTT-3.8.4-7]
  });
  const sources = keep(connection, subscribed);
  // [MQTT-3.8.4-1], [MQTT-3.8.4-6]; the retained messages come behind it, as with Mosquitto.
  const deliverRetained = () => {
    const { session } = state.entry;
    for (const source of sources) {
      if (session.subscription(source.topicFilter) !== undefined) session.deliverFrom(source);
    }
  };
  whenStored(connection, connection.parts.journal.awaited(), () => {
    connection.send({
      type: PacketType.Suback,
      packetId: packet.packetId,
      reasonCodes,
      properties: {},
    });
    deliverRetained();
  }, deliverRetained); // the Subscription is there, whether or not its Client was told
}

/** MQTT 3.1.1 has one code for a refusal, MQTT 3.1 none: its Clients are told what they asked for. */
function refusedCode(
  { version }: Connection,
  request: SubscriptionRequest,
  refused: ReasonCode,
): number {
  return version === 5 ? refused : version === 4 ? ReasonCode.UnspecifiedError : request.qos;
}

function refusal(
  connection: Connection,
  request: SubscriptionRequest,
  filter: ParsedTopicFilter,
  identifier: number,
): ReasonCode | undefined {
  const { limits, authorizer } = connection.policy;
  const { entry } = connection.state;
  const { session } = entry;
  if (filter.shareName !== undefined && !limits.sharedSubscriptionAvailable) {
    return ReasonCode.SharedSubscriptionsNotSupported;
  }
  if (identifier !== 0 && !limits.subscriptionIdentifierAvailable) {
    return ReasonCode.SubscriptionIdentifiersNotSupported;
  }
  if (!limits.wildcardSubscriptionAvailable && /[+#]/.test(filter.filter)) {
    return ReasonCode.WildcardSubscriptionsNotSupported;
  }
  if (!authorizer.maySubscribe(entry.identity, filter.filter)) {
    const { denials, time } = connection.parts;
    denials.subscription(entry, filter.filter, time.nowMs);
    return ReasonCode.NotAuthorized;
  }
  const { journal } = connection.parts;
  // MQTT 3.1 has no code for a refusal: its SUBACK waits.
  if (journal.trouble !== undefined && session.storedNumber !== 0 && connection.version !== 3) {
    return ReasonCode.QuotaExceeded;
  }
  const isNew = session.subscription(request.topicFilter) === undefined;
  return isNew && session.subscriptionCount >= limits.maximumSubscriptions
    ? ReasonCode.QuotaExceeded
    : undefined;
}

function subscribe(
  connection: Connection,
  request: SubscriptionRequest,
  filter: ParsedTopicFilter,
  identifier: number,
  subscribed: Subscribed,
): void {
  const { router } = connection.parts;
  const { session } = connection.state.entry;
  const { topicFilter } = request;
  let subscription = session.subscription(topicFilter);
  const isNew = subscription === undefined;
  if (subscription === undefined) {
    subscription = new Subscription(session, filter, request, identifier);
    session.addSubscription(topicFilter, subscription);
    router.add(subscription);
  } else {
    subscription.replaceOptions(request, identifier);
    router.forgetRoutes();
  }
  // Retain Handling: 0 always [MQTT-3.3.1-9], 1 for a new one [MQTT-3.3.1-10], 2 never [MQTT-3.3.1-11];
  // never for a Shared Subscription (section 4.8.2).
  const wants = request.retainHandling === 0 || (request.retainHandling === 1 && isNew);
  const wantsRetained = wants && filter.shareName === undefined;
  const before = subscribed.get(topicFilter)?.wantsRetained ?? false;
  subscribed.set(topicFilter, { subscription, wantsRetained: wantsRetained || before });
}

/** Has the journal keep what was subscribed to. @returns the retained messages for it. */
function keep({ parts, state: { entry } }: Connection, subscribed: Subscribed): DeliverySource[] {
  const { session } = entry;
  const sources: DeliverySource[] = [];
  for (const [topicFilter, { subscription, wantsRetained }] of subscribed) {
    const source = wantsRetained ? retainedFor(parts, entry, topicFilter, subscription) : undefined;
    if (source !== undefined) sources.push(source);
    if (session.storedNumber === 0) continue;
    parts.journal.subscribed(session, topicFilter, subscription, source !== undefined);
  }
  return sources;
}

/** The retained messages for a Subscription; undefined if there are none. */
export function retainedFor(
  parts: Parts,
  entry: SessionEntry,
  topicFilter: string,
  subscription: Subscription,
): DeliverySource | undefined {
  const { session } = entry;
  const may = (name: TopicName) => mayReceive(parts, entry, name);
  return parts.retained.sourceFor(subscription, topicFilter, may, () => {
    const isKept = session.storedNumber !== 0 && session.subscription(topicFilter) === subscription;
    if (isKept) parts.journal.subscribed(session, topicFilter, subscription, false);
  }, parts.router.upgradesQoS);
}

/** @throws {MqttError} if a Topic Filter is none. */
export function onUnsubscribe(connection: Connection, packet: UnsubscribePacket): void {
  const { parts, state } = connection;
  const { session } = state.entry;
  for (const topicFilter of packet.topicFilters) {
    parseTopicFilter(topicFilter, connection.policy.limits.maximumTopicLevels);
  }
  const { log } = parts.ports;
  const reasonCodes = packet.topicFilters.map((topicFilter) => { // [MQTT-3.10.4-1]
    if (log.isDebugEnabled) log.write("debug", `\t${topicFilter}`);
    log.write("unsubscribe", `${connection.clientId} ${topicFilter}`);
    const subscription = session.subscription(topicFilter);
    if (subscription === undefined) return ReasonCode.NoSubscriptionExisted;
    session.removeSubscription(topicFilter);
    if (session.storedNumber !== 0) parts.journal.unsubscribed(session, topicFilter);
    parts.router.remove(subscription);
    return ReasonCode.Success;
  });
  // What is not there may have ended by an earlier connection, and that not be stored yet.
  if (session.storedNumber !== 0) parts.journal.awaitEarlier();
  whenStored(connection, parts.journal.awaited(), () => {
    connection.send({
      type: PacketType.Unsuback,
      packetId: packet.packetId,
      reasonCodes: connection.version === 5 ? reasonCodes : [],
      properties: {},
    });
  });
}
