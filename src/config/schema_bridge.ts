// Bridges: links to other brokers, in the words that both front ends end in.

import { z } from "zod";
import { MqttError } from "../packet/mqtt_error.ts";
import { parseTopicFilter } from "../topic/topic_filter.ts";
import { maximumQoS } from "./schema_listener.ts";
import { addUnit } from "./schema_units.ts";
import { bytes, count, countOrUnlimited, milliseconds, seconds, text } from "./schema_values.ts";
import { findForbiddenCiphers, findForbiddenSuites } from "./tls_ciphers.ts";

const MAXIMUM_UINT32 = 0xffff_ffff;
const MAXIMUM_LEVELS = 65_535;
const DEFAULT_PORT = 1883;

const prefix = z.string().regex(/^[^+#\0]*$/, {
  error: () => "expected a topic without the wildcards + and #",
}).default("");

/** `cloud.example.com:8883`, `192.0.2.1`, `[2001:db8::1]:1883`. */
const Address = text().transform((written, context) => {
  const [, v6, host, port] =
    /^(?:\[([0-9a-fA-F:.%a-z]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/.exec(written) ?? [];
  const number = port === undefined ? DEFAULT_PORT : Number(port);
  const name = v6 ?? host;
  if (name !== undefined && number >= 1 && number <= 65_535) return { host: name, port: number };
  context.addIssue("expected HOST or HOST:PORT; an IPv6 address stands in brackets");
  return z.NEVER;
});

const Topic = z.strictObject({
  filter: z.string().default("")
    .describe("Topic Filter of what goes over the bridge, without the prefixes"),
  direction: z.enum(["out", "in", "both"]).default("out"),
  qos: maximumQoS.default(0).describe("Highest QoS"),
  localPrefix: prefix.describe("What the topics have here in front of what the filter matches"),
  remotePrefix: prefix.describe("What they have there"),
}).superRefine(({ filter, localPrefix, remotePrefix }, context) => {
  for (const [key, whole] of Object.entries({ localPrefix, remotePrefix })) {
    try {
      parseTopicFilter(whole + filter, MAXIMUM_LEVELS);
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      const message = `with the ${key}, "${whole + filter}": ${error.message}`;
      context.addIssue({ code: "custom", message, path: ["filter"] });
      return;
    }
  }
});

const Local = z.strictObject({
  clientId: text().nullable().default(null)
    .describe("Client Identifier here; null: local. and that of the remote side"),
  userName: text().nullable().default(null)
    .describe("User whose access rules hold for the bridge; null: it may do everything"),
  cleanSession: z.boolean().optional()
    .describe("Whether messages do not wait while the remote broker is away; default: as there"),
  maximumQueuedMessages: countOrUnlimited(1).default(100_000)
    .describe("QoS 1 and 2 messages that wait for the remote broker"),
  maximumQueuedBytes: bytes({ minimum: 1 }).prefault("256MiB").describe("Bytes of them"),
  dropsWhenFull: z.enum(["newest", "oldest"]).default("newest")
    .describe("Which messages are dropped when there are more"),
});

const Remote = z.strictObject({
  clientId: text().nullable().default(null)
    .describe("Client Identifier there; null: name of this machine, a dot, name of the bridge"),
  userName: text().nullable().default(null).describe("User name there"),
  password: text().nullable().default(null),
  cleanSession: z.boolean().default(false)
    .describe("Whether the remote broker keeps nothing for us while we are away"),
  sessionExpiry: seconds({ maximum: MAXIMUM_UINT32 }).nullable().default(null)
    .describe("For how long it keeps it, in MQTT 5.0; null: for ever"),
  protocolVersion: z.union([z.literal(3), z.literal(4), z.literal(5)], {
    error: () => "expected 3, 4 or 5",
  }).default(5).describe("3: MQTT 3.1, 4: MQTT 3.1.1, 5: MQTT 5.0"),
  keepAlive: seconds({ minimum: 5, maximum: 65_535 }).prefault("60s")
    .describe("A silence after which the connection is tested"),
  receiveMaximum: count(1, 65_535).nullable().default(null)
    .describe(
      "QoS 1 and 2 messages under way; null: as limits.maximumInflightMessages, in MQTT 3 at most 20",
    ),
  topicAliasMaximum: count(0, 65_535).default(10)
    .describe("Topic Aliases that the remote broker may set"),
  maximumPacketSize: countOrUnlimited(1).prefault("unlimited")
    .describe("Bytes of a packet to the remote broker; larger ones are thrown away"),
  tellsItIsABridge: z.boolean().default(true).describe(
    "In MQTT 3, ask not to get our own messages back, which only some brokers understand",
  ),
  retain: z.boolean().default(true).describe("Whether RETAIN is passed on"),
  unsubscribes: z.boolean().default(true)
    .describe("Whether to unsubscribe from what only goes out, in case it once came in"),
  marksPath: z.boolean().default(true).describe(
    "Whether MQTT 5.0 messages get a User Property that ends loops",
  ),
  bindAddress: text().nullable().default(null).describe("Address of ours to connect from"),
});

const Tls = z.strictObject({
  caFile: text().nullable().default(null)
    .describe("Certificates that the remote one's is checked with"),
  caPath: text().nullable().default(null).describe("Folder of such certificates"),
  systemAuthorities: z.boolean().optional()
    .describe("Whether those of the system count; default: if there are no others"),
  certFile: text().nullable().default(null).describe("Our own certificate chain, PEM"),
  keyFile: text().nullable().default(null).describe("Its private key, PEM"),
  acceptsAnyName: z.boolean().default(false)
    .describe("Whether the remote certificate may be for another name than the address"),
  minimumVersion: z.enum(["1.2", "1.3"]).default("1.2").describe("Oldest version of TLS"),
  alpn: text().nullable().default(null).describe("Protocol to ask for by ALPN"),
  ciphers: text().nullable().default(null).describe(
    "Ciphers of TLS 1.2, as OpenSSL writes them; all that are offered must be among them",
  ),
  cipherSuites: text().nullable().default(null).describe(
    "Cipher suites of TLS 1.3; all that are offered must be among them",
  ),
}).superRefine((tls, context) => {
  const refuse = (key: string, message: string): void =>
    context.addIssue({ code: "custom", message, path: [key] });
  if ((tls.certFile === null) !== (tls.keyFile === null)) {
    refuse(
      tls.certFile === null ? "keyFile" : "certFile",
      "expected both or none of the two files",
    );
  }
  const { minimumVersion, ciphers, cipherSuites } = tls;
  const forbidden = [
    ["ciphers", ciphers === null || minimumVersion !== "1.2" ? [] : findForbiddenCiphers(ciphers)],
    ["cipherSuites", cipherSuites === null ? [] : findForbiddenSuites(cipherSuites)],
  ] as const;
  for (const [key, names] of forbidden) {
    if (names.length === 0) continue;
    refuse(key, `expected a list with ${names.join(", ")} among them: they are always offered`);
  }
});

const Restart = z.strictObject({
  base: milliseconds({ minimum: 1_000, maximum: 3_600_000 }).prefault("5s")
    .describe("Shortest time between two attempts"),
  cap: milliseconds({ minimum: 1_000, maximum: 7_200_000 }).nullable().prefault("30s")
    .describe("Longest; the time is taken at random and grows; null: always the shortest"),
  stable: milliseconds().prefault(0)
    .describe("How long a connection must last so that the next wait is the shortest"),
}).superRefine(({ base, cap }, context) => {
  if (cap === null || cap >= base) return;
  context.addIssue({ code: "custom", message: "expected at least the base", path: ["cap"] });
}).transform(({ base, cap, stable }) => ({ baseMs: base, capMs: cap, stableMs: stable }));

/** A link to another broker. */
export const Bridge = z.strictObject({
  name: text().describe("What the bridge is called"),
  addresses: z.array(Address).min(1, { error: () => "expected at least one address" })
    .describe("HOST:PORT of the remote broker, and of those that stand in for it"),
  roundRobin: z.boolean().default(false)
    .describe("Whether all addresses are alike; else the first is returned to"),
  primaryRetry: milliseconds({ minimum: 1_000 }).prefault("5s")
    .describe("How often to look whether the first address answers again"),
  topics: z.array(Topic).min(1, { error: () => "expected at least one topic" })
    .describe("What goes over the bridge"),
  start: z.enum(["automatic", "lazy", "once"]).default("automatic")
    .describe("lazy: only when messages wait; once: not again after the first end"),
  idleTimeout: milliseconds({ minimum: 1_000 }).prefault("60s")
    .describe("For lazy: how long nothing happens until the connection ends"),
  threshold: count(1, 1_000_000).default(10)
    .describe("For lazy: messages that wait until it begins"),
  restart: Restart.prefault({}).describe("How long to wait between two attempts"),
  connectTimeout: milliseconds({ minimum: 1_000, maximum: 3_600_000 }).prefault("30s")
    .describe("What an attempt may take"),
  notifications: z.enum(["none", "local", "both"]).default("both")
    .describe("Which brokers are told, by a retained 1 or 0, whether the bridge is connected"),
  notificationTopic: text().nullable().default(null)
    .describe("Where; null: $SYS/broker/connection/CLIENT-ID/state"),
  local: Local.prefault({}).describe("The Client that the bridge is here"),
  remote: Remote.prefault({}).describe("The Client that it is there"),
  tls: Tls.nullable().default(null).describe("Encryption; null: none"),
}).superRefine(({ remote }, context) => {
  if (remote.password === null || remote.userName !== null || remote.protocolVersion === 5) return;
  const message = "needs a user name in MQTT 3";
  context.addIssue({ code: "custom", message, path: ["remote", "password"] });
}).transform(addUnit("Ms", "idleTimeout", "connectTimeout", "primaryRetry"));

/** No two of a name, or with the same Client Identifier here: they would take each other's place. */
export function checkBridges(
  { bridges }: { readonly bridges: readonly z.output<typeof Bridge>[] },
  context: z.RefinementCtx,
): void {
  const names = new Set<string>();
  bridges.forEach(({ name }, i) => {
    if (names.has(name)) {
      const message = "expected a name that no other bridge has";
      context.addIssue({ code: "custom", message, path: ["bridges", i, "name"] });
    }
    names.add(name);
  });
}
