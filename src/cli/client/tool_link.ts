// One tool's connection to the broker: how it comes about, is refused, is lost and tried again, and ends; with
// the words and exit codes of Mosquitto's tools for each.

import type { IConnackPacket, MqttClient } from "mqtt";
import { traceTo } from "./packet_trace.ts";
import { openClient } from "./open_client.ts";
import { asProperties } from "./property_options.ts";
import type { ConnectSettings } from "./settings.ts";
import type { ToolOutput } from "./tool_output.ts";
import { describeFailure, describeRefusal, ToolExit } from "./words.ts";

const RETRY_MS = 1_000;
/** How long what is under way may take when it ends. */
const END_MS = 5_000;
const DISCONNECT_WITH_WILL = 4;

export interface ToolHandlers {
  /** The CONNACK has come: for the first time, or again. */
  readonly onConnect: (client: MqttClient, connack: IConnackPacket) => void;
  /** Before it is connected again; undefined: a lost connection is the end. */
  readonly triesAgain: boolean;
  /** Beside "Connection error: …", when the CONNACK has refused us. */
  readonly wordsOfRefusal: (code: number) => string | undefined;
}

export class ToolLink {
  readonly #settings: ConnectSettings;
  readonly #output: ToolOutput;
  readonly #handlers: ToolHandlers;
  readonly #finished = Promise.withResolvers<number>();
  #client: MqttClient | undefined;
  #error: Error | undefined;
  #hasBeenConnected = false;
  #isEnding = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: ConnectSettings, output: ToolOutput, handlers: ToolHandlers) {
    this.#settings = settings;
    this.#output = output;
    this.#handlers = handlers;
  }

  /** Connects; resolves with the exit code when all is over. @throws {UsageError} */
  async run(): Promise<number> {
    const client = await openClient(this.#settings);
    this.#client = client;
    if (this.#settings.isDebug) {
      traceTo(client, (line) => this.#output.printText(`${line}\n`));
    }
    client.on("connect", (connack) => {
      this.#hasBeenConnected = true;
      this.#error = undefined;
      this.#handlers.onConnect(client, connack);
    });
    client.on("error", (error) => this.#onError(error));
    client.on("close", () => this.#onClose());
    client.connect();
    return await this.#finished.promise;
  }

  /** Says goodbye and ends with `exitCode`; the broker publishes the Will if `withWill` (MQTT 5.0). */
  end(exitCode: number, withWill: boolean = false): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    clearTimeout(this.#retry);
    const client = this.#client!;
    if (!client.connected) return this.#finish(exitCode, true);
    const patience = setTimeout(() => this.#finish(exitCode, true), END_MS);
    const properties = asProperties(this.#settings.properties.DISCONNECT);
    const isVersion5 = this.#settings.version === 5;
    client.end(false, {
      ...isVersion5 && withWill ? { reasonCode: DISCONNECT_WITH_WILL } : {},
      ...isVersion5 && properties !== undefined ? { properties } : {},
    }, () => {
      clearTimeout(patience);
      this.#finish(exitCode, false);
    });
  }

  #finish(exitCode: number, byForce: boolean): void {
    if (byForce) this.#client?.end(true);
    this.#isEnding = true;
    this.#finished.resolve(exitCode);
  }

  #onError(error: Error): void {
    const { code } = error as { code?: unknown };
    const isRefused = typeof code === "number" && /^Connection refused/.test(error.message);
    if (!isRefused) {
      this.#error ??= error;
      return;
    }
    this.#output.complain(
      `Connection error: ${describeRefusal(code, this.#settings.version)}`,
    );
    const words = this.#handlers.wordsOfRefusal(code);
    if (words !== undefined) this.#output.complain(words);
    this.#finish(code, true);
  }

  #onClose(): void {
    if (this.#isEnding) return;
    if (!this.#hasBeenConnected) {
      const error = this.#error;
      if (error === undefined) {
        this.#output.complain("Error: The connection was lost.");
        return this.#finish(ToolExit.ConnectionLost, true);
      }
      const { message, exitCode } = describeFailure(error);
      this.#output.complain(message);
      return this.#finish(exitCode, true);
    }
    if (!this.#handlers.triesAgain) {
      this.#output.complain("Error: The connection was lost.");
      return this.#finish(ToolExit.ConnectionLost, true);
    }
    this.#retry = setTimeout(() => this.#client!.reconnect(), RETRY_MS);
  }
}
