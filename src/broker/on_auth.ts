// Enhanced authentication (MQTT 5.0, section 4.12): the exchange of AUTH packets. The methods themselves
// are the Authenticator's.
//
//   CONNECT --> [AUTH 0x18 <--> AUTH 0x18]* --> CONNACK        before the Session
//   AUTH 0x19 --> [AUTH 0x18 <--> AUTH 0x18]* --> AUTH 0x00     re-authentication, within it

import type {
  AuthenticationExchange,
  Credentials,
  ExchangeOutcome,
} from "../access/authenticator.ts";
import { copyBytes } from "../packet/bytes.ts";
import { MqttError } from "../packet/mqtt_error.ts";
import { PacketType } from "../packet/packet_type.ts";
import type { AuthPacket, ConnectPacket } from "../packet/packets.ts";
import type { Properties } from "../packet/properties.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import type { Connection } from "./connection.ts";
import { accept, refuseConnect } from "./connack.ts";

/** An exchange under way on a connection. */
export interface PendingExchange {
  readonly exchange: AuthenticationExchange;
  readonly method: string;
  /** The CONNECT that waits for the end of the exchange; undefined for a re-authentication. */
  readonly connect: { readonly packet: ConnectPacket; readonly clientId: string } | undefined;
}

/** A CONNECT with an Authentication Method: the exchange begins. */
export function beginExchange(
  connection: Connection,
  packet: ConnectPacket,
  credentials: Credentials,
): void {
  const method = packet.properties.authenticationMethod!;
  const exchange = connection.policy.authenticator.beginExchange(method, credentials);
  if (exchange === undefined) { // section 4.12: the Server does not support the method
    return refuseConnect(connection, packet.version, ReasonCode.BadAuthenticationMethod);
  }
  connection.exchange = {
    exchange,
    method,
    connect: { packet, clientId: credentials.clientId },
  };
  step(connection, connection.exchange, packet.properties.authenticationData);
}

/** @throws {MqttError} 0x82 for an AUTH out of order or with another method. */
export function onAuth(connection: Connection, packet: AuthPacket): void {
  const pending = connection.exchange ?? beginReAuthentication(connection);
  const isFirst = pending !== connection.exchange;
  const expected = isFirst ? ReasonCode.ReAuthenticate : ReasonCode.ContinueAuthentication;
  if (packet.reasonCode !== expected) {
    throw new MqttError(ReasonCode.ProtocolError, "AUTH with a Reason Code out of order");
  }
  if (packet.properties.authenticationMethod !== pending.method) { // [MQTT-4.12.0-5], [MQTT-4.12.1-1]
    throw new MqttError(ReasonCode.ProtocolError, "AUTH with another Authentication Method");
  }
  connection.exchange = pending;
  step(connection, pending, authenticationDataOf(packet));
}

/** The exchange may answer later, so it gets bytes of its own. */
function authenticationDataOf(packet: AuthPacket): Uint8Array | undefined {
  const data = packet.properties.authenticationData;
  return data === undefined ? undefined : copyBytes(data);
}

function beginReAuthentication(connection: Connection): PendingExchange {
  const method = connection.isConnected ? connection.state.authenticationMethod : undefined;
  if (method === undefined) { // [MQTT-4.12.0-7]
    throw new MqttError(ReasonCode.ProtocolError, "AUTH without Authentication Method in CONNECT");
  }
  const { identity } = connection.state.entry;
  const exchange = connection.policy.authenticator.beginExchange(method, {
    ...identity,
    password: undefined,
    remoteAddress: connection.link.remoteAddress,
  });
  if (exchange === undefined) {
    throw new MqttError(ReasonCode.BadAuthenticationMethod, `no more ${method}`);
  }
  return { exchange, method, connect: undefined };
}

function step(
  connection: Connection,
  pending: PendingExchange,
  data: Uint8Array | undefined,
): void {
  connection.pauseReading();
  pending.exchange.step(data, (outcome) => {
    connection.resumeReading();
    if (connection.exchange !== pending || !connection.isOpen) return; // the peer did not wait
    onStep(connection, pending, outcome);
  });
}

function onStep(connection: Connection, pending: PendingExchange, outcome: ExchangeOutcome): void {
  const { connect, method } = pending;
  if (outcome.step === "continue") {
    return sendAuth(connection, ReasonCode.ContinueAuthentication, method, outcome.data);
  }
  connection.exchange = undefined;
  if (outcome.step === "refused") {
    return connect === undefined
      ? connection.disconnect(outcome.reasonCode)
      : refuseConnect(connection, connect.packet.version, outcome.reasonCode);
  }
  if (connect === undefined) return sendAuth(connection, ReasonCode.Success, method, outcome.data);
  const { packet, clientId } = connect;
  const userName = outcome.userName ?? packet.userName;
  accept(connection, packet, clientId, userName, authenticationProperties(method, outcome.data));
}

function sendAuth(
  connection: Connection,
  reasonCode: ReasonCode,
  method: string,
  data: Uint8Array | undefined,
): void {
  const properties = authenticationProperties(method, data);
  connection.send({ type: PacketType.Auth, reasonCode, properties });
}

function authenticationProperties(method: string, data: Uint8Array | undefined): Properties {
  const properties: Properties = { authenticationMethod: method };
  if (data !== undefined) properties.authenticationData = data;
  return properties;
}
