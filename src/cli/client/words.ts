// What Mosquitto's tools say, where scripts look at it: for a refused connection, and for errors of the system.

/** Exit codes of mosquitto_pub and mosquitto_sub, beside 0 and the CONNACK's code. */
export const ToolExit = {
  Success: 0,
  Failed: 1,
  ProtocolError: 2,
  ConnectionRefused: 5,
  ConnectionLost: 7,
  TlsError: 8,
  TimedOut: 27,
  /** As the shell says it of a program that SIGPIPE has ended. */
  NobodyReads: 141,
} as const;

const CONNACK_WORDS: readonly string[] = [
  "Connection Accepted.",
  "Connection Refused: unacceptable protocol version.",
  "Connection Refused: identifier rejected.",
  "Connection Refused: broker unavailable.",
  "Connection Refused: bad user name or password.",
  "Connection Refused: not authorised.",
];

const UNSUPPORTED_PROTOCOL_VERSION = 132;

/** Why the broker has refused the connection. */
export function describeRefusal(code: number, version: number): string {
  if (version !== 5) return CONNACK_WORDS[code] ?? "Connection Refused: unknown reason.";
  const reason = reasonWords(code);
  return code === UNSUPPORTED_PROTOCOL_VERSION
    ? `${reason}. Try connecting to an MQTT v5 broker, or use MQTT v3.x mode.`
    : reason;
}

// The names in section 2.4 of MQTT 5.0, spelt as Mosquitto prints them.
const REASON_WORDS: Readonly<Record<number, string>> = {
  0: "Success",
  16: "No matching subscribers",
  17: "No subscription existed",
  24: "Continue authentication",
  25: "Re-authenticate",
  128: "Unspecified error",
  129: "Malformed Packet",
  130: "Protocol Error",
  131: "Implementation specific error",
  132: "Unsupported Protocol Version",
  133: "Client Identifier not valid",
  134: "Bad User Name or Password",
  135: "Not authorized",
  136: "Server unavailable",
  137: "Server busy",
  138: "Banned",
  139: "Server shutting down",
  140: "Bad authentication method",
  141: "Keep Alive timeout",
  142: "Session taken over",
  143: "Topic Filter invalid",
  144: "Topic Name invalid",
  145: "Packet Identifier in use",
  146: "Packet Identifier not found",
  147: "Receive Maximum exceeded",
  148: "Topic Alias invalid",
  149: "Packet too large",
  150: "Message rate too high",
  151: "Quota exceeded",
  152: "Administrative action",
  153: "Payload format invalid",
  154: "Retain not supported",
  155: "QoS not supported",
  156: "Use another server",
  157: "Server moved",
  158: "Shared Subscriptions not supported",
  159: "Connection rate exceeded",
  160: "Maximum connect time",
  161: "Subscription identifiers not supported",
  162: "Wildcard Subscriptions not supported",
};

export function reasonWords(code: number): string {
  return REASON_WORDS[code] ?? "Unknown reason";
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  ENOENT: "No such file or directory",
  EACCES: "Permission denied",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ETIMEDOUT: "Connection timed out",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EINVAL: "Invalid argument",
};

/** Why there is no connection, and the exit code. */
export function describeFailure(error: Error): { message: string; exitCode: number } {
  const code = (error as Error & { code?: unknown }).code;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN" || code === "EAI_NODATA") {
    return { message: "Unable to connect (Lookup error.).", exitCode: ToolExit.Failed };
  }
  if (typeof code === "string" && code in SYSTEM_WORDS) {
    return { message: `Error: ${SYSTEM_WORDS[code]}`, exitCode: ToolExit.Failed };
  }
  const reason = firstLine(error.message);
  return typeof code === "string" && /CERT|VERIFY|SELF_SIGNED|ISSUER/.test(code)
    ? {
      message: `Unable to connect (A TLS error occurred.). (${reason})`,
      exitCode: ToolExit.Failed,
    }
    : { message: `Error: A TLS error occurred. (${reason})`, exitCode: ToolExit.TlsError };
}

function firstLine(text: string): string {
  return text.split("\n")[0]!.replace(/[.:\s]+$/, "");
}
