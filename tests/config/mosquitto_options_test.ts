import assert from "node:assert/strict";
import { formatProblem } from "../../src/config/config_error.ts";
import type { MosquittoOption } from "../../src/config/mosquitto_option.ts";
import { MOSQUITTO_OPTIONS } from "../../src/config/mosquitto_options.ts";
import { UNLIMITED } from "../../src/config/schema_values.ts";
import { BRIDGE_ROWS } from "./bridge_rows.ts";
import { at, read, readValid } from "./reading.ts";

interface Row {
  readonly conf: string;
  readonly path: string;
  readonly value: unknown;
}

const ROWS: readonly Row[] = [
  { conf: "acl_file /a b", path: "listeners.0.aclFile", value: "/a b" },
  { conf: "allow_anonymous false", path: "listeners.0.allowAnonymous", value: false },
  { conf: "allow_anonymous 1\nlistener 1", path: "listeners.0.allowAnonymous", value: true },
  { conf: "allow_zero_length_clientid 0", path: "listeners.0.assignsClientIds", value: false },
  { conf: "auto_id_prefix gw-", path: "listeners.0.autoIdPrefix", value: "gw-" },
  { conf: "password_file /p", path: "listeners.0.passwordFile", value: "/p" },
  { conf: "check_retain_source false", path: "access.checkRetainSource", value: false },
  { conf: "clientid_prefixes x-", path: "listeners.0.clientIdPrefixes", value: ["x-"] },
  { conf: "global_max_clients 7", path: "limits.maximumSessions", value: 7 },
  { conf: "global_max_clients -1", path: "limits.maximumSessions", value: UNLIMITED },
  { conf: "global_max_connections 8", path: "limits.maximumConnections", value: 8 },
  { conf: "max_inflight_bytes 9", path: "limits.maximumInflightBytes", value: 9 },
  { conf: "max_inflight_bytes 0", path: "limits.maximumInflightBytes", value: 0 },
  { conf: "max_inflight_messages 1", path: "limits.maximumInflightMessages", value: 1 },
  { conf: "max_inflight_messages 1", path: "limits.receiveMaximum", value: 1 },
  { conf: "max_inflight_messages 0", path: "limits.maximumInflightMessages", value: 65_535 },
  { conf: "max_keepalive 60", path: "limits.maximumKeepAlive", value: 60 },
  { conf: "max_packet_size 1000", path: "limits.maximumPacketSize", value: 1_000 },
  { conf: "max_packet_size 0x7fffffff", path: "limits.maximumPacketSize", value: 268_435_460 },
  { conf: "max_queued_bytes 10", path: "limits.maximumQueuedBytes", value: 10 },
  { conf: "", path: "limits.maximumQueuedBytes", value: UNLIMITED },
  { conf: "max_queued_messages 0", path: "limits.maximumQueuedMessages", value: UNLIMITED },
  { conf: "memory_limit 123456789012", path: "limits.maximumStoredBytes", value: 123_456_789_012 },
  { conf: "memory_limit 0", path: "limits.maximumStoredBytes", value: UNLIMITED },
  { conf: "", path: "limits.maximumStoredBytes", value: 2 ** 30 },
  { conf: "message_size_limit 11", path: "limits.maximumPayloadSize", value: 11 },
  { conf: "message_size_limit 0", path: "limits.maximumPayloadSize", value: 0 },
  {
    conf: "persistent_client_expiration 2m",
    path: "limits.maximumSessionExpiryInterval",
    value: 60 * 86_400,
  },
  { conf: "queue_qos0_messages true", path: "limits.queuesQoS0Messages", value: true },
  { conf: "retain_available false", path: "limits.retainAvailable", value: false },
  { conf: "upgrade_outgoing_qos true", path: "limits.upgradesOutgoingQoS", value: true },
  { conf: "pid_file /run/m.pid", path: "pidFile", value: "/run/m.pid" },
  { conf: "user nobody", path: "user", value: "nobody" },
  { conf: "", path: "user", value: "mosquitto" },
  { conf: "sys_interval 0", path: "sysIntervalMs", value: 0 },
  { conf: "sys_interval 010", path: "sysIntervalMs", value: 8_000 },
  { conf: "connection_messages false", path: "logging.connectionMessages", value: false },
  { conf: "", path: "logging.destinations", value: ["stderr"] },
  { conf: "log_dest none", path: "logging.destinations", value: [] },
  {
    conf: "log_dest stdout unbuffered\nlog_dest file /l og",
    path: "logging.destinations",
    value: ["stdout", { file: "/l og" }],
  },
  { conf: "log_dest stdout\nlog_dest none", path: "logging.destinations", value: [] },
  { conf: "log_facility 5", path: "logging.syslogFacility", value: "local5" },
  { conf: "log_timestamp false", path: "logging.timestamp", value: false },
  { conf: "log_timestamp_format %H %M", path: "logging.timestampFormat", value: "%H %M" },
  {
    conf: "log_type error\nlog_type debug\nlog_type error",
    path: "logging.types",
    value: ["debug", "error"],
  },
  { conf: "log_type all", path: "logging.types.length", value: 9 },
  { conf: "log_type none", path: "logging.types", value: [] },
  { conf: "listener 1884", path: "listeners.0.port", value: 1_884 },
  { conf: "listener 1884", path: "listeners.0.hostnames", value: [] },
  { conf: "listener 1884 ::1 #", path: "listeners.0.hostnames", value: ["::1"] },
  { conf: "listener 1884 # all", path: "listeners.0.hostnames", value: [] },
  { conf: "port 1885", path: "listeners.0.port", value: 1_885 },
  { conf: "bind_address ::1", path: "listeners.0.hostnames", value: ["::1"] },
  { conf: "bind_address ::1", path: "listeners.0.port", value: 1_883 },
  {
    conf: "listener 1\naccept_protocol_versions 5,4",
    path: "listeners.0.acceptedVersions",
    value: [4, 5],
  },
  {
    conf: "listener 1\nlistener_allow_anonymous true",
    path: "listeners.0.allowAnonymous",
    value: true,
  },
  { conf: "listener 1\nlistener_auto_id_prefix g", path: "listeners.0.autoIdPrefix", value: "g" },
  { conf: "listener 1\nmax_connections 3", path: "listeners.0.maximumConnections", value: 3 },
  {
    conf: "listener 1\nmax_connections -1",
    path: "listeners.0.maximumConnections",
    value: UNLIMITED,
  },
  { conf: "listener 1\nmaximum_qos 0", path: "listeners.0.maximumQoS", value: 0 },
  { conf: "listener 1\nmax_qos 1", path: "listeners.0.maximumQoS", value: 1 },
  { conf: "listener 1\nmount_point a/", path: "listeners.0.mountPoint", value: "a/" },
  { conf: "listener 1\nmax_topic_alias 0", path: "listeners.0.topicAliasMaximum", value: 0 },
  {
    conf: "listener 1\nmax_topic_alias_broker 5",
    path: "listeners.0.topicAliasMaximumToClient",
    value: 5,
  },
  { conf: "listener 1\nprotocol mqtt", path: "listeners.0.protocol", value: "mqtt" },
  { conf: "listener 1\nprotocol websockets", path: "listeners.0.protocol", value: "websockets" },
  {
    conf:
      "listener 1\nprotocol websockets\nwebsockets_origin http://a\nwebsockets_origin http://b:81",
    path: "listeners.0.webSocket.origins",
    value: ["http://a", "http://b:81"],
  },
  {
    conf: "listener 1\nprotocol websockets\nhttp_dir /srv/www",
    path: "listeners.0.webSocket.httpDirectory",
    value: "/srv/www",
  },
  {
    conf: "websockets_headers_size 4096\nlistener 1\nprotocol websockets",
    path: "listeners.0.webSocket.maximumHeaderBytes",
    value: 4096,
  },
  {
    conf: "websockets_headers_size 0\nlistener 1\nprotocol websockets",
    path: "listeners.0.webSocket.maximumHeaderBytes",
    value: 8192,
  },
  {
    conf: "listener 1\nuse_username_as_clientid true",
    path: "listeners.0.usesUserNameAsClientId",
    value: true,
  },
  ...[
    ["certfile", "certFile"],
    ["keyfile", "keyFile"],
    ["cafile", "caFile"],
    ["capath", "caPath"],
  ].map(([name, key]) => ({
    conf: ["listener 1", ...new Set(["certfile /f", "keyfile /f", `${name} /f`])].join("\n"),
    path: `listeners.0.tls.${key}`,
    value: "/f",
  })),
  ...[
    ["crlfile /l", "crlFile", "/l"],
    ["ciphers HIGH", "ciphers", "HIGH"],
    ["require_certificate true", "requireCertificate", true],
    ["use_identity_as_username true", "userNameFrom", "common-name"],
    ["use_subject_as_username true", "userNameFrom", "subject"],
    [
      "ciphers_tls1.3 TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
      "cipherSuites",
      "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
    ],
  ].map(([line, key, value]) => ({
    conf: `listener 1\ncertfile /f\nkeyfile /f\n${line}`,
    path: `listeners.0.tls.${key}`,
    value,
  })),
  {
    conf: "listener 1\ncertfile /f\nkeyfile /f\ntls_version tlsv1.3",
    path: "listeners.0.tls.minimumVersion",
    value: "1.3",
  },
  { conf: "listener 0 /run/m.sock", path: "listeners.0.kind", value: "unix" },
  { conf: "listener 0 /run/m.sock # here", path: "listeners.0.path", value: "/run/m.sock" },
  { conf: "listener 1\nbind_interface eth0", path: "listeners.0.bindInterface", value: "eth0" },
  { conf: "listener 1\nsocket_domain ipv6", path: "listeners.0.socketDomain", value: "ipv6" },
  {
    conf: "listener 1\nenable_proxy_protocol 2\nproxy_protocol_v2_require_tls true",
    path: "listeners.0.proxyProtocol.requireTls",
    value: true,
  },
  {
    conf: "listener 1\nenable_proxy_protocol 1",
    path: "listeners.0.proxyProtocol.version",
    value: 1,
  },
  {
    conf: "listener 1\nenable_proxy_protocol 2\nrequire_certificate true",
    path: "listeners.0.proxyProtocol.requireCertificate",
    value: true,
  },
  { conf: "", path: "access.refuseHopelessSubscriptions", value: false },
  { conf: "", path: "reload.onBadAccessFile", value: "exit" },
  { conf: "", path: "persistence.durability", value: "none" },
  { conf: "persistence false", path: "persistence.durability", value: "none" },
  { conf: "persistence true", path: "persistence.durability", value: "process" },
  { conf: "retained_persistence true", path: "persistence.durability", value: "process" },
  { conf: "persistence_location /var/lib/m/", path: "persistence.directory", value: "/var/lib/m/" },
  { conf: "", path: "persistence.directory", value: "." },
  { conf: "persistence_file m.db", path: "persistence.file", value: "m.midge.db" },
  { conf: "", path: "persistence.file", value: "mosquitto.midge.db" },
  {
    conf: "plugin /x/mosquitto_persist_sqlite.so\nplugin_opt_sync full",
    path: "persistence.durability",
    value: "power",
  },
  ...BRIDGE_ROWS,
];
for (const { conf, path, value } of ROWS) {
  Deno.test(`mosquitto.conf: "${conf.replaceAll("\n", "; ")}" sets ${path}`, async () => {
    const { config } = await readValid(conf);
    assert.deepEqual(at(config, path), value);
  });
}

Deno.test("every option that is offered has a row that shows what it sets", () => {
  const written = new Set(ROWS.flatMap(({ conf }) => conf.split("\n").map((l) => l.split(" ")[0])));
  const shownElsewhere = /plugin|per_listener_settings/;
  const missing = Object.entries(MOSQUITTO_OPTIONS)
    .filter(([name, { does }]) => does === "offered" && !shownElsewhere.test(name))
    .map(([name]) => name).filter((name) => !written.has(name));
  assert.deepEqual(missing, []);
});

for (const [name, option] of Object.entries(MOSQUITTO_OPTIONS)) {
  Deno.test(`mosquitto.conf: ${name} is ${option.does}`, async () => {
    const { result, problems } = await read(inContext(name, option));
    const categories = [...new Set(problems.map(({ category }) => category))];
    const text = problems.map(formatProblem).join("\n");
    const aboutIt = (result?.notes ?? []).filter(({ message }) => message.includes(`'${name}'`));
    switch (option.does) {
      case "offered":
        return assert.equal(text, "");
      case "taken":
        assert.equal(text, "");
        return assert.ok(aboutIt.length === 1 || name === "enable_control_api");
      case "refused":
        assert.deepEqual(categories, ["refused"], text);
        return assert.match(text, new RegExp(`'${name}|${name} `));
    }
  });
}

/** A file in which the option is at its place. */
function inContext(name: string, { scope, key = "", example }: MosquittoOption): string {
  const line = `${name} ${example}`;
  const tls = "certfile /c\nkeyfile /k".split("\n").filter((each) => !each.startsWith(name));
  if (name === "http_dir" || name === "websockets_origin") {
    return `listener 1\nprotocol websockets\n${line}`;
  }
  if (name === "proxy_protocol_v2_require_tls") {
    return `listener 1\nenable_proxy_protocol 2\n${line}`;
  }
  if (name === "plugin_use") {
    return `plugin_load acl /x/mosquitto_acl_file.so\nplugin_opt_acl_file /a\nlistener 1\n${line}`;
  }
  if (/plugin$|plugin_load$/.test(name)) return `${line}\nplugin_opt_acl_file /a`;
  if (scope === "plugin") return `plugin /x/mosquitto_acl_file.so\nplugin_opt_acl_file /a\n${line}`;
  if (scope === "bridge" || name === "connection") {
    const rest = ["address a", "topic # out"]
      .filter((each) => !name.startsWith(each.split(" ")[0]!));
    if (key === "remote.password") rest.push("remote_username u");
    if (key === "tls.certFile") rest.push("bridge_keyfile /k");
    if (key === "tls.keyFile") rest.push("bridge_certfile /c");
    if (key.startsWith("tls.") && !/caFile|caPath|system/.test(key)) rest.push("bridge_cafile /ca");
    return ["connection c", ...rest, name === "connection" ? "" : line].join("\n");
  }
  if (key.startsWith("tls.")) return ["listener 1", ...tls, line].join("\n");
  return scope === "global" || scope === "security" ? line : `listener 1\n${line}`;
}
