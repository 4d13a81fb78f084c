// Restoration: puts Sessions and retained messages, as they were stored, back into a broker that has just
// been made. Nothing of it is stored again, except what the time since then has changed.

import type { QoS } from "../packet/packet_type.ts";
import type { Will } from "../packet/packets.ts";
import type { Delivery } from "../session/delivery.ts";
import type { Message } from "../session/message.ts";
import { Session } from "../session/session.ts";
import { type SharedGroup, Subscription } from "../session/subscription.ts";
import { parseTopicFilter, type TopicFilter } from "../topic/topic_filter.ts";
import type { ListenerPolicy } from "./listener_policy.ts";
import { mountFilter } from "./mount_point.ts";
import { retainedFor } from "./on_subscribe.ts";
import type { Parts } from "./parts.ts";
import { SessionEntry } from "./sessions.ts";

/** Topic Filters were checked when they came. */
const ANY_LEVELS = 65_535;

export interface RestoredSession {
  /** The journal's number for it; above 0. */
  readonly session: number;
  readonly clientId: string;
  readonly userName: string | undefined;
  /** By what name the access rules go that hold for it: those of the listener that its Client last came by. */
  readonly listener: string;
  /** What stands before its Client's topics; "": nothing. */
  readonly mountPoint: string;
  /** Seconds; 0xFFFFFFFF: the Session does not expire. */
  readonly expiryInterval: number;
  /** When the connection ended, in milliseconds since 1970; undefined while there is one. */
  readonly disconnectedAtMs: number | undefined;
  /** Not published yet. */
  readonly will: Will | undefined;
  /** The Packet Identifier that was given last. */
  readonly lastPacketId: number;
}

export interface RestoredSubscription {
  readonly session: number;
  /** As the Client wrote it, `$share/…` included. */
  readonly topicFilter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** Subscription Identifier; 0: none. */
  readonly identifier: number;
  /** Retained messages are still to be sent for it. */
  readonly awaitsRetained: boolean;
}

export class Restoration {
  readonly #parts: Parts;
  readonly #policyOf: (listener: string) => ListenerPolicy;
  readonly #wills: { readonly entry: SessionEntry; readonly will: Will }[] = [];
  readonly #awaitingRetained: {
    readonly entry: SessionEntry;
    readonly topicFilter: string;
    readonly subscription: Subscription;
  }[] = [];

  /** @param policyOf the policy of the listener with a name, or what holds in its place. */
  constructor(parts: Parts, policyOf: (listener: string) => ListenerPolicy) {
    this.#parts = parts;
    this.#policyOf = policyOf;
  }

  session(row: RestoredSession): SessionEntry {
    const { environment, limits, sessions, lifecycle } = this.#parts;
    const { clientId, userName, listener, mountPoint, disconnectedAtMs, will } = row;
    const session = new Session(clientId, environment, limits.maximumInflightMessages);
    session.storedNumber = row.session;
    session.expiryInterval = row.expiryInterval;
    session.outbound.lastPacketId = row.lastPacketId;
    const { authorizer } = this.#policyOf(listener);
    const identity = { clientId, userName };
    const entry = new SessionEntry(session, identity, authorizer, listener, mountPoint, lifecycle);
    entry.disconnectedAtMs = disconnectedAtMs;
    entry.hasPassingState = disconnectedAtMs !== undefined || will !== undefined;
    if (will !== undefined) this.#wills.push({ entry, will });
    sessions.add(entry);
    return entry;
  }

  subscription(entry: SessionEntry, row: RestoredSubscription): void {
    const { topicFilter, identifier } = row;
    const filter = mountFilter(entry.mountPoint, parseTopicFilter(topicFilter, ANY_LEVELS));
    const request = { ...row, retainHandling: 0 } as const;
    const subscription = new Subscription(entry.session, filter, request, identifier);
    entry.session.addSubscription(topicFilter, subscription);
    this.#parts.router.add(subscription);
    if (row.awaitsRetained) this.#awaitingRetained.push({ entry, topicFilter, subscription });
  }

  /** The group of a Shared Subscription with a Topic Filter of the broker's; undefined if it is gone. */
  group(sharedFilter: string): SharedGroup | undefined {
    const { shareName, filter } = parseTopicFilter(sharedFilter, ANY_LEVELS);
    return shareName === undefined
      ? undefined
      : this.#parts.router.group(shareName, filter as TopicFilter);
  }

  delivery(entry: SessionEntry, delivery: Delivery): void {
    entry.session.restore(delivery);
  }

  held(entry: SessionEntry, packetId: number, message: Message): void {
    entry.session.inbound.restore(packetId, message);
  }

  retained(
    message: Message,
    owner: { readonly clientId: string; readonly userName: string | undefined } | undefined,
    listener: string,
  ): void {
    const { authorizer } = this.#policyOf(listener);
    this.#parts.retained.restore(
      message,
      owner === undefined ? undefined : { identity: owner, authorizer, listener },
    );
  }

  /** All is back: Sessions begin to expire, Will Messages to wait, as if all connections had just ended. */
  finish(): void {
    const { sessions, lifecycle } = this.#parts;
    for (const { entry, topicFilter, subscription } of this.#awaitingRetained) {
      const source = retainedFor(this.#parts, entry, topicFilter, subscription);
      if (source !== undefined) entry.session.deliverFrom(source);
    }
    const wills = new Map(this.#wills.map(({ entry, will }) => [entry, will]));
    for (const entry of [...sessions.values()]) lifecycle.restored(entry, wills.get(entry));
    lifecycle.allRestored();
  }
}
