// PUBLISH and its acknowledgements (MQTT 5.0, sections 3.3 to 3.7, 4.3, 4.4).

import { MqttError } from "../packet/mqtt_error.ts";
import { PacketType } from "../packet/packet_type.ts";
import type { AckPacket } from "../packet/packets.ts";
import type { PublishPacket } from "../packet/publish.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import { Message } from "../session/message.ts";
import { parseTopicName, type TopicName } from "../topic/topic_name.ts";
import type { Connection } from "./connection.ts";
import { acknowledge } from "./held_output.ts";
import { mountName } from "./mount_point.ts";
import { logPublishReceived } from "./packet_log.ts";
import { PublishMemory } from "./publish_memory.ts";
import { hasRoomToRetain, mayPublish, routeMessage } from "./publish_message.ts";

const PUBACK = PacketType.Puback << 4;
const PUBREC = PacketType.Pubrec << 4;
const PUBREL = PacketType.Pubrel << 4 | 2;
const PUBCOMP = PacketType.Pubcomp << 4;

/** @throws {MqttError} for what ends the connection; what is only declined goes into the PUBACK or PUBREC. */
export function onPublish(connection: Connection, packet: PublishPacket): void {
  const { parts } = connection;
  const { statistics, time } = parts;
  const { limits } = connection.policy;
  statistics.publishReceived++;
  statistics.publishBytesReceived += packet.end - packet.payloadStart;
  if (packet.subscriptionIdentifiers !== undefined) { // [MQTT-3.3.4-6]
    throw new MqttError(ReasonCode.ProtocolError, "PUBLISH with a Subscription Identifier");
  }
  if (packet.qos > limits.maximumQoS) { // [MQTT-3.2.2-11]
    throw new MqttError(ReasonCode.QoSNotSupported, `PUBLISH with QoS ${packet.qos}`);
  }
  if (packet.retain && !limits.retainAvailable) { // [MQTT-3.2.2-14]
    throw new MqttError(ReasonCode.RetainNotSupported, "PUBLISH with RETAIN");
  }
  const { entry } = connection.state;
  const { session } = entry;
  const repeated = isRepeated(connection, packet);
  const name = repeated ? connection.lastTopicName! : topicNameOf(connection, packet);
  const logsDebug = parts.ports.log.isDebugEnabled;
  if (!mayPublish(entry, name)) {
    parts.denials.publish(entry, packet, name, time.nowMs);
    if (logsDebug) logPublishReceived(connection, packet, name, "Denied");
    return decline(connection, packet, ReasonCode.NotAuthorized);
  }
  const { maximumPayloadSize } = limits;
  if (maximumPayloadSize > 0 && packet.end - packet.payloadStart > maximumPayloadSize) {
    if (logsDebug) logPublishReceived(connection, packet, name, "Dropped too large");
    return decline(connection, packet, ReasonCode.QuotaExceeded); // a PUBACK has no 0x95 [MQTT-3.4.2-1]
  }
  if (logsDebug) logPublishReceived(connection, packet, name, "Received");
  const message = Message.fromPublish(
    packet,
    name,
    connection.version,
    time.nowMs,
    session.clientId,
  );
  if (message.retain && !hasRoomToRetain(parts, message, entry)) {
    return decline(connection, packet, ReasonCode.QuotaExceeded);
  }
  if (packet.qos > 0 && mustBeRefused(connection, packet, name)) {
    return decline(connection, packet, ReasonCode.QuotaExceeded);
  }
  if (packet.qos === 2) return holdMessage(connection, packet.packetId, message);
  if (packet.qos === 1) checkReceiveMaximum(connection);
  const matched = routeMessage(parts, message, connection, entry);
  if (packet.qos === 0) {
    if (packet.retain && parts.journal.isCongested) parts.journal.holdBack(connection);
    if (repeated) (connection.publishMemory ??= new PublishMemory(connection)).remember(packet);
  } else { // [MQTT-4.3.2-4]
    const reason = matched ? ReasonCode.Success : ReasonCode.NoMatchingSubscribers;
    acknowledge(connection, parts.journal.awaited(), PUBACK, packet.packetId, reason);
  }
}

/** Whether nobody could be promised that `packet` is kept. MQTT 3 can't be told: its PUBACK waits until it is. */
function mustBeRefused(connection: Connection, packet: PublishPacket, name: TopicName): boolean {
  const { journal, router } = connection.parts;
  if (journal.trouble === undefined || connection.version !== 5) return false;
  const { session } = connection.state.entry;
  if (packet.qos === 2 && session.inbound.held.has(packet.packetId)) return false; // it may be kept already
  return packet.retain || router.hasStoredReceiver(name) ||
    (packet.qos === 2 && session.storedNumber !== 0);
}

/** True if this is published to the same Topic Name as the last PUBLISH. */
function isRepeated({ lastSaidName }: Connection, packet: PublishPacket): boolean {
  return packet.topicAlias === 0 && packet.topicName === lastSaidName;
}

/** The broker's name for what a PUBLISH is published to; remembered for the next one. */
function topicNameOf(connection: Connection, packet: PublishPacket): TopicName {
  const said = saidName(connection, packet);
  connection.lastTopicName = mountName(connection.policy.mountPoint, said);
  connection.lastSaidName = said;
  return connection.lastTopicName;
}

/** The Topic Name that the Client says, or its Topic Alias stands for. */
function saidName(connection: Connection, packet: PublishPacket): TopicName {
  const { maximumTopicLevels } = connection.policy.limits;
  if (packet.topicAlias === 0) return parseTopicName(packet.topicName, maximumTopicLevels);
  const aliases = connection.state.inboundAliases;
  if (aliases === undefined) {
    throw new MqttError(ReasonCode.TopicAliasInvalid, "Topic Alias in MQTT 3");
  }
  return parseTopicName(aliases.resolve(packet.topicAlias, packet.topicName), maximumTopicLevels);
}

/** The message goes no further; MQTT 3 has no way to say so and acknowledges (3.1.1, section 3.3.5). */
function decline(connection: Connection, packet: PublishPacket, reason: ReasonCode): void {
  if (packet.qos === 1) acknowledge(connection, undefined, PUBACK, packet.packetId, reason);
  if (packet.qos === 2) acknowledge(connection, undefined, PUBREC, packet.packetId, reason);
}

/** QoS 2: the message waits for its PUBREL; a repeated PUBLISH changes nothing [MQTT-4.3.3-10]. */
function holdMessage(connection: Connection, packetId: number, message: Message): void {
  const { parts: { journal, environment }, state: { entry: { session } } } = connection;
  const { inbound } = session;
  if (!inbound.holds(packetId, message)) {
    checkReceiveMaximum(connection);
    if (inbound.bytes + message.size > connection.policy.limits.maximumHeldBytes) {
      throw new MqttError(ReasonCode.QuotaExceeded, "too many bytes wait for their PUBREL");
    }
    if (!environment.storedBytes.hasRoomFor(message)) {
      throw new MqttError(ReasonCode.QuotaExceeded, "maximumStoredBytes reached");
    }
    const replaced = inbound.hold(packetId, message);
    if (session.storedNumber !== 0) {
      if (replaced !== undefined) journal.heldEnded(session, packetId, replaced);
      journal.held(session, packetId, message);
    }
  } else if (session.storedNumber !== 0) {
    journal.awaitEarlier(); // the first one may have come by an earlier connection, and not be stored yet
  }
  acknowledge(connection, journal.awaited(), PUBREC, packetId, ReasonCode.Success); // [MQTT-4.3.3-8]
}

/** Only MQTT 5.0 tells its Clients how many QoS 1 and 2 messages may be under way [MQTT-3.3.4-9]. */
function checkReceiveMaximum(connection: Connection): void {
  if (connection.version !== 5) return;
  const { receiveMaximum } = connection.policy.limits;
  const { entry, held } = connection.state;
  if (entry.session.inbound.quotaUsed + (held?.pubacks ?? 0) < receiveMaximum) return;
  throw new MqttError(
    ReasonCode.ReceiveMaximumExceeded,
    `more than ${receiveMaximum} messages are not acknowledged`,
  );
}

export function onPuback(connection: Connection, packet: AckPacket): void {
  const { session } = connection.state.entry;
  if (session.outbound.acknowledge(packet.packetId)) placeIsFree(connection);
}

export function onPubrec(connection: Connection, packet: AckPacket): void {
  const { parts: { journal }, state: { entry: { session } } } = connection;
  if (session.outbound.receive(packet.packetId, packet.reasonCode) === "ended") {
    return placeIsFree(connection);
  }
  if (session.storedNumber !== 0) journal.awaitEarlier();
  // Not before it is stored that the message was received: a PUBLISH after a PUBREL would be another message.
  acknowledge(connection, journal.awaited(), PUBREL, packet.packetId, ReasonCode.Success); // [MQTT-4.3.3-4]
}

export function onPubrel(connection: Connection, packet: AckPacket): void {
  const { parts, state: { entry } } = connection;
  const { session } = entry;
  const message = session.inbound.release(packet.packetId);
  if (message !== undefined) {
    if (session.storedNumber !== 0) parts.journal.heldEnded(session, packet.packetId, message);
    routeMessage(parts, message, connection, entry);
  } else if (session.storedNumber !== 0) {
    parts.journal.awaitEarlier(); // it may have been released by an earlier connection, and that not be stored yet
  }
  // An identifier that is not known is answered all the same, and as Mosquitto answers it: without 0x92,
  // which is no error while a Session is resumed (section 3.7.2.1).
  acknowledge(connection, parts.journal.awaited(), PUBCOMP, packet.packetId, ReasonCode.Success); // [MQTT-4.3.3-11]
}

export function onPubcomp(connection: Connection, packet: AckPacket): void {
  const { session } = connection.state.entry;
  if (session.outbound.complete(packet.packetId)) placeIsFree(connection);
}

function placeIsFree(connection: Connection): void {
  connection.state.entry.session.pump();
  connection.output.endBackpressureIfDrained();
}
