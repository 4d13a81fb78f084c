// `midge sub`: subscribes and prints what comes, as mosquitto_sub does.

import { Buffer } from "node:buffer";
import type { IPublishPacket, MqttClient } from "mqtt";
import { textOfBytes, textOfString } from "./byte_text.ts";
import { compileFormat } from "./format.ts";
import type { MessageProperties, ReceivedMessage } from "./message_json.ts";
import { asProperties } from "./property_options.ts";
import type { SubSettings } from "./settings.ts";
import { receiveMaximumOf } from "./sub_options.ts";
import { onSignals } from "./tool_signals.ts";
import { ToolLink } from "./tool_link.ts";
import { ToolOutput } from "./tool_output.ts";
import { matches } from "./topics.ts";
import { ToolExit } from "./words.ts";

const REFUSED = 0x80;

/** Runs until it has what it wants; resolves with the exit code. @throws {UsageError} */
export async function runSub(settings: SubSettings): Promise<number> {
  using subscriber = new Subscriber(settings);
  return await subscriber.run();
}

class Subscriber implements Disposable {
  readonly #settings: SubSettings;
  readonly #output: ToolOutput;
  readonly #link: ToolLink;
  readonly #format: ((message: ReceivedMessage) => string) | undefined;
  readonly #signals: Disposable;
  #timeout: ReturnType<typeof setTimeout> | undefined;
  #count = 0;
  #isDone = false;
  /** Retained messages whose removal is not yet acknowledged. */
  #removals = 0;

  constructor(settings: SubSettings) {
    this.#settings = settings;
    this.#output = new ToolOutput(settings.isQuiet, () => this.#link.end(ToolExit.NobodyReads));
    this.#format = settings.format === undefined
      ? undefined
      : compileFormat(settings.format, settings.isPretty, (line) => this.#output.complain(line));
    const window = receiveMaximumOf(settings);
    const isGiven = settings.properties.CONNECT.some(([name]) => name === "receive-maximum");
    if (window !== undefined && !isGiven) {
      settings.properties.CONNECT.push(["receive-maximum", String(window)]);
    }
    this.#link = new ToolLink(settings, this.#output, {
      triesAgain: true,
      onConnect: (client) => this.#subscribe(client),
      wordsOfRefusal: () => undefined,
    });
    this.#signals = onSignals(() => this.#link.end(ToolExit.Success, true));
  }

  async run(): Promise<number> {
    const { timeoutSeconds } = this.#settings;
    if (timeoutSeconds !== undefined) {
      this.#timeout = setTimeout(() => {
        this.#output.complain("Timed out");
        this.#isDone = true;
        this.#link.end(ToolExit.TimedOut, true);
      }, Math.min(timeoutSeconds * 1_000, 0x7fff_ffff));
    }
    const exitCode = await this.#link.run();
    this.#output.flush();
    return exitCode;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timeout);
    this.#signals[Symbol.dispose]();
  }

  #subscribe(client: MqttClient): void {
    const { topics, unsubscribes, qos, version } = this.#settings;
    if (client.listenerCount("message") === 0) {
      client.on(
        "message",
        (topic, payload, packet) => this.#receive(client, topic, payload, packet),
      );
    }
    if (topics.length > 0) {
      const properties = asProperties(this.#settings.properties.SUBSCRIBE);
      client.subscribe(topics, {
        qos,
        ...version === 5
          ? { rap: this.#settings.retainAsPublished, rh: this.#retainHandling() }
          : {},
        ...version === 5 && properties !== undefined ? { properties } : {},
        // deno-lint-ignore no-explicit-any -- MQTT.js's type lacks what its code has
      } as any, (_error, _granted, packet) => {
        if (packet !== undefined) this.#onSuback(packet.messageId, packet.granted as number[]);
      });
    }
    for (const filter of unsubscribes) {
      const properties = asProperties(this.#settings.properties.UNSUBSCRIBE);
      const options = version === 5 && properties !== undefined ? { properties } : {};
      client.unsubscribe(filter, options, () => {
        if (topics.length === 0 && this.#settings.exitsAfterSubscribe) this.#finish();
      });
    }
  }

  #retainHandling(): number {
    return this.#settings.skipsRetained ? 2 : this.#settings.retainHandling;
  }

  #onSuback(messageId: number | undefined, granted: readonly number[]): void {
    if (this.#settings.isDebug) {
      this.#output.printText(`Subscribed (mid: ${messageId}): ${granted.join(", ")}\n`);
    }
    if (granted.every((code) => code >= REFUSED)) {
      this.#link.end(ToolExit.Success);
      this.#output.complain("All subscription requests were denied.");
    } else if (this.#settings.exitsAfterSubscribe) {
      this.#finish();
    }
  }

  #receive(client: MqttClient, topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    if (this.#isDone) return;
    const { settings, retain } = { settings: this.#settings, retain: packet.retain };
    if (settings.retainedOnly && !retain) return this.#finish();
    if (retain && settings.skipsRetained) return;
    if (settings.filterOuts.some((filter) => matches(filter, topic))) return;
    if (settings.removesRetained && retain) this.#remove(client, topic);
    if (settings.randomFilter === 10_000 || Math.random() * 10_000 < settings.randomFilter) {
      this.#print(topic, payload, packet);
    }
    if (settings.messageCount > 0 && ++this.#count === settings.messageCount) this.#finish();
  }

  #remove(client: MqttClient, topic: string): void {
    this.#removals++;
    client.publish(topic, Buffer.alloc(0), { qos: 1, retain: true }, () => {
      this.#removals--;
      if (this.#isDone) this.#finish();
    });
  }

  /** Ends, once what is to be removed is removed. */
  #finish(): void {
    this.#isDone = true;
    if (this.#removals === 0) this.#link.end(ToolExit.Success);
  }

  #print(topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    const { isVerbose, endsLines } = this.#settings;
    const end = endsLines ? "\n" : "";
    if (this.#format !== undefined) {
      this.#output.print(this.#format(received(topic, payload, packet)) + end);
    } else if (isVerbose) {
      const text = payload.length > 0 ? textOfBytes(payload) : "(null)";
      if (payload.length > 0 || endsLines) {
        this.#output.print(`${textOfString(topic)} ${text}${end}`);
      }
    } else if (payload.length > 0) {
      this.#output.print(textOfBytes(payload) + end);
    }
  }
}

function received(topic: string, payload: Uint8Array, packet: IPublishPacket): ReceivedMessage {
  const nowMs = performance.timeOrigin + performance.now();
  return {
    topic,
    payload,
    qos: packet.qos,
    retain: packet.retain,
    packetId: packet.qos === 0 ? 0 : packet.messageId ?? 0,
    properties: (packet.properties ?? {}) as MessageProperties,
    time: {
      date: new Date(nowMs),
      nanoseconds: Math.floor((nowMs % 1_000) * 1_000) * 1_000,
    },
  };
}
