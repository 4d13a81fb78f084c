// DenialLog: says what access rules refuse, and which rule did; once for each Client, topic and period, and no
// more than so many lines, however many topics a Client tries.
//
//   Denied PUBLISH from bob (d0, q1, r0, m7, 'home/safe/key', ... (2 bytes)): acl:7: topic deny home/safe/#

import type { PublishPacket } from "../packet/publish.ts";
import type { TopicName } from "../topic/topic_name.ts";
import { isBelow } from "./mount_point.ts";
import type { Parts } from "./parts.ts";
import type { Log } from "./ports.ts";
import { isReserved } from "./publish_message.ts";
import type { SessionEntry } from "./sessions.ts";
import type { Statistics } from "./statistics.ts";

const PERIOD_MS = 60_000;
/** Lines of a period for a Client, and for all; the counter in $SYS counts on. */
const MAX_LINES_OF_CLIENT = 32;
const MAX_LINES = 1_000;
/** Characters of a topic that are shown. Topics beyond count as one if they are as long. */
const MAX_SHOWN = 200;

export class DenialLog {
  readonly #log: Log;
  readonly #statistics: Statistics;
  /** What was said in this period, by Client Identifier. */
  readonly #said = new Map<string, Set<string | number>>();
  #lines = 0;
  #periodEndsMs = 0;

  constructor(log: Log, statistics: Statistics) {
    this.#log = log;
    this.#statistics = statistics;
  }

  /** A PUBLISH from the Client of `entry` to `name` was refused at `nowMs`. */
  publish(entry: SessionEntry, packet: PublishPacket, name: TopicName, nowMs: number): void {
    this.#statistics.publishDenied++;
    if (!this.#isNews(entry.session.clientId, "from", name, nowMs)) return;
    const { dup, qos, retain, packetId, end, payloadStart } = packet;
    this.#log.write(
      "info",
      `Denied PUBLISH from ${entry.session.clientId} (d${+dup}, q${qos}, r${+retain}, m${packetId}, ` +
        `'${shown(name)}', ... (${end - payloadStart} bytes))${whyNot(entry, "write", name)}`,
    );
  }

  /** A Will Message was. */
  will(entry: SessionEntry, name: TopicName, nowMs: number): void {
    this.#statistics.publishDenied++;
    if (!this.#isNews(entry.session.clientId, "will", name, nowMs)) return;
    this.#log.write(
      "info",
      `Denied Will Message from ${entry.session.clientId} ('${shown(name)}')` +
        whyNot(entry, "write", name),
    );
  }

  /** A Subscription was: no rule lets anything of it through. */
  subscription(entry: SessionEntry, filter: string, nowMs: number): void {
    if (!this.#isNews(entry.session.clientId, "subscribe", filter, nowMs)) return;
    this.#log.write(
      "info",
      `Denied SUBSCRIBE from ${entry.session.clientId} ('${shown(filter)}'): ` +
        "no rule could let anything of it through.",
    );
  }

  /**
   * The Client of `entry` does not get what is published to `name`, though it has a Subscription. With Mosquitto's
   * rules that is how Subscriptions are narrowed, every day and every message: for debugging only.
   */
  delivery(entry: SessionEntry, name: TopicName, nowMs: number): void {
    if (!this.#log.isDebugEnabled) return;
    if (!this.#isNews(entry.session.clientId, "to", name, nowMs)) return;
    this.#log.write(
      "debug",
      `Denied PUBLISH to ${entry.session.clientId} ('${shown(name)}')${
        whyNot(entry, "read", name)
      }`,
    );
  }

  #isNews(clientId: string, what: string, topic: string, nowMs: number): boolean {
    if (nowMs >= this.#periodEndsMs) {
      this.#said.clear();
      this.#lines = 0;
      this.#periodEndsMs = nowMs + PERIOD_MS;
    }
    let said = this.#said.get(clientId);
    // Nothing long is kept, nor looked up.
    const key = topic.length > MAX_SHOWN ? topic.length : `${what} ${topic}`;
    if (said?.has(key) || this.#lines >= MAX_LINES) return false;
    if (said === undefined) this.#said.set(clientId, said = new Set());
    if (said.size > MAX_LINES_OF_CLIENT) return false;
    said.add(key);
    this.#lines++;
    if (said.size <= MAX_LINES_OF_CLIENT && this.#lines < MAX_LINES) return true;
    const whose = this.#lines < MAX_LINES ? ` of ${clientId}` : "";
    this.#log.write("info", `Further denials${whose} are counted and not logged for a minute.`);
    return false;
  }
}

function shown(topic: string): string {
  return topic.length > MAX_SHOWN ? `${topic.slice(0, MAX_SHOWN)}…` : topic;
}

/** The reason, behind a colon, as far as the Authorizer tells. */
function whyNot(entry: SessionEntry, access: "read" | "write", name: TopicName): string {
  const { authorizer, identity } = entry;
  if (access === "write" && isReserved(name)) return `: it is the broker's own.`;
  const reason = authorizer.explainDenial?.(identity, access, name);
  return reason === undefined ? "." : `: ${reason}`;
}

/** Whether the Client of `entry` may have what is published to `name`; asked once for each route. */
export function mayReceive(
  { denials, time }: Pick<Parts, "denials" | "time">,
  entry: SessionEntry,
  name: TopicName,
): boolean {
  if (!isBelow(entry.mountPoint, name)) return false; // it has no name there
  if (entry.authorizer.mayReceive(entry.identity, name)) return true;
  denials.delivery(entry, name, time.nowMs);
  return false;
}
