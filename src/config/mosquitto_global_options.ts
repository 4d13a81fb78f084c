// Mosquitto's options for the whole broker and for access.

import { WEB_SOCKET_HEADER_BYTES } from "./mosquitto_draft.ts";
import {
  type MosquittoOption,
  type OptionTable,
  type Reading,
  refused,
  runs,
  sets,
  taken,
} from "./mosquitto_option.ts";
import {
  afterFirstWord,
  boolean,
  emptyValue,
  expiration,
  firstWord,
  integer,
  oneOf,
  text,
  textUpTo,
  ValueError,
  type ValueType,
} from "./mosquitto_values.ts";
import { LOG_TYPES, type LogTypeName } from "./schema_sections.ts";

const LARGEST_PACKET = 268_435_460;
const LARGEST_PAYLOAD = 268_435_455;
const MINUTE_CAP = 10_000_000;

/** Mosquitto writes "no limit" as 0 or below. */
const orUnlimited = (value: number) => value <= 0 ? "unlimited" : value;
const unlimitedInteger = integer({ as: orUnlimited });
/** Smaller ones would fit no browser's request. */
const LEAST_HEADER_BYTES = 512;

const uint16 = (options: Parameters<typeof integer>[0] = {}) =>
  integer({ minimum: 0, maximum: 65_535, ...options });
const asSeconds = (value: number) => value === 0 ? 0 : `${value}s`;

const offered = (value: ValueType<unknown>, key: string, example: string): MosquittoOption =>
  sets("global", "offered", value, key, example);
const security = (value: ValueType<unknown>, key: string, example: string): MosquittoOption =>
  sets("security", "offered", value, key, example);

export const GLOBAL_OPTIONS: OptionTable = {
  // Access
  acl_file: security(text, "aclFile", "/etc/mosquitto/acl"),
  allow_anonymous: security(boolean, "allowAnonymous", "true"),
  allow_zero_length_clientid: security(boolean, "assignsClientIds", "false"),
  auto_id_prefix: security(
    textUpTo(50, "auto_id_prefix length must be <= 50."),
    "autoIdPrefix",
    "gateway-",
  ),
  password_file: security(text, "passwordFile", "/etc/mosquitto/passwd"),
  check_retain_source: offered(boolean, "access.checkRetainSource", "false"),
  clientid_prefixes: offered(
    { ...text, read: (rest, option) => [text.read(rest, option)] },
    "access.clientIdPrefixes",
    "secure-",
  ),
  per_listener_settings: runs("global", "offered", "true", perListenerSettings),
  psk_file: refused(
    "security",
    "/etc/mosquitto/psk",
    "Use certificates (certfile, keyfile, require_certificate) instead of pre-shared keys.",
  ),

  // Limits
  global_max_clients: offered(unlimitedInteger, "limits.maximumSessions", "5000"),
  global_max_connections: offered(unlimitedInteger, "limits.maximumConnections", "4000"),
  max_inflight_bytes: offered(unlimitedInteger, "limits.maximumInflightBytes", "100000"),
  max_inflight_messages: runs("global", "offered", "10", maxInflightMessages),
  max_keepalive: offered(uint16({ as: asSeconds }), "limits.maximumKeepAlive", "120"),
  max_packet_size: offered(
    integer({
      minimum: 20,
      message: "'max_packet_size' must be >= 20.",
      as: (size) => Math.min(size, LARGEST_PACKET),
    }),
    "limits.maximumPacketSize",
    "100000",
  ),
  max_queued_bytes: offered(unlimitedInteger, "limits.maximumQueuedBytes", "1000000"),
  max_queued_messages: offered(unlimitedInteger, "limits.maximumQueuedMessages", "5000"),
  memory_limit: {
    ...offered(
      integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, as: orUnlimited }),
      "limits.maximumStoredBytes",
      "500000000",
    ),
    says: "`limits.maximumStoredBytes` in YAML: messages, not all of the heap; default 1 GiB",
  },
  message_size_limit: offered(
    integer({ minimum: 0, maximum: LARGEST_PAYLOAD, as: orUnlimited }),
    "limits.maximumPayloadSize",
    "65536",
  ),
  persistent_client_expiration: offered(expiration, "limits.maximumSessionExpiryInterval", "14d"),
  queue_qos0_messages: offered(boolean, "limits.queuesQoS0Messages", "true"),
  retain_available: offered(boolean, "limits.retainAvailable", "false"),
  upgrade_outgoing_qos: offered(boolean, "limits.upgradesOutgoingQoS", "true"),

  // The process
  pid_file: offered(text, "pidFile", "/run/mosquitto/mosquitto.pid"),
  user: offered(text, "user", "mosquitto"),
  sys_interval: offered(uint16({ as: asSeconds }), "sysInterval", "30"),

  // Logs
  connection_messages: offered(boolean, "logging.connectionMessages", "false"),
  log_dest: runs("global", "offered", "file /var/log/mosquitto/mosquitto.log", logDest),
  log_facility: offered(
    uint16({ maximum: 7, as: (facility) => `local${facility}` }),
    "logging.syslogFacility",
    "5",
  ),
  log_timestamp: offered(boolean, "logging.timestamp", "false"),
  log_timestamp_format: offered(text, "logging.timestampFormat", "%Y-%m-%dT%H:%M:%S"),
  log_type: runs("global", "offered", "debug", logType),

  // Persistence
  autosave_interval: taken(
    integer(),
    "900",
    "changes are written as they come, not at an interval.",
  ),
  autosave_on_changes: taken(boolean, "true", "changes are written as they come."),
  persistence: persistence("true"),
  retained_persistence: persistence("true"),
  persistence_file: sets("global", "offered", ownFileName(), "persistence.file", "mosquitto.db"),
  persistence_location: sets(
    "global",
    "offered",
    text,
    "persistence.directory",
    "/var/lib/mosquitto/",
  ),

  // What only tunes Mosquitto's insides, or is no more
  allow_duplicate_messages: taken(
    boolean,
    "true",
    "each Client gets a message once, at the highest QoS of its Subscriptions.",
  ),
  dhparamfile: taken(text, "/etc/mosquitto/dhparam.pem", "it is no longer required."),
  enable_control_api: {
    ...taken(boolean, "true", "midge has no $CONTROL API."),
    run: warnIfTrue("midge has no $CONTROL API: requests get no answer."),
  },
  packet_buffer_size: taken(
    uint16({ message: "Packet buffer size must be between 0 and 65535 inclusive." }),
    "4096",
    "midge sizes its buffers itself.",
  ),
  retain_expiry_interval: taken(
    integer({
      minimum: 1,
      message: "retain_expiry_interval must be >= 1.",
      as: (minutes) => Math.min(minutes, MINUTE_CAP),
    }),
    "60",
    "midge removes expired retained messages by itself.",
  ),
  retry_interval: taken(text, "20", "MQTT has no retries while a connection lasts."),
  set_tcp_nodelay: taken(boolean, "true", "midge never delays small packets."),
  websockets_headers_size: runs("global", "offered", "4096", websocketsHeadersSize),
  websockets_log_level: taken(
    integer(),
    "0",
    "midge has no libwebsockets to log: what goes wrong in a WebSocket is logged as a notice.",
  ),
};

function persistence(example: string): MosquittoOption {
  const durability = {
    ...boolean,
    read: (rest: string, option: string) => boolean.read(rest, option) ? "process" : "none",
  };
  return sets("global", "offered", durability, "persistence.durability", example);
}

/** Beside Mosquitto's own file, whose format is another one: mosquitto.midge.db. */
function ownFileName(): ValueType<string> {
  return {
    ...text,
    read: (rest, option) => `${text.read(rest, option).replace(/\.db$/, "")}.midge.db`,
  };
}

function perListenerSettings({ draft, line }: Reading): void {
  if (draft.perListenerSettings) return; // once set, it stays
  draft.perListenerSettings = boolean.read(line.rest, line.name);
  if (!draft.perListenerSettings) return;
  if (draft.hasSecuritySettings) {
    throw new ValueError(
      "per_listener_settings must be set before any other security settings.",
      "Make it the first line of the file.",
    );
  }
}

/** For all listeners: finishMosquittoDraft gives it to them. 0 is the default. */
function websocketsHeadersSize({ draft, line }: Reading): void {
  const read = uint16({ message: "Packet buffer size must be between 0 and 65535 inclusive." });
  const bytes = read.read(line.rest, line.name);
  if (bytes === 0) return draft.global.delete(WEB_SOCKET_HEADER_BYTES);
  draft.global.set(WEB_SOCKET_HEADER_BYTES, Math.max(bytes as number, LEAST_HEADER_BYTES), line);
}

/** Mosquitto has one number for both directions; 0 and 65535: as many as the protocol has. */
function maxInflightMessages({ draft, line }: Reading): void {
  const read = integer({
    maximum: 65_535,
    message: "'max_inflight_messages' must be <= 65535.",
    as: (value) => value <= 0 ? 65_535 : value,
  });
  const value = read.read(line.rest, line.name);
  draft.global.set("limits.maximumInflightMessages", value, line);
  draft.global.set("limits.receiveMaximum", value, line);
}

type Destination = "stdout" | "stderr" | "syslog" | "topic" | { readonly file: string };

function logDest({ draft, line }: Reading): void {
  const key = "logging.destinations";
  const before = (draft.global.values.get(key) ?? []) as readonly Destination[];
  const add = (destination: Destination) =>
    draft.global.set(key, [...before.filter((each) => each !== destination), destination], line);
  const word = firstWord(line.rest, line.name);
  switch (word) {
    case "none":
      return draft.global.set(key, [], line);
    case "stdout":
    case "stderr":
    case "syslog":
    case "topic":
      return add(word);
    case "dlt":
      return draft.note("information", line, "'log_dest dlt': midge has no DLT, it is not used.");
    case "file": {
      const file = afterFirstWord(line.rest);
      if (file === "") throw new ValueError('Empty "log_dest file" value in configuration.');
      if (before.some((each) => typeof each === "object")) {
        throw new ValueError('Duplicate "log_dest file" value.', "There can be one file.");
      }
      return add({ file });
    }
    default:
      throw new ValueError(
        `Invalid 'log_dest' value (${word}).`,
        "Allowed: stdout, stderr, syslog, topic, file PATH, none.",
      );
  }
}

function logType({ draft, line }: Reading): void {
  const key = "logging.types";
  const before = (draft.global.values.get(key) ?? []) as readonly LogTypeName[];
  const words = Object.fromEntries([...LOG_TYPES, "none", "all"].map((name) => [name, name]));
  if (line.rest === "") throw emptyValue(line.name);
  const word = oneOf(words).read(line.rest, line.name) as LogTypeName | "none" | "all";
  if (word === "none") return draft.global.set(key, [], line);
  if (word === "all") return draft.global.set(key, [...LOG_TYPES], line);
  draft.global.set(key, [...before.filter((each) => each !== word), word], line);
}

function warnIfTrue(message: string): (reading: Reading) => void {
  return ({ draft, line }) => {
    if (boolean.read(line.rest, line.name)) draft.note("warning", line, message);
  };
}
