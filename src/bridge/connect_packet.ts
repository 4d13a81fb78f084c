// The CONNECT of a bridge to the remote broker, and the words for a CONNACK that refuses it.

import { PacketType, type ProtocolVersion } from "../packet/packet_type.ts";
import type { ConnackPacket, ConnectPacket } from "../packet/packets.ts";
import { PATH_PROPERTY } from "../packet/properties.ts";
import { NO_BYTES } from "../packet/publish.ts";
import { describeReasonCode } from "../packet/reason_code.ts";
import { encodeUtf8 } from "../packet/utf8.ts";
import type { BridgeSettings } from "./settings.ts";

/** @param isPrivate whether to say that we are a bridge, which MQTT 5.0 has No Local for. */
export function connectPacket(
  { remote, notifications }: BridgeSettings,
  isPrivate: boolean,
): ConnectPacket {
  const { version, password, userName } = remote;
  return {
    type: PacketType.Connect,
    version,
    isBridge: isPrivate && version !== 5,
    cleanStart: remote.cleanStart,
    keepAlive: remote.keepAlive,
    clientId: remote.clientId,
    will: notifications?.remote
      ? {
        topicName: notifications.topic,
        payload: encodeUtf8("0"),
        qos: 1,
        retain: remote.retains,
        willDelayInterval: 0,
        messageExpiryInterval: undefined,
        forwardedProperties: NO_BYTES,
      }
      : undefined,
    userName,
    password: password === undefined ? undefined : encodeUtf8(password),
    properties: version === 5
      ? {
        ...!remote.cleanStart && { sessionExpiryInterval: remote.sessionExpiryInterval },
        receiveMaximum: remote.receiveMaximum,
        ...remote.marksPath && { userProperties: [[PATH_PROPERTY, ""]] },
        ...remote.topicAliasMaximum > 0 && { topicAliasMaximum: remote.topicAliasMaximum },
      }
      : {},
  };
}

/** The Connect Return Codes of MQTT 3. */
const CONNECT_RETURN_CODES: readonly string[] = [
  "",
  "unacceptable protocol version",
  "identifier rejected",
  "server unavailable",
  "bad user name or password",
  "not authorized",
];

/** Why `connack` refuses. */
export function describeRefusal({ reasonCode }: ConnackPacket, version: ProtocolVersion): string {
  if (version === 5) return describeReasonCode(reasonCode);
  return CONNECT_RETURN_CODES[reasonCode] ?? `code ${reasonCode}`;
}
