// From what the lines of a mosquitto.conf said to the input of the schema: what only the whole file can
// tell, such as whether there is a listener at all.

import type { Draft, Place } from "./config_draft.ts";
import type { Written } from "./config_io.ts";
import {
  type ListenerDraft,
  type MosquittoDraft,
  type OptionLine,
  type Section,
  WEB_SOCKET_HEADER_BYTES,
} from "./mosquitto_draft.ts";
import { finishBridge } from "./mosquitto_bridge_options.ts";
import { resolvePlugins } from "./mosquitto_plugins.ts";

/** Where Mosquitto's defaults, or its ways, are not ours. */
const MOSQUITTO_DEFAULTS: Readonly<Record<string, unknown>> = {
  "access.refuseHopelessSubscriptions": false, // its ACL files grant every SUBSCRIBE
  "limits.maximumQueuedBytes": "unlimited",
  "persistence.directory": ".",
  "persistence.durability": "none",
  "persistence.file": "mosquitto.midge.db",
  "reload.onBadAccessFile": "exit",
  "user": "mosquitto",
};

type Tree = { [key: string]: unknown };

export function finishMosquittoDraft(draft: MosquittoDraft, path: string): Draft {
  resolvePlugins(draft);
  tellOfLocalOnly(draft, path);
  giveWebSocketHeaderBytes(draft);
  const lines = new Map<string, OptionLine>();
  const input: Tree = {};
  for (const [key, value] of Object.entries(MOSQUITTO_DEFAULTS)) put(input, key, value);
  put(input, "localOnly", draft.localOnly);
  copy(draft.global, input, lines, "");
  const listeners = draft.listeners.map((listener, i) => {
    checkListener(draft, listener);
    const tree: Tree = {};
    lines.set(`listeners.${i}`, listener.line);
    copy(listener.section, tree, lines, `listeners.${i}.`);
    return tree;
  });
  if (listeners.length > 0) input.listeners = listeners;
  input.bridges = draft.bridges.map((bridge, i) => {
    const problem = finishBridge(draft, bridge);
    const line = bridge.lines.get("name")!;
    if (problem !== undefined) draft.problem(line, "invalid", problem);
    lines.set(`bridges.${i}`, line);
    const tree: Tree = {};
    copy(bridge, tree, lines, `bridges.${i}.`);
    return tree;
  });
  const { problems, notes } = draft;
  return {
    input,
    problems,
    notes,
    locate: (keys) => locate(keys, lines, path),
    find: (keys) => find(keys, lines),
  };
}

function tellOfLocalOnly(draft: MosquittoDraft, path: string): void {
  const { defaultListener } = draft;
  if (draft.localOnly) {
    const message = "Starting in local only mode. Connections will only be possible from clients " +
      "running on this machine. Add 'listener 1883' to allow others, and say who they are.";
    draft.notes.push({ path, line: 0, level: "warning", message });
    return;
  }
  if (defaultListener === undefined) return;
  const { line } = defaultListener;
  if (line.name === "port" || line.name === "bind_address") return;
  const message = `Creating default listener due to '${line.name}' option: it stands before the ` +
    "first 'listener', so port 1883 is opened, too. Put it below the listener that it is for.";
  draft.note("warning", line, message);
}

function giveWebSocketHeaderBytes({ global, listeners }: MosquittoDraft): void {
  const bytes = global.values.get(WEB_SOCKET_HEADER_BYTES);
  if (bytes === undefined) return;
  const line = global.lines.get(WEB_SOCKET_HEADER_BYTES)!;
  for (const { section } of listeners) section.set(WEB_SOCKET_HEADER_BYTES, bytes, line);
  global.delete(WEB_SOCKET_HEADER_BYTES);
}

/** What Mosquitto's own checks say of TLS and PROXY, and what it would silently leave unprotected. */
function checkListener(draft: MosquittoDraft, { section }: ListenerDraft): void {
  const line = (key: string) => section.lines.get(key)!;
  const has = (key: string) => section.values.get(key) !== undefined;
  const isTrue = (key: string) => section.values.get(key) === true;
  const invalid = (key: string, message: string) => draft.problem(line(key), "invalid", message);
  joinUserName(section);
  if (section.values.get("protocol") !== "websockets") {
    for (const key of ["webSocket.origins", "webSocket.httpDirectory"].filter(has)) {
      const { name } = line(key);
      draft.note("warning", line(key), `'${name}' does nothing without 'protocol websockets'.`);
    }
  }

  const proxyVersion = section.values.get("proxyProtocol.version");
  if (proxyVersion === 2) {
    for (const key of ["tls.certFile", "tls.keyFile"].filter(has)) {
      invalid(key, "certfile and keyfile cannot be used with `enable_proxy_protocol 2`.");
    }
    if (section.values.get("tls.userNameFrom") === "subject") {
      invalid(
        "tls.userNameFrom",
        "use_subject_as_username cannot be used with `enable_proxy_protocol 2`.",
      );
    }
    move(section, "tls.requireCertificate", "proxyProtocol.requireCertificate");
    move(section, "tls.userNameFrom", "proxyProtocol.userNameFrom");
  } else if (has("proxyProtocol.requireTls")) {
    if (isTrue("proxyProtocol.requireTls")) {
      invalid(
        "proxyProtocol.requireTls",
        "The 'proxy_protocol_v2_require_tls' option protects nothing without enable_proxy_protocol 2.",
      );
    }
    section.delete("proxyProtocol.requireTls");
  }
  if (has("tls.certFile") !== has("tls.keyFile")) {
    const key = has("tls.certFile") ? "tls.certFile" : "tls.keyFile";
    invalid(key, "Both certfile and keyfile must be provided to enable a TLS listener.");
    return dropTls(section);
  }
  if (!has("tls.certFile")) checkTlsWithoutCertificate(draft, section);
}

/** Mosquitto serves plain MQTT then. What protects must not be passed over like that. */
function checkTlsWithoutCertificate(draft: MosquittoDraft, section: Section): void {
  for (const [key, line] of section.lines) {
    if (!key.startsWith("tls.")) continue;
    const value = section.values.get(key);
    if (key === "tls.caFile" || key === "tls.caPath") {
      const message = `${line.name} specified without certfile and keyfile.`;
      draft.problem(line, "invalid", message);
    } else if (
      value !== false && value !== "connect"
    ) {
      const message = `The '${line.name}' option protects nothing without certfile and keyfile.`;
      draft.problem(line, "invalid", message, "Add both, or remove it.");
    }
  }
  dropTls(section);
}

function dropTls(section: Section): void {
  for (const key of [...section.lines.keys()]) if (key.startsWith("tls.")) section.delete(key);
}

/** Two options of Mosquitto's are one of ours; the CN comes first, as there. */
function joinUserName(section: Section): void {
  const sources = [["tls.useIdentity", "common-name"], ["tls.useSubject", "subject"]] as const;
  const chosen = sources.find(([key]) => section.values.get(key) === true);
  if (chosen) section.set("tls.userNameFrom", chosen[1], section.lines.get(chosen[0])!);
  for (const [key] of sources) section.delete(key);
}

function move(section: Section, from: string, to: string): void {
  const line = section.lines.get(from);
  if (line !== undefined) section.set(to, section.values.get(from), line);
  section.delete(from);
}

function copy(
  section: Section,
  into: Tree,
  lines: Map<string, OptionLine>,
  prefix: string,
): void {
  for (const [key, value] of section.values) put(into, key, value);
  for (const [key, line] of section.lines) lines.set(`${prefix}${key}`, line);
}

function put(tree: Tree, dottedKey: string, value: unknown): void {
  const keys = dottedKey.split(".");
  const last = keys.pop()!;
  let inner = tree;
  for (const key of keys) inner = (inner[key] ??= {}) as Tree;
  inner[last] = value;
}

/** The line of the value itself, or of something in it. */
function find(
  keys: readonly PropertyKey[],
  lines: ReadonlyMap<string, OptionLine>,
): Written | undefined {
  const key = keys.map(String).join(".");
  const line = lines.get(key) ?? [...lines].find(([other]) => other.startsWith(`${key}.`))?.[1];
  return line && { location: line.location, name: line.name, written: line.rest };
}

/** The line of the value itself, of something in it, or of what it is in. */
function locate(
  keys: readonly PropertyKey[],
  lines: ReadonlyMap<string, OptionLine>,
  path: string,
): Place {
  for (let length = keys.length; length > 0; length--) {
    const key = keys.slice(0, length).map(String).join(".");
    const line = lines.get(key) ?? [...lines].find(([other]) => other.startsWith(`${key}.`))?.[1];
    if (line !== undefined) return { location: line.location, name: line.name };
  }
  return { location: { path, line: 0 }, name: keys.map(String).join(".") };
}
