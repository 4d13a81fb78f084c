// Checker: knows everything, and proves at the end that each message came to whom it had to come, as often as
// it may, in its order, and to nobody else; and that nothing is left when everybody has gone.

import { checkShares } from "./check_shares.ts";
import type { SimulatedClient } from "./client.ts";
import { RETAINED_TOPICS } from "./population.ts";
import {
  type Deliveries,
  matches,
  type MessageRecord,
  type SessionRecord,
  type SubscriptionRecord,
} from "./records.ts";
import type { World } from "./world.ts";

/** Bytes of a PUBLISH besides its payload: the most that the simulation's messages have. */
const PUBLISH_OVERHEAD_BYTES = 64;
/** Output that all the messages of the epilogue fit into. */
const EPILOGUE_BYTES = 5_000;

export class Checker {
  readonly world: World;
  readonly #matches = new Map<string, boolean>();
  /** Messages with QoS 1 or 2 that did not come and may not have come: dropped, and counted. */
  #dropped = 0;

  constructor(world: World) {
    this.world = world;
  }

  checkDeliveries(): void {
    for (const client of this.world.clients) {
      for (const session of client.sessions) {
        this.#checkWhatCame(session);
        this.#checkOrder(client, session);
        if (session.endedMs === Infinity) this.#checkWhatMustCome(client, session);
      }
    }
    this.#checkAnswers();
    checkShares(this);
    const { dropped } = this.world.life;
    if (this.#dropped > dropped) {
      this.fail(`${this.#dropped} messages did not come, only ${dropped} were dropped`);
    }
    if (this.world.scenario !== "tight") this.#checkNoDrops();
  }

  /** Whether `client` may lack `message`: it is too large, it has expired, or the queue was full. */
  mayLack(client: SimulatedClient, message: MessageRecord): boolean {
    const { maximumPacketSize = Infinity, id } = client.spec;
    if (message.expirySeconds !== undefined) return true;
    if (message.payload.length + PUBLISH_OVERHEAD_BYTES > maximumPacketSize) return true;
    return this.world.drops.get(id)?.has("queue full") ?? false;
  }

  isMatch(subscription: SubscriptionRecord, message: MessageRecord): boolean {
    const key = `${subscription.filter} ${message.topic}`;
    let known = this.#matches.get(key);
    if (known === undefined) {
      this.#matches.set(key, known = matches(subscription.filter, message.topic));
    }
    return known;
  }

  fail(text: string): never {
    return this.world.fail(text);
  }

  // ------------------------------------------------------------------------------- own Subscriptions

  /** The Subscriptions of `session` that matched for certain, or may have, while `message` was routed. */
  #subscriptionsFor(
    session: SessionRecord,
    message: MessageRecord,
  ): { certain: SubscriptionRecord[]; possible: SubscriptionRecord[] } {
    const isOwn = message.publisher === session.clientId ||
      message.publisher === `will of ${session.clientId}`;
    const possible = session.subscriptions.filter((each) =>
      !each.isShared && this.isMatch(each, message) && !(each.options.noLocal && isOwn) &&
      each.possibleUntilMs >= message.routedFromMs && each.possibleFromMs <= message.settledMs
    );
    const certain = possible.filter((each) => isCertain(each, message));
    return { certain, possible };
  }

  #checkWhatMustCome(client: SimulatedClient, session: SessionRecord): void {
    for (const message of this.world.messages.all) {
      const isRouted = message.settledMs !== Infinity || (message.isEpilogue && message.sends > 0);
      if (!isRouted) continue;
      const { certain } = this.#subscriptionsFor(session, message);
      if (certain.length === 0) continue;
      const qos = Math.min(message.qos, Math.max(...certain.map((each) => each.options.qos)));
      if (qos === 0 && !(message.isEpilogue && this.#hasRoomForEpilogue)) continue;
      if (session.live.has(message) || session.refused.has(message)) continue;
      if (this.mayLack(client, message)) {
        if (message.expirySeconds === undefined && qos > 0) this.#dropped++;
        continue;
      }
      this.fail(`${session.clientId} did not get ${nameOf(message)}`);
    }
  }

  get #hasRoomForEpilogue(): boolean {
    return (this.world.limits.congestedOutputBytes ?? Infinity) >= EPILOGUE_BYTES;
  }

  #checkWhatCame(session: SessionRecord): void {
    for (const [message, deliveries] of session.live) {
      const who = `${session.clientId} got ${nameOf(message)}`;
      if (message.isForbidden) this.fail(`${who}, which was taken back`);
      const { certain, possible } = this.#subscriptionsFor(session, message);
      if (possible.length === 0) this.fail(`${who} without a Subscription`);
      this.checkCounts(message, deliveries, who);
      const granted = possible.map((each) => each.options.qos);
      const lowest = certain.length > 0
        ? Math.max(...certain.map((each) => each.options.qos))
        : Math.min(...granted);
      for (const qos of deliveries.qos) {
        const isRight = qos >= Math.min(message.qos, lowest) &&
          qos <= Math.min(message.qos, Math.max(...granted));
        if (!isRight) this.fail(`${who} with QoS ${qos}, granted: ${granted}`);
      }
    }
    this.#checkRetainedCounts(session);
  }

  /**
   * How often a message may come by one way. A broker that was killed may send again what it has sent with QoS 0 or
   * 1, without knowing; what it sends with QoS 2 never comes twice.
   */
  checkCounts(message: MessageRecord, deliveries: Deliveries, who: string): void {
    const { qos, count, fresh, exact } = deliveries;
    const deaths = this.world.life.deathsSince(message.routedFromMs);
    if (fresh > (message.qos < 2 ? message.sends : 1) * (1 + deaths)) {
      this.fail(`${who} ${fresh} times without DUP, sent ${message.sends} times`);
    }
    if (message.qos === 2 && qos.size > 1 && deaths === 0) this.fail(`${who} with several QoS`);
    if (message.qos === 2 && exact > 1) this.fail(`${who} ${exact} times with QoS 2`);
    if (message.qos === 2 && exact > 0 && count > 1 + deaths) this.fail(`${who} ${count} times`);
    if (qos.has(0) && qos.size === 1 && count > message.sends + deaths) {
      this.fail(`${who} ${count} times with QoS 0`);
    }
  }

  /**
   * First deliveries come in the order of the first sending: per publisher, topic and QoS. A message that was
   * sent again may come later, if the first time it was not for this Session or was dropped. A broker that was killed
   * may route again what it had routed, also to those who have subscribed meanwhile.
   */
  #checkOrder(client: SimulatedClient, session: SessionRecord): void {
    const last = new Map<string, MessageRecord>();
    for (const [message, { qos }] of session.live) {
      if (message.isWill || qos.size > 1 || session.refused.has(message)) continue;
      const key = `${message.publisher} ${message.topic} ${message.qos} ${[...qos][0]}`;
      const before = last.get(key);
      if (before === undefined || before.id < message.id) {
        last.set(key, message);
      } else if (
        (message.sends === 1 && this.world.life.deathsSince(message.routedFromMs) === 0) ||
        (!qos.has(0) && this.#wasFirstFor(client, session, message))
      ) {
        this.fail(`${session.clientId} got ${nameOf(message)} behind ${nameOf(before)}`);
      }
    }
  }

  /**
   * Whether `message` must have come already when it was sent for the first time: not if it may have been declined
   * then because nothing could be stored.
   */
  #wasFirstFor(client: SimulatedClient, session: SessionRecord, message: MessageRecord): boolean {
    const { certain } = this.#subscriptionsFor(session, message);
    const mayBeDeclined = this.world.life.failures.length > 0;
    return !mayBeDeclined && certain.some((each) => each.options.qos > 0) &&
      !this.mayLack(client, message);
  }

  /** "No matching subscribers" is said only when there are none. */
  #checkAnswers(): void {
    for (const message of this.world.messages.all) {
      if (!message.hadNoSubscribers) continue;
      for (const { sessions } of this.world.clients) {
        for (const session of sessions) {
          const { certain } = this.#subscriptionsFor(session, message);
          if (certain.length > 0 && session.endedMs === Infinity) {
            this.fail(`nobody subscribed to ${nameOf(message)}, but ${session.clientId} had`);
          }
        }
      }
    }
  }

  #checkNoDrops(): void {
    for (const [clientId, reasons] of this.world.drops) {
      if (clientId.startsWith("c") && reasons.has("queue full")) {
        this.fail(`${clientId} lost messages: queue full`);
      }
    }
  }

  // ------------------------------------------------------------------------------- retained messages

  /**
   * Retained messages may come again, all of them, if the broker was killed or stopped before the last one of a
   * new Subscription had gone out: each time is a sending of its own.
   */
  #checkRetainedCounts(session: SessionRecord): void {
    const times = 1 + this.world.life.deathsSince(session.madeMs) + this.world.life.stops;
    for (const [message, { count, fresh }] of session.retained) {
      const who = `${session.clientId} got ${nameOf(message)} as retained`;
      const asked = [...session.subscribes]
        .filter(([filter]) => !filter.startsWith("$share") && matches(filter, message.topic))
        .reduce((sum, [, asked]) => sum + asked * times, 0);
      if (fresh > asked) this.fail(`${who} ${fresh} times, subscribed ${asked} times`);
      if (message.qos === 2 && count > asked && message.sends > 0) {
        const lower = session.subscriptions.some((each) => each.options.qos < 2);
        if (!lower) this.fail(`${who} ${count} times, subscribed ${asked} times`);
      }
    }
  }

  /** The probe must have had the last message of each topic, or a later one that its publisher gave up. */
  checkRetained(probe: SimulatedClient): void {
    const got = [...probe.session!.retained.keys()];
    RETAINED_TOPICS.forEach((topic) => {
      const published = this.world.messages.all.filter((each) =>
        each.retain && each.topic === topic
      );
      const last = published.findLast((each) => each.settledMs !== Infinity);
      const here = got.filter((each) => each.topic === topic);
      if (here.length > 1) this.fail(`${here.length} messages are retained under ${topic}`);
      if (last === undefined) return;
      const id = here[0]?.id ?? -1;
      if (id < last.id) this.fail(`${topic} retains message ${id}, not ${nameOf(last)}`);
    });
  }

  // --------------------------------------------------------------------------------------- the end

  checkNothingIsLeft(): void {
    const { counts, connectionCount } = this.world.life.broker;
    const { sessions, connected, subscriptions } = counts;
    this.#checkStoreIsEmpty();
    if (this.world.scenario === "hostile") { // those peers leave Sessions behind
      if (connected + connectionCount > 0) this.fail(`${connectionCount} connections are left`);
      this.world.life.endSessions();
      this.#checkBytes();
      return;
    }
    this.#checkBytes();
    if (sessions + connected + subscriptions + connectionCount > 0) {
      this.fail(
        `left behind: ${sessions} sessions, ${connected} connected, ${subscriptions} subscriptions, ` +
          `${connectionCount} connections`,
      );
    }
  }

  /** All that ever waited has been counted out again, whichever way it went. */
  #checkBytes(): void {
    const { stored, retained } = this.world.life.broker.messageBytes;
    if (stored !== retained) this.fail(`${stored} bytes are stored, ${retained} of them retained`);
  }

  /** But for the retained messages. */
  #checkStoreIsEmpty(): void {
    const { store } = this.world.life;
    if (store === undefined) return;
    const { inconsistencies, sessions, subscriptions, deliveries, heldMessages, messages } = store;
    if (inconsistencies.length > 0) this.fail(`the store: ${inconsistencies.join(", ")}`);
    const rows = sessions.size + subscriptions.size + deliveries.size + heldMessages.size;
    if (rows > 0 || messages.size > store.retainedMessages.size) {
      this.fail(
        `left in the store: ${sessions.size} sessions, ${subscriptions.size} subscriptions, ` +
          `${deliveries.size} deliveries, ${heldMessages.size} held, ${messages.size} messages`,
      );
    }
  }
}

/** True if `subscription` was there all the time that `message` may have been routed. */
export function isCertain(subscription: SubscriptionRecord, message: MessageRecord): boolean {
  // QoS 0 has no acknowledgement; in the epilogue nothing changes any more.
  const untilMs = message.isEpilogue && message.qos === 0
    ? message.routedFromMs
    : message.settledMs;
  return subscription.certainFromMs < message.routedFromMs &&
    subscription.certainUntilMs > untilMs;
}

export function nameOf({ id, publisher, topic, qos }: MessageRecord): string {
  return `message ${id} (QoS ${qos}, ${publisher} to ${topic})`;
}
