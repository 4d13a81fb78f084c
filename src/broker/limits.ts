// Limits: everything that a peer can make grow has its end here, and nowhere else. The defaults are
// Mosquitto 2.1's where it has one. The table in README.md is this file in words.

import type { QoS } from "../packet/packet_type.ts";

const MIB = 1024 * 1024;

export interface Limits {
  /** Highest QoS that Clients may publish with; announced as Maximum QoS. */
  readonly maximumQoS: QoS;
  /** Whether retained messages are taken; announced as Retain Available. */
  readonly retainAvailable: boolean;
  /** Whether Topic Filters may hold wildcards; announced as Wildcard Subscription Available. */
  readonly wildcardSubscriptionAvailable: boolean;
  /** Whether Subscriptions may have identifiers; announced likewise. */
  readonly subscriptionIdentifierAvailable: boolean;
  /** Whether `$share/…` is taken; announced as Shared Subscription Available. */
  readonly sharedSubscriptionAvailable: boolean;
  /** Bytes of a Control Packet that a Client may send; announced as Maximum Packet Size. */
  readonly maximumPacketSize: number;
  /** QoS 1 and 2 messages that a Client of MQTT 5.0 may send at a time; announced as Receive Maximum. */
  readonly receiveMaximum: number;
  /** Bytes of QoS 2 messages that a Client may leave without their PUBREL. */
  readonly maximumHeldBytes: number;
  /** QoS 1 and 2 messages under way to a Client; fewer if the Client's Receive Maximum is smaller. */
  readonly maximumInflightMessages: number;
  /** QoS 1 and 2 messages that wait for a Client. */
  readonly maximumQueuedMessages: number;
  /** Bytes of the messages that wait for a Client. */
  readonly maximumQueuedBytes: number;
  /** Topic Aliases that a Client may set; announced as Topic Alias Maximum. */
  readonly topicAliasMaximum: number;
  /** Topic Aliases that the broker sets for a Client that allows it. */
  readonly topicAliasMaximumToClient: number;
  /** Bytes of the messages under way to a Client; 0: no limit. One message is always under way. */
  readonly maximumInflightBytes: number;
  /** Bytes of a payload that a Client may publish; the rest is answered with 0x97 and goes nowhere; 0: no limit. */
  readonly maximumPayloadSize: number;
  /** Seconds that a Session may outlive its connection, whatever its Client asks for; 0: no limit. */
  readonly maximumSessionExpiryInterval: number;
  /** Whether QoS 0 messages wait for absent Clients too. */
  readonly queuesQoS0Messages: boolean;
  /** Whether messages are delivered with the QoS of the Subscription, even where it is higher than their own. */
  readonly upgradesOutgoingQoS: boolean;
  /** Levels of a Topic Name or Topic Filter. */
  readonly maximumTopicLevels: number;
  /** Subscriptions of one Client; further ones get 0x97. */
  readonly maximumSubscriptions: number;
  /**
   * Bytes of all messages that wait for Clients, are retained, or wait for their PUBREL; one that is kept in several
   * places counts once, and a little for each further place. Beyond it nothing more is kept, except what is under
   * way to a Client when its connection ends.
   */
  readonly maximumStoredBytes: number;
  /** Retained messages; further ones get 0x97. */
  readonly maximumRetainedMessages: number;
  /** Connections, those before CONNECT included; further ones are closed at once. */
  readonly maximumConnections: number;
  /** Sessions, those without a connection included; further Clients get 0x97. */
  readonly maximumSessions: number;
  /** Milliseconds that a connection which the broker ends is given to read the reason. */
  readonly drainMs: number;
  /** Milliseconds from the accept to the complete CONNECT. */
  readonly connectTimeoutMs: number;
  /** Seconds: a larger Keep Alive, or none, becomes this (Server Keep Alive); 0: as the Client likes. */
  readonly maximumKeepAlive: number;
  /** Bytes of output that may wait for a Client until its publishers are held back. */
  readonly congestedOutputBytes: number;
  /** Bytes of output below which a Client counts as drained again. */
  readonly drainedOutputBytes: number;
  /** Bytes of output beyond which QoS 0 messages to a Client are dropped. */
  readonly maximumOutputBytes: number;
  /** Milliseconds that a congested Client may hold its publishers back. */
  readonly maximumBackpressureMs: number;
  /** Milliseconds after which a Client that takes no byte of its output is disconnected. */
  readonly stalledOutputMs: number;
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  maximumQoS: 2,
  retainAvailable: true,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifierAvailable: true,
  sharedSubscriptionAvailable: true,
  maximumPacketSize: 2_000_000,
  receiveMaximum: 20,
  maximumHeldBytes: 64 * MIB,
  maximumInflightMessages: 20,
  maximumQueuedMessages: 1_000,
  maximumQueuedBytes: 64 * MIB,
  topicAliasMaximum: 10,
  topicAliasMaximumToClient: 10,
  maximumInflightBytes: 0,
  maximumPayloadSize: 0,
  maximumSessionExpiryInterval: 0,
  queuesQoS0Messages: false,
  upgradesOutgoingQoS: false,
  maximumTopicLevels: 201,
  maximumSubscriptions: 100_000,
  maximumStoredBytes: 1_024 * MIB,
  maximumRetainedMessages: 1_000_000,
  maximumConnections: 100_000,
  maximumSessions: 1_000_000,
  drainMs: 1_000,
  connectTimeoutMs: 30_000,
  maximumKeepAlive: 0,
  congestedOutputBytes: 1 * MIB,
  drainedOutputBytes: MIB / 4,
  maximumOutputBytes: 16 * MIB,
  maximumBackpressureMs: 1_000,
  stalledOutputMs: 60_000,
});
