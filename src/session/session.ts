// Session: what a Client and the broker know about each other beyond one Network Connection (MQTT 5.0,
// section 4.1): Subscriptions, and the messages in both directions that are not complete.
//
//   deliver --> window has room? --yes--> DeliverySink --> Client
//                    | no                     ^
//                    v                        | pump: a place is free, or the output has drained
//               DeliveryQueue ----------------'
//
// It knows no connection, only the DeliverySink that the connection is for it. Retained messages of a new
// Subscription are pulled from a DeliverySource when there is room, so any number of them fits.

import type { QoS } from "../packet/packet_type.ts";
import { Awaiting, Delivery, DeliveryQueue, type QueueLimits } from "./delivery.ts";
import { InboundWindow } from "./inbound_window.ts";
import type { Message } from "./message.ts";
import { OutboundWindow } from "./outbound_window.ts";
import type {
  DeliverySink,
  DeliverySource,
  DropReason,
  Publisher,
  SessionEnvironment,
} from "./session_ports.ts";
import type { SharedGroup, Subscription } from "./subscription.ts";

/** Session Expiry Interval of a Session that does not expire (section 3.1.2.11.2). */
export const NEVER_EXPIRES = 0xffff_ffff;

export class Session {
  readonly clientId: string;
  /** Seconds that the Session outlives its connection; 0: not at all; {@link NEVER_EXPIRES}. */
  expiryInterval = 0;
  /** The journal's number for it; 0: nothing of it outlives the process. */
  storedNumber = 0;
  /** Instead of the broker's limits, for what waits. */
  queueLimits: QueueLimits | undefined = undefined;
  /** By Topic Filter as the Client wrote it, `$share/…` included; made with the first one. */
  #subscriptions: Map<string, Subscription> | undefined = undefined;
  readonly inbound: InboundWindow;
  readonly outbound: OutboundWindow;
  readonly #environment: SessionEnvironment;
  #sink: DeliverySink | undefined = undefined;
  #queue: DeliveryQueue | undefined = undefined;
  /** Open exchanges of an earlier connection that have not been taken up yet. */
  #resuming: Delivery[] = NOTHING;
  /** By Topic Filter, in the order they came. */
  #sources: Map<string, DeliverySource> | undefined = undefined;

  constructor(clientId: string, environment: SessionEnvironment, windowLimit: number) {
    this.clientId = clientId;
    this.#environment = environment;
    this.inbound = new InboundWindow(environment.storedBytes);
    const { storedBytes, maximumInflightBytes } = environment;
    this.outbound = new OutboundWindow(windowLimit, storedBytes, maximumInflightBytes);
  }

  get isConnected(): boolean {
    return this.#sink !== undefined;
  }

  get subscriptions(): Iterable<Subscription> {
    return this.#subscriptions?.values() ?? [];
  }

  get subscriptionCount(): number {
    return this.#subscriptions?.size ?? 0;
  }

  /** The Subscription to `topicFilter` as the Client wrote it, `$share/…` included. */
  subscription(topicFilter: string): Subscription | undefined {
    return this.#subscriptions?.get(topicFilter);
  }

  addSubscription(topicFilter: string, subscription: Subscription): void {
    (this.#subscriptions ??= new Map()).set(topicFilter, subscription);
  }

  removeSubscription(topicFilter: string): void {
    this.#subscriptions?.delete(topicFilter);
    this.#sources?.delete(topicFilter);
  }

  removeSubscriptions(): void {
    this.#subscriptions = undefined;
  }

  /** Messages that wait for a place in the window. */
  get queuedMessages(): number {
    return this.#queue?.length ?? 0;
  }

  get queuedBytes(): number {
    return this.#queue?.bytes ?? 0;
  }

  /** True if a message with QoS 1 or 2 would leave at once. */
  get canSendNow(): boolean {
    return this.#sink !== undefined && this.outbound.hasRoom && this.queuedMessages === 0 &&
      this.#resuming.length === 0 && !this.#sink.isCongested;
  }

  /** True if a connected Client takes its messages too slowly for what is published to it. */
  get isFallingBehind(): boolean {
    return this.#sink !== undefined &&
      (this.#sink.isCongested || this.queuedMessages * 4 > this.#maximumQueuedMessages * 3);
  }

  /** Slows `publisher` down until this Session {@link hasCaughtUp}. */
  holdBack(publisher: Publisher): void {
    this.#sink?.holdBack(publisher);
  }

  /** True if a Client that was falling behind may be sent to at full speed again. */
  get hasCaughtUp(): boolean {
    return this.queuedMessages * 2 <= this.#maximumQueuedMessages;
  }

  /** Gives the Session a connection; {@link resume} follows once the CONNACK is on its way. */
  attach(sink: DeliverySink, windowLimit: number): void {
    this.#sink = sink;
    this.outbound.connect(windowLimit);
    this.#resuming = this.outbound.deliveries();
  }

  /** Takes up the open exchanges in their old order [MQTT-4.6.0-1], then what waits. */
  resume(): void {
    this.pump();
  }

  /** The connection is gone. What waits, retained messages too, waits for the next one. */
  detach(): void {
    this.#sink = undefined;
    this.#resuming = NOTHING;
    this.outbound.disconnect();
    this.inbound.disconnect();
    this.#queue?.settle();
  }

  /**
   * A message for this Session.
   * @param qos the QoS it is delivered with.
   * @param retain the RETAIN flag it is delivered with.
   * @param group the group it was picked from, if it came by a Shared Subscription.
   */
  deliver(
    message: Message,
    qos: QoS,
    retain: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
    group: SharedGroup | undefined,
  ): void {
    if (qos === 0 && this.#sink !== undefined) {
      this.#sink.sendPublish(message, 0, retain, false, 0, subscriptionIdentifiers);
      return;
    }
    // Without a connection a QoS 0 message need not be for this Session (section 4.1).
    if (qos === 0 && !this.#environment.queuesQoS0Messages) return;
    const delivery = new Delivery(message.own(), qos, retain, subscriptionIdentifiers, group);
    if (this.storedNumber !== 0 && qos > 0) this.#environment.journal.opened(this, delivery);
    if (this.canSendNow) this.#send(delivery);
    else this.#enqueue(delivery);
  }

  /** Pulls the messages of `source` as soon as there is room for them. */
  deliverFrom(source: DeliverySource): void {
    this.#sources ??= new Map();
    this.#sources.delete(source.topicFilter);
    this.#sources.set(source.topicFilter, source);
    this.pump();
  }

  /** Sends what waits, as far as there is room. To be called whenever there may be room again. */
  pump(): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    if (this.#resuming.length > 0) this.#resumeExchanges(sink);
    if (this.#resuming.length > 0) return;
    const queue = this.#queue;
    if (queue !== undefined) {
      while (this.outbound.hasRoom && !sink.isCongested) {
        const delivery = queue.shift();
        if (delivery === undefined) break;
        this.#send(delivery);
      }
    }
    if (this.#sources !== undefined && this.queuedMessages === 0) {
      this.#pumpSources(this.#sources, sink);
    }
  }

  /**
   * Takes out the messages that came by a Shared Subscription and can go to another member instead: those
   * that wait, and those of QoS 1 that are not acknowledged. A QoS 2 exchange that has begun stays with
   * its Client [MQTT-4.8.2-5]. Their records stay open: they are moved or closed, as it turns out.
   */
  extractShared(wanted: (group: SharedGroup) => boolean): Delivery[] {
    const isWanted = ({ group }: Delivery) => group !== undefined && wanted(group);
    const open = this.outbound.deliveries().filter((each) => each.qos === 1 && isWanted(each));
    for (const delivery of open) this.outbound.remove(delivery);
    return [...open, ...this.#queue?.extract(isWanted) ?? []];
  }

  /** Drops what waits or is not acknowledged, unless its Client may have it: other rules may hold by now. */
  dropUnless(mayHave: (message: Message) => boolean): void {
    const isUnwanted = ({ message }: Delivery) => !mayHave(message);
    for (const delivery of this.outbound.deliveries()) {
      // What is received waits for nothing but its PUBCOMP.
      if (delivery.awaiting !== Awaiting.Pubcomp && isUnwanted(delivery)) {
        this.outbound.drop(delivery);
      }
    }
    this.#queue?.extract(isUnwanted).forEach((delivery) => delivery.record?.closed(delivery));
  }

  /** Nothing of it needs to be kept any longer: the Session has ended. */
  forgetDeliveries(): void {
    for (const delivery of this.outbound.deliveries()) this.outbound.drop(delivery);
    this.#queue?.extract(() => true).forEach((delivery) => delivery.record?.closed(delivery));
  }

  /** Takes up a delivery that was under way, or waited, before the broker started again. */
  restore(delivery: Delivery): void {
    if (delivery.packetId !== 0) return this.outbound.restore(delivery);
    (this.#queue ??= new DeliveryQueue(this.#environment.storedBytes)).push(delivery);
  }

  /** What `delivery` was held back for is stored: its PUBLISH or PUBREL may be sent. */
  stored(delivery: Delivery): void {
    delivery.isHeldBack = false;
    const { outbound } = this;
    const sink = this.#sink;
    // Without a connection, it is taken up by the next one; nor is it sent if it has been dropped meanwhile.
    if (sink === undefined || !delivery.sentHere || !outbound.has(delivery)) return;
    if (delivery.awaiting === Awaiting.Pubcomp) return sink.sendPubrel(delivery.packetId);
    if (delivery.awaiting !== Awaiting.Pubrec) return;
    const { message, packetId, retain, subscriptionIdentifiers } = delivery;
    if (sink.sendPublish(message, 2, retain, false, packetId, subscriptionIdentifiers)) return;
    outbound.drop(delivery);
    this.pump();
  }

  #send(delivery: Delivery): void {
    const { message, qos, retain } = delivery;
    // An identifier is spent even if nothing is sent then, as with Mosquitto.
    const packetId = qos === 0 ? 0 : this.outbound.takePacketId();
    if (message.isExpired(this.#environment.nowMs)) { // [MQTT-3.3.2-5]
      delivery.record?.closed(delivery);
      return this.#environment.onDrop(this, message, "expired");
    }
    const { journal } = this.#environment;
    if (qos === 2 && delivery.record !== undefined && journal.holdsBack) {
      delivery.isHeldBack = true;
      this.outbound.open(delivery, packetId);
      return journal.sendWhenStored(this, delivery);
    }
    const sent = this.#sink!.sendPublish(
      message,
      qos,
      retain,
      false,
      packetId,
      delivery.subscriptionIdentifiers,
    );
    if (sent && qos > 0) this.outbound.open(delivery, packetId);
    else delivery.record?.closed(delivery);
  }

  get #maximumQueuedMessages(): number {
    return this.queueLimits?.messages ?? this.#environment.maximumQueuedMessages;
  }

  get #maximumQueuedBytes(): number {
    return this.queueLimits?.bytes ?? this.#environment.maximumQueuedBytes;
  }

  #enqueue(delivery: Delivery): void {
    const { storedBytes } = this.#environment;
    const queue = this.#queue ??= new DeliveryQueue(storedBytes);
    const [messages, bytes] = [this.#maximumQueuedMessages, this.#maximumQueuedBytes];
    const dropsOldest = this.queueLimits?.dropsOldest === true && delivery.message.size <= bytes;
    while (queue.isFullFor(delivery, messages, bytes)) {
      const dropped = (dropsOldest ? queue.shift() : undefined) ?? delivery;
      this.#drop(dropped, "queue full");
      if (dropped === delivery) return;
    }
    // Whose they are that fill it, nobody can tell: the older ones of this Session have to go for nobody.
    if (!storedBytes.hasRoomFor(delivery.message)) {
      return this.#drop(delivery, "maximumStoredBytes reached");
    }
    if (this.#sink === undefined) delivery.message.settle();
    queue.push(delivery);
  }

  #drop(delivery: Delivery, reason: DropReason): void {
    delivery.record?.closed(delivery);
    this.queueLimits?.onDrop();
    this.#environment.onDrop(this, delivery.message, reason);
  }

  #resumeExchanges(sink: DeliverySink): void {
    const { outbound } = this;
    let done = 0;
    for (const delivery of this.#resuming) {
      if (!outbound.has(delivery)) { // acknowledged, or handed to another member meanwhile
        done++;
        continue;
      }
      if (delivery.awaiting !== Awaiting.Pubcomp && (!outbound.hasRoom || sink.isCongested)) break;
      done++;
      if (delivery.isHeldBack) { // it is sent when it is stored
        outbound.occupy(delivery);
        continue;
      }
      if (delivery.awaiting === Awaiting.Pubcomp) {
        outbound.occupy(delivery);
        this.#releaseAgain(delivery, sink);
        continue;
      }
      const { message, qos, retain, packetId, subscriptionIdentifiers } = delivery;
      if (sink.sendPublish(message, qos, retain, true, packetId, subscriptionIdentifiers)) {
        outbound.occupy(delivery);
      } else {
        outbound.drop(delivery);
      }
    }
    this.#resuming = this.#resuming.slice(done);
  }

  /** The PUBREC may have come by an earlier connection, and not be stored yet: see `onPubrec`. */
  #releaseAgain(delivery: Delivery, sink: DeliverySink): void {
    const { journal } = this.#environment;
    if (!journal.holdsBack || (delivery.record?.isStored ?? true)) {
      return sink.sendPubrel(delivery.packetId);
    }
    delivery.isHeldBack = true;
    journal.sendWhenStored(this, delivery);
  }

  #pumpSources(sources: Map<string, DeliverySource>, sink: DeliverySink): void {
    for (const source of sources.values()) {
      while (this.outbound.hasRoom && !sink.isCongested) {
        const delivery = source.next();
        if (delivery === undefined) {
          sources.delete(source.topicFilter);
          break;
        }
        if (this.storedNumber !== 0 && delivery.qos > 0) {
          this.#environment.journal.opened(this, delivery);
        }
        this.#send(delivery);
      }
      if (!this.outbound.hasRoom || sink.isCongested) return;
    }
    this.#sources = undefined;
  }
}

const NOTHING: Delivery[] = [];
