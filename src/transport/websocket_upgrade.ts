// What a request must say to become a WebSocket for MQTT (RFC 6455, 4.2; MQTT 5.0, 6), and the answers.

import { createHash } from "node:crypto";
import { STATUS_CODES } from "node:http";

const VERSION = "13";
/** RFC 6455, 1.3. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** 16 bytes in Base64. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
/** MQTT 3.1's clients know the second one. */
const SUBPROTOCOLS = ["mqtt", "mqttv3.1"];
/** Characters of a header that the log shows. */
const MAX_QUOTED = 100;

export interface UpgradeRequest {
  readonly method?: string | undefined;
  readonly httpVersion: string;
  /** By lower-case name; several of a name joined by commas. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface Refusal {
  readonly status: number;
  /** In words, for the log and the client. */
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Acceptance {
  readonly key: string;
  readonly subprotocol: string;
}

/**
 * Decides on a request for an upgrade.
 * @param origins those that pages may come from; none: any. What is no browser names none, and may come.
 */
export function decideUpgrade(
  request: UpgradeRequest,
  origins: readonly string[],
): Acceptance | Refusal {
  const header = (name: string) => {
    const value = request.headers[name];
    return typeof value === "string" ? value.trim() : value?.join(",");
  };
  const upgrade = header("upgrade") ?? "";
  if (!namesOf(upgrade).some((name) => name.toLowerCase() === "websocket")) {
    return { status: 400, reason: `an upgrade to ${quote(upgrade)}, not to websocket` };
  }
  if (request.method !== "GET" || request.httpVersion !== "1.1") {
    const how = `${request.method} in HTTP/${request.httpVersion}`;
    return { status: 400, reason: `an upgrade by ${how}, not by GET in HTTP/1.1` };
  }
  const version = header("sec-websocket-version");
  if (version !== VERSION) {
    const headers = { "Sec-WebSocket-Version": VERSION };
    return { status: 426, reason: `WebSocket version ${quote(version ?? "")}, not 13`, headers };
  }
  const key = header("sec-websocket-key");
  if (key === undefined || !KEY.test(key)) {
    const what = key === undefined ? "no Sec-WebSocket-Key" : "a wrong Sec-WebSocket-Key";
    return { status: 400, reason: what };
  }
  const origin = header("origin");
  if (origin !== undefined && !isAllowed(origin, origins)) {
    return { status: 403, reason: `the origin ${quote(origin)} is not allowed` };
  }
  const offered = namesOf(header("sec-websocket-protocol") ?? "");
  const subprotocol = offered.find((name) => SUBPROTOCOLS.includes(name));
  if (subprotocol === undefined) { // [MQTT-6.0.0-3]
    const what = offered.length === 0
      ? "no subprotocol"
      : `subprotocol ${quote(offered.join(", "))}`;
    return { status: 400, reason: `${what}: MQTT is "mqtt" or "mqttv3.1"` };
  }
  return { key, subprotocol }; // [MQTT-6.0.0-4]
}

/** The head of the response that accepts. */
export function acceptResponse({ key, subprotocol }: Acceptance): string {
  const accept = createHash("sha1").update(key + KEY_SUFFIX).digest("base64");
  return responseHead(101, {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Accept": accept,
    "Sec-WebSocket-Protocol": subprotocol,
  });
}

/** A whole response that refuses, in words. */
export function refuseResponse({ status, reason, headers }: Refusal): string {
  const text = `${status} ${STATUS_CODES[status]}: ${reason}\n`;
  return responseHead(status, {
    "Connection": "close",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": `${new TextEncoder().encode(text).length}`,
    ...headers,
  }) + text;
}

function responseHead(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n`;
}

function namesOf(list: string): string[] {
  return list.split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** What a peer wrote, for a line of the log. */
function quote(text: string): string {
  return JSON.stringify(text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}...`);
}

/** Scheme and host know no case. */
function isAllowed(origin: string, origins: readonly string[]): boolean {
  return origins.length === 0 ||
    origins.some((allowed) => allowed.toLowerCase() === origin.toLowerCase());
}
