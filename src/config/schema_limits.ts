// The limits: those of src/broker/limits.ts and of src/transport/handshakes.ts, with their names and defaults.

import { z } from "zod";
import { DEFAULT_LIMITS, type Limits } from "../broker/limits.ts";
import { DEFAULT_HANDSHAKE_LIMITS } from "../transport/handshakes.ts";
import { maximumQoS } from "./schema_listener.ts";
import { addUnit } from "./schema_units.ts";
import {
  bytes,
  count,
  countOrUnlimited,
  milliseconds,
  seconds,
  showDuration,
} from "./schema_values.ts";

/** The largest Control Packet that the protocol has: the longest Remaining Length and its header. */
const LARGEST_PACKET = 268_435_455 + 5;
/** The smallest that Mosquitto lets one set: below it hardly a CONNECT passes. */
const SMALLEST_PACKET_LIMIT = 20;

const byDefault = <K extends keyof Limits>(key: K) => DEFAULT_LIMITS[key];
const duration = (ms: number) => milliseconds().prefault(showDuration(ms));

/** Everything that a peer can make grow. */
export const LimitsSection = z.strictObject({
  maximumQoS: maximumQoS.default(byDefault("maximumQoS")).describe("Highest QoS to publish with"),
  retainAvailable: z.boolean().default(byDefault("retainAvailable"))
    .describe("Whether retained messages are taken"),
  wildcardSubscriptionAvailable: z.boolean().default(byDefault("wildcardSubscriptionAvailable"))
    .describe("Whether Topic Filters may hold + and #"),
  subscriptionIdentifierAvailable: z.boolean()
    .default(byDefault("subscriptionIdentifierAvailable"))
    .describe("Whether Subscriptions may have identifiers"),
  sharedSubscriptionAvailable: z.boolean().default(byDefault("sharedSubscriptionAvailable"))
    .describe("Whether $share/group/filter is taken"),
  maximumPacketSize: bytes({ minimum: SMALLEST_PACKET_LIMIT, maximum: LARGEST_PACKET })
    .prefault(byDefault("maximumPacketSize")).describe("Of a Control Packet that a Client sends"),
  maximumPayloadSize: bytes({ unlimitedAs: 0 }).prefault("unlimited")
    .describe("Of a message; larger ones go nowhere"),
  receiveMaximum: count(1, 65_535).default(byDefault("receiveMaximum"))
    .describe("QoS 1 and 2 messages that a Client may send at a time"),
  maximumHeldBytes: bytes({ minimum: 1 }).prefault(byDefault("maximumHeldBytes"))
    .describe("Of QoS 2 messages that a Client leaves without PUBREL"),
  maximumInflightMessages: count(1, 65_535).default(byDefault("maximumInflightMessages"))
    .describe("QoS 1 and 2 messages under way to a Client"),
  maximumInflightBytes: bytes({ unlimitedAs: 0 }).prefault("unlimited")
    .describe("Their bytes; one message is always let through"),
  maximumQueuedMessages: countOrUnlimited().prefault(byDefault("maximumQueuedMessages"))
    .describe("QoS 1 and 2 messages that wait for a Client"),
  maximumQueuedBytes: bytes().prefault(byDefault("maximumQueuedBytes")).describe("Their bytes"),
  maximumSessionExpiryInterval: seconds({ maximum: 0xffff_ffff })
    .prefault(byDefault("maximumSessionExpiryInterval") as 0)
    .describe("Sessions end this long after their connection at the latest; 0: as the Client said"),
  queuesQoS0Messages: z.boolean().default(byDefault("queuesQoS0Messages"))
    .describe("Whether QoS 0 messages wait for absent Clients, too"),
  upgradesOutgoingQoS: z.boolean().default(byDefault("upgradesOutgoingQoS"))
    .describe("Deliver with the Subscription's QoS even where it is higher than the message's"),
  topicAliasMaximum: count(0, 65_535).default(byDefault("topicAliasMaximum"))
    .describe("Topic Aliases that a Client may set"),
  topicAliasMaximumToClient: count(0, 65_535).default(byDefault("topicAliasMaximumToClient"))
    .describe("Topic Aliases that the broker sets for a Client"),
  maximumTopicLevels: count(1, 65_536).default(byDefault("maximumTopicLevels"))
    .describe("Levels of a Topic Name or Topic Filter"),
  maximumSubscriptions: countOrUnlimited(1).prefault(byDefault("maximumSubscriptions"))
    .describe("Of one Client"),
  maximumStoredBytes: bytes({ minimum: 1 }).prefault(byDefault("maximumStoredBytes"))
    .describe("Of all messages that wait for Clients, are retained, or wait for their PUBREL"),
  maximumRetainedMessages: countOrUnlimited().prefault(byDefault("maximumRetainedMessages"))
    .describe("In all"),
  maximumConnections: countOrUnlimited(1).prefault(byDefault("maximumConnections"))
    .describe("In all, those before CONNECT included"),
  maximumSessions: countOrUnlimited(1).prefault(byDefault("maximumSessions"))
    .describe("In all, those without a connection included"),
  drain: duration(byDefault("drainMs"))
    .describe("What a Client that is disconnected is given to read the reason"),
  connectTimeout: milliseconds({ minimum: 1 })
    .prefault(showDuration(byDefault("connectTimeoutMs")))
    .describe("From the accept to the complete CONNECT"),
  maximumKeepAlive: seconds({ maximum: 65_535 }).prefault(byDefault("maximumKeepAlive") as 0)
    .describe("A longer Keep Alive becomes this; 0: as the Client likes"),
  congestedOutputBytes: bytes({ minimum: 1 }).prefault(byDefault("congestedOutputBytes"))
    .describe("Output waiting for a Client at which its publishers are held back"),
  drainedOutputBytes: bytes({ minimum: 1 }).prefault(byDefault("drainedOutputBytes"))
    .describe("Output waiting at which they are let go again"),
  maximumOutputBytes: bytes({ minimum: 1 }).prefault(byDefault("maximumOutputBytes"))
    .describe("Output waiting at which QoS 0 messages are dropped"),
  maximumBackpressure: duration(byDefault("maximumBackpressureMs"))
    .describe("How long a slow Client may hold its publishers back"),
  stalledOutput: milliseconds({ minimum: 1 }).prefault(showDuration(byDefault("stalledOutputMs")))
    .describe("After which a Client that takes nothing is disconnected"),
  maximumHandshakes: count(1, 1_000_000).default(DEFAULT_HANDSHAKE_LIMITS.maximumHandshakes)
    .describe("TLS, WebSocket and PROXY handshakes of a listener under way at a time"),
  handshakeTimeout: milliseconds({ minimum: 1 })
    .prefault(showDuration(DEFAULT_HANDSHAKE_LIMITS.handshakeTimeoutMs))
    .describe("After which a handshake that is not done is given up"),
}).transform(
  addUnit(
    "Ms",
    "drain",
    "connectTimeout",
    "maximumBackpressure",
    "stalledOutput",
    "handshakeTimeout",
  ),
);
