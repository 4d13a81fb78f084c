// The options of `midge pub`: mosquitto_pub's.

import { CONNECT_OPTIONS, TARGET_OPTIONS } from "./connect_options.ts";
import { numberWithin, type OptionRow, wholeNumber } from "./option_row.ts";
import type { MessageSource, PubSettings, QoS } from "./settings.ts";
import { isTopicName } from "./topics.ts";
import { applyUrl } from "./url_option.ts";
import { UsageError } from "./usage_error.ts";

export const PUB_OPTIONS: readonly OptionRow<PubSettings>[] = [
  {
    names: ["-t", "--topic"],
    value: "TOPIC",
    missing: "no topic specified",
    description: "the Topic Name to publish to",
    apply: setTopic,
  },
  {
    names: ["-m", "--message"],
    value: "TEXT",
    missing: "no message specified",
    description: "the message",
    apply: (settings, text) => setMessage(settings, { from: "argument", text }),
  },
  {
    names: ["-f", "--file"],
    value: "FILE",
    missing: "no file specified",
    description: "the message is what this file holds",
    apply: (settings, path) => setMessage(settings, { from: "file", path }),
  },
  {
    names: ["-s", "--stdin-file"],
    description: "the message is all of standard input",
    apply: (settings) => setMessage(settings, { from: "stdin" }),
  },
  {
    names: ["-l", "--stdin-line"],
    description: "each line of standard input is a message",
    apply: (settings) => setMessage(settings, { from: "lines" }),
  },
  {
    names: ["-n", "--null-message"],
    description: "the message is empty; with -r this removes the retained one",
    apply: (settings) => setMessage(settings, { from: "nothing" }),
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
    names: ["-r", "--retain"],
    description: "the broker keeps the message for those who subscribe later",
    apply: (settings) => settings.retain = true,
  },
  {
    names: ["--repeat"],
    value: "COUNT",
    missing: "no count specified",
    description: "publish it this often",
    apply: (settings, value) =>
      settings.repeatCount = numberWithin(
        value,
        1,
        2 ** 31,
        () => "--repeat argument must be >0.",
      ),
  },
  {
    names: ["--repeat-delay"],
    value: "SECONDS",
    missing: "no time specified",
    description: "with so much time between (default: 0)",
    apply: (settings, value) => {
      const seconds = value.trim() === "" ? NaN : Number(value);
      if (!(seconds >= 0)) throw new UsageError("--repeat-delay argument must be >=0.0.");
      settings.repeatDelayMs = seconds * 1_000;
    },
  },
  {
    names: ["-M"],
    value: "COUNT",
    missing: "max_inflight not specified",
    description: "so many messages of QoS 1 and 2 are under way at once (default: 20)",
    apply: (settings, value) => {
      const count = wholeNumber(value);
      if (!(count >= 1)) {
        throw new UsageError("Maximum inflight messages must be greater than 0.");
      }
      settings.maxInflight = count;
    },
  },
  {
    names: ["-L", "--url"],
    value: "URL",
    missing: "no URL specified",
    description: "mqtt[s]://[username[:password]@]host[:port]/topic, instead of -h, -p, -u, -P, -t",
    apply: (settings, value) => applyUrl(settings, value, (topic) => setTopic(settings, topic)),
  },
  ...TARGET_OPTIONS,
  ...CONNECT_OPTIONS,
];

function setTopic(settings: PubSettings, topic: string): void {
  if (!isTopicName(topic)) {
    throw new UsageError(`Invalid publish topic '${topic}', does it contain '+' or '#'?`);
  }
  settings.topic = topic;
}

function setMessage(settings: PubSettings, message: MessageSource): void {
  if (settings.message !== undefined) {
    throw new UsageError("Only one type of message can be sent at once.");
  }
  settings.message = message;
}
