// Every option of Mosquitto 2.1's manual page (mosquitto.conf(5)) is known by name, with the manual's default.

import assert from "node:assert/strict";
import { MOSQUITTO_OPTIONS, OTHER_OPTION_NAMES } from "../../src/config/mosquitto_options.ts";
import { UNLIMITED } from "../../src/config/schema_values.ts";
import { at, readValid } from "./reading.ts";

const MANUAL = `
acl_file allow_anonymous allow_duplicate_messages allow_zero_length_clientid auth_plugin_deny_special_chars
auto_id_prefix autosave_interval autosave_on_changes check_retain_source clientid_prefixes connection_messages
enable_control_api global_max_clients global_max_connections global_plugin include_dir log_dest log_facility
log_timestamp log_timestamp_format log_type max_inflight_bytes max_inflight_messages max_keepalive max_packet_size
max_queued_bytes max_queued_messages memory_limit message_size_limit password_file per_listener_settings persistence
persistence_file persistence_location persistent_client_expiration pid_file plugin_opt_* plugin auth_opt_* auth_plugin
psk_file queue_qos0_messages retain_available retain_expiry_interval set_tcp_nodelay sys_interval upgrade_outgoing_qos
user
accept_protocol_versions bind_address bind_interface enable_proxy_protocol http_dir listener listener_allow_anonymous
listener_auto_id_prefix max_connections max_qos max_topic_alias_broker max_topic_alias mount_point mptcp port protocol
proxy_protocol_v2_require_tls socket_domain use_username_as_clientid packet_buffer_size websockets_headers_size
websockets_log_level websockets_origin
cafile capath certfile ciphers ciphers_tls1.3 crlfile dhparamfile disable_client_cert_date_checks keyfile
require_certificate tls_engine tls_engine_kpass_sha1 tls_keyform tls_version use_identity_as_username
use_subject_as_username psk_hint
address addresses bridge_attempt_unsubscribe bridge_bind_address bridge_max_packet_size bridge_max_topic_alias
bridge_mptcp bridge_outgoing_retain bridge_protocol_version bridge_receive_maximum bridge_session_expiry_interval
bridge_tcp_keepalive bridge_tcp_user_timeout cleansession local_cleansession connection keepalive_interval idle_timeout
local_clientid local_password local_username notifications notifications_local_only notification_topic remote_clientid
clientid remote_password password remote_username username restart_timeout round_robin start_type threshold topic
try_private bridge_reload_type bridge_alpn bridge_cafile bridge_capath bridge_certfile bridge_identity bridge_insecure
bridge_keyfile bridge_psk bridge_require_ocsp bridge_tls_use_os_certs bridge_tls_version bridge_ciphers
bridge_ciphers_tls1.3
`.trim().split(/\s+/);

Deno.test("every option of the manual page has a row in the tables", () => {
  const known = new Set([...Object.keys(MOSQUITTO_OPTIONS), ...OTHER_OPTION_NAMES]);
  assert.deepEqual(MANUAL.filter((name) => !known.has(name)), []);
});

/** What holds in a file with nothing but a listener, as the manual has it. */
const DEFAULTS: readonly {
  readonly option: string;
  readonly path: string;
  readonly value: unknown;
}[] = [
  { option: "acl_file", path: "listeners.0.aclFile", value: null },
  { option: "allow_anonymous", path: "listeners.0.allowAnonymous", value: false },
  { option: "allow_zero_length_clientid", path: "listeners.0.assignsClientIds", value: true },
  { option: "auto_id_prefix", path: "listeners.0.autoIdPrefix", value: "auto-" },
  { option: "check_retain_source", path: "access.checkRetainSource", value: true },
  { option: "clientid_prefixes", path: "listeners.0.clientIdPrefixes", value: [] },
  { option: "log_dest", path: "logging.destinations", value: ["stderr"] },
  { option: "log_facility", path: "logging.syslogFacility", value: "daemon" },
  { option: "log_timestamp", path: "logging.timestamp", value: true },
  { option: "log_timestamp_format", path: "logging.timestampFormat", value: null },
  {
    option: "log_type",
    path: "logging.types",
    value: ["error", "warning", "notice", "information"],
  },
  { option: "max_inflight_bytes", path: "limits.maximumInflightBytes", value: 0 },
  { option: "max_inflight_messages", path: "limits.maximumInflightMessages", value: 20 },
  { option: "max_keepalive", path: "limits.maximumKeepAlive", value: 0 },
  { option: "max_packet_size", path: "limits.maximumPacketSize", value: 2_000_000 },
  { option: "max_queued_bytes", path: "limits.maximumQueuedBytes", value: UNLIMITED },
  { option: "max_queued_messages", path: "limits.maximumQueuedMessages", value: 1_000 },
  { option: "message_size_limit", path: "limits.maximumPayloadSize", value: 0 },
  { option: "password_file", path: "listeners.0.passwordFile", value: null },
  { option: "persistence", path: "persistence.durability", value: "none" },
  {
    option: "persistent_client_expiration",
    path: "limits.maximumSessionExpiryInterval",
    value: 0,
  },
  { option: "pid_file", path: "pidFile", value: null },
  { option: "queue_qos0_messages", path: "limits.queuesQoS0Messages", value: false },
  { option: "retain_available", path: "limits.retainAvailable", value: true },
  { option: "sys_interval", path: "sysIntervalMs", value: 10_000 },
  { option: "upgrade_outgoing_qos", path: "limits.upgradesOutgoingQoS", value: false },
  { option: "user", path: "user", value: "mosquitto" },
  { option: "accept_protocol_versions", path: "listeners.0.acceptedVersions", value: [3, 4, 5] },
  { option: "max_connections", path: "listeners.0.maximumConnections", value: UNLIMITED },
  { option: "max_qos", path: "listeners.0.maximumQoS", value: 2 },
  { option: "max_topic_alias", path: "listeners.0.topicAliasMaximum", value: 10 },
  { option: "max_topic_alias_broker", path: "listeners.0.topicAliasMaximumToClient", value: 10 },
  { option: "mount_point", path: "listeners.0.mountPoint", value: "" },
  { option: "protocol", path: "listeners.0.protocol", value: "mqtt" },
  { option: "use_username_as_clientid", path: "listeners.0.usesUserNameAsClientId", value: false },
  { option: "certfile", path: "listeners.0.tls", value: null },
  { option: "enable_proxy_protocol", path: "listeners.0.proxyProtocol", value: null },
];
for (const { option, path, value } of DEFAULTS) {
  Deno.test(`mosquitto.conf without ${option} has the manual's default`, async () => {
    assert.ok(MANUAL.includes(option));
    assert.deepEqual(at((await readValid("listener 1883")).config, path), value);
  });
}
