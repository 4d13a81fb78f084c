// What is logged about the coming and going of Clients, worded as Mosquitto 2.1 words it: people and their
// tools (fail2ban, monitoring) search for these lines.

import type { ConnectPacket } from "../packet/packets.ts";
import { describeReasonCode, ReasonCode } from "../packet/reason_code.ts";
import type { Connection } from "./connection.ts";

/** Where Mosquitto's words are not the specification's in lower case. */
const MOSQUITTOS_WORDS: ReadonlyMap<ReasonCode, string> = new Map<ReasonCode, string>([
  [ReasonCode.BadUserNameOrPassword, "bad username or password"],
  [ReasonCode.NotAuthorized, "not authorised"],
  [ReasonCode.Banned, "client banned"],
  [ReasonCode.KeepAliveTimeout, "exceeded timeout"],
  [ReasonCode.PacketTooLarge, "oversize packet"],
]);

function wordsOf(reasonCode: ReasonCode): string {
  return MOSQUITTOS_WORDS.get(reasonCode) ?? describeReasonCode(reasonCode).slice("0x00 ".length);
}

/** The connection ends for a Reason Code. */
export function logEndFor(connection: Connection, reasonCode: ReasonCode): void {
  logEnd(connection, wordsOf(reasonCode));
}

/** @param why undefined if the Client itself has said that it leaves. */
export function logEnd({ clientId, link, parts }: Connection, why: string | undefined): void {
  parts.ports.log.write(
    "notice",
    `Client ${clientId} [${link.remoteAddress}] disconnected${
      why === undefined ? "" : `: ${why}`
    }.`,
    "connection",
  );
}

/** What exactly a peer has done wrong; the line about its end follows. */
export function logMistake(
  { clientId, parts }: Connection,
  reasonCode: ReasonCode,
  what: string,
): void {
  const words = wordsOf(reasonCode);
  const kind = `${words[0]!.toUpperCase()}${words.slice(1)}`;
  parts.ports.log.write("info", `${kind} from ${clientId}: ${what}.`, "connection");
}

/** A CONNECT was accepted. */
export function logConnected(
  { clientId, link, parts }: Connection,
  packet: ConnectPacket,
  userName: string | undefined,
): void {
  const { log } = parts.ports;
  const wireVersion = packet.version === 3 ? 1 : packet.version === 4 ? 2 : 5;
  const user = userName === undefined ? "" : `, u'${userName}'`;
  log.write(
    "notice",
    `New ${packet.isBridge ? "bridge" : "client"} connected from ${link.remoteAddress} ` +
      `as ${clientId} (p${wireVersion}, c${
        packet.cleanStart ? 1 : 0
      }, k${packet.keepAlive}${user}).`,
    "connection",
  );
  if (!log.isDebugEnabled) return;
  const { will } = packet;
  if (will === undefined) return log.write("debug", "No will message specified.", "connection");
  const { payload, retain, qos, topicName } = will;
  log.write(
    "debug",
    `Will message specified (${payload.length} bytes) (r${retain ? 1 : 0}, q${qos}).`,
    "connection",
  );
  log.write("debug", `\t${topicName}`, "connection");
}
