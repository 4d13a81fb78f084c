// What each option of a bridge sets, for the table of options and its test.

import { UNLIMITED } from "../../src/config/schema_values.ts";

const BRIDGE = "connection c\naddress h\ntopic # out\n";
const TLS = `${BRIDGE}bridge_cafile /ca\n`;

type Row = readonly [conf: string, path: string, value: unknown];

const SHORT: readonly Row[] = [
  ["connection cloud\naddress h\ntopic # out", "name", "cloud"],
  ["connection c\naddress h:8883\ntopic #", "addresses", [{ host: "h", port: 8883 }]],
  ["connection c\naddress ::1:1884\ntopic #", "addresses", [{ host: "::1", port: 1884 }]],
  [
    "connection c\naddresses h 192.0.2.1:2\ntopic #",
    "addresses",
    [{ host: "h", port: 1883 }, { host: "192.0.2.1", port: 2 }],
  ],
  [
    'connection c\naddress h\ntopic home/# in 1 "" site/',
    "topics",
    [{ filter: "home/#", direction: "in", qos: 1, localPrefix: "", remotePrefix: "site/" }],
  ],
  [
    'connection c\naddress h\ntopic "" both 2 a/b c/d',
    "topics",
    [{ filter: "", direction: "both", qos: 2, localPrefix: "a/b", remotePrefix: "c/d" }],
  ],
  [
    "connection c\naddress h\ntopic a",
    "topics",
    [{ filter: "a", direction: "out", qos: 0, localPrefix: "", remotePrefix: "" }],
  ],
  [`${BRIDGE}bridge_attempt_unsubscribe false`, "remote.unsubscribes", false],
  [`${BRIDGE}bridge_bind_address 192.0.2.1`, "remote.bindAddress", "192.0.2.1"],
  [`${BRIDGE}bridge_max_packet_size 100`, "remote.maximumPacketSize", 100],
  [`${BRIDGE}bridge_max_packet_size 0`, "remote.maximumPacketSize", UNLIMITED],
  [`${BRIDGE}bridge_max_topic_alias 0`, "remote.topicAliasMaximum", 0],
  [`${BRIDGE}bridge_outgoing_retain false`, "remote.retain", false],
  [`${BRIDGE}bridge_protocol_version mqttv50`, "remote.protocolVersion", 5],
  [BRIDGE, "remote.protocolVersion", 4],
  [`${BRIDGE}bridge_receive_maximum 7`, "remote.receiveMaximum", 7],
  [`${BRIDGE}bridge_session_expiry_interval 60`, "remote.sessionExpiry", 60],
  [BRIDGE, "remote.sessionExpiry", null],
  [`${BRIDGE}cleansession true`, "remote.cleanSession", true],
  [BRIDGE, "remote.cleanSession", false],
  [`${BRIDGE}local_cleansession true`, "local.cleanSession", true],
  [`${BRIDGE}clientid x`, "remote.clientId", "x"],
  [`${BRIDGE}remote_clientid x`, "remote.clientId", "x"],
  [`${BRIDGE}idle_timeout 0`, "idleTimeoutMs", 1_000],
  [`${BRIDGE}keepalive_interval 1`, "remote.keepAlive", 5],
  [`${BRIDGE}local_clientid x`, "local.clientId", "x"],
  [`${BRIDGE}local_username x`, "local.userName", "x"],
  [`${BRIDGE}notification_topic x`, "notificationTopic", "x"],
  [BRIDGE, "notifications", "both"],
  [`${BRIDGE}notifications false`, "notifications", "none"],
  [`${BRIDGE}notifications_local_only true`, "notifications", "local"],
  [`${BRIDGE}username u\npassword p`, "remote.password", "p"],
  [`${BRIDGE}remote_username u\nremote_password p`, "remote.userName", "u"],
  [`${BRIDGE}restart_timeout 20`, "restart", { baseMs: 20_000, capMs: null, stableMs: 0 }],
  [`${BRIDGE}restart_timeout 1 9 3`, "restart", { baseMs: 1_000, capMs: 9_000, stableMs: 3_000 }],
  [BRIDGE, "restart", { baseMs: 5_000, capMs: 30_000, stableMs: 0 }],
  [`${BRIDGE}round_robin true`, "roundRobin", true],
  [`${BRIDGE}start_type lazy`, "start", "lazy"],
  [`${BRIDGE}threshold 3`, "threshold", 3],
  [`${BRIDGE}try_private false`, "remote.tellsItIsABridge", false],
  [BRIDGE, "tls", null],
  [TLS, "tls.caFile", "/ca"],
  [TLS, "tls.systemAuthorities", false],
  [`${BRIDGE}bridge_capath /c`, "tls.caPath", "/c"],
  [`${BRIDGE}bridge_tls_use_os_certs true`, "tls.systemAuthorities", true],
  [`${TLS}bridge_alpn mqtt`, "tls.alpn", "mqtt"],
  [`${TLS}bridge_certfile /c\nbridge_keyfile /k`, "tls.certFile", "/c"],
  [`${TLS}bridge_certfile /c\nbridge_keyfile /k`, "tls.keyFile", "/k"],
  [`${TLS}bridge_ciphers HIGH`, "tls.ciphers", "HIGH"],
  [
    `${TLS}bridge_tls_version tlsv1.3\nbridge_ciphers_tls1.3 ` +
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
    "tls.minimumVersion",
    "1.3",
  ],
  [`${TLS}bridge_insecure true`, "tls.acceptsAnyName", true],
  [`${BRIDGE}bridge_insecure false`, "tls", null],
];

export const BRIDGE_ROWS: readonly {
  readonly conf: string;
  readonly path: string;
  readonly value: unknown;
}[] = SHORT.map(([conf, path, value]) => ({ conf, path: `bridges.0.${path}`, value }));
