// Mosquitto's options for bridges.

import { type MosquittoDraft, type OptionLine, Section } from "./mosquitto_draft.ts";
import {
  type Does,
  type MosquittoOption,
  type OptionTable,
  type Reading,
  refused,
  runs,
  sets,
  taken,
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

const useCertificates =
  "Use certificates (bridge_cafile, bridge_certfile, bridge_keyfile) instead of pre-shared keys.";

const bridge = (
  value: ValueType<unknown>,
  key: string,
  example: string,
  label?: string,
): MosquittoOption =>
  sets("bridge", "offered", value, key, example, label === undefined ? {} : { label });
const flag = (key: string): MosquittoOption => bridge(boolean, key, "true");
const words = (key: string, example: string, label?: string): MosquittoOption =>
  bridge(text, key, example, label);
const unused = (value: ValueType<unknown>, example: string, says: string): MosquittoOption => ({
  ...taken(value, example, says),
  scope: "bridge",
});
const inSeconds = (minimum: number): ValueType<unknown> =>
  integer({ as: (value) => `${Math.max(value, minimum)}s` });
const inConfiguration = (word: string, option: string): string =>
  `Invalid '${option}' value in configuration (${word}).`;

export const BRIDGE_OPTIONS: OptionTable = {
  connection: runs("global", "offered", "cloud", connection),
  address: runs("bridge", "offered", "cloud.example.com:8883", addresses),
  addresses: runs("bridge", "offered", "a.example.com b.example.com:1884", addresses),
  topic: runs("bridge", "offered", 'sensors/# out 1 "" site-a/', topic),

  bridge_attempt_unsubscribe: flag("remote.unsubscribes"),
  bridge_bind_address: words("remote.bindAddress", "192.0.2.1"),
  bridge_max_packet_size: bridge(
    integer({ as: (value) => value <= 0 ? "unlimited" : value }),
    "remote.maximumPacketSize",
    "100000",
  ),
  bridge_max_topic_alias: bridge(
    integer({
      minimum: 0,
      maximum: 65_535,
      message: "bridge_max_topic_alias must be > 0 and <= 65535.",
    }),
    "remote.topicAliasMaximum",
    "10",
  ),
  bridge_mptcp: unused(boolean, "true", "bridges use plain TCP, as with a kernel without MPTCP"),
  bridge_outgoing_retain: flag("remote.retain"),
  bridge_protocol_version: bridge(
    oneOf({ mqttv31: 3, mqttv311: 4, mqttv50: 5 }),
    "remote.protocolVersion",
    "mqttv50",
  ),
  bridge_receive_maximum: bridge(
    integer({
      minimum: 1,
      maximum: 65_535,
      message: "bridge_receive_maximum must be greater than 0.",
    }),
    "remote.receiveMaximum",
    "20",
  ),
  bridge_reload_type: unused(
    oneOf({ lazy: "lazy", immediate: "immediate" }, inConfiguration),
    "lazy",
    "a reload restarts the bridges that have changed, at once, and no others",
  ),
  bridge_session_expiry_interval: bridge(
    integer({
      minimum: 0,
      message: "bridge_session_expiry_interval must not be negative.",
      as: (value) => `${value}s`,
    }),
    "remote.sessionExpiry",
    "3600",
  ),
  bridge_tcp_keepalive: runs("bridge", "taken", "60 10 5", tcpKeepalive),
  bridge_tcp_user_timeout: unused(
    integer({ minimum: 0, message: "invalid TCP user timeout value." }),
    "1000",
    "keepalive_interval finds a connection that is dead",
  ),
  cleansession: flag("remote.cleanSession"),
  local_cleansession: flag("local.cleanSession"),
  clientid: words("remote.clientId", "midge", "bridge remote clientid"),
  remote_clientid: words("remote.clientId", "midge", "bridge remote clientid"),
  idle_timeout: bridge(inSeconds(1), "idleTimeout", "60"),
  keepalive_interval: bridge(
    integer({
      maximum: 65_535,
      message: "Bridge keepalive value too high.",
      as: (value) => `${Math.max(value, 5)}s`,
    }),
    "remote.keepAlive",
    "60",
  ),
  local_clientid: words("local.clientId", "local.midge", "bridge local clientid"),
  local_password: {
    ...unused(text, "secret", "the bridge is a part of midge and needs no password"),
    label: "bridge local_password",
  },
  local_username: words("local.userName", "bridge", "bridge local_username"),
  notification_topic: words("notificationTopic", "bridge/state"),
  notifications: flag("notifications"),
  notifications_local_only: flag("notificationsLocalOnly"),
  password: words("remote.password", "secret", "bridge remote_password"),
  remote_password: words("remote.password", "secret", "bridge remote_password"),
  username: words("remote.userName", "midge", "bridge remote_username"),
  remote_username: words("remote.userName", "midge", "bridge remote_username"),
  restart_timeout: runs("bridge", "offered", "5 30", restartTimeout),
  round_robin: flag("roundRobin"),
  start_type: bridge(
    oneOf(
      { automatic: "automatic", lazy: "lazy", once: "once" },
      (word, option) =>
        word === "manual" ? "Manual start_type not supported." : inConfiguration(word, option),
    ),
    "start",
    "lazy",
  ),
  threshold: bridge(integer({ as: (value) => Math.max(value, 1) }), "threshold", "10"),
  try_private: flag("remote.tellsItIsABridge"),

  // TLS
  bridge_alpn: words("tls.alpn", "mqtt"),
  bridge_cafile: words("tls.caFile", "/etc/mosquitto/ca.crt"),
  bridge_capath: words("tls.caPath", "/etc/ssl/certs"),
  bridge_certfile: words("tls.certFile", "/etc/mosquitto/bridge.crt"),
  bridge_ciphers: words("tls.ciphers", "HIGH:!aNULL"),
  "bridge_ciphers_tls1.3": words(
    "tls.cipherSuites",
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
  ),
  bridge_insecure: flag("tls.acceptsAnyName"),
  bridge_keyfile: words("tls.keyFile", "/etc/mosquitto/bridge.key"),
  bridge_tls_use_os_certs: flag("tls.systemAuthorities"),
  bridge_tls_version: bridge(
    oneOf({ "tlsv1.3": "1.3", "tlsv1.2": "1.2" }),
    "tls.minimumVersion",
    "tlsv1.2",
  ),
  bridge_identity: refused("bridge", "midge", useCertificates),
  bridge_psk: refused("bridge", "a1b2", useCertificates),
  bridge_require_ocsp: runs("bridge", "refused" satisfies Does, "true", requireOcsp),
};

/** From Mosquitto's defaults and pairs of options to our settings. @returns what is missing. */
export function finishBridge(draft: MosquittoDraft, bridge: Section): string | undefined {
  const line = bridge.lines.get("name")!;
  if (!bridge.values.has("remote.protocolVersion")) bridge.set("remote.protocolVersion", 4, line);
  joinNotifications(bridge, line);
  leaveOutLonePassword(draft, bridge);
  checkTls(draft, bridge);
  const missing = !bridge.values.has("addresses")
    ? "Invalid bridge configuration: no remote addresses defined."
    : !bridge.values.has("topics")
    ? "Invalid bridge configuration: no topics defined."
    : undefined;
  if (missing !== undefined) { // which is told once, not by the schema as well
    bridge.set("addresses", ["missing"], line);
    bridge.set("topics", [{ filter: "#" }], line);
  }
  return missing;
}

/** MQTT 3 has no password without a user name [MQTT-3.1.2-22]; Mosquitto takes the option all the same. */
function leaveOutLonePassword(draft: MosquittoDraft, bridge: Section): void {
  const line = bridge.lines.get("remote.password");
  const { values } = bridge;
  if (line === undefined || values.has("remote.userName")) return;
  if (values.get("remote.protocolVersion") === 5) return;
  const why = "is not sent without remote_username, which MQTT 3.1.1 and 3.1 want before it.";
  draft.note("warning", line, `The '${line.name}' option ${why}`);
  bridge.delete("remote.password");
}

function joinNotifications(bridge: Section, line: OptionLine): void {
  const isOff = bridge.values.get("notifications") === false;
  const isLocal = bridge.values.get("notificationsLocalOnly") === true;
  const isOn = bridge.lines.get("notifications") ?? line;
  bridge.delete("notificationsLocalOnly");
  bridge.set("notifications", isOff ? "none" : isLocal ? "local" : "both", isOn);
}

/** Without an authority Mosquitto connects in the clear, whatever else is said of TLS. */
function checkTls(draft: MosquittoDraft, bridge: Section): void {
  const { values, lines } = bridge;
  const hasAuthority = values.has("tls.caFile") || values.has("tls.caPath") ||
    values.get("tls.systemAuthorities") === true;
  if (hasAuthority) {
    return void (values.has("tls.systemAuthorities") ||
      bridge.set("tls.systemAuthorities", false, bridge.lines.get("name")!));
  }
  for (const [key, line] of [...lines]) {
    if (!key.startsWith("tls.")) continue;
    if (values.get(key) !== false) {
      draft.problem(
        line,
        "invalid",
        `The '${line.name}' option protects nothing without an authority for the remote certificate.`,
        "Add bridge_cafile, bridge_capath or 'bridge_tls_use_os_certs true', or remove it.",
      );
    }
    bridge.delete(key);
  }
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
    if (colon < 0) return address;
    const port = Number(address.slice(colon + 1));
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) {
      const host = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
      return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
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
    filter: unquote(pattern),
    direction: direction.toLowerCase(),
    qos: Number(qos),
    localPrefix: unquote(localPrefix),
    remotePrefix: unquote(remotePrefix),
  };
  place.bridge!.set("topics", [...before, read], line);
  place.bridge!.lines.set(`topics.${before.length}`, line);
}

function unquote(word: string): string {
  return word === '""' ? "" : word;
}

function tcpKeepalive({ draft, line }: Reading): void {
  const words = line.rest.split(/ +/);
  for (const [i, name] of ["idle", "interval", "counter"].entries()) {
    if (readInteger(words[i] ?? "", `${line.name}_${name}`) > 0) continue;
    throw new ValueError(`invalid TCP keepalive ${name} value.`, "Allowed: 1 or more.");
  }
  draft.note(
    "information",
    line,
    `'${line.name}' is not used: TCP keepalive is on, with the times of the system.`,
  );
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
  const seconds = (value: number) => `${value}s`;
  place.bridge!.set("restart.base", seconds(first), line);
  place.bridge!.set("restart.cap", cap === undefined ? null : seconds(Math.min(cap, 7_200)), line);
  place.bridge!.set("restart.stable", seconds(stable ?? 0), line);
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
