// Topic Filters (MQTT 5.0, sections 4.7 and 4.8.2): what a Client subscribes to.

import { malformed } from "../packet/byte_reader.ts";
import { MqttError } from "../packet/mqtt_error.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import { countTopicLevels } from "./topic_name.ts";

declare const topicFilterBrand: unique symbol;

/** A string that {@link parseTopicFilter} accepted, without `$share/{ShareName}/`. */
export type TopicFilter = string & { readonly [topicFilterBrand]: true };

export interface ParsedTopicFilter {
  /** What Topic Names are matched with. */
  readonly filter: TopicFilter;
  /** The ShareName of a Shared Subscription. */
  readonly shareName: string | undefined;
}

const SHARE_PREFIX = "$share/";

/**
 * Checks that `text` is a Topic Filter, with or without `$share/{ShareName}/` in front.
 *
 * @param maxLevels how many levels it may have, the two of `$share/{ShareName}` included.
 * @throws {MqttError} 0x81 if it is empty, a wildcard stands in the wrong place, or it has too many
 * levels; 0x82 if it begins as a Shared Subscription and is none.
 */
export function parseTopicFilter(text: string, maxLevels: number): ParsedTopicFilter {
  if (text === "") throw malformed("Topic Filter is empty"); // [MQTT-4.7.3-1]
  if (countTopicLevels(text) > maxLevels) {
    throw malformed(`Topic Filter has more than ${maxLevels} levels`);
  }
  checkWildcards(text);
  if (text !== "$share" && !text.startsWith(SHARE_PREFIX)) {
    return { filter: text as TopicFilter, shareName: undefined };
  }
  const nameEnd = text.indexOf("/", SHARE_PREFIX.length);
  const shareName = text.slice(SHARE_PREFIX.length, nameEnd);
  // [MQTT-4.8.2-1] and [MQTT-4.8.2-2]: a ShareName of one character or more, without wildcards,
  // followed by "/" and a Topic Filter.
  if (nameEnd < 0 || nameEnd === text.length - 1 || shareName === "" || shareName.includes("+")) {
    throw new MqttError(
      ReasonCode.ProtocolError,
      "Shared Subscription is not $share/ShareName/filter",
    );
  }
  return { filter: text.slice(nameEnd + 1) as TopicFilter, shareName };
}

/** A wildcard fills its level, and "#" is the last character [MQTT-4.7.1-1], [MQTT-4.7.1-2]. */
function checkWildcards(text: string): void {
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char !== "+" && char !== "#") continue;
    const startsLevel = i === 0 || text[i - 1] === "/";
    const endsLevel = i === text.length - 1 || (char === "+" && text[i + 1] === "/");
    if (!startsLevel || !endsLevel) throw malformed(`Topic Filter with a misplaced "${char}"`);
  }
}
