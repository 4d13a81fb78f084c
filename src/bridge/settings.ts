// BridgeSettings: what a bridge is told. Where it comes from, a configuration file, is not this folder's matter.

import type { ProtocolVersion, QoS } from "../packet/packet_type.ts";

export interface BridgeAddress {
  readonly host: string;
  readonly port: number;
}

/** A `topic` line of Mosquitto's: what goes from one broker to the other. */
export interface BridgeTopic {
  /** Topic Filter; empty if the prefixes are the whole topic. */
  readonly pattern: string;
  readonly direction: "out" | "in" | "both";
  readonly qos: QoS;
  /** What topics have here in front of what the pattern matches. */
  readonly localPrefix: string;
  /** What they have there. */
  readonly remotePrefix: string;
}

/** How the remote broker is reached by TLS; PEM, read already. */
export interface BridgeTls {
  /** Certificates that the remote one's is checked with; undefined: those that come with the program. */
  readonly ca: readonly string[] | undefined;
  /** Our own certificate and its key. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** Whether the remote certificate may be for another name than the address. */
  readonly acceptsAnyName: boolean;
  readonly minimumVersion: "1.2" | "1.3";
  /** Protocol that is asked for by ALPN. */
  readonly alpn: string | undefined;
}

export interface BridgeSettings {
  readonly name: string;
  /** At least one. */
  readonly addresses: readonly BridgeAddress[];
  /** Whether all addresses are alike; else the first is returned to. */
  readonly roundRobin: boolean;
  /** Milliseconds between two looks whether the first address answers again. */
  readonly primaryRetryMs: number;
  readonly topics: readonly BridgeTopic[];
  /** The Client that the bridge is to the broker here. */
  readonly local: {
    readonly clientId: string;
    readonly userName: string | undefined;
    /** Whether its Session, and what waits in it, ends with the connection to the remote broker. */
    readonly cleanStart: boolean;
    /** Messages, and their bytes, that wait for the remote broker. */
    readonly maximumQueuedMessages: number;
    readonly maximumQueuedBytes: number;
    /** Whether the oldest go when there are more; else the newest. */
    readonly dropsOldest: boolean;
  };
  /** The Client that the bridge is to the remote broker. */
  readonly remote: {
    readonly clientId: string;
    readonly userName: string | undefined;
    readonly password: string | undefined;
    readonly cleanStart: boolean;
    readonly version: ProtocolVersion;
    /** Seconds that its Session outlives the connection, in MQTT 5.0. */
    readonly sessionExpiryInterval: number;
    /** QoS 1 and 2 messages that may be under way in each direction. */
    readonly receiveMaximum: number;
    /** Topic Aliases that the remote broker may set. */
    readonly topicAliasMaximum: number;
    /** Bytes of a packet to the remote broker; 0: as it likes. */
    readonly maximumPacketSize: number;
    /** Seconds. */
    readonly keepAlive: number;
    /** Whether it is told that we are a bridge, as Mosquitto's are, in MQTT 3. */
    readonly triesPrivate: boolean;
    /** Whether RETAIN is passed on to it. */
    readonly retains: boolean;
    /** Whether topics that are not subscribed to are unsubscribed from, in case they once were. */
    readonly unsubscribes: boolean;
    /** Whether MQTT 5.0 messages are marked with the brokers that they came through. */
    readonly marksPath: boolean;
    readonly bindAddress: string | undefined;
    readonly tls: BridgeTls | undefined;
  };
  readonly start: "automatic" | "lazy" | "once";
  /** For lazy: milliseconds without a message after which the connection ends. */
  readonly idleTimeoutMs: number;
  /** For lazy: messages that wait until a connection begins. */
  readonly threshold: number;
  /** Milliseconds between two attempts: from base to cap at random, always base if there is no cap. */
  readonly restart: {
    readonly baseMs: number;
    readonly capMs: number | undefined;
    /** How long a connection must last so that the next wait is `baseMs` again. */
    readonly stableMs: number;
  };
  /** Where it is said, retained, whether the bridge is connected: 1 or 0. */
  readonly notifications: {
    readonly topic: string;
    /** Whether the remote broker is told as well. */
    readonly remote: boolean;
  } | undefined;
  /** Milliseconds that an attempt may take, from the look-up of the name to the last SUBACK. */
  readonly connectTimeoutMs: number;
}
