// Router: the only one that turns a Message into deliveries. It owns the FilterTree and remembers, for
// each Topic Name of late, which Sessions it goes to: a Route. A Route holds until a Subscription or an
// access rule changes.

import type { QoS } from "../packet/packet_type.ts";
import type { Delivery } from "../session/delivery.ts";
import type { Message } from "../session/message.ts";
import type { Session } from "../session/session.ts";
import type { Publisher } from "../session/session_ports.ts";
import { SharedGroup, type Subscription } from "../session/subscription.ts";
import { FilterTree } from "../topic/filter_tree.ts";
import type { TopicFilter } from "../topic/topic_filter.ts";
import type { TopicName } from "../topic/topic_name.ts";

/** Routes that are remembered: a peer that publishes to ever new Topic Names can't make them grow. */
const MAX_ROUTES = 16_384;

/** One Session that a Topic Name goes to, by one Subscription or by several that overlap. */
interface Receiver {
  readonly session: Session;
  readonly subscriptions: readonly Subscription[];
  /** The highest of the granted QoS [MQTT-3.3.4-2]. */
  readonly qos: QoS;
  readonly retainAsPublished: boolean;
  readonly noLocal: boolean;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
}

interface Route {
  readonly receivers: readonly Receiver[];
  readonly groups: readonly SharedGroup[];
}

export class Router {
  readonly #tree = new FilterTree<Subscription | SharedGroup>();
  readonly #groups = new Map<string, SharedGroup>();
  readonly #routes = new Map<TopicName, Route>();
  /** Whether the QoS of a Subscription counts even where it is above the message's. */
  upgradesQoS: boolean;
  readonly #mayReceive: (session: Session, name: TopicName) => boolean;
  #generation = 0;
  #subscriptions = 0;
  #sharedSubscriptions = 0;

  /**
   * @param mayReceive whether the Client of a Session may have what is published to a Topic Name.
   */
  constructor(
    mayReceive: (session: Session, name: TopicName) => boolean,
    upgradesQoS: boolean = false,
  ) {
    this.#mayReceive = mayReceive;
    this.upgradesQoS = upgradesQoS;
  }

  /** Subscriptions that are not shared. */
  get subscriptionCount(): number {
    return this.#subscriptions;
  }

  get sharedSubscriptionCount(): number {
    return this.#sharedSubscriptions;
  }

  /** True if no Subscription is left behind. */
  get isEmpty(): boolean {
    return this.#tree.isEmpty && this.#groups.size === 0;
  }

  add(subscription: Subscription): void {
    this.forgetRoutes();
    if (subscription.shareName === undefined) {
      this.#subscriptions++;
      return this.#tree.insert(subscription.filter, subscription);
    }
    this.#sharedSubscriptions++;
    const key = groupKey(subscription.shareName, subscription.filter);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new SharedGroup(subscription.filter, subscription.shareName);
      this.#groups.set(key, group);
      this.#tree.insert(subscription.filter, group);
    }
    group.add(subscription);
  }

  remove(subscription: Subscription): void {
    this.forgetRoutes();
    if (subscription.shareName === undefined) {
      this.#subscriptions--;
      return this.#tree.remove(subscription.filter, subscription);
    }
    this.#sharedSubscriptions--;
    const key = groupKey(subscription.shareName, subscription.filter);
    const group = this.#groups.get(key)!;
    group.remove(subscription);
    if (!group.isEmpty) return;
    this.#groups.delete(key);
    this.#tree.remove(subscription.filter, group);
  }

  /** Changes whenever a message to the same Topic Name might go elsewhere than the last one. */
  get generation(): number {
    return this.#generation;
  }

  /** To be called when a Session has got a connection or lost it: the same receivers, elsewhere. */
  receiversMoved(): void {
    this.#generation++;
  }

  /** To be called when options of a Subscription or access rules have changed. */
  forgetRoutes(): void {
    this.#generation++;
    if (this.#routes.size > 0) this.#routes.clear();
  }

  /**
   * Delivers `message` to every Session with a matching Subscription.
   *
   * @param publisher held back if a receiver can't keep up; undefined for the broker itself.
   * @returns whether any Subscription matched.
   */
  publish(message: Message, publisher: Publisher | undefined): boolean {
    const { receivers, groups } = this.#routeOf(message.topicName);
    for (let i = 0; i < receivers.length; i++) {
      this.#deliverTo(receivers[i]!, message);
      const { session } = receivers[i]!;
      if (session.isFallingBehind && publisher !== undefined) session.holdBack(publisher);
    }
    for (let i = 0; i < groups.length; i++) {
      const session = this.#deliverToGroup(groups[i]!, message, message.qos);
      if (session?.isFallingBehind && publisher !== undefined) session.holdBack(publisher);
    }
    return receivers.length > 0 || groups.length > 0;
  }

  /**
   * Visits the Sessions that a message with QoS 0 from `publisherId` to `topicName` goes to, as long as
   * `visit` returns true.
   *
   * @returns false if `visit` did, or if receivers get more than the bare message, or in turn.
   */
  visitReceivers(
    topicName: string,
    publisherId: string,
    visit: (session: Session) => boolean,
  ): boolean {
    const route = this.#routes.get(topicName as TopicName);
    if (route === undefined || route.groups.length > 0 || this.upgradesQoS) return false;
    return route.receivers.every(({ noLocal, session, subscriptionIdentifiers }) => {
      if (subscriptionIdentifiers !== undefined) return false;
      return noLocal && session.clientId === publisherId ? false : visit(session);
    });
  }

  /** The group that shares `shareName` and `filter`. */
  group(shareName: string, filter: TopicFilter): SharedGroup | undefined {
    return this.#groups.get(groupKey(shareName, filter));
  }

  /** Whether a message to `name` would have to be stored for somebody who can't take it at once. */
  hasStoredReceiver(name: TopicName): boolean {
    return this.#routeOf(name).receivers.some(({ session, qos }) =>
      qos > 0 && session.storedNumber !== 0 && !session.canSendNow
    );
  }

  /**
   * Gives a message that a member of a Shared Subscription did not acknowledge to another member.
   * @returns whether there was one.
   */
  redeliver(delivery: Delivery): boolean {
    const group = delivery.group!;
    if (group.isEmpty) return false;
    return this.#deliverToGroup(group, delivery.message, delivery.qos) !== undefined;
  }

  #deliverToGroup(group: SharedGroup, message: Message, qos: QoS): Session | undefined {
    const member = group.pick((candidate) =>
      this.#mayReceive(candidate.session, message.topicName)
    );
    if (member === undefined) return undefined;
    member.session.deliver(
      message,
      this.#qosFor(qos, member.qos),
      message.retain && member.retainAsPublished,
      member.identifier === 0 ? undefined : [member.identifier],
      group,
    );
    return member.session;
  }

  #deliverTo(receiver: Receiver, message: Message): void {
    let to = receiver;
    if (receiver.noLocal && message.publisherId === receiver.session.clientId) { // [MQTT-3.8.3-3]
      const others = receiver.subscriptions.filter((each) => !each.noLocal);
      if (others.length === 0) return;
      to = receiverOf(others);
    }
    to.session.deliver(
      message,
      this.#qosFor(message.qos, to.qos),
      message.retain && to.retainAsPublished, // [MQTT-3.3.1-12], [MQTT-3.3.1-13]
      to.subscriptionIdentifiers,
      undefined,
    );
  }

  /** With which QoS a message is delivered [MQTT-3.8.4-8]. */
  #qosFor(published: QoS, granted: QoS): QoS {
    return published < granted && !this.upgradesQoS ? published : granted;
  }

  #routeOf(name: TopicName): Route {
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    const bySession = new Map<Session, Subscription[]>();
    const groups: SharedGroup[] = [];
    this.#tree.match(name, (found) => {
      if (found instanceof SharedGroup) return void groups.push(found);
      const matched = bySession.get(found.session);
      if (matched !== undefined) return void matched.push(found);
      if (this.#mayReceive(found.session, name)) bySession.set(found.session, [found]);
    });
    const receivers = [...bySession.values()].map(receiverOf);
    const route = { receivers, groups };
    if (this.#routes.size >= MAX_ROUTES) this.#routes.clear();
    this.#routes.set(name, route);
    return route;
  }
}

function groupKey(shareName: string, filter: string): string {
  return `${shareName}/${filter}`; // a ShareName has no "/"
}

/** One delivery for all Subscriptions of a Session that match, with all their identifiers [MQTT-3.3.4-3]. */
function receiverOf(subscriptions: readonly Subscription[]): Receiver {
  const identifiers = subscriptions.map((each) => each.identifier).filter((id) => id !== 0);
  return {
    session: subscriptions[0]!.session,
    subscriptions,
    qos: subscriptions.reduce<QoS>((qos, each) => each.qos > qos ? each.qos : qos, 0),
    retainAsPublished: subscriptions.some((each) => each.retainAsPublished),
    noLocal: subscriptions.some((each) => each.noLocal),
    subscriptionIdentifiers: identifiers.length === 0 ? undefined : identifiers,
  };
}
