// The options of `midge sub`: mosquitto_sub's.

import { CONNECT_OPTIONS, TARGET_OPTIONS } from "./connect_options.ts";
import { checkFormat } from "./format.ts";
import { numberWithin, type OptionRow } from "./option_row.ts";
import type { QoS, SubSettings } from "./settings.ts";
import { isTopicFilter } from "./topics.ts";
import { applyUrl } from "./url_option.ts";
import { UsageError } from "./usage_error.ts";

const RETAIN_HANDLING: Readonly<Record<string, 0 | 1 | 2>> = { always: 0, new: 1, never: 2 };

export const SUB_OPTIONS: readonly OptionRow<SubSettings>[] = [
  {
    names: ["-t", "--topic"],
    value: "FILTER",
    missing: "no topic specified",
    description: "a Topic Filter to subscribe to; may be given again",
    apply: addTopic,
  },
  {
    names: ["-T", "--filter-out"],
    value: "FILTER",
    missing: "no topic filter specified",
    description: "do not print what this matches; may be given again",
    apply: (settings, value) => {
      if (!isTopicFilter(value)) throw badFilter("filter", value);
      settings.filterOuts.push(value);
    },
  },
  {
    names: ["-U", "--unsubscribe"],
    value: "FILTER",
    missing: "no unsubscribe topic specified",
    description: "unsubscribe from this; may be given again",
    apply: (settings, value) => {
      if (!isTopicFilter(value)) throw badFilter("unsubscribe", value);
      settings.unsubscribes.push(value);
    },
  },
  {
    names: ["-q", "--qos"],
    value: "QOS",
    missing: "no QoS specified",
    description: "0 (default), 1 or 2",
    apply: (settings, value) =>
      settings.qos = numberWithin(value, 0, 2, (text) => `Invalid QoS given: ${text}`) as QoS,
  },
  {
    names: ["-v", "--verbose"],
    description: "print the topic before the message",
    apply: (settings) => settings.isVerbose = true,
  },
  {
    names: ["-N"],
    description: "no newline behind a message",
    apply: (settings) => settings.endsLines = false,
  },
  {
    names: ["-F"],
    value: "FORMAT",
    missing: "no format specified",
    description: "print messages so: %t topic, %p payload, %j JSON, %I time, %x hex, …; @H:@M as " +
      "strftime; see the manual page of mosquitto_sub",
    apply: (settings, value) => {
      checkFormat(value);
      settings.format = value;
    },
  },
  {
    names: ["--json"],
    description: "print a line of JSON for each message: -F %j",
    apply: (settings) => settings.format = "%j",
  },
  {
    names: ["--pretty"],
    description: "with %j and %J: on several lines",
    apply: (settings) => settings.isPretty = true,
  },
  {
    names: ["-C"],
    value: "COUNT",
    missing: "no count specified",
    description: "end after so many messages",
    apply: (settings, value) =>
      settings.messageCount = numberWithin(
        value,
        1,
        2 ** 31,
        (text) => `Invalid message count "${text}".`,
      ),
  },
  {
    names: ["-W"],
    value: "SECONDS",
    missing: "no timeout specified",
    description: "end after so much time, with exit code 27",
    apply: (settings, value) =>
      settings.timeoutSeconds = numberWithin(
        value,
        1,
        2 ** 31,
        (text) => `Invalid timeout "${text}".`,
      ),
  },
  {
    names: ["-E"],
    description: "end when the subscriptions are acknowledged",
    apply: (settings) => settings.exitsAfterSubscribe = true,
  },
  {
    names: ["-R"],
    description: "do not print retained messages",
    apply: (settings) => settings.skipsRetained = true,
  },
  {
    names: ["--retained-only"],
    description: "print only retained messages; the first other one ends it",
    apply: (settings) => settings.retainedOnly = true,
  },
  {
    names: ["--remove-retained"],
    description: "remove the retained messages that come",
    apply: (settings) => settings.removesRetained = true,
  },
  {
    names: ["--retain-as-published"],
    description: "messages keep the retain flag that they were published with, MQTT 5.0",
    apply: (settings) => settings.retainAsPublished = true,
  },
  {
    names: ["--retain-handling"],
    value: "WHEN",
    missing: "no option specified",
    description:
      "ask for retained messages always (default), only if the subscription is new, never",
    apply: (settings, value) => {
      const handling = Object.hasOwn(RETAIN_HANDLING, value) ? RETAIN_HANDLING[value] : undefined;
      if (handling === undefined) {
        throw new UsageError(`Unknown value for --retain-handling '${value}'.`);
      }
      settings.retainHandling = handling;
    },
  },
  {
    names: ["--random-filter"],
    value: "PERCENT",
    missing: "no chance specified",
    description: "print so many of a hundred messages, by chance",
    apply: (settings, value) => {
      const chance = Math.trunc(100 * Number(value));
      if (!(chance >= 10 && chance <= 10_000)) {
        throw new UsageError("--random-filter chance must be between 0.1-100.0");
      }
      settings.randomFilter = chance;
    },
  },
  {
    names: ["-L", "--url"],
    value: "URL",
    missing: "no URL specified",
    description:
      "mqtt[s]://[username[:password]@]host[:port]/filter, instead of -h, -p, -u, -P, -t",
    apply: (settings, value) => applyUrl(settings, value, (topic) => addTopic(settings, topic)),
  },
  ...TARGET_OPTIONS,
  ...CONNECT_OPTIONS,
];

function addTopic(settings: SubSettings, topic: string): void {
  if (!isTopicFilter(topic)) throw badFilter("subscription", topic);
  settings.topics.push(topic);
}

function badFilter(kind: string, topic: string): UsageError {
  return new UsageError(
    `Invalid ${kind} topic '${topic}', are all '+' and '#' wildcards correct?`,
  );
}

/** Only for the number of `-C`: as wide a window as messages are wanted. */
export function receiveMaximumOf({ messageCount }: SubSettings): number | undefined {
  return messageCount > 0 && messageCount < 20 ? messageCount : undefined;
}
