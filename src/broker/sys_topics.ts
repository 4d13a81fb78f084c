// $SYS topics: the broker about itself, in the tree, units and wording that Mosquitto documents
// (mosquitto(8), "Broker Status"). Retained; a value is published again when it has changed.

import { encodeUtf8 } from "../packet/utf8.ts";
import { Message } from "../session/message.ts";
import type { TopicName } from "../topic/topic_name.ts";
import type { Deadline } from "./deadlines.ts";
import { LoadAverage } from "./load_average.ts";
import type { Parts } from "./parts.ts";
import { routeMessage } from "./publish_message.ts";

const PREFIX = "$SYS/broker/";
const WINDOWS = ["1min", "5min", "15min"] as const;

export class SysTopics implements Deadline {
  dueSlot = 0;
  readonly #parts: Parts;
  readonly #version: string;
  #intervalMs = 0;
  readonly #startedMs: number;
  #updatedMs: number;
  #maximumHeapBytes = 0;
  readonly #published = new Map<string, string>();
  #facts: ReadonlyMap<string, string> = new Map();
  readonly #loads = new Map<string, LoadAverage>();

  constructor(parts: Parts, version: string) {
    this.#parts = parts;
    this.#version = version;
    this.#startedMs = this.#updatedMs = parts.time.nowMs;
  }

  get isOn(): boolean {
    return this.#intervalMs > 0;
  }

  /** @param intervalMs milliseconds between two updates; 0 ends them, and takes away what was published. */
  publishEvery(intervalMs: number): void {
    const wasOn = this.#intervalMs > 0;
    this.#intervalMs = intervalMs;
    if (intervalMs === 0) return this.#clear();
    if (!wasOn) {
      this.#updatedMs = this.#parts.time.nowMs;
      this.#publish("version", `midge version ${this.#version}`);
      this.#publishValues();
      for (const name of Object.keys(this.#loadCounters())) this.#publishLoad(name, [0, 0, 0]);
    }
    this.#setDeadline();
  }

  /** What else there is to tell, in place of what there was: values by their names below `$SYS/broker/`. */
  setFacts(facts: ReadonlyMap<string, string>): void {
    for (const name of this.#facts.keys()) {
      if (facts.has(name) || !this.#published.delete(name)) continue;
      this.#parts.retained.remove(`${PREFIX}${name}` as TopicName, false);
    }
    this.#facts = facts;
    if (this.#intervalMs > 0) this.#publishFacts();
  }

  onDeadline(nowMs: number): void {
    const elapsedSeconds = (nowMs - this.#updatedMs) / 1000;
    this.#updatedMs = nowMs;
    for (const [name, count] of Object.entries(this.#loadCounters())) {
      let load = this.#loads.get(name);
      if (load === undefined) this.#loads.set(name, load = new LoadAverage());
      this.#publishLoad(name, load.update(count, elapsedSeconds));
    }
    this.#publishValues();
    this.#setDeadline();
  }

  #clear(): void {
    const { deadlines, retained } = this.#parts;
    deadlines.cancel(this);
    for (const name of this.#published.keys()) {
      retained.remove(`${PREFIX}${name}` as TopicName, false);
    }
    this.#published.clear();
    this.#loads.clear();
  }

  /** On whole multiples of the interval, as with Mosquitto, so that two brokers report together. */
  #setDeadline(): void {
    const interval = this.#intervalMs;
    const nextMs = (Math.floor(this.#parts.time.nowMs / interval) + 1) * interval;
    this.#parts.deadlines.set(this, nextMs);
  }

  #loadCounters(): Record<string, number> {
    const { statistics } = this.#parts;
    return {
      "messages/received": statistics.messagesReceived,
      "messages/sent": statistics.messagesSent,
      "publish/dropped": statistics.publishDropped,
      "publish/received": statistics.publishReceived,
      "publish/sent": statistics.publishSent,
      "bytes/received": statistics.bytesReceived,
      "bytes/sent": statistics.bytesSent,
      "sockets": statistics.socketsAccepted,
      "connections": statistics.connectsAccepted,
    };
  }

  #values(): Record<string, number> {
    const { statistics, sessions, router, retained, environment, ports } = this.#parts;
    const storedMessages = this.#countStored();
    const heapBytes = ports.heapBytes();
    this.#maximumHeapBytes = Math.max(this.#maximumHeapBytes, heapBytes);
    const disconnected = sessions.size - sessions.connected;
    return {
      "clients/total": sessions.size,
      "clients/maximum": sessions.maximum,
      "clients/disconnected": disconnected,
      "clients/inactive": disconnected,
      "clients/connected": sessions.connected,
      "clients/active": sessions.connected,
      "clients/expired": statistics.sessionsExpired,
      "messages/stored": storedMessages,
      "store/messages/count": storedMessages,
      "store/messages/bytes": environment.storedBytes.total,
      "subscriptions/count": router.subscriptionCount,
      "shared_subscriptions/count": router.sharedSubscriptionCount,
      "retained messages/count": retained.size,
      "heap/current": heapBytes,
      "heap/maximum": this.#maximumHeapBytes,
      "messages/received": statistics.messagesReceived,
      "messages/sent": statistics.messagesSent,
      "bytes/received": statistics.bytesReceived,
      "bytes/sent": statistics.bytesSent,
      "publish/bytes/received": statistics.publishBytesReceived,
      "publish/bytes/sent": statistics.publishBytesSent,
      "connections/socket/count": statistics.socketsAccepted,
      "publish/messages/denied": statistics.publishDenied, // not one of Mosquitto's
      "publish/messages/dropped": statistics.publishDropped,
      "publish/messages/received": statistics.publishReceived,
      "publish/messages/sent": statistics.publishSent,
    };
  }

  /** Retained messages and those that wait for a Client. */
  #countStored(): number {
    const { retained, sessions } = this.#parts;
    let count = retained.size;
    for (const { session } of sessions.values()) {
      count += session.queuedMessages + session.outbound.size;
    }
    return count;
  }

  #publishValues(): void {
    const uptimeSeconds = Math.floor((this.#parts.time.nowMs - this.#startedMs) / 1000);
    this.#publish("uptime", `${uptimeSeconds} seconds`);
    for (const [name, value] of Object.entries(this.#values())) {
      this.#publish(name, String(Math.round(value)));
    }
    this.#publishFacts();
  }

  #publishFacts(): void {
    for (const [name, value] of this.#facts) this.#publish(name, value);
  }

  #publishLoad(name: string, averages: readonly number[]): void {
    WINDOWS.forEach((window, i) =>
      this.#publish(`load/${name}/${window}`, averages[i]!.toFixed(2))
    );
  }

  #publish(name: string, value: string): void {
    if (this.#published.get(name) === value) return;
    this.#published.set(name, value);
    const topicName = `${PREFIX}${name}` as TopicName;
    const payload = encodeUtf8(value);
    const message = new Message({ topicName, payload, qos: 2, retain: true });
    routeMessage(this.#parts, message, undefined, undefined);
  }
}
