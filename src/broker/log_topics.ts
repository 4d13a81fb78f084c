// The log as messages: `$SYS/broker/log/…`, by level, as Mosquitto publishes it: QoS 2, not retained, for 20
// seconds. Debug lines are not among them: the message about a message would be about a message.

import { encodeUtf8 } from "../packet/utf8.ts";
import { Message } from "../session/message.ts";
import type { TopicName } from "../topic/topic_name.ts";
import type { Parts } from "./parts.ts";
import type { LogLevel } from "./ports.ts";
import { routeMessage } from "./publish_message.ts";

const EXPIRY_MS = 20_000;

const TOPICS: Readonly<Record<LogLevel, TopicName | undefined>> = {
  error: "$SYS/broker/log/E" as TopicName,
  warning: "$SYS/broker/log/W" as TopicName,
  notice: "$SYS/broker/log/N" as TopicName,
  info: "$SYS/broker/log/I" as TopicName,
  subscribe: "$SYS/broker/log/M/subscribe" as TopicName,
  unsubscribe: "$SYS/broker/log/M/unsubscribe" as TopicName,
  websockets: "$SYS/broker/log/WS" as TopicName,
  debug: undefined,
  internal: undefined,
};

/** Publishes a line of the log, if it is of a level that has a topic. */
export function publishLogLine(parts: Parts, level: LogLevel, line: string): void {
  const topicName = TOPICS[level];
  if (topicName === undefined) return;
  const message = new Message({
    topicName,
    payload: encodeUtf8(line),
    qos: 2,
    retain: false,
    expiresAtMs: parts.time.nowMs + EXPIRY_MS,
  });
  routeMessage(parts, message, undefined, undefined);
}
