import type { InboundTopicAliases, OutboundTopicAliases } from "../session/topic_aliases.ts";
import type { HeldOutput } from "./held_output.ts";
import type { SessionEntry } from "./sessions.ts";

/** What a CONNECT settled for as long as the connection lasts. */
export interface ConnectedState {
  readonly entry: SessionEntry;
  /** Milliseconds without a packet after which the connection ends; 0: never. */
  readonly keepAliveMs: number;
  /** Bytes of a Control Packet that the Client takes. */
  readonly maximumPacketSize: number;
  readonly inboundAliases: InboundTopicAliases | undefined;
  readonly outboundAliases: OutboundTopicAliases | undefined;
  /** Session Expiry Interval of the CONNECT: a DISCONNECT may not raise it from 0. */
  readonly initialExpiryInterval: number;
  readonly authenticationMethod: string | undefined;
  /** A bridge of Mosquitto: its Subscriptions are No Local and Retain As Published. */
  readonly isBridge: boolean;
  /** What the Client is told when it is stored; made when first needed. */
  held: HeldOutput | undefined;
  /** Its CONNACK has left: nothing may leave before it. */
  isAnnounced: boolean;
}
