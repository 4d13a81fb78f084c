// Topic Names (MQTT 5.0, section 4.7): what a message is published to. A type of their own, so that
// nobody takes one for a Topic Filter.

import { malformed } from "../packet/byte_reader.ts";
import { MqttError } from "../packet/mqtt_error.ts";
import { ReasonCode } from "../packet/reason_code.ts";

declare const topicNameBrand: unique symbol;

/** A string that {@link parseTopicName} accepted. */
export type TopicName = string & { readonly [topicNameBrand]: true };

const SLASH = 0x2f;

/** Number of levels of a Topic Name or Topic Filter, counted in one pass: separators plus one. */
export function countTopicLevels(topic: string): number {
  let levels = 1;
  for (let i = 0; i < topic.length; i++) if (topic.charCodeAt(i) === SLASH) levels++;
  return levels;
}

/**
 * Checks that `text` is a Topic Name.
 *
 * @param maxLevels how many levels it may have.
 * @throws {MqttError} 0x82 if it is empty [MQTT-4.7.3-1] (section 3.3.2.1), 0x81 if it holds a wildcard
 * [MQTT-3.3.2-2] or has too many levels.
 */
export function parseTopicName(text: string, maxLevels: number): TopicName {
  if (text === "") throw new MqttError(ReasonCode.ProtocolError, "Topic Name is empty");
  if (text.includes("+") || text.includes("#")) throw malformed("Topic Name holds a wildcard");
  if (countTopicLevels(text) > maxLevels) {
    throw malformed(`Topic Name has more than ${maxLevels} levels`);
  }
  return text as TopicName;
}
