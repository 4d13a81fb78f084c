// `midge pub`: publishes a message, again if it is told to, or each line of standard input, as mosquitto_pub does.

import { Buffer } from "node:buffer";
import type { IConnackPacket, MqttClient } from "mqtt";
import { readLines } from "./lines.ts";
import { asProperties } from "./property_options.ts";
import type { PubSettings } from "./settings.ts";
import { onSignals } from "./tool_signals.ts";
import { ToolLink } from "./tool_link.ts";
import { ToolOutput } from "./tool_output.ts";
import { UsageError } from "./usage_error.ts";
import { reasonWords, ToolExit } from "./words.ts";

const MAXIMUM_PAYLOAD = 268_435_455;
/** So many lines of QoS 0 wait for the socket before the next ones are read. */
const MAXIMUM_UNWRITTEN = 1_000;

/** Runs until all is sent and acknowledged; resolves with the exit code. @throws {UsageError} */
export async function runPub(settings: PubSettings): Promise<number> {
  const payload = await payloadOf(settings);
  const publisher = new Publisher(settings, payload);
  using _ = onSignals(() => publisher.stop());
  return await publisher.run();
}

/** What is published; undefined: each line of standard input. */
async function payloadOf({ message }: PubSettings): Promise<Uint8Array | undefined> {
  const payload = await read(message!);
  if (message!.from === "stdin" && payload!.length === 0) {
    throw new UsageError("Zero length input.\nError loading input from stdin.");
  }
  if (payload === undefined || payload.length <= MAXIMUM_PAYLOAD) return payload;
  throw new UsageError(`Message length must be less than ${MAXIMUM_PAYLOAD} bytes.`);
}

async function read(
  message: NonNullable<PubSettings["message"]>,
): Promise<Uint8Array | undefined> {
  switch (message.from) {
    case "argument":
      return Buffer.from(message.text);
    case "nothing":
      return Buffer.alloc(0);
    case "lines":
      return undefined;
    case "stdin":
      return new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
    case "file":
      try {
        return await Deno.readFile(message.path);
      } catch {
        throw new UsageError(
          `Unable to open file "${message.path}".\nError loading input file "${message.path}".`,
        );
      }
  }
}

class Publisher {
  readonly #settings: PubSettings;
  readonly #payload: Uint8Array | undefined;
  readonly #output: ToolOutput;
  readonly #link: ToolLink;
  readonly #properties: Record<string, unknown> | undefined;
  #underWay = 0;
  /** How many may be {@link #underWay}. */
  #window: number;
  #onRoom: (() => void) | undefined;
  #hasBegun = false;
  #hasTopicAlias = false;
  #isStopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: PubSettings, payload: Uint8Array | undefined) {
    this.#settings = settings;
    this.#payload = payload;
    this.#window = settings.qos === 0 ? MAXIMUM_UNWRITTEN : settings.maxInflight;
    this.#properties = settings.version === 5
      ? asProperties(settings.properties.PUBLISH)
      : undefined;
    this.#output = new ToolOutput(settings.isQuiet, () => this.stop());
    const isVersion5 = settings.version === 5;
    this.#link = new ToolLink(settings, this.#output, {
      triesAgain: payload === undefined,
      onConnect: (client, connack) => this.#begin(client, connack),
      wordsOfRefusal: () =>
        isVersion5 && payload !== undefined
          ? "Error: A network protocol error occurred when communicating with the broker."
          : "Error: The connection was refused.",
    });
  }

  async run(): Promise<number> {
    const exitCode = await this.#link.run();
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#onRoom?.();
    this.#output.flush();
    return exitCode;
  }

  /** Ends, whatever is still to be sent. */
  stop(): void {
    this.#link.end(ToolExit.Failed);
  }

  #begin(client: MqttClient, connack: IConnackPacket): void {
    const limit = connack.properties?.receiveMaximum;
    if (this.#settings.qos > 0) {
      this.#window = Math.min(this.#settings.maxInflight, limit ?? Infinity);
    }
    if (this.#hasBegun) return; // MQTT.js sends again what was under way
    this.#hasBegun = true;
    if (this.#payload === undefined) {
      this.#publishLines(client).catch((error) => {
        this.#output.complain(`Error: ${(error as Error).message}`);
        this.stop();
      });
    } else {
      this.#publishAgain(client, this.#payload, this.#settings.repeatCount);
    }
  }

  #publishAgain(client: MqttClient, payload: Uint8Array, times: number): void {
    this.#publish(client, payload, () => {
      if (times === 1) return this.#link.end(ToolExit.Success);
      this.#timer = setTimeout(
        () => this.#publishAgain(client, payload, times - 1),
        this.#settings.repeatDelayMs,
      );
    });
  }

  async #publishLines(client: MqttClient): Promise<void> {
    for await (const line of readLines(Deno.stdin.readable)) {
      if (this.#underWay >= this.#window) await this.#room();
      if (this.#isStopped) return;
      this.#publish(client, line, () => {});
    }
    while (this.#underWay > 0 && !this.#isStopped) await this.#room();
    this.#link.end(ToolExit.Success);
  }

  /** Until one of those under way is done. */
  #room(): Promise<void> {
    return new Promise((resolve) => this.#onRoom = resolve);
  }

  #publish(client: MqttClient, payload: Uint8Array, onDone: () => void): void {
    const { qos, retain, topic } = this.#settings;
    const properties = this.#properties;
    // The alias is known from the first message on.
    const named = this.#hasTopicAlias ? "" : topic!;
    this.#hasTopicAlias = properties?.topicAlias !== undefined;
    this.#underWay++;
    client.publish(
      named,
      payload as Buffer,
      // MQTT.js removes from the properties what it has dealt with.
      { qos, retain, ...properties === undefined ? {} : { properties: { ...properties } } },
      (error, packet) => {
        this.#underWay--;
        if (error instanceof Error) this.#onFailure(error, packet?.messageId);
        onDone();
        this.#onRoom?.();
      },
    );
  }

  #onFailure(error: Error, messageId: number | undefined): void {
    const { code } = error as { code?: unknown };
    if (this.#isStopped) return;
    this.#output.complain(
      typeof code === "number"
        ? `Warning: Publish ${messageId ?? 0} failed: ${reasonWords(code)}.`
        : `Error: ${error.message}.`,
    );
  }
}
