// The mount point of a listener: a prefix between the topics that its Clients see and those of the broker.
//
//   Client: PUBLISH state            mount point "site-a/"            broker: site-a/state
//   Client: SUBSCRIBE $share/g/+     ------------------->             $share/g/site-a/+
//   Client: PUBLISH state            <-------------------             site-a/state
//
// Topics are mounted as soon as they have come, and taken down where a PUBLISH is written: in between, and so
// for access rules and retained messages too, there are only the broker's own, as with Mosquitto. Topic Aliases
// and the keys of a Session's Subscriptions are the Client's. Payloads and Properties, a Response Topic among
// them, are not touched.

import { MqttError } from "../packet/mqtt_error.ts";
import type { Will } from "../packet/packets.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import { encodeUtf8 } from "../packet/utf8.ts";
import type { ParsedTopicFilter, TopicFilter } from "../topic/topic_filter.ts";
import type { TopicName } from "../topic/topic_name.ts";

/** What a Topic Name may have [MQTT-1.5.4-1]; receivers without the mount point get it whole. */
const MAX_TOPIC_BYTES = 65_535;

/**
 * The broker's name for what a Client behind `mountPoint` calls `name`.
 * @throws {MqttError} 0x90 if that is too long for a PUBLISH.
 */
export function mountName(mountPoint: string, name: TopicName): TopicName {
  if (mountPoint === "") return name;
  const mounted = `${mountPoint}${name}` as TopicName;
  if (mounted.length * 3 > MAX_TOPIC_BYTES && encodeUtf8(mounted).length > MAX_TOPIC_BYTES) {
    throw new MqttError(ReasonCode.TopicNameInvalid, "Topic Name is too long for the mount point");
  }
  return mounted;
}

/** A Will Message whose Topic Name is the broker's; {@link mountName} has taken that name. */
export function mountWill(mountPoint: string, will: Will | undefined): Will | undefined {
  if (will === undefined || mountPoint === "") return will;
  return { ...will, topicName: mountName(mountPoint, will.topicName as TopicName) };
}

/** What {@link mountName} is for a Topic Name, for a Topic Filter; that of a Shared Subscription is mounted behind its ShareName. */
export function mountFilter(mountPoint: string, parsed: ParsedTopicFilter): ParsedTopicFilter {
  if (mountPoint === "") return parsed;
  return { ...parsed, filter: `${mountPoint}${parsed.filter}` as TopicFilter };
}

/** Whether a Client behind `mountPoint` can be sent what the broker calls `name`: "a/#" matches "a" too. */
export function isBelow(mountPoint: string, name: TopicName): boolean {
  return mountPoint === "" || (name.length > mountPoint.length && name.startsWith(mountPoint));
}
