// Topics as arguments: whether they may be, whether one matches, and the parts of a URL.

import { parseTopicFilter } from "../../topic/topic_filter.ts";

const MAXIMUM_BYTES = 65_535;

/** True if it can be published to; an empty one is left to the caller. */
export function isTopicName(text: string): boolean {
  return !/[+#]/.test(text) && text.length <= MAXIMUM_BYTES;
}

export function isTopicFilter(text: string): boolean {
  try {
    parseTopicFilter(text, Infinity);
    return true;
  } catch {
    return false;
  }
}

/** True if `filter` matches the Topic Name `topic` (MQTT 5.0, section 4.7). */
export function matches(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false; // [MQTT-4.7.2-1]
  const filterLevels = filter.split("/");
  const levels = topic.split("/");
  for (const [i, level] of filterLevels.entries()) {
    if (level === "#") return true;
    if (i >= levels.length || (level !== "+" && level !== levels[i])) return false;
  }
  return filterLevels.length === levels.length;
}

export interface BrokerUrl {
  readonly scheme: "mqtt" | "mqtts" | "ws" | "wss";
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
  readonly topic: string;
}

/** `mqtt(s)://[username[:password]@]host[:port]/topic`; a string says what is wrong. */
export function parseBrokerUrl(text: string): BrokerUrl | string {
  const match = /^(mqtts?|wss?):\/\/(.*)$/is.exec(text);
  if (match === null) return "unsupported URL scheme.";
  const slash = match[2]!.indexOf("/");
  if (slash < 0) return "Invalid URL for -L argument specified - topic missing.";
  const topic = match[2]!.slice(slash + 1);
  const authority = match[2]!.slice(0, slash);
  const at = authority.lastIndexOf("@");
  const [username, password] = at < 0 ? [] : splitOnce(authority.slice(0, at));
  const target = authority.slice(at + 1);
  const parts = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(target);
  return {
    scheme: match[1]!.toLowerCase() as BrokerUrl["scheme"],
    username,
    password,
    host: parts?.[1]?.replace(/^\[(.*)\]$/, "$1") ?? target,
    port: parts?.[2],
    topic,
  };
}

function splitOnce(text: string): [string, string | undefined] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}
