// The CONNECT of a bridge to the remote broker.

import { PacketType } from "../packet/packet_type.ts";
import type { ConnectPacket } from "../packet/packets.ts";
import { NO_BYTES } from "../packet/publish.ts";
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
        ...remote.topicAliasMaximum > 0 && { topicAliasMaximum: remote.topicAliasMaximum },
      }
      : {},
  };
}
