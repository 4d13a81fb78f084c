// Every mistake in a mosquitto.conf: Mosquitto's words, the line, and what to do.

import assert from "node:assert/strict";
import { problemsOf } from "./reading.ts";

const ERRORS: readonly {
  readonly conf: string;
  readonly says: readonly string[];
}[] = [
  {
    conf: "\nlistner 1883",
    says: ["2: Unknown configuration variable 'listner'. Did you mean 'listener'?"],
  },
  {
    conf: "Max_QOS 1",
    says: ["1: Unknown configuration variable 'Max_QOS'. Did you mean 'max_qos'?"],
  },
  { conf: "zzzzzzzz 1", says: ["1: Unknown configuration variable 'zzzzzzzz'."] },
  {
    conf: " # x",
    says: [
      "1: Unknown configuration variable '#'. A comment begins with the first character of its line.",
    ],
  },
  { conf: "user", says: ["1: Empty 'user' value in configuration."] },
  { conf: "user   ", says: ["1: Empty 'user' value in configuration."] },
  { conf: "allow_anonymous", says: ["1: Empty 'allow_anonymous' value in configuration."] },
  {
    conf: "user a\nuser b",
    says: ["2: Duplicate 'user' value in configuration. It is set in line 1 already."],
  },
  { conf: "sys_interval 1\nsys_interval 2", says: [] },
  { conf: "allow_anonymous true\nallow_anonymous false", says: [] },
  {
    conf: "allow_anonymous TRUE",
    says: ["1: Invalid 'allow_anonymous' value (TRUE). Allowed: true, false, 1 or 0."],
  },
  { conf: "sys_interval ten", says: ["1: 'sys_interval' value not a number. It is \"ten\"."] },
  { conf: "sys_interval 1s", says: ["1: 'sys_interval' value not a number. It is \"1s\"."] },
  {
    conf: "sys_interval 4294967296",
    says: ["1: 'sys_interval' value out of range. It is 4294967296."],
  },
  {
    conf: "sys_interval 65536",
    says: ["1: Invalid 'sys_interval' value (65536). Allowed: a whole number from 0 to 65535."],
  },
  {
    conf: "max_keepalive -1",
    says: ["1: Invalid 'max_keepalive' value (-1). Allowed: a whole number from 0 to 65535."],
  },
  {
    conf: "max_packet_size 19",
    says: ["1: 'max_packet_size' must be >= 20. Allowed: a whole number from 20."],
  },
  {
    conf: "max_inflight_messages 65536",
    says: [
      "1: 'max_inflight_messages' must be <= 65535. Allowed: a whole number up to 65535.",
    ],
  },
  {
    conf: "persistent_client_expiration 5",
    says: [
      "1: Invalid 'persistent_client_expiration' duration in configuration. Allowed: a number and one of s h d w m y, such as 14d (m: months).",
    ],
  },
  {
    conf: "persistent_client_expiration 0d",
    says: [
      "1: Invalid 'persistent_client_expiration' duration in configuration. Allowed: a number and one of s h d w m y, such as 14d (m: months).",
    ],
  },
  {
    conf: "log_dest fil",
    says: [
      "1: Invalid 'log_dest' value (fil). Allowed: stdout, stderr, syslog, topic, file PATH, none.",
    ],
  },
  { conf: "log_dest file", says: ['1: Empty "log_dest file" value in configuration.'] },
  {
    conf: "log_dest file a\nlog_dest file b",
    says: ['2: Duplicate "log_dest file" value. There can be one file.'],
  },
  {
    conf: "log_type loud",
    says: [
      "1: Invalid 'log_type' value (loud). Allowed: error, warning, notice, information, debug, subscribe, unsubscribe, websockets, internal, none, all.",
    ],
  },
  {
    conf: "log_facility 8",
    says: ["1: Invalid 'log_facility' value (8). Allowed: a whole number from 0 to 7."],
  },
  { conf: "listener", says: ["1: Empty 'listener port' value in configuration."] },
  { conf: "listener abc", says: ["1: 'listener port' value not a number. It is \"abc\"."] },
  {
    conf: "listener 65536",
    says: [
      "1: Invalid 'port' value (65536). Allowed: 1 to 65535, or 0 and the path of a Unix socket.",
    ],
  },
  { conf: "listener 0", says: ["1: A listener with port 0 must provide a Unix socket path."] },
  {
    conf: "port 0",
    says: ["1: Invalid 'port' value (0). Allowed: a whole number from 1 to 65535."],
  },
  {
    conf: "max_qos 3",
    says: ["1: 'max_qos' must be between 0 and 2 inclusive. Allowed: a whole number from 0 to 2."],
  },
  {
    conf: "listener 1\nmount_point a/#",
    says: ["2: Invalid 'mount_point' value (a/#). Does it contain a wildcard character?"],
  },
  {
    conf: "listener 1\nprotocol mqttsn",
    says: ["2: Invalid 'protocol' value (mqttsn). Allowed: mqtt, websockets."],
  },
  {
    conf: "listener 1\nprotocol http_api",
    says: [
      "2: midge has no http_api listener. Remove this listener; midge tells its state in $SYS.",
    ],
  },
  {
    conf: "listener 1\nsocket_domain ipx",
    says: ["2: Invalid 'socket_domain' value 'ipx' in configuration. Allowed: ipv4, ipv6."],
  },
  {
    conf: "listener 1\nmax_topic_alias 65536",
    says: [
      "2: Invalid 'max_topic_alias' value in configuration. Allowed: a whole number from 0 to 65535.",
    ],
  },
  { conf: `auto_id_prefix ${"x".repeat(51)}`, says: ["1: auto_id_prefix length must be <= 50."] },
  {
    conf: "mount_point a",
    says: [
      "1: The 'mount_point' option requires a listener to be defined first. Put it below a 'listener PORT' line.",
    ],
  },
  {
    conf: "listener_allow_anonymous true",
    says: [
      "1: The 'listener_allow_anonymous' option requires a listener to be defined first. Put it below a 'listener PORT' line.",
    ],
  },
  {
    conf: "port 1\naccept_protocol_versions 4",
    says: [
      "2: The 'accept_protocol_versions' option requires a listener to be defined first. Put it below a 'listener PORT' line.",
    ],
  },
  {
    conf: "cleansession true",
    says: [
      "1: The 'cleansession' option requires a bridge to be defined first. Put it below a 'connection NAME' line.",
    ],
  },
  {
    conf: "plugin_opt_acl_file a",
    says: [
      "1: The 'plugin_opt_acl_file' option requires plugin/global_plugin/plugin_load to be defined first.",
    ],
  },
  {
    conf: "per_listener_settings true\npassword_file a",
    says: [
      "2: The 'password_file' option requires a listener to be defined first. Put it below a 'listener PORT' line.",
    ],
  },
  {
    conf: "acl_file a\nper_listener_settings true",
    says: [
      "2: per_listener_settings must be set before any other security settings. Make it the first line of the file.",
    ],
  },
  {
    conf: "listener 1\npassword_file a\nlistener 2\npassword_file b",
    says: [
      "4: Duplicate 'password_file' value in configuration. It is set in line 2 already, for all listeners: without 'per_listener_settings true' it is global.",
    ],
  },
  {
    conf: "psk_file p",
    says: [
      "1: midge can't keep 'psk_file'. Use certificates (certfile, keyfile, require_certificate) instead of pre-shared keys.",
    ],
  },
  { conf: "listener 1\ntls_keyform pem", says: [] },
  { conf: "listener 1\nrequire_certificate false", says: [] },
  {
    conf: "listener 1\nrequire_certificate true",
    says: [
      "2: The 'require_certificate' option protects nothing without certfile and keyfile. Add both, or remove it.",
    ],
  },
  {
    conf: "listener 1\ncertfile a",
    says: ["2: Both certfile and keyfile must be provided to enable a TLS listener."],
  },
  { conf: "listener 1\ncafile a", says: ["2: cafile specified without certfile and keyfile."] },
  { conf: "listener 1\ncertfile a\nkeyfile b\nciphers DEFAULT:!aNULL:!RC4:@SECLEVEL=2", says: [] },
  { conf: "listener 1\ncertfile a\nkeyfile b\nciphers ECDHE+AESGCM:ECDHE+CHACHA20", says: [] },
  { conf: "listener 1\ncertfile a\nkeyfile b\nciphers AES128-SHA\ntls_version tlsv1.3", says: [] },
  {
    conf: "listener 1\ncertfile a\nkeyfile b\nciphers HIGH:!CHACHA20",
    says: [
      "4: 'ciphers': expected a list with ECDHE-ECDSA-CHACHA20-POLY1305, ECDHE-RSA-CHACHA20-POLY1305 among them: they are always offered, because the TLS library can't leave them out; with nothing weaker, the option can be removed.",
    ],
  },
  {
    conf:
      "listener 1\ncertfile a\nkeyfile b\nciphers_tls1.3 TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256",
    says: [
      "4: 'ciphers_tls1.3': expected a list with TLS_CHACHA20_POLY1305_SHA256 among them: they are always offered, because the TLS library can't leave them out; with nothing weaker, the option can be removed.",
    ],
  },
  {
    conf: "listener 1\ncertfile a\nkeyfile b\ndisable_client_cert_date_checks true",
    says: [
      "4: midge can't keep 'disable_client_cert_date_checks'. Remove it, and give Clients whose certificates have ended new ones.",
    ],
  },
  { conf: "listener 1\ndisable_client_cert_date_checks false", says: [] },
  {
    conf: "listener 1\nenable_proxy_protocol 3",
    says: ["2: enable_proxy_protocol must be 1 or 2. Allowed: a whole number from 1 to 2."],
  },
  {
    conf: "listener 1\nproxy_protocol_v2_require_tls true",
    says: [
      "2: The 'proxy_protocol_v2_require_tls' option protects nothing without enable_proxy_protocol 2.",
    ],
  },
  {
    conf: "listener 1\nenable_proxy_protocol 1\nproxy_protocol_v2_require_tls true",
    says: [
      "3: The 'proxy_protocol_v2_require_tls' option protects nothing without enable_proxy_protocol 2.",
    ],
  },
  {
    conf: "connection a\naddress h:99999\ntopic # sideways",
    says: [
      "1: Invalid bridge configuration: no remote addresses defined.",
      "2: Invalid bridge port value (99999). Write HOST:PORT; an IPv6 address needs its port.",
      "3: Invalid bridge topic direction 'sideways'. Allowed: out, in, both.",
    ],
  },
  {
    conf: "connection a\naddress h\ntopic a/#/b out\ntopic b in 1 x/+/ y/",
    says: [
      '3: \'topic\': with the localPrefix, "a/#/b": Topic Filter with a misplaced "#".',
      "4: 'topic': expected a topic without the wildcards + and #.",
    ],
  },
  {
    conf: "connection a\naddress h\ntopic # out\nbridge_certfile /c\nbridge_insecure true",
    says: [
      "4: The 'bridge_certfile' option protects nothing without an authority for the remote certificate. " +
      "Add bridge_cafile, bridge_capath or 'bridge_tls_use_os_certs true', or remove it.",
      "5: The 'bridge_insecure' option protects nothing without an authority for the remote certificate. " +
      "Add bridge_cafile, bridge_capath or 'bridge_tls_use_os_certs true', or remove it.",
    ],
  },
  {
    conf: "connection a\naddress h\ntopic # out\nbridge_cafile /a\nbridge_certfile /c",
    says: ["5: 'bridge_certfile': expected both or none of the two files."],
  },
  {
    conf: "include_dir /nowhere",
    says: ["1: Unable to open include_dir '/nowhere'. No such folder"],
  },
];
for (const { conf, says } of ERRORS) {
  const name = conf.length > 60 ? `${conf.slice(0, 60)}…` : conf;
  Deno.test(`mosquitto.conf: ${JSON.stringify(name)} ${says[0] ?? "is right"}`, async () => {
    const found = await problemsOf(conf);
    assert.deepEqual(found.map((line) => line.replace(/^m\.conf:/, "")), says);
  });
}

Deno.test("mosquitto.conf: all problems are told at once, by line", async () => {
  const found = await problemsOf("foo 1\nmax_qos 9\npersistence maybe\nlistener 1\ncafile a\nuser");
  assert.deepEqual(found.map((line) => line.split(":")[1]), ["1", "2", "3", "5", "6"]);
});

const PLUGINS: readonly { readonly conf: string; readonly says: readonly string[] }[] = [
  {
    conf: "plugin /x/mosquitto_acl_file.so",
    says: ["1: The plugin 'mosquitto_acl_file' needs 'plugin_opt_acl_file'."],
  },
  {
    conf: "plugin /x/mosquitto_acl_file.so\nplugin_opt_acl_file a\nplugin_opt_acl_fill b",
    says: ["3: Unknown option 'acl_fill' of plugin 'mosquitto_acl_file'. Did you mean 'acl_file'?"],
  },
  {
    conf: "plugin /x/mosquitto_dynamic_security.so\nplugin_opt_config_file d",
    says: [
      "1: midge can't load the plugin 'mosquitto_dynamic_security'. Write its roles as an ACL file, and its clients as a password file (midge passwd).",
    ],
  },
  {
    conf: "acl_file a\nplugin /x/mosquitto_acl_file.so\nplugin_opt_acl_file b",
    says: [
      "2: midge can't use a second file ('b' of plugin 'mosquitto_acl_file') for the same listener. Put both files into one.",
    ],
  },
  { conf: "listener 1\nplugin_use p", says: ["2: Plugin 'p' not previously loaded."] },
  {
    conf:
      "plugin_load p /x/mosquitto_acl_file.so\nplugin_opt_acl_file b\nplugin_load p /x/mosquitto_acl_file.so",
    says: ["3: Duplicate plugin name 'p'."],
  },
  {
    conf: "plugin /x/mosquitto_persist_sqlite.so\nplugin_opt_sync hard",
    says: ["2: Invalid 'sync' value (hard). Allowed: extra, full, normal, off."],
  },
];
for (const { conf, says } of PLUGINS) {
  Deno.test(`mosquitto.conf: ${JSON.stringify(conf)} ${says[0]}`, async () => {
    const found = await problemsOf(conf);
    assert.deepEqual(found.map((line) => line.replace(/^m\.conf:/, "")), says);
  });
}
