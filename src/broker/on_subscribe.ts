// SUBSCRIBE and UNSUBSCRIBE (MQTT 5.0, sections 3.8 to 3.11).

import { MqttError } from "../packet/mqtt_error.ts";
import { PacketType } from "../packet/packet_type.ts";
import type { SubscribePacket, SubscriptionRequest, UnsubscribePacket } from "../packet/packets.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import { Subscription } from "../session/subscription.ts";
import { type ParsedTopicFilter, parseTopicFilter } from "../topic/topic_filter.ts";
import type { Connection } from "./connection.ts";
import { mayReceive } from "./denial_log.ts";
import { mountFilter } from "./mount_point.ts";
import { logFilter } from "./packet_log.ts";

/**
 * The Subscriptions whose retained messages follow the SUBACK, by Topic Filter: one that stands a thousand times in
 * a packet is looked up once.
 */
type WantRetained = Map<string, Subscription>;

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
  const wantRetained: WantRetained = new Map();
  const { log } = connection.parts.ports;
  const reasonCodes = packet.subscriptions.map((asked, i) => {
    const request = state.isBridge ? { ...asked, noLocal: true, retainAsPublished: true } : asked;
    const filter = filters[i]!;
    const refused = refusal(connection, request, filter, identifier);
    if (log.isDebugEnabled) logFilter(connection, asked.topicFilter, refused ?? request.qos);
    if (refused !== undefined) return refusedCode(connection, request, refused);
    subscribe(connection, request, filter, identifier, wantRetained);
    log.write("subscribe", `${connection.clientId} ${request.qos} ${request.topicFilter}`);
    return request.qos; // [MQTT-3.8.4-7]
  });
  // [MQTT-3.8.4-1], [MQTT-3.8.4-6]; the retained messages come behind it, as with Mosquitto.
  connection.send({
    type: PacketType.Suback,
    packetId: packet.packetId,
    reasonCodes,
    properties: {},
  });
  for (const [topicFilter, subscription] of wantRetained) {
    deliverRetained(connection, topicFilter, subscription);
  }
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
  wantRetained: WantRetained,
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
  if (wants && filter.shareName === undefined) wantRetained.set(topicFilter, subscription);
}

function deliverRetained(
  connection: Connection,
  topicFilter: string,
  subscription: Subscription,
): void {
  const { parts, state: { entry } } = connection;
  const source = parts.retained.sourceFor(
    subscription,
    topicFilter,
    (name) => mayReceive(parts, entry, name),
  );
  if (source !== undefined) entry.session.deliverFrom(source);
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
    parts.router.remove(subscription);
    return ReasonCode.Success;
  });
  connection.send({
    type: PacketType.Unsuback,
    packetId: packet.packetId,
    reasonCodes: connection.version === 5 ? reasonCodes : [],
    properties: {},
  });
}
