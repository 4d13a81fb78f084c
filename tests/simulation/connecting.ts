// Connecting: the CONNECT of a simulated client, and the Will in it.

import { PacketType } from "../../src/packet/packet_type.ts";
import type { ConnectPacket } from "../../src/packet/packets.ts";
import type { Properties } from "../../src/packet/properties.ts";
import { NO_BYTES } from "../../src/packet/publish.ts";
import type { ClientContext, ClientSpec } from "./client_parts.ts";
import type { MessageRecord } from "./records.ts";

const NEVER_EXPIRES = 0xffff_ffff;

export function connectPacket(
  spec: ClientSpec,
  cleanStart: boolean,
  will: MessageRecord | undefined,
  willDelayInterval: number,
): ConnectPacket {
  return {
    type: PacketType.Connect,
    version: spec.version,
    isBridge: false,
    cleanStart,
    keepAlive: spec.keepAlive,
    clientId: spec.id,
    will: will && {
      topicName: will.topic,
      payload: will.payload,
      qos: will.qos,
      retain: false,
      willDelayInterval,
      messageExpiryInterval: undefined,
      forwardedProperties: NO_BYTES,
    },
    userName: undefined,
    password: undefined,
    properties: spec.version === 5 ? propertiesOf(spec) : {},
  };
}

function propertiesOf(spec: ClientSpec): Properties {
  const { expirySeconds, receiveMaximum, maximumPacketSize, topicAliasMaximum } = spec;
  const properties: Properties = {};
  if (expirySeconds > 0) properties.sessionExpiryInterval = Math.min(expirySeconds, NEVER_EXPIRES);
  if (receiveMaximum !== undefined) properties.receiveMaximum = receiveMaximum;
  if (maximumPacketSize !== undefined) properties.maximumPacketSize = maximumPacketSize;
  if (topicAliasMaximum > 0) properties.topicAliasMaximum = topicAliasMaximum;
  return properties;
}

/** A Will Message for the next connection. */
export function newWill({ messages, spec, random, nowMs }: ClientContext): MessageRecord {
  const will = messages.create({
    publisher: `will of ${spec.id}`,
    topic: `w/${spec.id}`,
    qos: random.pick([0, 1, 2] as const),
    isWill: true,
  });
  will.routedFromMs = nowMs;
  will.sends = 1;
  return will;
}
