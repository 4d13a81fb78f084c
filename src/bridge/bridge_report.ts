// BridgeReport: what the broker tells its Clients of a bridge. The notification is Mosquitto's, retained 1 or 0;
// the rest stands below $SYS/broker/bridge/NAME.

import type { Broker } from "../broker/broker.ts";
import type { BridgeSettings } from "./settings.ts";

export interface BridgeFigures {
  readonly state: string;
  /** The same in words, with the reason and the next attempt. */
  readonly detail: string;
  /** Messages that wait for the remote broker, or for its acknowledgement. */
  readonly queued: number;
  readonly sent: number;
  readonly received: number;
  readonly dropped: number;
  readonly overflowed: number;
  readonly looped: number;
}

export class BridgeReport {
  readonly #broker: Broker;
  readonly #settings: BridgeSettings;
  readonly #clock: () => number;
  readonly #prefix: string;
  readonly #published = new Map<string, string>();

  constructor(broker: Broker, settings: BridgeSettings, clock: () => number) {
    this.#broker = broker;
    this.#settings = settings;
    this.#clock = clock;
    this.#prefix = `$SYS/broker/bridge/${settings.name.replaceAll(/[/+#]/g, "_")}/`;
  }

  /** Messages can pass, or can't any more. */
  connected(isConnected: boolean): void {
    const { notifications, local } = this.#settings;
    if (notifications === undefined) return;
    const payload = isConnected ? "1" : "0";
    // As from the bridge itself: its own Subscriptions are No Local.
    this.#broker.publish(notifications.topic, payload, 1, local.clientId, this.#clock());
  }

  /** Publishes what has changed, if there is a `$SYS`. */
  publish(figures: BridgeFigures): void {
    if (!this.#broker.publishesSys) return this.#published.clear();
    const { state, detail, queued, sent, received, dropped, overflowed, looped } = figures;
    this.#set("state", state);
    this.#set("detail", detail);
    this.#set("messages/queued", String(queued));
    this.#set("messages/sent", String(sent));
    this.#set("messages/received", String(received));
    this.#set("messages/dropped", String(dropped));
    this.#set("messages/overflowed", String(overflowed));
    this.#set("messages/looped", String(looped));
  }

  /** The bridge is no more: takes away what was retained. */
  remove(): void {
    const { notifications, local } = this.#settings;
    const now = this.#clock();
    for (const name of this.#published.keys()) {
      this.#broker.publish(this.#prefix + name, "", 0, undefined, now);
    }
    this.#published.clear();
    if (notifications === undefined) return;
    this.#broker.publish(notifications.topic, "", 1, local.clientId, now);
  }

  #set(name: string, value: string): void {
    if (this.#published.get(name) === value) return;
    this.#published.set(name, value);
    this.#broker.publish(this.#prefix + name, value, 0, undefined, this.#clock());
  }
}
