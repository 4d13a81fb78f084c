// What the parts of a simulated client share: who it is, and the connection that it has now.

import type { ProtocolVersion } from "../../src/packet/packet_type.ts";
import type { Packet } from "../../src/packet/packets.ts";
import type { Messages } from "./messages.ts";
import type { Random } from "./random.ts";

export interface ClientSpec {
  readonly id: string;
  readonly version: ProtocolVersion;
  /** Clean Session; in MQTT 5.0 Clean Start with each connection. */
  readonly isClean: boolean;
  /** Session Expiry Interval in seconds: 0 or Infinity in MQTT 3. */
  readonly expirySeconds: number;
  /** Seconds; 0 for none. */
  readonly keepAlive: number;
  readonly receiveMaximum: number | undefined;
  readonly maximumPacketSize: number | undefined;
  readonly topicAliasMaximum: number;
  /** The longest that it takes to acknowledge what it got. */
  readonly ackDelayMs: number;
  readonly willChance: number;
}

/** The client as its parts see it. */
export interface ClientContext {
  readonly spec: ClientSpec;
  readonly random: Random;
  readonly messages: Messages;
  readonly nowMs: number;
  /** Sends over the connection there is now; does nothing without one. */
  send(packet: Packet): void;
  /** Runs `run` later, unless the connection is another one then. */
  later(delayMs: number, run: () => void): void;
  /** The broker has acknowledged something that it keeps with the Session. */
  proveSession(): void;
  /** The broker may say that it can't store what it is sent. */
  readonly mayBeDeclined: boolean;
  /** A Packet Identifier that no part uses. */
  takePacketId(): number;
  /** The broker has done what it must not. */
  wrong(text: string): never;
}
