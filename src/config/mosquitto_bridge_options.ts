// Mosquitto's options for bridges. Until bridges come, a bridge's settings are kept under Mosquitto's
// names, checked as Mosquitto checks them.

import { Section } from "./mosquitto_draft.ts";
import {
  type Does,
  type MosquittoOption,
  type OptionTable,
  type Reading,
  refused,
  runs,
  sets,
} from "./mosquitto_option.ts";
import {
  boolean,
  firstWord,
  integer,
  oneOf,
  readInteger,
  text,
  ValueError,
  type ValueType,
} from "./mosquitto_values.ts";

const BRIDGES = 6;
const useCertificates =
  "Use certificates (bridge_cafile, bridge_certfile, bridge_keyfile) instead of pre-shared keys.";

const bridge = (
  value: ValueType<unknown>,
  key: string,
  example: string,
  label?: string,
): MosquittoOption =>
  sets("bridge", BRIDGES, value, key, example, label === undefined ? {} : { label });
const flag = (key: string): MosquittoOption => bridge(boolean, key, "true");
const words = (key: string, example: string, label?: string): MosquittoOption =>
  bridge(text, key, example, label);
const atLeast = (minimum: number): ValueType<unknown> =>
  integer({ as: (value) => Math.max(value, minimum) });
const inConfiguration = (word: string, option: string): string =>
  `Invalid '${option}' value in configuration (${word}).`;

export const BRIDGE_OPTIONS: OptionTable = {
  connection: runs("global", BRIDGES, "cloud", connection),
  address: runs("bridge", BRIDGES, "cloud.example.com:8883", addresses),
  addresses: runs("bridge", BRIDGES, "a.example.com b.example.com:1884", addresses),
  topic: runs("bridge", BRIDGES, 'sensors/# out 1 "" site-a/', topic),

  bridge_attempt_unsubscribe: flag("bridge_attempt_unsubscribe"),
  bridge_bind_address: words("bridge_bind_address", "192.0.2.1"),
  bridge_max_packet_size: bridge(atLeast(0), "bridge_max_packet_size", "100000"),
  bridge_max_topic_alias: bridge(
    integer({
      minimum: 0,
      maximum: 65_535,
      message: "bridge_max_topic_alias must be > 0 and <= 65535.",
    }),
    "bridge_max_topic_alias",
    "10",
  ),
  bridge_mptcp: flag("bridge_mptcp"),
  bridge_outgoing_retain: flag("bridge_outgoing_retain"),
  bridge_protocol_version: bridge(
    oneOf({ mqttv31: 3, mqttv311: 4, mqttv50: 5 }),
    "bridge_protocol_version",
    "mqttv50",
  ),
  bridge_receive_maximum: bridge(
    integer({
      minimum: 1,
      maximum: 65_535,
      message: "bridge_receive_maximum must be greater than 0.",
    }),
    "bridge_receive_maximum",
    "20",
  ),
  bridge_reload_type: bridge(
    oneOf({ lazy: "lazy", immediate: "immediate" }, inConfiguration),
    "bridge_reload_type",
    "lazy",
  ),
  bridge_session_expiry_interval: bridge(
    integer({ minimum: 0, message: "bridge_session_expiry_interval must not be negative." }),
    "bridge_session_expiry_interval",
    "3600",
  ),
  bridge_tcp_keepalive: runs("bridge", BRIDGES, "60 10 5", tcpKeepalive),
  bridge_tcp_user_timeout: bridge(
    integer({ minimum: 0, message: "invalid TCP user timeout value." }),
    "bridge_tcp_user_timeout",
    "1000",
  ),
  cleansession: flag("cleansession"),
  local_cleansession: flag("local_cleansession"),
  clientid: words("remote_clientid", "midge", "bridge remote clientid"),
  remote_clientid: words("remote_clientid", "midge", "bridge remote clientid"),
  idle_timeout: bridge(atLeast(1), "idle_timeout", "60"),
  keepalive_interval: bridge(
    integer({
      maximum: 65_535,
      message: "Bridge keepalive value too high.",
      as: (value) => Math.max(value, 5),
    }),
    "keepalive_interval",
    "60",
  ),
  local_clientid: words("local_clientid", "local.midge", "bridge local clientid"),
  local_password: words("local_password", "secret", "bridge local_password"),
  local_username: words("local_username", "bridge", "bridge local_username"),
  notification_topic: words("notification_topic", "bridge/state"),
  notifications: flag("notifications"),
  notifications_local_only: flag("notifications_local_only"),
  password: words("remote_password", "secret", "bridge remote_password"),
  remote_password: words("remote_password", "secret", "bridge remote_password"),
  username: words("remote_username", "midge", "bridge remote_username"),
  remote_username: words("remote_username", "midge", "bridge remote_username"),
  restart_timeout: runs("bridge", BRIDGES, "5 30", restartTimeout),
  round_robin: flag("round_robin"),
  start_type: bridge(
    oneOf(
      { automatic: "automatic", lazy: "lazy", once: "once" },
      (word, option) =>
        word === "manual" ? "Manual start_type not supported." : inConfiguration(word, option),
    ),
    "start_type",
    "lazy",
  ),
  threshold: bridge(atLeast(1), "threshold", "10"),
  try_private: flag("try_private"),

  // TLS
  bridge_alpn: words("bridge_alpn", "mqtt"),
  bridge_cafile: words("bridge_cafile", "/etc/mosquitto/ca.crt"),
  bridge_capath: words("bridge_capath", "/etc/ssl/certs"),
  bridge_certfile: words("bridge_certfile", "/etc/mosquitto/bridge.crt"),
  bridge_ciphers: words("bridge_ciphers", "ECDHE-ECDSA-AES128-GCM-SHA256"),
  "bridge_ciphers_tls1.3": words("bridge_ciphers_tls1.3", "TLS_AES_128_GCM_SHA256"),
  bridge_insecure: flag("bridge_insecure"),
  bridge_keyfile: words("bridge_keyfile", "/etc/mosquitto/bridge.key"),
  bridge_tls_use_os_certs: flag("bridge_tls_use_os_certs"),
  bridge_tls_version: words("bridge_tls_version", "tlsv1.2"),
  bridge_identity: refused("bridge", "midge", useCertificates),
  bridge_psk: refused("bridge", "a1b2", useCertificates),
  bridge_require_ocsp: runs("bridge", "refused" satisfies Does, "true", requireOcsp),
};

/** What is missing when the file is at its end. */
export function checkBridge(bridge: Section): string | undefined {
  if (!bridge.values.has("addresses")) {
    return "Invalid bridge configuration: no remote addresses defined.";
  }
  if (!bridge.values.has("topics")) return "Invalid bridge configuration: no topics defined.";
  return undefined;
}

function connection({ draft, place, line }: Reading): void {
  const name = firstWord(line.rest, line.name);
  const isDuplicate = draft.bridges.some((other) => other.values.get("name") === name);
  place.bridge = new Section();
  place.bridge.set("name", name, line);
  if (isDuplicate) throw new ValueError(`Duplicate bridge name '${name}'.`);
  draft.bridges.push(place.bridge);
}

function addresses({ place, line }: Reading): void {
  const written = line.rest.split(" ").filter((word) => word !== "");
  const end = written.findIndex((word) => word.startsWith("#"));
  const list = (end < 0 ? written : written.slice(0, end)).map((address) => {
    const colon = address.lastIndexOf(":");
    if (colon < 0) return { host: address, port: 1883 };
    const port = Number(address.slice(colon + 1));
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) {
      return { host: address.slice(0, colon), port };
    }
    throw new ValueError(
      `Invalid bridge port value (${address.slice(colon + 1)}).`,
      "Write HOST:PORT; an IPv6 address needs its port.",
    );
  });
  if (list.length === 0) throw new ValueError("Empty address value in configuration.");
  if (place.bridge!.values.has("addresses")) {
    throw new ValueError(
      "Invalid bridge configuration, 'address' only allowed once.",
      "Write all addresses in one line.",
    );
  }
  place.bridge!.set("addresses", list, line);
}

/** `topic PATTERN [out|in|both] [QOS [LOCAL-PREFIX [REMOTE-PREFIX]]]`; `""` is an empty one. */
function topic({ place, line }: Reading): void {
  firstWord(line.rest, line.name);
  const quoted = /^"([^"]+)"\s*(.*)$/.exec(line.rest);
  if (line.rest.startsWith('"') && !line.rest.startsWith('""') && quoted === null) {
    throw new ValueError(`Missing closing quote in topic value (${line.rest}).`);
  }
  const [pattern = "", ...others] = quoted === null
    ? line.rest.split(/ +/)
    : [quoted[1]!, ...quoted[2]!.split(/ +/)];
  const comment = others.findIndex((word, i) => i > 0 && word.startsWith("#"));
  const [direction = "out", qos = "0", localPrefix = "", remotePrefix = ""] = comment < 0
    ? others.filter((word) => word !== "")
    : others.slice(0, comment);
  if (!/^(out|in|both)$/i.test(direction)) {
    throw new ValueError(
      `Invalid bridge topic direction '${direction}'.`,
      "Allowed: out, in, both.",
    );
  }
  if (!/^[012]$/.test(qos)) {
    throw new ValueError(`Invalid bridge QoS level '${qos}'.`, "Allowed: 0, 1, 2.");
  }
  const before = (place.bridge!.values.get("topics") ?? []) as readonly unknown[];
  const read = {
    pattern: unquote(pattern),
    direction: direction.toLowerCase(),
    qos: Number(qos),
    localPrefix: unquote(localPrefix),
    remotePrefix: unquote(remotePrefix),
  };
  place.bridge!.set("topics", [...before, read], line);
}

function unquote(word: string): string {
  return word === '""' ? "" : word;
}

function tcpKeepalive({ place, line }: Reading): void {
  const names = ["idle", "interval", "counter"];
  const words = line.rest.split(/ +/);
  const values = names.map((name, i) => {
    const value = readInteger(words[i] ?? "", `${line.name}_${name}`);
    if (value > 0) return value;
    throw new ValueError(`invalid TCP keepalive ${name} value.`, "Allowed: 1 or more.");
  });
  place.bridge!.set(line.name, values, line);
}

/** `SECONDS`, or `BASE CAP [STABLE]` for one that grows, with jitter. */
function restartTimeout({ place, line }: Reading): void {
  const [base, cap, stable] = line.rest.split(/ +/).map((word) => readInteger(word, line.name));
  const first = Math.min(Math.max(base!, 1), 3_600);
  if (cap !== undefined && cap < first) {
    throw new ValueError("backoff cap is lower than the base in restart_timeout.");
  }
  if (stable !== undefined && stable < 0) {
    throw new ValueError("stable connection period cannot be negative.");
  }
  const all = [
    first,
    ...cap === undefined ? [] : [Math.min(cap, 7_200)],
    ...stable ? [stable] : [],
  ];
  place.bridge!.set(line.name, all, line);
}

function requireOcsp({ draft, line }: Reading): void {
  if (!boolean.read(line.rest, line.name)) return;
  draft.problem(
    line,
    "refused",
    "midge can't keep 'bridge_require_ocsp'.",
    "Remove it, and trust only the CA of the remote broker with bridge_cafile.",
  );
}
