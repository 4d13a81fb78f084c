// A line for syslog, in the form that syslog(3) gives it (RFC 3164, section 4.1; without a host name, as on
// the local socket):  <30>Nov 22 01:20:09 midge[4711]: text

import type { LogLevel } from "../broker/ports.ts";

/** RFC 3164, section 4.1.1: what Mosquitto's `log_facility` can choose. */
const FACILITIES = {
  daemon: 3,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;
export type SyslogFacility = keyof typeof FACILITIES;

const SEVERITIES: Readonly<Record<LogLevel, number>> = {
  error: 3,
  internal: 3,
  warning: 4,
  notice: 5,
  subscribe: 5,
  unsubscribe: 5,
  info: 6,
  debug: 7,
  websockets: 7,
};

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
/** Characters of a line: what syslog servers take without a word to the contrary. */
const MAX_LENGTH = 8_000;

/** @param tag who writes, with the number of the process: `midge[4711]`. */
export function syslogLine(
  facility: SyslogFacility,
  level: LogLevel,
  tag: string,
  text: string,
  time: Date,
): string {
  const priority = FACILITIES[facility] * 8 + SEVERITIES[level];
  const day = String(time.getDate()).padStart(2);
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0")).join(":");
  const shown = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
  return `<${priority}>${MONTHS[time.getMonth()]} ${day} ${clock} ${tag}: ${shown}`;
}
