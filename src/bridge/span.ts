// Span: one connection of a bridge, from the look-up of the remote broker's name to its end.
//
//   dial -> CONNECT, CONNACK -> our own Session -> SUBSCRIBE, SUBACK -> [relay] -> end, with the reason
//
// Everything before the relay has one time limit. Nothing of our Session leaves before the remote broker has
// acknowledged all that the bridge itself asks for, so Packet Identifiers can't meet; what the remote broker sends
// is not read before our Session is there to take it.

import { encodePacket } from "../packet/encode.ts";
import { PacketType, type QoS } from "../packet/packet_type.ts";
import type { ConnackPacket, Packet, SubackPacket } from "../packet/packets.ts";
import { PATH_PROPERTY } from "../packet/properties.ts";
import { encodePublish } from "../packet/publish.ts";
import { describeReasonCode, ReasonCode } from "../packet/reason_code.ts";
import { encodeUtf8 } from "../packet/utf8.ts";
import { connectPacket, describeRefusal } from "./connect_packet.ts";
import { describeDelay, dial, DialError, type DialStage } from "./dial.ts";
import { KeepAlive } from "./keep_alive.ts";
import { LocalEnd, type LocalSide } from "./local_end.ts";
import { afterLoss } from "./lost_session.ts";
import { PathMark, type PathMarks } from "./path_mark.ts";
import { type BridgeCounters, Relay } from "./relay.ts";
import { concatAll, RemoteEnd } from "./remote_end.ts";
import type { BridgeAddress, BridgeSettings } from "./settings.ts";
import type { TopicMap } from "./topic_map.ts";

/** Messages under way to a remote broker that says nothing of a limit. */
const MAXIMUM_UNDER_WAY = 65_535;

export interface SpanOptions {
  readonly settings: BridgeSettings;
  readonly address: BridgeAddress;
  readonly topics: TopicMap;
  readonly side: LocalSide;
  readonly marks: PathMarks | undefined;
  readonly counters: BridgeCounters;
  /** Whether to tell the remote broker that we are a bridge. */
  readonly isPrivate: boolean;
  readonly onConnected: () => void;
  /** A message has gone over the bridge. */
  readonly onTraffic: () => void;
  readonly onEnd: (end: SpanEnd) => void;
  readonly warn: (text: string) => void;
  readonly onFault: (error: unknown) => void;
}

export interface SpanEnd {
  readonly reason: string;
  /** Milliseconds for which messages could pass; 0 if it never came to that. */
  readonly connectedMs: number;
  /** Whether the remote broker does not like a Protocol Version that says that we are a bridge. */
  readonly disapproval: Disapproval;
}

/** "perhaps": it has closed the connection instead of an answer, as one that dies does as well. */
export type Disapproval = "none" | "perhaps" | "said";

export class Span {
  readonly #options: SpanOptions;
  readonly #abort = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  #local: LocalEnd | undefined = undefined;
  #remote: RemoteEnd | undefined = undefined;
  #relay: Relay | undefined = undefined;
  #phase: "dialing" | "connecting" | "settling" | "open" | "ended" = "dialing";
  /** While it is dialing. */
  #stage: DialStage = "the name";
  #connectedAtMs = 0;
  readonly #keepAlive: KeepAlive;
  /** Packet Identifiers of what the bridge itself has asked of the remote broker. */
  readonly #awaited = new Map<number, readonly string[]>();
  #toLocal: Uint8Array[] = [];

  constructor(options: SpanOptions) {
    this.#options = options;
    this.#keepAlive = new KeepAlive(options.settings.remote.keepAlive * 1000);
    const { connectTimeoutMs } = options.settings;
    this.#timer = setTimeout(() => this.#tooLate(), connectTimeoutMs);
    this.#dial().catch((error) => this.#fault(error));
  }

  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Ends it. */
  end(reason: string): void {
    this.#ended(reason);
  }

  /** Says goodbye, so that the remote broker publishes no will, and ends it. */
  leave(endsLocalSession: boolean): void {
    if (this.#phase === "ended") return;
    const { remote: { version }, notifications } = this.#options.settings;
    if (this.#phase === "open" && notifications?.remote) this.#saysItLeaves(notifications.topic);
    this.#remote?.send(encodePacket({
      type: PacketType.Disconnect,
      reasonCode: ReasonCode.Success,
      properties: {},
    }, version));
    if (endsLocalSession) this.#local?.leaveForGood();
    this.#ended("the bridge was stopped");
  }

  /** The Will Message is not published after a DISCONNECT. */
  #saysItLeaves(topicName: string): void {
    const { version, retains } = this.#options.settings.remote;
    this.#remote!.send(
      encodePublish({ retain: retains, topicName, payload: encodeUtf8("0") }, version),
    );
  }

  /** Keep Alive; to be called a few times a second. */
  tick(nowMs: number): void {
    if (this.#phase !== "settling" && this.#phase !== "open") return;
    const dead = this.#keepAlive.tick(this.#remote!, nowMs);
    if (dead !== undefined) this.#ended(dead);
  }

  async #dial(): Promise<void> {
    const { address, settings, side } = this.#options;
    const { tls, bindAddress } = settings.remote;
    let stream;
    try {
      stream = await dial(address, {
        tls,
        bindAddress,
        signal: this.#abort.signal,
        onStage: (stage) => void (this.#stage = stage),
      });
    } catch (error) {
      if (!(error instanceof DialError)) throw error;
      return this.#ended(error.message);
    }
    if (this.#phase === "ended") return stream.close();
    this.#phase = "connecting";
    this.#remote = new RemoteEnd({
      stream,
      version: settings.remote.version,
      topicNames: side.topicNames,
      clock: side.clock,
      onPacket: (packet) => this.#fromRemote(packet),
      onBatch: () => this.#flushToLocal(),
      onEnd: (reason) => this.#ended(reason, this.#phase === "connecting" ? "perhaps" : "none"),
      onFault: (error) => this.#fault(error),
    });
    this.#remote.send(
      encodePacket(connectPacket(settings, this.#options.isPrivate), settings.remote.version),
    );
    this.#remote.start();
  }

  #fromRemote(packet: Packet): void {
    if (this.#phase === "connecting") {
      if (packet.type === PacketType.Connack) return this.#onConnack(packet);
      return this.#ended("the remote broker answers something else than CONNACK");
    }
    switch (packet.type) {
      case PacketType.Suback:
      case PacketType.Unsuback:
        return this.#onAnswer(
          packet.packetId,
          packet.type === PacketType.Suback ? packet : undefined,
        );
      case PacketType.Disconnect:
        return this.#ended(
          `the remote broker ends the connection: ${describeReasonCode(packet.reasonCode)}`,
        );
      case PacketType.Puback:
        if (this.#phase === "settling" && this.#awaited.has(packet.packetId)) {
          return this.#onAnswer(packet.packetId, undefined);
        }
    }
    if (packet.type === PacketType.Publish) this.#options.onTraffic();
    this.#relay!.fromRemote(packet);
  }

  #onConnack(packet: ConnackPacket): void {
    const { version } = this.#options.settings.remote;
    if (packet.reasonCode !== 0) {
      return this.#ended(
        `the remote broker refuses the connection: ${describeRefusal(packet, version)}`,
        packet.reasonCode === 1 ? "said" : "none",
      );
    }
    this.#phase = "settling";
    const remote = this.#remote!;
    const { settings, topics, side, marks, counters, warn } = this.#options;
    const { serverKeepAlive, receiveMaximum, maximumPacketSize, maximumQoS, retainAvailable } =
      packet.properties;
    if (serverKeepAlive !== undefined) this.#keepAlive.periodMs = serverKeepAlive * 1000;
    const highestQoS = (maximumQoS ?? 2) as QoS;
    this.#relay = new Relay({
      topics,
      version,
      isRemoteSessionKept: !settings.remote.cleanStart,
      maximumQoS: highestQoS,
      maximumPacketSize: Math.min(
        settings.remote.maximumPacketSize || Infinity,
        maximumPacketSize ?? Infinity,
      ),
      retains: settings.remote.retains && retainAvailable !== 0,
      topicAliasMaximum: settings.remote.topicAliasMaximum,
      marks,
      remoteMark: remoteMarkOf(packet),
      counters,
      toLocal: (bytes) => void this.#toLocal.push(bytes),
      toRemote: (bytes) => remote.send(bytes),
      onDropped: (reason, topicName) => warn(`a message to ${topicName} is thrown away: ${reason}`),
    });
    if (!packet.sessionPresent) {
      const session = side.broker.session(side.clientId);
      this.#toLocal.push(...afterLoss(session, !settings.remote.cleanStart));
    }
    remote.pause();
    this.#local = new LocalEnd(side, {
      cleanStart: false, // what is not to be there has ended with the last connection
      keepsSession: keepsLocalSession(settings),
      receiveMaximum: Math.min(
        receiveMaximum ?? MAXIMUM_UNDER_WAY,
        settings.remote.receiveMaximum,
      ),
      filters: topics.localFilters.map(({ topicFilter, qos }) => ({
        topicFilter,
        qos: qos > highestQoS ? highestQoS : qos,
      })),
      wantsRetained: true,
      onReady: () => {
        remote.resume();
        this.#settle();
      },
      onPacket: (each) => this.#fromLocal(each),
      onEnd: (reason) => this.#ended(reason),
      onPause: (isPaused) => isPaused ? remote.pause() : remote.resume(),
      whenRoom: (then) => remote.whenRoom(then),
      onFault: (error) => this.#fault(error),
    });
    this.#local.connect();
  }

  /** What the bridge itself wants of the remote broker. */
  #settle(): void {
    const { settings, topics } = this.#options;
    const { version, unsubscribes } = settings.remote;
    const isV5 = version === 5;
    const filters = topics.remoteFilters;
    if (filters.length > 0) {
      const packetId = this.#takePacketId(filters.map(({ topicFilter }) => topicFilter));
      this.#remote!.send(encodePacket({
        type: PacketType.Subscribe,
        packetId,
        subscriptions: filters.map(({ topicFilter, qos }) => ({
          topicFilter,
          qos,
          noLocal: isV5 && !topicFilter.startsWith("$share/"),
          retainAsPublished: isV5,
          retainHandling: 0,
        })),
        properties: {},
      }, version));
    }
    if (unsubscribes && topics.remoteOthers.length > 0) {
      this.#remote!.send(encodePacket({
        type: PacketType.Unsubscribe,
        packetId: this.#takePacketId([]),
        topicFilters: topics.remoteOthers,
        properties: {},
      }, version));
    }
    if (settings.notifications?.remote) this.#notifyRemote(settings.notifications.topic);
    this.#openIfSettled();
  }

  #notifyRemote(topicName: string): void {
    const { version, retains } = this.#options.settings.remote;
    this.#remote!.send(encodePublish({
      qos: 1,
      retain: retains,
      topicName,
      packetId: this.#takePacketId([]),
      payload: encodeUtf8("1"),
    }, version));
  }

  /** From the end of the range, where our Session hardly ever is, and not one that is in use there. */
  #takePacketId(filters: readonly string[]): number {
    const open = this.#options.side.broker.session(this.#options.side.clientId)?.outbound
      .deliveries() ?? [];
    const used = new Set(open.map(({ packetId }) => packetId));
    let packetId = 65_535;
    while (used.has(packetId) || this.#awaited.has(packetId)) packetId--;
    this.#awaited.set(packetId, filters);
    return packetId;
  }

  #onAnswer(packetId: number, suback: SubackPacket | undefined): void {
    const filters = this.#awaited.get(packetId);
    if (filters === undefined) return;
    this.#awaited.delete(packetId);
    const refused = filters.filter((_, i) => (suback?.reasonCodes[i] ?? 0) >= 0x80);
    if (refused.length > 0) {
      this.#options.warn(`the remote broker refuses to send ${refused.join(", ")}`);
    }
    this.#openIfSettled();
  }

  #openIfSettled(): void {
    if (this.#awaited.size > 0 || this.#phase !== "settling") return;
    this.#phase = "open";
    clearTimeout(this.#timer);
    this.#connectedAtMs = this.#options.side.clock();
    this.#options.onConnected();
    this.#local!.open();
  }

  #fromLocal(packet: Packet): void {
    if (packet.type === PacketType.Publish) this.#options.onTraffic();
    if (packet.type === PacketType.Suback) return this.#checkLocal(packet);
    this.#relay!.fromLocal(packet);
    this.#flushToLocal();
  }

  #checkLocal(suback: SubackPacket): void {
    const refused = this.#options.topics.localFilters
      .filter((_, i) => (suback.reasonCodes[i] ?? 0) >= 0x80)
      .map(({ topicFilter }) => topicFilter);
    if (refused.length === 0) return;
    this.#options.warn(`its user may not read ${refused.join(", ")} here: see the ACL file`);
  }

  #flushToLocal(): void {
    const parts = this.#toLocal;
    if (parts.length === 0 || this.#local === undefined) return;
    this.#toLocal = [];
    this.#local.send(parts.length === 1 ? parts[0]! : concatAll(parts));
  }

  #tooLate(): void {
    const { connectTimeoutMs } = this.#options.settings;
    const { host } = this.#options.address;
    const what = this.#phase === "dialing"
      ? describeDelay(this.#stage, host)
      : this.#phase === "connecting"
      ? "the remote broker takes the connection and says nothing"
      : "the remote broker does not answer SUBSCRIBE";
    this.#ended(`${what} within ${connectTimeoutMs / 1000} s`);
  }

  #fault(error: unknown): void {
    this.#options.onFault(error);
    this.#ended("a mistake in midge");
  }

  #ended(reason: string, disapproval: Disapproval = "none"): void {
    if (this.#phase === "ended") return;
    const { isPrivate, settings, side } = this.#options;
    const saysIt = isPrivate && settings.remote.version !== 5;
    const connectedMs = this.#phase === "open"
      ? Math.max(1, side.clock() - this.#connectedAtMs)
      : 0;
    this.#phase = "ended";
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#local?.leave();
    this.#remote?.close();
    this.#options.onEnd({ reason, connectedMs, disapproval: saysIt ? disapproval : "none" });
  }
}

function remoteMarkOf({ properties }: ConnackPacket): PathMark | undefined {
  const found = properties.userProperties?.find(([name]) => name === PATH_PROPERTY);
  return found && new PathMark(found[1]);
}

/** Whether the Session here waits for the remote broker; a lazy bridge needs it to know when to begin. */
export function keepsLocalSession({ local, start }: BridgeSettings): boolean {
  return !local.cleanStart || start === "lazy";
}
