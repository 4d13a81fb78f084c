// The Control Packets as data: one interface each, with the fields' names from the specification.
// PUBLISH has a file of its own (publish.ts).

import type { PacketType, ProtocolVersion, QoS } from "./packet_type.ts";
import type { Properties } from "./properties.ts";
import type { PublishPacket } from "./publish.ts";
import type { ReasonCode } from "./reason_code.ts";

/** Will Message as it stands in CONNECT (section 3.1.3.2 to 3.1.3.4). */
export interface Will {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Seconds. */
  readonly willDelayInterval: number;
  /** Seconds. */
  readonly messageExpiryInterval: number | undefined;
  /** Encoded Properties that go into the PUBLISH unchanged. */
  readonly forwardedProperties: Uint8Array;
}

export interface ConnectPacket {
  readonly type: typeof PacketType.Connect;
  readonly version: ProtocolVersion;
  /** Mosquitto's bridges set the top bit of the Protocol Version in 3.1 and 3.1.1. */
  readonly isBridge: boolean;
  /** Clean Session in version 3. */
  readonly cleanStart: boolean;
  /** Seconds; 0 turns it off. */
  readonly keepAlive: number;
  readonly clientId: string;
  readonly will: Will | undefined;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly properties: Properties;
}

export interface ConnackPacket {
  readonly type: typeof PacketType.Connack;
  readonly sessionPresent: boolean;
  /** A Reason Code in version 5, a Connect Return Code in version 3. */
  readonly reasonCode: number;
  readonly properties: Properties;
}

/** PUBACK, PUBREC, PUBREL and PUBCOMP have one shape. */
export interface AckPacket {
  readonly type:
    | typeof PacketType.Puback
    | typeof PacketType.Pubrec
    | typeof PacketType.Pubrel
    | typeof PacketType.Pubcomp;
  readonly packetId: number;
  readonly reasonCode: ReasonCode;
  readonly properties: Properties;
}

/** One entry of a SUBSCRIBE's payload (section 3.8.3). */
export interface SubscriptionRequest {
  readonly topicFilter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
}

export interface SubscribePacket {
  readonly type: typeof PacketType.Subscribe;
  readonly packetId: number;
  readonly subscriptions: readonly SubscriptionRequest[];
  readonly properties: Properties;
}

export interface SubackPacket {
  readonly type: typeof PacketType.Suback;
  readonly packetId: number;
  readonly reasonCodes: readonly number[];
  readonly properties: Properties;
}

export interface UnsubscribePacket {
  readonly type: typeof PacketType.Unsubscribe;
  readonly packetId: number;
  readonly topicFilters: readonly string[];
  readonly properties: Properties;
}

export interface UnsubackPacket {
  readonly type: typeof PacketType.Unsuback;
  readonly packetId: number;
  /** Empty in version 3. */
  readonly reasonCodes: readonly number[];
  readonly properties: Properties;
}

export interface PingreqPacket {
  readonly type: typeof PacketType.Pingreq;
}

export interface PingrespPacket {
  readonly type: typeof PacketType.Pingresp;
}

export interface DisconnectPacket {
  readonly type: typeof PacketType.Disconnect;
  readonly reasonCode: ReasonCode;
  readonly properties: Properties;
}

export interface AuthPacket {
  readonly type: typeof PacketType.Auth;
  readonly reasonCode: ReasonCode;
  readonly properties: Properties;
}

/** Any Control Packet, either direction. */
export type Packet =
  | ConnectPacket
  | ConnackPacket
  | PublishPacket
  | AckPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | UnsubackPacket
  | PingreqPacket
  | PingrespPacket
  | DisconnectPacket
  | AuthPacket;
