// Hostile: peers that send what no correct client sends: packets in any order, with wrong flags and lengths,
// with bytes changed, lost and doubled, or no packets at all. They use Client Identifiers, topics and groups of
// their own, so whatever they do, nobody else may notice.

import { encodePacket } from "../../src/packet/encode.ts";
import { PacketType, type ProtocolVersion, type QoS } from "../../src/packet/packet_type.ts";
import type { Packet } from "../../src/packet/packets.ts";
import { encodePublish, NO_BYTES } from "../../src/packet/publish.ts";
import type { LinkClient, LinkObserver, SimulatedLink } from "./network.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

const TOPICS = ["h/0", "h/1", "h/a/b", "$SYS/h", "h", "h//", ""];
const FILTERS = [
  "h/#",
  "h/+",
  "$share/evil/h/#",
  "#",
  "+/+/#",
  "h/#/x",
  "$share/evil",
  "",
  "$SYS/#",
];
const ACKS = [
  PacketType.Puback,
  PacketType.Pubrec,
  PacketType.Pubrel,
  PacketType.Pubcomp,
] as const;

export class Hostile {
  readonly #world: World;
  readonly #random: Random;
  readonly #name: string;
  #link: SimulatedLink | undefined = undefined;
  #version: ProtocolVersion = 5;
  #links = 0;

  constructor(world: World, number: number) {
    this.#world = world;
    this.#random = world.random.fork();
    this.#name = `evil${number}`;
  }

  start(): void {
    this.#world.scheduler.after(this.#random.integer(0, 2_000), () => this.#act());
  }

  #act(): void {
    const random = this.#random;
    if (this.#world.isCalm) return this.#link?.lose({ brokerNoticesMs: 0, clientNoticesMs: 0 });
    const link = this.#link ?? this.#open();
    if (random.chance(0.03)) {
      link.lose({ brokerNoticesMs: random.integer(0, 2_000), clientNoticesMs: 0 });
    } else if (random.chance(0.04)) {
      link.clientReads = random.chance(0.5);
    } else {
      for (let i = random.skewed(1, 8); i > 0; i--) link.send(this.#mutate(this.#something()));
    }
    this.#world.scheduler.after(random.skewed(0, 300), () => this.#act());
  }

  #open(): SimulatedLink {
    const client: LinkClient = {
      onBytes: () => {},
      onEnd: () => {
        if (this.#link === link) this.#link = undefined;
      },
    };
    const observer: LinkObserver = {
      onReceived: () => {},
      onWritten: () => {},
      onBrokerDone: () => client.onEnd(),
    };
    const link = this.#world.openRawLink(`${this.#name}#${++this.#links}`, client, observer);
    this.#link = link;
    this.#version = this.#random.pick([3, 4, 5, 5]);
    const connect = encodePacket(this.#connect(), this.#version);
    link.send(this.#random.chance(0.8) ? connect : this.#mutate(connect));
    return link;
  }

  /** Mostly a packet, with anything in it. */
  #something(): Uint8Array {
    const random = this.#random;
    const kind = random.weighted([["publish", 5], ["other", 8], ["connect", 0.3], ["noise", 0.3]]);
    if (kind === "noise") {
      return Uint8Array.from({ length: random.skewed(1, 50) }, () => random.integer(0, 255));
    }
    if (kind === "publish") return this.#publish();
    return encodePacket(kind === "connect" ? this.#connect() : this.#packet(), this.#version);
  }

  #publish(): Uint8Array {
    const random = this.#random;
    const qos = random.integer(0, 2) as QoS;
    return encodePublish({
      qos,
      dup: qos > 0 && random.chance(0.2),
      retain: random.chance(0.1),
      topicName: random.pick(TOPICS),
      packetId: random.skewed(0, 30),
      topicAlias: random.chance(0.2) ? random.skewed(1, 20) : 0,
      messageExpiryInterval: random.chance(0.2) ? random.integer(0, 3) : undefined,
      subscriptionIdentifiers: random.chance(0.02) ? [1] : undefined,
      payload: new Uint8Array(random.skewed(0, 2_000)),
    }, this.#version);
  }

  #connect(): Packet {
    const random = this.#random;
    const version = this.#version;
    return {
      type: PacketType.Connect,
      version,
      isBridge: version !== 5 && random.chance(0.1),
      cleanStart: random.chance(0.5),
      keepAlive: random.pick([0, 1, 10]),
      clientId: `evil-${random.integer(0, 4)}`,
      will: random.chance(0.5) ? undefined : {
        topicName: random.pick(TOPICS),
        payload: new Uint8Array(random.integer(0, 20)),
        qos: random.integer(0, 2) as QoS,
        retain: random.chance(0.2),
        willDelayInterval: version === 5 ? random.pick([0, 1, 5]) : 0,
        messageExpiryInterval: undefined,
        forwardedProperties: NO_BYTES,
      },
      userName: undefined,
      password: undefined,
      properties: version !== 5 ? {} : {
        sessionExpiryInterval: random.pick([0, 1, 1_000, 0xffff_ffff]),
        receiveMaximum: random.integer(1, 3),
        maximumPacketSize: random.integer(5, 300),
        topicAliasMaximum: random.integer(0, 3),
      },
    };
  }

  #packet(): Packet {
    const random = this.#random;
    const packetId = random.skewed(random.chance(0.02) ? 0 : 1, 30);
    switch (random.integer(0, 5)) {
      case 0:
        return {
          type: PacketType.Subscribe,
          packetId,
          subscriptions: Array.from({ length: random.integer(1, 3) }, () => ({
            topicFilter: random.weighted([[random.pick(FILTERS), 1], ["h/#", 3]]),
            qos: random.integer(0, 2) as QoS,
            noLocal: this.#version === 5 && random.chance(0.2),
            retainAsPublished: this.#version === 5 && random.chance(0.2),
            retainHandling: 0 as const,
          })),
          properties: this.#version === 5 ? { subscriptionIdentifiers: [packetId || 1] } : {},
        };
      case 1:
        return {
          type: PacketType.Unsubscribe,
          packetId,
          topicFilters: [random.pick(FILTERS)],
          properties: {},
        };
      case 2:
        return random.chance(0.05)
          ? { type: PacketType.Disconnect, reasonCode: random.pick([0, 4, 0x80]), properties: {} }
          : { type: PacketType.Pingreq };
      default:
        return {
          type: random.pick(ACKS),
          packetId,
          reasonCode: random.weighted([[0, 8], [0x80, 1], [0x92, 1]]),
          properties: {},
        };
    }
  }

  /** The same, or with a byte changed, lost, doubled or added, or cut short. */
  #mutate(bytes: Uint8Array): Uint8Array {
    const random = this.#random;
    const at = random.integer(0, bytes.length - 1);
    const behind = bytes.subarray(at + 1);
    switch (random.chance(0.9) ? -1 : random.integer(0, 4)) {
      case 0:
        return bytes.with(at, random.integer(0, 255));
      case 1:
        return bytes.with(at, bytes[at]! ^ 1 << random.integer(0, 7));
      case 2:
        return Uint8Array.from([...bytes.subarray(0, at), ...behind]);
      case 3:
        return Uint8Array.from([...bytes.subarray(0, at + 1), bytes[at]!, ...behind]);
      case 4:
        return bytes.subarray(0, at);
      default:
        return bytes;
    }
  }
}
