// All packet tables: one list of what is a packet and one of what is not.

import { ACK_VECTORS } from "./acknowledgements.ts";
import { CONNACK_VECTORS } from "./connack.ts";
import { CONNECT_VECTORS } from "./connect.ts";
import { CONNECTION_END_VECTORS } from "./connection_end.ts";
import { MALFORMED_CONNECT } from "./malformed_connect.ts";
import { MALFORMED_FRAMING } from "./malformed_framing.ts";
import { MALFORMED_MESSAGES } from "./malformed_messages.ts";
import { MALFORMED_PROPERTIES } from "./malformed_properties.ts";
import { PROPERTY_VECTORS } from "./property_contexts.ts";
import { PUBLISH_VECTORS } from "./publish.ts";
import { SUBSCRIPTION_VECTORS } from "./subscriptions.ts";
import { MALFORMED_UTF8 } from "./utf8.ts";
import type { MalformedVector, PacketVector } from "./vector.ts";

export const PACKET_VECTORS: readonly PacketVector[] = [
  ...CONNECT_VECTORS,
  ...CONNACK_VECTORS,
  ...PUBLISH_VECTORS,
  ...ACK_VECTORS,
  ...SUBSCRIPTION_VECTORS,
  ...CONNECTION_END_VECTORS,
  ...PROPERTY_VECTORS,
];

export const MALFORMED_VECTORS: readonly MalformedVector[] = [
  ...MALFORMED_FRAMING,
  ...MALFORMED_CONNECT,
  ...MALFORMED_MESSAGES,
  ...MALFORMED_PROPERTIES,
  ...MALFORMED_UTF8,
];
