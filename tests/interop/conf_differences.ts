// Where midge reads mosquitto.conf otherwise than Mosquitto 2.0, on purpose: midge follows 2.1, and refuses what would
// silently leave something unprotected. Each row says what the two may answer, and why.

import type { Verdict } from "./conf_differential.ts";

interface Difference {
  readonly why: string;
  readonly mosquitto: RegExp;
  readonly midge: RegExp;
  /** Of the snippet; default: any. */
  readonly conf?: RegExp;
}

/** The manual page of 2.1 has them, 2.0.11 does not know them; two it knows by another name. */
const NEW_IN_2_1 = [
  ...[
    "accept_protocol_versions",
    "bridge_ciphers",
    "bridge_ciphers_tls1.3",
    "bridge_max_topic_alias",
  ],
  ...[
    "bridge_mptcp",
    "bridge_receive_maximum",
    "bridge_reload_type",
    "bridge_session_expiry_interval",
  ],
  ...["bridge_tcp_keepalive", "bridge_tcp_user_timeout", "bridge_tls_use_os_certs"],
  ...["disable_client_cert_date_checks", "enable_control_api", "enable_proxy_protocol"],
  ...["global_max_clients", "global_max_connections", "global_plugin", "listener_allow_anonymous"],
  ...["listener_auto_id_prefix", "max_topic_alias_broker", "mptcp", "packet_buffer_size"],
  ...["plugin_load", "plugin_use", "proxy_protocol_v2_require_tls", "retain_expiry_interval"],
  ...["websockets_origin"],
];
const ANY = /^/;
const ACCEPTED = /^accepted$/;

const DIFFERENCES: readonly Difference[] = [
  {
    why: "2.1 knows more options",
    mosquitto: new RegExp(`^Unknown configuration variable (${NEW_IN_2_1.join("|")})\\.$`),
    midge: ANY,
  },
  {
    why: "2.1 reads numbers strictly (strtol, with 0x and 0), 2.0 takes what there is (atoi)",
    mosquitto: /^accepted$|value \(-?\d+\)\.$|must be|Unix socket path/,
    midge: /value not a number|value out of range/,
  },
  {
    why: "as above: 0x10 is 16, 010 is 8",
    mosquitto: /^accepted$|value \(-?\d+\)\.$|Unix socket path|must be/,
    midge: /^accepted$|^Invalid .* value|must be/,
    conf: /\b0(x10|x10000|10|8)\b/,
  },
  {
    why: "without certfile and keyfile it would protect nothing; 2.1 refuses most of these, too",
    mosquitto: ACCEPTED,
    midge: /protects nothing|without certfile and keyfile|Both certfile and keyfile/,
  },
  {
    why: "2.1 asks for a listener, 2.0 for one of its own default",
    mosquitto: /^accepted$|You must use create a listener before/,
    midge: /requires a listener to be defined first/,
  },
  {
    why: "2.1 says what is missing",
    mosquitto: /^Invalid bridge configuration\.?$/,
    midge: /requires a bridge to be defined first|only allowed once|^Empty address value/,
  },
  {
    why: "midge reads on, and tells what is missing in a bridge by its first line, besides",
    mosquitto:
      /bridge topic direction|bridge QoS level|^Empty (topic|address)|^Invalid port|^Duplicate bridge/,
    midge: /^Invalid bridge configuration: no (remote addresses|topics) defined/,
  },
  {
    why: "midge does not use it, so it may stand there twice",
    mosquitto: /^Duplicate bridge local_password/,
    midge: ACCEPTED,
  },
  {
    why: "pre-shared keys, TLS engines and OCSP are refused by their name, whatever their value",
    mosquitto: /^(Empty|Duplicate|Malformed|Invalid)/,
    midge: ACCEPTED,
    conf: /psk|identity|tls_engine|dhparamfile/,
  },
  {
    why: "2.1's words",
    mosquitto: /auth_plugin_deny_special_chars option exists|^Empty (auth_plugin|plugin)/,
    midge: /requires plugin|^Empty plugin value/,
  },
  {
    why: "2.1's words",
    mosquitto: /^Invalid max_packet_size value|^Websockets headers size|^Empty listener value/,
    midge: /^max_packet_size must be|^Packet buffer size|^Empty listener port/,
  },
  { why: "2.0 has a slip of the pen", mosquitto: /local clientd/, midge: /local clientid/ },
  {
    why: "2.1's words",
    mosquitto: /^Invalid mount_point .*wildcard/,
    midge: /^Invalid mount_point value .*wildcard/,
  },
  {
    why: "2.1 has a unit of seconds, and takes 0 for no limit",
    mosquitto: /^Invalid (persistent_client_expiration duration|max_keepalive value)/,
    midge: ACCEPTED,
  },
  {
    why: "2.0 passes over an option without a value",
    mosquitto: ACCEPTED,
    midge: /^Empty (persistent_client_expiration|protocol|retry_interval|accept_\w+|\w+) value/,
  },
  {
    why: "addresses are looked up when midge listens, and by midge check",
    mosquitto: /^Error resolving bind_address/,
    midge: ACCEPTED,
  },
  { why: "its file is what a plugin is for", mosquitto: ACCEPTED, midge: /^The plugin \S+ needs/ },
  { why: "2.1 refuses it", mosquitto: ACCEPTED, midge: /include_dir option is only valid/ },
  {
    why: "2.1 refuses a word it does not know, 2.0 when it makes the TLS context",
    mosquitto: /^accepted$|^Malformed/,
    midge: /^Invalid (tls_version|bridge_\w+) value/,
    conf: /tls_version|bridge_/,
  },
  {
    why: "retry_interval is no more",
    mosquitto: ACCEPTED,
    midge: /^Malformed/,
    conf: /retry_interval|\p{Cc}/u,
  },
  {
    why: "midge tells all mistakes, by line: this one stands before or beside Mosquitto's",
    mosquitto: /^Duplicate \S+ value/,
    midge: /protects nothing|without certfile and keyfile|Both certfile and keyfile/,
  },
  {
    why: "refused by its name",
    mosquitto: /Error found at|^Malformed/,
    midge: ACCEPTED,
    conf: /tls_engine|plugin/,
  },
  {
    why: "2.0 shows what follows the word, or another number, as well",
    mosquitto:
      /^Invalid (bridge_protocol_version|message_size_limit) value|^Invalid max_topic_alias/,
    midge: /^Invalid (bridge_protocol_version|message_size_limit) value|^max_topic_alias value out/,
  },
  { why: "numbers, strictly", mosquitto: /backoff cap is lower/, midge: /value not a number/ },
  { why: "2.1's words", mosquitto: /^An auth_opt_ option/, midge: /requires plugin/ },
  {
    why: "2.0 stops reading at a zero byte",
    mosquitto: ACCEPTED,
    midge: /^Malformed/,
    conf: /\p{Cc}/u,
  },
  {
    why: "a tab is taken for a space, and told of",
    mosquitto: /^Unknown configuration variable/,
    midge: /^accepted$|^Unknown configuration variable #/,
    conf: /\t/,
  },
];

/** Why the two may differ; undefined: they may not. */
export function reasonFor(conf: string, mosquitto: Verdict, midge: Verdict): string | undefined {
  const [theirs, ours] = [mosquitto.refusal ?? "accepted", midge.refusal ?? "accepted"];
  return DIFFERENCES.find((row) =>
    row.mosquitto.test(theirs) && row.midge.test(ours) && (row.conf?.test(conf) ?? true)
  )?.why;
}
