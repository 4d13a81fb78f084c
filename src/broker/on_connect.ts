// CONNECT (MQTT 5.0, section 3.1): who may go on to the Authenticator.

import type { AuthenticationOutcome, Credentials } from "../access/authenticator.ts";
import type { ConnectPacket } from "../packet/packets.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import { parseTopicName } from "../topic/topic_name.ts";
import { MqttError } from "../packet/mqtt_error.ts";
import { accept, refuseConnect } from "./connack.ts";
import type { Connection } from "./connection.ts";
import { BRIDGE_POLICY_PREFIX, type ListenerPolicy } from "./listener_policy.ts";
import { mountName } from "./mount_point.ts";
import { beginExchange } from "./on_auth.ts";
import { requestedExpiryInterval } from "./session_lifecycle.ts";

/** @throws {MqttError} with `connectVersion` set, if the CONNECT is refused for what it says. */
export function onConnect(connection: Connection, sent: ConnectPacket): void {
  connection.setVersion(sent.version);
  const packet = connection.policy.certifiesUserNames ? certified(connection, sent) : sent;
  const { policy } = connection;
  const ownId = packet.clientId === ""
    ? `${policy.autoIdPrefix}${connection.parts.ports.createUuid().toUpperCase()}` // [MQTT-3.1.3-6]
    : packet.clientId;
  const clientId = policy.usesUserNameAsClientId ? packet.userName ?? "" : ownId;
  const refused = refusedClientId(packet, ownId, policy) ?? refusal(connection, packet, clientId);
  if (refused !== undefined) {
    throw new MqttError(refused.reasonCode, refused.message, packet.version);
  }
  connection.phase = "authenticating";
  connection.clientId = clientId;
  const credentials: Credentials = {
    clientId,
    userName: packet.userName,
    password: packet.password,
    remoteAddress: connection.link.remoteAddress,
  };
  if (packet.properties.authenticationMethod !== undefined) {
    return beginExchange(connection, packet, credentials);
  }
  if (policy.certifiesUserNames) return accept(connection, packet, clientId, packet.userName, {});
  connection.pauseReading();
  policy.authenticator.authenticate(credentials, (outcome) => {
    onAuthenticated(connection, packet, clientId, outcome);
  });
}

/** The CONNECT with the User Name that the certificate says; what it says itself is not looked at. */
function certified({ link }: Connection, packet: ConnectPacket): ConnectPacket {
  const { certifiedUserName } = link;
  if (certifiedUserName === undefined) { // the code is Mosquitto's
    const message = "no certificate that says the User Name";
    throw new MqttError(ReasonCode.BadUserNameOrPassword, message, packet.version);
  }
  return { ...packet, userName: certifiedUserName, password: undefined };
}

interface Refusal {
  readonly reasonCode: ReasonCode;
  readonly message: string;
}

function refusal(
  connection: Connection,
  packet: ConnectPacket,
  clientId: string,
): Refusal | undefined {
  const { policy } = connection;
  const { limits } = policy;
  const { will, version } = packet;
  const { maximumKeepAlive, maximumPayloadSize } = limits;
  if (isOfBridge(connection, packet)) {
    const message = "the Client Identifier is that of a bridge";
    return { reasonCode: ReasonCode.ClientIdentifierNotValid, message };
  }
  if (will !== undefined) {
    parseWillTopic(packet, policy);
    if (maximumPayloadSize > 0 && will.payload.length > maximumPayloadSize) { // as Mosquitto
      const reasonCode = version === 5 ? ReasonCode.PacketTooLarge : ReasonCode.NotAuthorized;
      return { reasonCode, message: `Will of ${will.payload.length} bytes` };
    }
    if (will.qos > limits.maximumQoS) { // [MQTT-3.2.2-12]
      return { reasonCode: ReasonCode.QoSNotSupported, message: `Will QoS ${will.qos}` };
    }
    if (will.retain && !limits.retainAvailable) { // [MQTT-3.2.2-13]
      return { reasonCode: ReasonCode.RetainNotSupported, message: "Will Retain" };
    }
  }
  const keepAliveTooLong = packet.keepAlive === 0 || packet.keepAlive > maximumKeepAlive;
  if (version !== 5 && maximumKeepAlive > 0 && keepAliveTooLong) {
    // MQTT 3 has no Server Keep Alive; Mosquitto refuses with this code.
    const message = `Keep Alive ${packet.keepAlive} is above ${maximumKeepAlive}`;
    return { reasonCode: ReasonCode.ClientIdentifierNotValid, message };
  }
  const { sessions, journal } = connection.parts;
  if (journal.trouble !== undefined && journal.isCongested && requestedExpiryInterval(packet) > 0) {
    const message = `no further Session can be stored: ${journal.trouble}`;
    return { reasonCode: ReasonCode.ServerBusy, message };
  }
  if (sessions.size >= limits.maximumSessions && sessions.get(clientId) === undefined) {
    return { reasonCode: ReasonCode.ServerBusy, message: "there are too many Sessions" };
  }
  return undefined;
}

/**
 * The codes are Mosquitto's.
 * @param ownId what the Client calls itself, or was assigned.
 */
/** Whether the Session that it asks for is a bridge's, and it is none. */
function isOfBridge({ policy, parts }: Connection, packet: ConnectPacket): boolean {
  const clientId = policy.usesUserNameAsClientId ? packet.userName! : packet.clientId;
  const listener = parts.sessions.get(clientId)?.listener;
  return listener !== undefined && listener.startsWith(BRIDGE_POLICY_PREFIX) &&
    !policy.name.startsWith(BRIDGE_POLICY_PREFIX);
}

function refusedClientId(
  { clientId, cleanStart, userName, version }: ConnectPacket,
  ownId: string,
  policy: ListenerPolicy,
): Refusal | undefined {
  if (!policy.acceptedVersions.includes(version)) { // [MQTT-3.1.2-2]
    const message = `Protocol Version ${version} is not accepted here`;
    return { reasonCode: ReasonCode.UnsupportedProtocolVersion, message };
  }
  const mayBeAssigned = policy.assignsClientIds && (version === 5 || version === 4 && cleanStart);
  if (clientId === "" && !mayBeAssigned) { // [MQTT-3.1.3-8] of 3.1.1
    const reasonCode = version === 5
      ? ReasonCode.UnspecifiedError
      : ReasonCode.ClientIdentifierNotValid;
    return { reasonCode, message: "zero-length Client Identifier" };
  }
  const reasonCode = ReasonCode.NotAuthorized;
  const prefixes = policy.clientIdPrefixes;
  if (prefixes !== undefined && !prefixes.some((prefix) => ownId.startsWith(prefix))) {
    const message = `Client Identifier begins with none of ${prefixes.join(", ")}`;
    return { reasonCode, message };
  }
  if (policy.usesUserNameAsClientId && !userName) {
    return { reasonCode, message: "no User Name to be the Client Identifier" };
  }
  return undefined;
}

function parseWillTopic(packet: ConnectPacket, { limits, mountPoint }: ListenerPolicy): void {
  try {
    mountName(mountPoint, parseTopicName(packet.will!.topicName, limits.maximumTopicLevels));
  } catch (error) {
    if (!(error instanceof MqttError)) throw error;
    throw new MqttError(error.reasonCode, `Will: ${error.message}`, packet.version);
  }
}

/** The Authenticator's answer, which may come long after the question. */
function onAuthenticated(
  connection: Connection,
  packet: ConnectPacket,
  clientId: string,
  outcome: AuthenticationOutcome,
): void {
  connection.resumeReading();
  if (connection.phase !== "authenticating") return; // the peer did not wait
  if (outcome.accepted) {
    accept(connection, packet, clientId, outcome.userName ?? packet.userName, {});
  } else {
    refuseConnect(connection, packet.version, outcome.reasonCode);
  }
}
