// DISCONNECT from a Client (MQTT 5.0, section 3.14).

import { MqttError } from "../packet/mqtt_error.ts";
import type { DisconnectPacket } from "../packet/packets.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import type { Connection } from "./connection.ts";
import { allowedExpiryInterval } from "./session_lifecycle.ts";

/** @throws {MqttError} 0x82 if it would let a Session live on that was to end with the connection. */
export function onDisconnect(connection: Connection, packet: DisconnectPacket): void {
  if (!connection.isConnected) return connection.endByClient(); // it gives up authentication
  const { entry, initialExpiryInterval } = connection.state;
  const expiryInterval = packet.properties.sessionExpiryInterval;
  if (expiryInterval !== undefined) {
    if (expiryInterval !== 0 && initialExpiryInterval === 0) { // section 3.14.2.2.2
      const message = "DISCONNECT raises a Session Expiry Interval of 0";
      throw new MqttError(ReasonCode.ProtocolError, message);
    }
    entry.hasPassingState = true; // what is stored says something else
    entry.session.expiryInterval = allowedExpiryInterval(expiryInterval, connection.policy.limits);
  }
  if (packet.reasonCode === ReasonCode.Success) connection.will = undefined; // [MQTT-3.14.4-3]
  connection.endByClient();
}
