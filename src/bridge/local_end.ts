// LocalEnd: the bridge as a Client of our own broker, over a Link that is no wire. Its Session is what waits for
// the remote broker: queue, window, durability, limits and counters are those of any Client.
//
//   broker --write--> [held until the remote side is ready] --packets--> onPacket
//   broker <------------------------ receive <-------------------------- bytes

import type { Broker } from "../broker/broker.ts";
import type { Connection } from "../broker/connection.ts";
import type { ListenerPolicy } from "../broker/listener_policy.ts";
import type { Link } from "../broker/ports.ts";
import { encodePacket } from "../packet/encode.ts";
import { PacketDecoder } from "../packet/packet_decoder.ts";
import { PacketType } from "../packet/packet_type.ts";
import type { Packet } from "../packet/packets.ts";
import type { Properties } from "../packet/properties.ts";
import { describeReasonCode, ReasonCode } from "../packet/reason_code.ts";
import type { TopicNameCache } from "../packet/topic_name_cache.ts";
import type { QueueLimits } from "../session/delivery.ts";
import { NEVER_EXPIRES } from "../session/session.ts";
import type { BridgeFilter } from "./topic_map.ts";

const NO_LIMIT = 2 ** 28;

/** What all the connections of a bridge to the broker here have in common. */
export interface LocalSide {
  readonly broker: Broker;
  readonly policy: ListenerPolicy;
  readonly name: string;
  readonly clientId: string;
  readonly userName: string | undefined;
  /** What may wait in its Session. */
  readonly queueLimits: QueueLimits;
  readonly topicNames: TopicNameCache;
  readonly clock: () => number;
}

export interface LocalEndOptions {
  readonly cleanStart: boolean;
  /** Whether the Session outlives this connection. */
  readonly keepsSession: boolean;
  /** QoS 1 and 2 messages that may be under way to the remote broker. */
  readonly receiveMaximum: number;
  /** What is to be subscribed to. */
  readonly filters: readonly BridgeFilter[];
  /** Whether their retained messages come, too. */
  readonly wantsRetained: boolean;
  /** The Session is there. Nothing of it comes before {@link LocalEnd.open}. */
  readonly onReady: () => void;
  /** What the broker sends, CONNACK excepted. */
  readonly onPacket: (packet: Packet) => void;
  /** The broker has ended the connection, or not taken it. */
  readonly onEnd: (reason: string) => void;
  /** Whether the broker wants no more packets for now. */
  readonly onPause: (isPaused: boolean) => void;
  /** Calls back when the remote side has room for more. */
  readonly whenRoom: (then: () => void) => void;
  /** A mistake of ours. */
  readonly onFault: (error: unknown) => void;
}

export class LocalEnd implements Link {
  readonly remoteAddress: string;
  readonly listener = "a bridge";
  readonly certifiedUserName = undefined;
  readonly #side: LocalSide;
  readonly #options: LocalEndOptions;
  readonly #decoder: PacketDecoder;
  #connection: Connection | undefined = undefined;
  #state: "connecting" | "ready" | "open" | "closed" = "connecting";
  /** What the broker has written and nobody has read yet. */
  #pending: Uint8Array | undefined = undefined;
  #reason = "our own broker has ended the connection of the bridge";

  constructor(side: LocalSide, options: LocalEndOptions) {
    this.remoteAddress = `bridge ${side.name}`;
    this.#side = side;
    this.#options = options;
    this.#decoder = new PacketDecoder({
      topicNames: side.topicNames,
      maximumPacketSize: NO_LIMIT,
    });
    this.#decoder.version = 5;
  }

  connect(): void {
    const { broker, policy, clock, clientId } = this.#side;
    const before = broker.session(clientId)?.subscriptions ?? [];
    const known = [...before].map((each) => each.shareName ?? each.filter as string);
    const connection = broker.accept(this, clock(), policy);
    if (connection === undefined) return this.#ended("our own broker takes no more connections");
    this.#connection = connection;
    const wanted = new Set(this.#options.filters.map(({ topicFilter }) => topicFilter));
    const others = known.filter((filter) => !wanted.has(filter));
    this.send(this.#connectPacket());
    if (others.length > 0) {
      this.send(encodePacket({
        type: PacketType.Unsubscribe,
        packetId: 1,
        topicFilters: others,
        properties: {},
      }, 5));
    }
    if (wanted.size > 0) this.send(this.#subscribePacket());
  }

  /** From now on what the broker sends goes to `onPacket`. */
  open(): void {
    if (this.#state !== "ready") return;
    this.#state = "open";
    if (this.#pending !== undefined) this.#takeSoon();
  }

  /** Gives the broker whole Control Packets, encoded for MQTT 5.0. */
  send(bytes: Uint8Array): void {
    if (this.#state === "closed") return;
    this.#connection!.receive(bytes, bytes.length, this.#side.clock());
  }

  /** Ends the connection; the Session waits if it is kept. */
  leave(): void {
    this.#disconnect({});
  }

  /** Ends the connection, and the Session as well. */
  leaveForGood(): void {
    this.#disconnect(this.#options.keepsSession ? { sessionExpiryInterval: 0 } : {});
  }

  #connectPacket(): Uint8Array {
    const { cleanStart, keepsSession, receiveMaximum } = this.#options;
    return encodePacket({
      type: PacketType.Connect,
      version: 5,
      isBridge: false,
      cleanStart,
      keepAlive: 0,
      clientId: this.#side.clientId,
      will: undefined,
      userName: this.#side.userName,
      password: undefined,
      properties: {
        receiveMaximum,
        ...keepsSession && { sessionExpiryInterval: NEVER_EXPIRES },
      },
    }, 5);
  }

  /** No Local: what came from the remote broker does not go back there. */
  #subscribePacket(): Uint8Array {
    const { filters, wantsRetained } = this.#options;
    return encodePacket({
      type: PacketType.Subscribe,
      packetId: 2,
      subscriptions: filters.map(({ topicFilter, qos }) => ({
        topicFilter,
        qos,
        noLocal: true,
        retainAsPublished: true,
        retainHandling: wantsRetained ? 0 : 2,
      })),
      properties: {},
    }, 5);
  }

  #disconnect(properties: Properties): void {
    const connection = this.#connection;
    if (this.#state === "closed") return;
    if (connection !== undefined) {
      this.send(encodePacket({
        type: PacketType.Disconnect,
        reasonCode: ReasonCode.Success,
        properties,
      }, 5));
    }
    this.#state = "closed";
    connection?.closed(this.#side.clock()); // what waited to be written has nowhere to go
  }

  // ---------------------------------------------------------------------- Link, called by the Connection

  write(bytes: Uint8Array): void {
    this.#pending = bytes;
    if (this.#state !== "ready") this.#takeSoon();
  }

  pauseReading(): void {
    this.#options.onPause(true);
  }

  resumeReading(): void {
    this.#options.onPause(false);
  }

  closeGracefully(): void {
    this.#closedByBroker();
  }

  close(): void {
    this.#closedByBroker();
  }

  // ------------------------------------------------------------------------------------------- the rest

  #closedByBroker(): void {
    if (this.#state === "closed") return;
    queueMicrotask(() => this.#ended(this.#reason)); // not in the middle of what the broker is at
  }

  #ended(reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#connection?.closed(this.#side.clock());
    this.#options.onEnd(reason);
  }

  /** Not at once: the broker is in the middle of its flush. */
  #takeSoon(): void {
    queueMicrotask(() => {
      try {
        this.#take();
      } catch (error) {
        this.#options.onFault(error);
      }
    });
  }

  #take(): void {
    const bytes = this.#pending;
    if (bytes === undefined || this.#state === "closed") return;
    this.#decoder.push(bytes);
    if (this.#state === "connecting") return this.#takeConnack();
    if (this.#state !== "open") return;
    this.#pending = undefined;
    for (;;) {
      const packet = this.#decoder.next();
      if (packet === undefined) break;
      if (packet.type === PacketType.Disconnect) {
        this.#reason += `: ${describeReasonCode(packet.reasonCode)}`;
      } else {
        this.#options.onPacket(packet);
      }
      if (this.#isClosed) return;
    }
    this.#options.whenRoom(() => {
      if (!this.#isClosed) this.#connection!.written();
    });
  }

  get #isClosed(): boolean {
    return this.#state === "closed";
  }

  /** The first packet; those behind it wait. */
  #takeConnack(): void {
    const connack = this.#decoder.next();
    if (connack?.type !== PacketType.Connack) return;
    if (connack.reasonCode !== 0) {
      return this.#ended(
        `our own broker refuses the bridge: ${describeReasonCode(connack.reasonCode)}`,
      );
    }
    this.#pending = this.#decoder.holdUnread();
    this.#state = "ready";
    const { broker, clientId, queueLimits } = this.#side;
    broker.session(clientId)!.queueLimits = queueLimits;
    this.#options.onReady();
  }
}
