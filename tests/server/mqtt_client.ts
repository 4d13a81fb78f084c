// TestClient: MQTT.js as a test wants it: what it received can be waited for, and it ends with its scope.

import { connect, type IClientOptions, type MqttClient } from "mqtt";

const TIMEOUT_MS = 5_000;

export interface Received {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
}

export class TestClient implements AsyncDisposable {
  readonly mqtt: MqttClient;
  /** Whether the broker went on with an old Session. */
  sessionPresent = false;
  readonly #received: Received[] = [];
  #onReceived: (() => void) | undefined = undefined;

  private constructor(mqtt: MqttClient) {
    this.mqtt = mqtt;
    mqtt.on("message", (topic, payload, { qos, retain, dup }) => {
      this.#received.push({ topic, payload, qos, retain, dup });
      this.#onReceived?.();
    });
  }

  /**
   * Comes back when the CONNACK is there.
   * @param where a port of this machine for plain MQTT, or a URL.
   */
  static async connect(where: number | string, options: IClientOptions = {}): Promise<TestClient> {
    const mqtt = connect(typeof where === "string" ? where : `mqtt://127.0.0.1:${where}`, {
      reconnectPeriod: 0,
      connectTimeout: TIMEOUT_MS,
      manualConnect: true,
      ...options,
    });
    const client = new TestClient(mqtt);
    await new Promise<void>((resolve, reject) => {
      mqtt.once("error", reject);
      mqtt.once("connect", (connack) => {
        client.sessionPresent = connack.sessionPresent;
        resolve();
      });
      mqtt.connect();
    });
    return client;
  }

  /** The messages that have come, once there are `count` of them. */
  async received(count: number): Promise<readonly Received[]> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#onReceived?.();
    }, TIMEOUT_MS);
    while (this.#received.length < count && !isLate) {
      await new Promise<void>((resolve) => this.#onReceived = resolve);
    }
    clearTimeout(timer);
    if (isLate) throw new Error(`${this.#received.length} messages of ${count} have come`);
    return this.#received;
  }

  /** The same as text: `topic payload`. */
  async texts(count: number): Promise<readonly string[]> {
    const received = await this.received(count);
    return received.map(({ topic, payload }) => `${topic} ${new TextDecoder().decode(payload)}`);
  }

  /** Breaks the connection without a DISCONNECT. */
  async break(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.mqtt.once("close", resolve));
    this.mqtt.stream.destroy();
    await closed;
  }

  /** DISCONNECT, if there is somebody left to tell. */
  async end(): Promise<void> {
    await this.mqtt.endAsync(!this.mqtt.connected);
    // MQTT.js finishes in a later turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}
