// Listeners and access: where Clients come in, who may, and as whom.

import { z } from "zod";
import { count, countOrUnlimited, milliseconds, text } from "./schema_values.ts";
import { findForbiddenCiphers, findForbiddenSuites } from "./tls_ciphers.ts";
import { addUnit } from "./schema_units.ts";

/** As Mosquitto: longer ones would leave no room for what makes the identifier unique. */
const AUTO_ID_PREFIX_LENGTH = 50;

const autoIdPrefix = z.string().max(AUTO_ID_PREFIX_LENGTH, {
  error: () => `expected at most ${AUTO_ID_PREFIX_LENGTH} characters`,
});
/** Highest QoS. */
export const maximumQoS = z.union([z.literal(0), z.literal(1), z.literal(2)], {
  error: () => "expected 0, 1 or 2",
});

/** With the names and defaults of PasswordGuessLimit. */
const Guessing = z.strictObject({
  enabled: z.boolean().default(true).describe("Slow down addresses that try passwords"),
  includeLoopback: z.boolean().default(false).describe("Also those of this machine"),
  freeFailures: count(0, 1_000_000).default(5)
    .describe("Failures of an address that are answered at once"),
  firstDelay: milliseconds().prefault("1s")
    .describe("How long the next answer is held back; each further one twice as long"),
  maximumDelay: milliseconds().prefault("15s").describe("How long at most"),
  forgetAfter: milliseconds({ minimum: 1 }).prefault("10min")
    .describe("Time without a failure after which an address starts anew"),
  maximumHeldPerAddress: count(1, 1_000_000).default(20)
    .describe("Answers to an address that are held back at a time"),
  maximumHeld: count(1, 1_000_000).default(1_000).describe("Answers held back in all"),
  maximumAddresses: count(1, 10_000_000).default(10_000).describe("Addresses remembered"),
  logPeriod: milliseconds().prefault("1min").describe("Each address is logged once in so long"),
}).transform(addUnit("Ms", "firstDelay", "maximumDelay", "forgetAfter", "logPeriod"));

/** Who may connect and do what, wherever a listener does not say other. */
export const Access = z.strictObject({
  allowAnonymous: z.boolean().optional()
    .describe("Whether Clients without a user name may connect; default: only if localOnly"),
  passwordFile: text().nullable().default(null).describe("File of user:hash lines"),
  aclFile: text().nullable().default(null).describe("File of access rules, as Mosquitto's"),
  assignsClientIds: z.boolean().default(true)
    .describe("Whether a Client may leave its Client Identifier to the broker"),
  autoIdPrefix: autoIdPrefix.default("auto-")
    .describe("What Client Identifiers that the broker assigns begin with"),
  clientIdPrefixes: z.array(text()).default([])
    .describe("Client Identifiers must begin with one of these; none: any"),
  checkRetainSource: z.boolean().default(true).describe(
    "Whether a retained message is held back if its publisher has lost the right to publish it",
  ),
  refuseHopelessSubscriptions: z.boolean().default(true).describe(
    "Whether a filter that no rule could ever let a message through is refused at SUBSCRIBE",
  ),
  guessing: Guessing.prefault({}).describe("Brakes for those who guess passwords"),
});

/** What a listener has from {@link Access} or the limits unless it says it itself. */
export interface ListenerSettings {
  readonly allowAnonymous?: boolean | undefined;
  readonly passwordFile?: string | null | undefined;
  readonly aclFile?: string | null | undefined;
  readonly assignsClientIds?: boolean | undefined;
  readonly autoIdPrefix?: string | undefined;
  readonly clientIdPrefixes?: readonly string[] | undefined;
  readonly maximumQoS?: 0 | 1 | 2 | undefined;
  readonly topicAliasMaximum?: number | undefined;
  readonly topicAliasMaximumToClient?: number | undefined;
}

const Tls = z.strictObject({
  certFile: text().describe("Certificate chain of the server, PEM"),
  keyFile: text().describe("Private key of the server, PEM"),
  caFile: text().nullable().default(null).describe(
    "Certificates that Clients' ones are checked with",
  ),
  caPath: text().nullable().default(null).describe("Folder of such certificates"),
  crlFile: text().nullable().default(null).describe("Revoked certificates"),
  requireCertificate: z.boolean().default(false).describe(
    "Whether Clients must have a certificate",
  ),
  userNameFrom: z.enum(["connect", "common-name", "subject"]).default("connect")
    .describe("Where the user name comes from: CONNECT, or the Client's certificate"),
  minimumVersion: z.enum(["1.2", "1.3"]).default("1.2").describe("Oldest version of TLS"),
  ciphers: text().nullable().default(null).describe(
    "Ciphers of TLS 1.2, as OpenSSL writes them; all that are offered must be among them",
  ),
  cipherSuites: text().nullable().default(null).describe(
    "Cipher suites of TLS 1.3; all that are offered must be among them",
  ),
}).superRefine(({ minimumVersion, ciphers, cipherSuites }, context) => {
  const refuse = (key: string, forbidden: readonly string[]): void => {
    if (forbidden.length === 0) return;
    const message =
      `expected a list with ${forbidden.join(", ")} among them: they are always offered, ` +
      "because the TLS library can't leave them out; with nothing weaker, the option can be removed";
    context.addIssue({ code: "custom", message, path: [key] });
  };
  if (ciphers !== null && minimumVersion === "1.2") {
    refuse("ciphers", findForbiddenCiphers(ciphers));
  }
  if (cipherSuites !== null) refuse("cipherSuites", findForbiddenSuites(cipherSuites));
});

const WebSocket = z.strictObject({
  origins: z.array(text()).default([])
    .describe("Origins of pages that may connect; none: any"),
  httpDirectory: text().nullable().default(null).describe("Folder of files to serve beside"),
  maximumHeaderBytes: count(512, 1_048_576).default(8_192)
    .describe("Bytes of the header of an HTTP request"),
});

const ProxyProtocol = z.strictObject({
  version: z.union([z.literal(1), z.literal(2)], { error: () => "expected 1 or 2" }),
  requireTls: z.boolean().default(false).describe("Close what did not reach the proxy over TLS"),
  requireCertificate: z.boolean().default(false).describe("Close what showed it no certificate"),
  userNameFrom: z.enum(["connect", "common-name"]).default("connect")
    .describe("Where the user name comes from: CONNECT, or the certificate that the proxy saw"),
}).superRefine((proxy, context) => {
  if (proxy.version === 2) return;
  const asked = [
    ["requireTls", proxy.requireTls],
    ["requireCertificate", proxy.requireCertificate],
    ["userNameFrom", proxy.userNameFrom !== "connect"],
  ] as const;
  for (const [key, isAsked] of asked) {
    if (!isAsked) continue;
    context.addIssue({
      code: "custom",
      message: "needs version 2 of the PROXY protocol; version 1 tells nothing of TLS",
      path: [key],
    });
  }
});

const common = {
  protocol: z.enum(["mqtt", "websockets"]).default("mqtt").describe(
    "MQTT as it is, or in WebSocket",
  ),
  allowAnonymous: z.boolean().optional().describe("Instead of access.allowAnonymous"),
  passwordFile: text().nullable().optional().describe("Instead of access.passwordFile; null: none"),
  aclFile: text().nullable().optional().describe("Instead of access.aclFile; null: none"),
  assignsClientIds: z.boolean().optional()
    .describe("Instead of access.assignsClientIds"),
  autoIdPrefix: autoIdPrefix.optional().describe("Instead of access.autoIdPrefix"),
  clientIdPrefixes: z.array(text()).optional().describe("Instead of access.clientIdPrefixes"),
  usesUserNameAsClientId: z.boolean().default(false)
    .describe("Take the user name for the Client Identifier; without a user name: refuse"),
  mountPoint: z.string().regex(/^[^+#\0]*$/, {
    error: () => "expected a topic without the wildcards + and #",
  }).default("").describe("Put before every topic of the Clients here, and taken off for them"),
  maximumConnections: countOrUnlimited(1).prefault("unlimited")
    .describe("Connections here, besides limits.maximumConnections"),
  maximumQoS: maximumQoS.optional().describe("Instead of limits.maximumQoS"),
  topicAliasMaximum: count(0, 65_535).optional().describe("Instead of limits.topicAliasMaximum"),
  topicAliasMaximumToClient: count(0, 65_535).optional()
    .describe("Instead of limits.topicAliasMaximumToClient"),
  acceptedVersions: z.array(
    z.union([z.literal(3), z.literal(4), z.literal(5)], { error: () => "expected 3, 4 or 5" }),
  ).min(1, { error: () => "expected at least one of 3, 4 and 5" })
    .default([3, 4, 5]).describe("3: MQTT 3.1, 4: MQTT 3.1.1, 5: MQTT 5.0"),
  tls: Tls.nullable().default(null).describe("Encryption; null: none"),
  webSocket: WebSocket.prefault({}).describe("For protocol websockets"),
  proxyProtocol: ProxyProtocol.nullable().default(null)
    .describe("The address of the Client comes in a header of a proxy before us; null: no"),
};

/** A TCP port. */
export const TcpListener = z.strictObject({
  kind: z.literal("tcp").optional(),
  port: count(0, 65_535).default(1883).describe("0 takes a free one"),
  hostnames: z.array(text()).default([])
    .describe("Addresses to listen on; none: all of this machine, or loopback if localOnly"),
  bindInterface: text().nullable().default(null).describe("Network interface, such as eth0"),
  socketDomain: z.enum(["ipv4", "ipv6"]).nullable().default(null).describe("null: both"),
  ...common,
});

/** A socket in the file system. */
export const UnixListener = z.strictObject({
  kind: z.literal("unix"),
  path: text().describe("The socket's path"),
  ...common,
});
