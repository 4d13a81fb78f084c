// The configuration, in the specification's words: one schema that validates it, types it, fills in the
// defaults and, as JSON Schema (config/midge.schema.json), helps editors. Both front ends, mosquitto.conf
// and YAML, end here. What goes in ({@link ConfigInput}) may be short; what comes out ({@link Config}) has
// every value, and every Listener has its own, so that nobody asks twice where a setting comes from.
//
// `null` means "none". Durations are numbers whose key says the unit (`drainMs`); in YAML the key has no
// unit and the value has it (`drain: 1s`).

import { z } from "zod";
import type { Limits } from "../broker/limits.ts";
import { Bridge, checkBridges } from "./schema_bridge.ts";
import { Access, type ListenerSettings, TcpListener, UnixListener } from "./schema_listener.ts";
import { LimitsSection } from "./schema_limits.ts";
import { Logging, Persistence, Reload } from "./schema_sections.ts";
import { seconds, text } from "./schema_values.ts";

const LOCAL_HOSTNAMES = ["127.0.0.1", "::1"];

const Written = z.strictObject({
  listeners: z.array(
    z.discriminatedUnion("kind", [TcpListener, UnixListener], {
      error: (issue) => issue.code === "invalid_union" ? "expected tcp or unix" : undefined,
    }),
  ).min(1, { error: () => "expected at least one listener; leave it out for this machine only" })
    .optional().describe("Where to listen; default: port 1883 of this machine only"),
  localOnly: z.boolean().optional()
    .describe("Listen on the loopback addresses only; default: true if there are no listeners"),
  access: Access.prefault({}).describe("Who may connect and do what, unless a listener says other"),
  limits: LimitsSection.prefault({}).describe(
    "Where everything that a peer can make grow has its end",
  ),
  persistence: Persistence.prefault({}).describe("What survives the end of the process"),
  logging: Logging.prefault({}).describe("What is logged, and where to"),
  sysInterval: seconds({ maximum: 65_535 }).prefault("10s")
    .describe("Between two updates of $SYS; 0: there is no $SYS"),
  reload: Reload.prefault({}).describe("How a changed configuration is taken up"),
  pidFile: text().nullable().default(null).describe("File for the number of the process"),
  user: text().nullable().default(null).describe("User to become when started as root"),
  bridges: z.array(Bridge).default([]).describe("Links to other brokers"),
});

type WrittenConfig = z.output<typeof Written>;
type WrittenListener = NonNullable<WrittenConfig["listeners"]>[number];

/** The schema of the whole configuration. */
export const ConfigSchema = Written.superRefine(checkLocalOnly).superRefine(checkBridges).transform(
  resolve,
);

/** What both front ends hand over. */
export type ConfigInput = z.input<typeof ConfigSchema>;
/** The whole configuration: validated, every value there. */
export type Config = z.output<typeof ConfigSchema>;
/** One place to listen at, with every setting that applies to it. */
export type Listener = Config["listeners"][number];
export type TcpListenerConfig = Extract<Listener, { kind: "tcp" }>;
export type UnixListenerConfig = Extract<Listener, { kind: "unix" }>;
export type BridgeConfig = Config["bridges"][number];
export type AccessConfig = Config["access"];
export type LimitsConfig = Config["limits"];
export type LoggingConfig = Config["logging"];
export type PersistenceConfig = Config["persistence"];
export type LogDestination = LoggingConfig["destinations"][number];
export type LogType = LoggingConfig["types"][number];

/** What holds for the Clients of one listener. */
export function limitsOf({ limits }: Config, listener: Listener): Limits {
  const { maximumQoS, topicAliasMaximum, topicAliasMaximumToClient } = listener;
  const { maximumHandshakes: _maximum, handshakeTimeoutMs: _timeout, ...ofClients } = limits;
  return { ...ofClients, maximumQoS, topicAliasMaximum, topicAliasMaximumToClient };
}

/** True for an address that only this machine reaches. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function checkLocalOnly(config: WrittenConfig, context: z.RefinementCtx): void {
  if (config.localOnly !== true) return;
  config.listeners?.forEach((listener, i) => {
    if (listener.kind === "unix" || listener.hostnames.every(isLoopback)) return;
    context.addIssue({
      code: "custom",
      message: "expected loopback addresses only, because localOnly is true",
      path: ["listeners", i, "hostnames"],
    });
  });
}

/** Gives every listener what it leaves to `access` and `limits`. */
function resolve(written: WrittenConfig): ResolvedConfig {
  const { sysInterval, listeners = [TcpListener.parse({})] } = written;
  const localOnly = written.localOnly ?? written.listeners === undefined;
  const { sysInterval: _, ...rest } = written;
  const access = { ...written.access, allowAnonymous: written.access.allowAnonymous ?? localOnly };
  return {
    ...rest,
    access,
    localOnly,
    sysIntervalMs: sysInterval * 1_000,
    listeners: listeners.map((listener) => resolveListener(listener, access, written, localOnly)),
  };
}

interface ResolvedConfig extends Omit<WrittenConfig, "listeners" | "sysInterval"> {
  readonly access: ResolvedAccess;
  /** Whether only this machine may connect: then a loopback address that is missing is no error. */
  readonly localOnly: boolean;
  readonly sysIntervalMs: number;
  readonly listeners: readonly ResolvedListener[];
}
type ResolvedAccess = WrittenConfig["access"] & { readonly allowAnonymous: boolean };
/** What a listener leaves to `access` and `limits`, with an answer. */
type ResolvedSettings = {
  readonly [K in keyof ListenerSettings]-?: Exclude<ListenerSettings[K], undefined>;
};
type WrittenUnix = Extract<WrittenListener, { kind: "unix" }>;
type WrittenTcp = Exclude<WrittenListener, WrittenUnix>;
type ResolvedListener =
  | Omit<WrittenUnix, keyof ListenerSettings> & ResolvedSettings
  | Omit<WrittenTcp, keyof ListenerSettings | "kind"> & ResolvedSettings & { readonly kind: "tcp" };

function resolveListener(
  listener: WrittenListener,
  access: ResolvedAccess,
  { limits }: WrittenConfig,
  localOnly: boolean,
): ResolvedListener {
  const settings: ResolvedSettings = {
    allowAnonymous: listener.allowAnonymous ?? access.allowAnonymous,
    passwordFile: orElse(listener.passwordFile, access.passwordFile),
    aclFile: orElse(listener.aclFile, access.aclFile),
    assignsClientIds: listener.assignsClientIds ?? access.assignsClientIds,
    autoIdPrefix: listener.autoIdPrefix ?? access.autoIdPrefix,
    clientIdPrefixes: listener.clientIdPrefixes ?? access.clientIdPrefixes,
    maximumQoS: listener.maximumQoS ?? limits.maximumQoS,
    topicAliasMaximum: listener.topicAliasMaximum ?? limits.topicAliasMaximum,
    topicAliasMaximumToClient: listener.topicAliasMaximumToClient ??
      limits.topicAliasMaximumToClient,
  };
  if (listener.kind === "unix") return { ...listener, ...settings };
  const hostnames = localOnly && listener.hostnames.length === 0
    ? LOCAL_HOSTNAMES
    : listener.hostnames;
  return { ...listener, ...settings, kind: "tcp", hostnames };
}

/** `null` is an answer: none. */
function orElse<T>(own: T | undefined, common: T): T {
  return own === undefined ? common : own;
}
