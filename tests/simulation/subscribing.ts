// Subscribing: the Subscriptions that a client wants. One SUBSCRIBE or UNSUBSCRIBE is under way at a time; it is
// sent again if the connection breaks, and a new Session gets everything again.

import { PacketType } from "../../src/packet/packet_type.ts";
import type { SubackPacket, UnsubackPacket } from "../../src/packet/packets.ts";
import type { ClientContext } from "./client_parts.ts";
import type { SessionRecord, SubscriptionOptions } from "./records.ts";

/** Nothing can be stored: Quota exceeded, and what MQTT 3.1.1 has for it. */
const DECLINED = [0x97, 0x80];

type Change =
  | { readonly does: "subscribe"; readonly filters: readonly [string, SubscriptionOptions][] }
  | { readonly does: "unsubscribe"; readonly filters: readonly string[] };

export class Subscribing {
  /** What the client wants, by Topic Filter. */
  readonly wanted = new Map<string, SubscriptionOptions>();
  readonly #client: ClientContext;
  #session: SessionRecord | undefined = undefined;
  #changes: Change[] = [];
  /** Packet Identifier of the first change, if that is under way. */
  #packetId = 0;
  #isReady = false;

  constructor(client: ClientContext) {
    this.#client = client;
  }

  get isQuiet(): boolean {
    return this.#changes.length === 0;
  }

  uses(packetId: number): boolean {
    return this.#packetId === packetId;
  }

  /** All `filters` of one call get the Subscription Identifier of the first, as MQTT has it. */
  subscribe(filters: readonly [string, SubscriptionOptions][]): void {
    for (const [topicFilter, options] of filters) this.wanted.set(topicFilter, options);
    this.#changes.push({ does: "subscribe", filters });
    this.#pump();
  }

  unsubscribe(filters: readonly string[]): void {
    for (const topicFilter of filters) this.wanted.delete(topicFilter);
    this.#changes.push({ does: "unsubscribe", filters });
    this.#pump();
  }

  /** CONNACK: with a new Session, everything that is wanted is subscribed to again. */
  start(session: SessionRecord): void {
    if (session !== this.#session) {
      this.#changes = [...this.wanted].map((each) => ({ does: "subscribe", filters: [each] }));
    }
    this.#session = session;
    this.#packetId = 0;
    this.#isReady = true;
    this.#pump();
  }

  stop(): void {
    this.#isReady = false;
    this.#packetId = 0;
  }

  onSuback(packet: SubackPacket): void {
    const change = this.#finish(packet.packetId, "subscribe");
    const filters = change.filters as readonly [string, SubscriptionOptions][];
    if (packet.reasonCodes.length !== filters.length) {
      this.#client.wrong("SUBACK of another length");
    }
    filters.forEach(([topicFilter, { qos }], i) => {
      if (DECLINED.includes(packet.reasonCodes[i]!) && this.#client.mayBeDeclined) {
        return this.#client.later(500, () => {
          const options = this.wanted.get(topicFilter);
          if (options !== undefined) this.subscribe([[topicFilter, options]]);
        });
      }
      this.#client.proveSession();
      if (packet.reasonCodes[i] !== qos) {
        this.#client.wrong(`${topicFilter} is answered with ${packet.reasonCodes[i]}`);
      }
      this.#session!.endSubscribe(topicFilter, this.#client.nowMs);
    });
    this.#pump();
  }

  onUnsuback(packet: UnsubackPacket): void {
    const change = this.#finish(packet.packetId, "unsubscribe");
    for (const topicFilter of change.filters as readonly string[]) {
      this.#session!.endUnsubscribe(topicFilter, this.#client.nowMs);
    }
    this.#pump();
  }

  #finish(packetId: number, does: Change["does"]): Change {
    const change = this.#changes[0];
    if (packetId !== this.#packetId || change?.does !== does) {
      this.#client.wrong(`an answer to ${does} with Packet Identifier ${packetId}`);
    }
    this.#packetId = 0;
    this.#changes.shift();
    return change;
  }

  #pump(): void {
    const change = this.#changes[0];
    if (!this.#isReady || this.#packetId !== 0 || change === undefined) return;
    const { nowMs } = this.#client;
    const packetId = this.#packetId = this.#client.takePacketId();
    if (change.does === "unsubscribe") {
      for (const each of change.filters) this.#session!.beginUnsubscribe(each, nowMs);
      return this.#client.send({
        type: PacketType.Unsubscribe,
        packetId,
        topicFilters: change.filters,
        properties: {},
      });
    }
    for (const [filter, options] of change.filters) {
      this.#session!.beginSubscribe(filter, options, nowMs);
    }
    const { identifier } = change.filters[0]![1];
    this.#client.send({
      type: PacketType.Subscribe,
      packetId,
      subscriptions: change.filters.map(([topicFilter, options]) => ({
        topicFilter,
        ...options,
        retainAsPublished: false,
      })),
      properties: identifier === 0 ? {} : { subscriptionIdentifiers: [identifier] },
    });
  }
}
