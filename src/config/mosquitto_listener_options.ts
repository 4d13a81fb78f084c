// Mosquitto's options for listeners and plugins.

import { ListenerDraft, PluginDraft } from "./mosquitto_draft.ts";
import {
  type Does,
  type MosquittoOption,
  type OptionTable,
  type Reading,
  refused,
  runs,
  type Scope,
  sets,
  taken,
} from "./mosquitto_option.ts";
import {
  afterFirstWord,
  boolean,
  emptyValue,
  firstWord,
  integer,
  oneOf,
  protocolVersions,
  readInteger,
  text,
  textUpTo,
  ValueError,
  type ValueType,
} from "./mosquitto_values.ts";

const orUnlimited = (value: number) => value <= 0 ? "unlimited" : value;
const topicAlias = (name: string) =>
  integer({ minimum: 0, maximum: 65_535, message: `Invalid '${name}' value in configuration.` });
const maximumQoS = integer({
  minimum: 0,
  maximum: 2,
  message: "'max_qos' must be between 0 and 2 inclusive.",
});
const tlsText = (scope: Scope, does: Does, key: string, example: string): MosquittoOption =>
  sets(scope, does, text, `tls.${key}`, example);
const tlsFlag = (key: string): MosquittoOption =>
  sets("any-listener", "offered", boolean, `tls.${key}`, "true");
const useCertificates = "Use certificates (certfile, keyfile, require_certificate) instead.";
const useKeyFile = "Keep the key in a file and name it with keyfile.";

export const LISTENER_OPTIONS: OptionTable = {
  listener: runs("global", "offered", "1884 127.0.0.1", listener),
  port: runs("global", "offered", "1885", port),
  bind_address: runs("global", "offered", "127.0.0.1", bindAddress),

  accept_protocol_versions: sets(
    "named-listener",
    "offered",
    protocolVersions,
    "acceptedVersions",
    "4, 5",
  ),
  listener_allow_anonymous: sets("listener", "offered", boolean, "allowAnonymous", "true"),
  listener_auto_id_prefix: sets(
    "listener",
    "offered",
    textUpTo(50, "'listener_auto_id_prefix' length must be <= 50."),
    "autoIdPrefix",
    "gateway-",
  ),
  max_connections: sets(
    "any-listener",
    "offered",
    integer({ as: orUnlimited }),
    "maximumConnections",
    "100",
  ),
  max_qos: sets("any-listener", "offered", maximumQoS, "maximumQoS", "1"),
  maximum_qos: sets("any-listener", "offered", maximumQoS, "maximumQoS", "1"),
  max_topic_alias: sets(
    "listener",
    "offered",
    topicAlias("max_topic_alias"),
    "topicAliasMaximum",
    "50",
  ),
  max_topic_alias_broker: sets(
    "listener",
    "offered",
    topicAlias("max_topic_alias_broker"),
    "topicAliasMaximumToClient",
    "50",
  ),
  mount_point: sets("listener", "offered", mountPoint(), "mountPoint", "site-a/"),
  mptcp: taken(boolean, "false", "midge listens for plain TCP, which every Client speaks."),
  protocol: runs("any-listener", "offered", "mqtt", protocol),
  socket_domain: sets(
    "any-listener",
    "offered",
    oneOf(
      { ipv4: "ipv4", ipv6: "ipv6" },
      (word, option) => `Invalid '${option}' value '${word}' in configuration.`,
    ),
    "socketDomain",
    "ipv4",
  ),
  use_username_as_clientid: sets(
    "any-listener",
    "offered",
    boolean,
    "usesUserNameAsClientId",
    "true",
  ),
  bind_interface: sets("any-listener", "offered", text, "bindInterface", "eth0"),

  // TLS
  cafile: tlsText("listener", "offered", "caFile", "/etc/mosquitto/ca.crt"),
  capath: tlsText("any-listener", "offered", "caPath", "/etc/mosquitto/ca"),
  certfile: tlsText("any-listener", "offered", "certFile", "/etc/mosquitto/server.crt"),
  keyfile: tlsText("any-listener", "offered", "keyFile", "/etc/mosquitto/server.key"),
  ciphers: tlsText("any-listener", "offered", "ciphers", "HIGH:!aNULL"),
  "ciphers_tls1.3": tlsText(
    "any-listener",
    "offered",
    "cipherSuites",
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
  ),
  crlfile: tlsText("any-listener", "offered", "crlFile", "/etc/mosquitto/ca.crl"),
  disable_client_cert_date_checks: runs("listener", "refused", "true", dateChecks),
  require_certificate: tlsFlag("requireCertificate"),
  tls_version: sets(
    "listener",
    "offered",
    oneOf({ "tlsv1.3": "1.3", "tlsv1.2": "1.2" }),
    "tls.minimumVersion",
    "tlsv1.2",
  ),
  use_identity_as_username: tlsFlag("useIdentity"),
  use_subject_as_username: tlsFlag("useSubject"),
  psk_hint: refused("any-listener", "mosquitto", useCertificates),
  tls_engine: refused("any-listener", "pkcs11", useKeyFile),
  tls_engine_kpass_sha1: refused("any-listener", "a1b2", useKeyFile),
  tls_keyform: runs("any-listener", "refused", "engine", tlsKeyform),

  // PROXY protocol and WebSocket
  enable_proxy_protocol: sets(
    "listener",
    "offered",
    integer({ minimum: 1, maximum: 2, message: "enable_proxy_protocol must be 1 or 2." }),
    "proxyProtocol.version",
    "2",
  ),
  proxy_protocol_v2_require_tls: sets(
    "listener",
    "offered",
    boolean,
    "proxyProtocol.requireTls",
    "true",
  ),
  http_dir: sets("listener", "offered", text, "webSocket.httpDirectory", "/srv/www"),
  websockets_origin: runs("listener", "offered", "http://example.com:8080", websocketsOrigin),

  // Plugins
  plugin: runs("security", "offered", "/usr/lib/mosquitto_acl_file.so", plugin),
  auth_plugin: runs("security", "offered", "/usr/lib/mosquitto_acl_file.so", plugin),
  global_plugin: runs("global", "offered", "/usr/lib/mosquitto_acl_file.so", globalPlugin),
  plugin_load: runs("global", "offered", "acl /usr/lib/mosquitto_acl_file.so", pluginLoad),
  plugin_use: runs("named-listener", "offered", "acl", pluginUse),
  auth_plugin_deny_special_chars: {
    ...taken(boolean, "true", "%u and %c never match a name that holds + or #."),
    scope: "plugin",
    label: "auth_plugin_deny_special_chars",
  },
};

function listener({ draft, place, line }: Reading): void {
  const number = readInteger(line.rest, "listener port");
  if (number < 0 || number > 65_535) {
    throw new ValueError(
      `Invalid 'port' value (${number}).`,
      "Allowed: 1 to 65535, or 0 and the path of a Unix socket.",
    );
  }
  const [word = ""] = afterFirstWord(line.rest).split(" ");
  const address = word.startsWith("#") ? "" : word;
  if (number === 0 && address === "") {
    throw new ValueError("A listener with port 0 must provide a Unix socket path.");
  }
  draft.localOnly = false;
  place.listener = new ListenerDraft(line, false);
  draft.listeners.push(place.listener);
  const { section } = place.listener;
  if (number === 0) {
    section.set("kind", "unix", line);
    section.set("path", address, line);
  } else {
    section.set("port", number, line);
    if (address !== "") section.set("hostnames", [address], line);
  }
}

function port({ draft, place, line }: Reading): void {
  draft.localOnly = false;
  place.listener = draft.openDefaultListener(line);
  const read = integer({ minimum: 1, maximum: 65_535 });
  if (place.listener.section.values.has("port")) {
    draft.note(
      "warning",
      line,
      "Default listener port specified multiple times. Only the latest will be used.",
    );
  }
  place.listener.section.set("port", read.read(line.rest, "port"), line);
}

function bindAddress({ draft, place, line }: Reading): void {
  draft.localOnly = false;
  place.listener = draft.openDefaultListener(line);
  const label = "default listener bind_address";
  const address = text.read(line.rest, label);
  place.listener.section.setOnce("hostnames", [address], { ...line, name: label });
}

function mountPoint(): ValueType<string> {
  return {
    ...text,
    read(rest, option) {
      const topic = text.read(rest, option);
      if (!/[+#]/.test(topic)) return topic;
      throw new ValueError(
        `Invalid 'mount_point' value (${topic}). Does it contain a wildcard character?`,
      );
    },
  };
}

function protocol({ draft, place, line }: Reading): void {
  const word = firstWord(line.rest, line.name);
  if (word === "http_api") {
    return draft.problem(
      line,
      "refused",
      "midge has no http_api listener.",
      "Remove this listener; midge tells its state in $SYS.",
    );
  }
  const value = oneOf({ mqtt: "mqtt", websockets: "websockets" }).read(word, line.name);
  place.listener!.section.set("protocol", value, line);
}

function tlsKeyform({ draft, line }: Reading): void {
  if (text.read(line.rest, line.name) !== "engine") return; // pem, the default
  draft.problem(line, "refused", "midge can't keep 'tls_keyform engine'.", useKeyFile);
}

function dateChecks({ draft, line }: Reading): void {
  if (!boolean.read(line.rest, line.name)) return;
  const hint = "Remove it, and give Clients whose certificates have ended new ones.";
  draft.problem(line, "refused", "midge can't keep 'disable_client_cert_date_checks'.", hint);
}

function websocketsOrigin({ place, line }: Reading): void {
  const { section } = place.listener!;
  const before = (section.values.get("webSocket.origins") ?? []) as readonly string[];
  section.set("webSocket.origins", [...before, text.read(line.rest, line.name)], line);
}

function plugin({ draft, place, line }: Reading): void {
  const loaded = load(draft, line, firstWord(line.rest, line.name));
  place.plugin = loaded;
  if (draft.perListenerSettings) place.listener!.plugins.push(loaded);
  else draft.globalPlugins.push(loaded);
}

function globalPlugin({ draft, place, line }: Reading): void {
  place.plugin = load(draft, line, firstWord(line.rest, line.name));
  draft.globalPlugins.push(place.plugin);
}

function pluginLoad({ draft, place, line }: Reading): void {
  const name = firstWord(line.rest, line.name);
  const path = afterFirstWord(line.rest);
  if (path === "") throw emptyValue(line.name);
  if (draft.plugins.some((each) => each.name === name)) {
    throw new ValueError(`Duplicate plugin name '${name}'.`);
  }
  place.plugin = load(draft, line, path, name);
}

function pluginUse({ draft, place, line }: Reading): void {
  const name = text.read(line.rest, line.name);
  const loaded = draft.plugins.find((each) => each.name === name);
  if (loaded === undefined) throw new ValueError(`Plugin '${name}' not previously loaded.`);
  place.plugin = loaded;
  place.listener!.plugins.push(loaded);
}

function load(
  draft: Reading["draft"],
  line: Reading["line"],
  path: string,
  name?: string,
): PluginDraft {
  const loaded = new PluginDraft(line, path, name);
  draft.plugins.push(loaded);
  return loaded;
}
