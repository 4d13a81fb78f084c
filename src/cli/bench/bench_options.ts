// The options of `midge bench`.

import { numberWithin, type OptionRow } from "../client/option_row.ts";
import { readOwnOptions } from "../client/own_tool.ts";
import type { ConnectSettings, QoS } from "../client/settings.ts";
import type { Asked } from "../client/option_row.ts";
import { isTopicName } from "../client/topics.ts";
import { UsageError } from "../client/usage_error.ts";

/** The time and the publisher stand in every payload. */
export const LEAST_PAYLOAD = 12;
const MOST_PAYLOAD = 16 * 1_024 * 1_024;
const MOST_CLIENTS = 100_000;

export interface LoadSettings {
  publishers: number;
  subscribers: number;
  qos: QoS;
  payloadBytes: number;
  /** Messages a second of all publishers together; 0: as many as go. */
  rate: number;
  durationSeconds: number;
  warmUpSeconds: number;
  inflight: number;
  topicPrefix: string;
  /** Sets this run apart from others at the same broker. */
  readonly runName: string;
  isJson: boolean;
}

export type BenchSettings = LoadSettings & ConnectSettings;

function numberRow(
  names: readonly string[],
  value: string,
  description: string,
  range: readonly [least: number, most: number],
  set: (settings: LoadSettings, number: number) => void,
): OptionRow<LoadSettings> {
  const [least, most] = range;
  return {
    names,
    value,
    missing: "no number specified",
    description,
    apply: (settings, text) =>
      set(
        settings,
        numberWithin(text, least, most, () =>
          `${names.at(-1)} ${text}: write a number from ${least} to ${most}.`),
      ),
  };
}

export const BENCH_OPTIONS: readonly OptionRow<LoadSettings>[] = [
  numberRow(["--publishers"], "N", "connections that publish (default: 1)", [
    1,
    MOST_CLIENTS,
  ], (settings, n) => settings.publishers = n),
  numberRow(
    ["--subscribers"],
    "N",
    "connections that subscribe (default: 1); each message has N / publishers receivers, or one",
    [0, MOST_CLIENTS],
    (settings, n) => settings.subscribers = n,
  ),
  numberRow(
    ["-q", "--qos"],
    "QOS",
    "0 (default), 1 or 2",
    [0, 2],
    (settings, n) => settings.qos = n as QoS,
  ),
  numberRow(
    ["-s", "--size"],
    "BYTES",
    "size of a payload (default: 64)",
    [LEAST_PAYLOAD, MOST_PAYLOAD],
    (settings, n) => settings.payloadBytes = n,
  ),
  numberRow(
    ["-r", "--rate"],
    "N",
    "messages a second, of all publishers together (default: 0, as many as go)",
    [0, 100_000_000],
    (settings, n) => settings.rate = n,
  ),
  numberRow(["-d", "--duration"], "SECONDS", "how long is measured (default: 10)", [
    1,
    86_400,
  ], (settings, n) => settings.durationSeconds = n),
  numberRow(["--warm-up"], "SECONDS", "how long before that nothing is (default: 2)", [
    0,
    3_600,
  ], (settings, n) => settings.warmUpSeconds = n),
  numberRow(
    ["--inflight"],
    "N",
    "messages of one publisher that are under way at once (default: 500)",
    [1, 60_000],
    (settings, n) => settings.inflight = n,
  ),
  {
    names: ["-t", "--topic"],
    value: "PREFIX",
    missing: "no topic specified",
    description: "publish below this topic (default: midge-bench/ and a number)",
    apply: (settings, value) => {
      if (value === "" || !isTopicName(value)) {
        throw new UsageError(`Invalid publish topic '${value}', does it contain '+' or '#'?`);
      }
      settings.topicPrefix = value.replace(/\/$/, "");
    },
  },
  {
    names: ["--json"],
    description: "print the result as one line of JSON, and no progress",
    apply: (settings) => settings.isJson = true,
  },
];

/** @throws {UsageError} */
export function readBenchSettings(
  args: readonly string[],
  runName: string,
): { settings: BenchSettings; asked: Asked } {
  const read = readOwnOptions<LoadSettings>(BENCH_OPTIONS, {
    publishers: 1,
    subscribers: 1,
    qos: 0,
    payloadBytes: 64,
    rate: 0,
    durationSeconds: 10,
    warmUpSeconds: 2,
    inflight: 500,
    topicPrefix: `midge-bench/${runName}`,
    runName: `bench-${runName}`,
    isJson: false,
  }, args);
  if (read.settings.usesWebSocket) {
    throw new UsageError("bench speaks MQTT over TCP, TLS and Unix sockets: --ws can't be had.");
  }
  return read;
}
