// CONNACK (MQTT 5.0, section 3.2): how a CONNECT ends, accepted or refused.

import { PacketType, type ProtocolVersion } from "../packet/packet_type.ts";
import type { ConnectPacket } from "../packet/packets.ts";
import { PATH_PROPERTY, type Properties } from "../packet/properties.ts";
import { connectReturnCodeFor, ReasonCode } from "../packet/reason_code.ts";
import { InboundTopicAliases, OutboundTopicAliases } from "../session/topic_aliases.ts";
import type { Connection } from "./connection.ts";
import { logConnected, logEndFor } from "./connection_log.ts";
import type { Limits } from "./limits.ts";
import { whenStored } from "./held_output.ts";
import { mountWill } from "./mount_point.ts";
import { allowedExpiryInterval } from "./session_lifecycle.ts";

/**
 * Sends the CONNACK of a CONNECT that is refused, in the form of `version`, and closes. Of its Properties
 * only Maximum QoS is told, as Mosquitto does [MQTT-3.2.2-9].
 */
export function refuseConnect(
  connection: Connection,
  version: ProtocolVersion,
  reasonCode: ReasonCode,
): void {
  connection.setVersion(version);
  const code = version === 5 ? reasonCode : connectReturnCodeFor(reasonCode);
  const { maximumQoS } = connection.policy.limits;
  if (code !== undefined) {
    connection.send({
      type: PacketType.Connack,
      sessionPresent: false, // [MQTT-3.2.2-6]
      reasonCode: code,
      properties: version === 5 && maximumQoS < 2 ? { maximumQoS } : {},
    });
  }
  logEndFor(connection, reasonCode);
  connection.closeAfterRefusal();
}

/**
 * Gives the connection its Session, sends the CONNACK and what waits for the Client.
 * @param authentication Properties that end an exchange of AUTH packets.
 */
export function accept(
  connection: Connection,
  packet: ConnectPacket,
  clientId: string,
  name: string | undefined,
  authentication: Properties,
): void {
  const { parts } = connection;
  const { sessions, statistics } = parts;
  const { limits } = connection.policy;
  const { version, properties } = packet;
  const userName = name === "" ? undefined : name; // it names nobody, as with Mosquitto
  const identity = { clientId, userName };
  const { entry, sessionPresent, lastsLonger } = parts.lifecycle.open(
    packet,
    identity,
    connection.policy,
  );
  const keepAlive = serverKeepAlive(packet.keepAlive, limits) ?? packet.keepAlive;
  const aliases = Math.min(properties.topicAliasMaximum ?? 0, limits.topicAliasMaximumToClient);
  connection.will = mountWill(connection.policy.mountPoint, packet.will);
  connection.establish({
    entry,
    keepAliveMs: keepAlive * 1_500, // one and a half times the Keep Alive [MQTT-3.1.2-22]
    maximumPacketSize: properties.maximumPacketSize ?? Infinity,
    inboundAliases: version === 5 ? new InboundTopicAliases(limits.topicAliasMaximum) : undefined,
    outboundAliases: aliases > 0 ? new OutboundTopicAliases(aliases) : undefined,
    initialExpiryInterval: entry.session.expiryInterval,
    authenticationMethod: properties.authenticationMethod,
    isBridge: packet.isBridge,
    held: undefined,
    isAnnounced: false,
  });
  sessions.attach(entry, connection);
  parts.router.receiversMoved();
  statistics.connectsAccepted++;
  logConnected(connection, packet, userName);
  // What the Client is told of its Session must be stored: that the old one has ended, or that it goes on. While
  // nothing can be stored, nothing can make it go on; but nobody has to wait for that.
  const { journal } = parts;
  const waits = journal.isEnding(clientId) || (lastsLonger && journal.trouble === undefined);
  if (waits) journal.awaitEarlier();
  const unit = waits ? journal.awaited() : undefined;
  if (unit !== undefined) connection.pauseReading(); // the CONNACK is the first packet [MQTT-3.2.0-1]
  whenStored(connection, unit, () => {
    entry.session.attach(connection.output, windowLimit(packet, limits));
    connection.state.isAnnounced = true;
    connection.send({
      type: PacketType.Connack,
      // MQTT 3.1 has no Session Present flag; MQTT 5.0 and 3.1.1 do [MQTT-3.2.2-2], [MQTT-3.2.2-3].
      sessionPresent: sessionPresent && version !== 3,
      reasonCode: ReasonCode.Success,
      properties: version === 5 ? announcement(connection, packet, clientId, authentication) : {},
    });
    entry.session.resume();
    if (unit !== undefined) connection.resumeReading();
  });
}

/** What the broker limits, in Mosquitto's order. */
function announcement(
  { policy: { limits }, parts }: Connection,
  packet: ConnectPacket,
  clientId: string,
  authentication: Properties,
): Properties {
  const properties: Properties = {};
  const keepAlive = serverKeepAlive(packet.keepAlive, limits);
  if (keepAlive !== undefined) properties.serverKeepAlive = keepAlive; // [MQTT-3.2.2-21]
  if (limits.topicAliasMaximum > 0) properties.topicAliasMaximum = limits.topicAliasMaximum;
  const requested = packet.properties.sessionExpiryInterval ?? 0;
  const expiryInterval = allowedExpiryInterval(requested, limits);
  if (expiryInterval !== requested) properties.sessionExpiryInterval = expiryInterval; // section 3.2.2.3.2
  if (packet.clientId === "") properties.assignedClientIdentifier = clientId; // [MQTT-3.2.2-16]
  Object.assign(properties, authentication);
  if (!limits.retainAvailable) properties.retainAvailable = 0;
  properties.maximumPacketSize = limits.maximumPacketSize;
  if (limits.receiveMaximum < 65_535) properties.receiveMaximum = limits.receiveMaximum; // its default
  if (limits.maximumQoS < 2) properties.maximumQoS = limits.maximumQoS; // [MQTT-3.2.2-9]
  if (!limits.wildcardSubscriptionAvailable) properties.wildcardSubscriptionAvailable = 0;
  if (!limits.subscriptionIdentifierAvailable) properties.subscriptionIdentifierAvailable = 0;
  if (!limits.sharedSubscriptionAvailable) properties.sharedSubscriptionAvailable = 0;
  // A bridge asks which broker this is, so that messages do not go round for ever.
  const isAsked = packet.properties.userProperties?.some(([name]) => name === PATH_PROPERTY);
  if (isAsked) properties.userProperties = [[PATH_PROPERTY, parts.id()]];
  return properties;
}

/** Seconds that replace the Client's Keep Alive; undefined if that stands. */
function serverKeepAlive(keepAlive: number, limits: Limits): number | undefined {
  const { maximumKeepAlive } = limits;
  if (maximumKeepAlive === 0) return undefined;
  return keepAlive === 0 || keepAlive > maximumKeepAlive ? maximumKeepAlive : undefined;
}

/** How many QoS 1 and 2 messages may be under way to the Client [MQTT-3.3.4-9]. */
function windowLimit(packet: ConnectPacket, limits: Limits): number {
  return Math.min(packet.properties.receiveMaximum ?? 65_535, limits.maximumInflightMessages);
}
