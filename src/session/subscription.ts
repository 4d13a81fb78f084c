// Subscription and SharedGroup: what the router's FilterTree holds.

import type { QoS } from "../packet/packet_type.ts";
import type { SubscriptionRequest } from "../packet/packets.ts";
import type { ParsedTopicFilter, TopicFilter } from "../topic/topic_filter.ts";
import type { Session } from "./session.ts";

/** One Subscription of one Session. Its options are replaced when the Client subscribes again. */
export class Subscription {
  readonly session: Session;
  readonly filter: TopicFilter;
  readonly shareName: string | undefined;
  /** Maximum QoS that was granted. */
  qos: QoS;
  noLocal: boolean;
  retainAsPublished: boolean;
  /** Subscription Identifier; 0 if there is none. */
  identifier: number;

  constructor(
    session: Session,
    topicFilter: ParsedTopicFilter,
    request: SubscriptionRequest,
    identifier: number,
  ) {
    this.session = session;
    this.filter = topicFilter.filter;
    this.shareName = topicFilter.shareName;
    this.qos = request.qos;
    this.noLocal = request.noLocal;
    this.retainAsPublished = request.retainAsPublished;
    this.identifier = identifier;
  }

  /** Takes over what a repeated SUBSCRIBE says; the Subscription keeps its place [MQTT-3.8.4-3]. */
  replaceOptions(request: SubscriptionRequest, identifier: number): void {
    this.qos = request.qos;
    this.noLocal = request.noLocal;
    this.retainAsPublished = request.retainAsPublished;
    this.identifier = identifier;
  }
}

/**
 * The Sessions that share a ShareName and Topic Filter (section 4.8.2): each message goes to one of
 * them, in turn.
 */
export class SharedGroup {
  readonly filter: TopicFilter;
  readonly shareName: string;
  readonly #members: Subscription[] = [];
  #next = 0;

  constructor(filter: TopicFilter, shareName: string) {
    this.filter = filter;
    this.shareName = shareName;
  }

  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  /** True if a member has a connection. */
  get isConnected(): boolean {
    return this.#members.some((member) => member.session.isConnected);
  }

  add(member: Subscription): void {
    this.#members.push(member);
  }

  remove(member: Subscription): void {
    const index = this.#members.indexOf(member);
    if (index < 0) return;
    this.#members.splice(index, 1);
    if (index < this.#next) this.#next--;
  }

  /**
   * The member whose turn it is: the next one that can send at once; else one that is connected and
   * must wait; else one whose Session waits for its Client. Undefined if nobody may have it.
   * @param may says who may have the message.
   */
  pick(may: (member: Subscription) => boolean): Subscription | undefined {
    const count = this.#members.length;
    let best: Subscription | undefined;
    let bestRank = -1;
    for (let i = 0; i < count && bestRank < 2; i++) {
      const member = this.#members[(this.#next + i) % count]!;
      const session = member.session;
      const rank = !session.isConnected ? 0 : session.canSendNow ? 2 : 1;
      if (rank > bestRank && may(member)) {
        best = member;
        bestRank = rank;
      }
    }
    if (best !== undefined) this.#next = (this.#members.indexOf(best) + 1) % count;
    return best;
  }
}
