// Topic Aliases (MQTT 5.0, section 3.3.2.3.4), one table for each direction; they live as long as the
// Network Connection [MQTT-3.3.2-7].

import { MqttError } from "../packet/mqtt_error.ts";
import { ReasonCode } from "../packet/reason_code.ts";

/** Aliases that the Client has set. */
export class InboundTopicAliases {
  readonly #maximum: number;
  #topicNames: (string | undefined)[] = [];

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /**
   * What a PUBLISH with `alias` is published to; sets the alias if `topicName` is not empty.
   * @throws {MqttError} 0x94 if `alias` is larger than our Topic Alias Maximum [MQTT-3.3.2-9], 0x82
   * if it stands for nothing.
   */
  resolve(alias: number, topicName: string): string {
    if (alias > this.#maximum) {
      throw new MqttError(
        ReasonCode.TopicAliasInvalid,
        `Topic Alias ${alias} is larger than ${this.#maximum}`,
      );
    }
    if (topicName !== "") return this.#topicNames[alias] = topicName;
    const known = this.#topicNames[alias];
    if (known === undefined) {
      throw new MqttError(ReasonCode.ProtocolError, `Topic Alias ${alias} is not set`);
    }
    return known;
  }
}

/**
 * Aliases that the broker sets: the first Topic Names get one each and keep it, as with Mosquitto; the
 * others go without.
 */
export class OutboundTopicAliases {
  readonly #maximum: number;
  readonly #aliases = new Map<string, number>();

  /** @param maximum what both the Client and the broker allow; at least 1. */
  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** The alias of `topicName`; 0 if it has none. */
  get(topicName: string): number {
    return this.#aliases.get(topicName) ?? 0;
  }

  /** The alias that `topicName` would be given next; 0 if there is none left. */
  get next(): number {
    return this.#aliases.size < this.#maximum ? this.#aliases.size + 1 : 0;
  }

  /** Gives {@link next} to `topicName`; the PUBLISH that says so is on its way. */
  assign(topicName: string): void {
    this.#aliases.set(topicName, this.next);
  }
}
