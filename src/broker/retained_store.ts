// RetainedStore: the retained message of each Topic Name (MQTT 5.0, section 3.3.1.3).

import type { Authorizer, ClientIdentity } from "../access/authorizer.ts";
import type { QoS } from "../packet/packet_type.ts";
import { Delivery } from "../session/delivery.ts";
import type { Message } from "../session/message.ts";
import type { DeliverySource } from "../session/session_ports.ts";
import type { StoredBytes } from "../session/stored_bytes.ts";
import type { Subscription } from "../session/subscription.ts";
import { NameTree } from "../topic/name_tree.ts";
import type { TopicFilter } from "../topic/topic_filter.ts";
import type { TopicName } from "../topic/topic_name.ts";
import type { Deadline, Deadlines } from "./deadlines.ts";
import { type Journal, NO_JOURNAL } from "./journal.ts";

/** Who published something, and who decides whether that was allowed. */
export interface RetainedOwner {
  readonly identity: ClientIdentity;
  readonly authorizer: Authorizer;
  /** By which it came. */
  readonly listener: string;
}

/** What a journal keeps of a Topic Name. */
export interface RetainedRecord {
  readonly topicName: TopicName;
  /** The retained message that there is, or was last. */
  readonly message: Message;
  readonly isRemoved: boolean;
  readonly identity: ClientIdentity | undefined;
  /** By which the owner came. */
  readonly listener: string;
  /** What is stored; the journal's. */
  storedMessage: Message | undefined;
  /** Whether a change waits to be stored; the journal's. */
  isChangeNoted: boolean;
}

/** The limits on what is retained. */
export type RetainedLimit = "maximumRetainedMessages" | "maximumStoredBytes";

/** A retained message; it leaves the store by itself when it expires [MQTT-3.3.2-5]. */
class Retained implements Deadline, RetainedRecord {
  dueSlot = 0;
  message: Message;
  isRemoved = false;
  identity: ClientIdentity | undefined = undefined;
  authorizer: Authorizer | undefined = undefined;
  listener = "";
  storedMessage: Message | undefined = undefined;
  isChangeNoted = false;
  readonly #store: RetainedStore;
  readonly topicName: TopicName;

  constructor(store: RetainedStore, message: Message) {
    this.#store = store;
    this.topicName = message.topicName;
    this.message = message;
  }

  /** Whether its publisher might still publish it, or nobody asks. */
  get isAllowed(): boolean {
    const { identity, authorizer } = this;
    if (!this.#store.checksOwners || identity === undefined || authorizer === undefined) {
      return true;
    }
    return authorizer.mayPublish(identity, this.topicName);
  }

  onDeadline(): void {
    this.#store.remove(this.topicName, false);
  }
}

export class RetainedStore {
  /** How many Topic Names may have a retained message. */
  maximum: number;
  /** Whether a message is held back if its publisher has lost the right to publish it. */
  checksOwners: boolean;
  readonly #messages = new NameTree<Retained>();
  readonly #deadlines: Deadlines;
  readonly #journal: Journal;
  readonly #storedBytes: StoredBytes;
  #bytes = 0;

  /**
   * @param maximum Topic Names that may have a retained message.
   * @param storedBytes of all that the broker keeps, which those of the messages are added to.
   */
  constructor(
    deadlines: Deadlines,
    maximum: number,
    storedBytes: StoredBytes,
    checksOwners: boolean = true,
    journal: Journal = NO_JOURNAL,
  ) {
    this.#deadlines = deadlines;
    this.maximum = maximum;
    this.#storedBytes = storedBytes;
    this.checksOwners = checksOwners;
    this.#journal = journal;
  }

  get size(): number {
    return this.#messages.size;
  }

  /** Sum of the sizes of the messages. */
  get bytes(): number {
    return this.#bytes;
  }

  get(name: TopicName): Message | undefined {
    return this.#messages.get(name)?.message;
  }

  /**
   * Which limit leaves no room for `message`. Undefined if there is room, and always for one that removes the message
   * of its Topic Name, or replaces it and is not larger.
   */
  limitReachedBy(message: Message): RetainedLimit | undefined {
    if (message.payloadLength === 0) return undefined;
    const replaced = this.#messages.get(message.topicName)?.message;
    if (replaced === undefined && this.#messages.size >= this.maximum) {
      return "maximumRetainedMessages";
    }
    const freed = replaced?.size ?? 0;
    if (message.size <= freed || this.#storedBytes.hasRoomFor(message, freed)) return undefined;
    return "maximumStoredBytes";
  }

  /**
   * Stores `message`, or clears its Topic Name if the payload is empty [MQTT-3.3.1-6].
   * @param owner without whose right to publish it, it is not delivered (Mosquitto's check_retain_source).
   */
  store(message: Message, owner?: RetainedOwner): void {
    const isAwaited = message.qos > 0;
    if (message.payloadLength === 0) return this.remove(message.topicName, isAwaited); // [MQTT-3.3.1-7]
    this.#journal.retainedChanged(this.#put(message, owner), isAwaited);
  }

  /** Takes up what was stored before the broker started again, for a Topic Name that has nothing yet. */
  restore(message: Message, owner: RetainedOwner | undefined): void {
    this.#describe(this.#add(message), owner).storedMessage = message;
  }

  #put(message: Message, owner: RetainedOwner | undefined): Retained {
    message.compact();
    const retained = this.#messages.get(message.topicName);
    if (retained === undefined) return this.#describe(this.#add(message), owner);
    this.#left(retained.message);
    retained.message = message; // [MQTT-3.3.1-5]
    return this.#describe(retained, owner);
  }

  #add(message: Message): Retained {
    const retained = new Retained(this, message);
    this.#messages.set(message.topicName, retained);
    return retained;
  }

  #describe(retained: Retained, owner: RetainedOwner | undefined): Retained {
    const { message } = retained;
    retained.identity = owner?.identity;
    retained.authorizer = owner?.authorizer;
    retained.listener = owner?.listener ?? "";
    this.#bytes += message.size;
    this.#storedBytes.take(message);
    if (message.expires) this.#deadlines.set(retained, message.expiresAtMs);
    else this.#deadlines.cancel(retained);
    return retained;
  }

  /** @param isAwaited whether an acknowledgement waits for that. */
  remove(name: TopicName, isAwaited: boolean): void {
    const retained = this.#messages.delete(name);
    if (retained === undefined) {
      if (isAwaited) this.#journal.awaitEarlier(); // it may be gone, and that not be stored yet
      return;
    }
    retained.isRemoved = true;
    this.#journal.retainedChanged(retained, isAwaited);
    this.#left(retained.message);
    this.#deadlines.cancel(retained);
  }

  #left(message: Message): void {
    this.#bytes -= message.size;
    this.#storedBytes.release(message);
  }

  /**
   * The retained messages that `subscription` matches, for its Session. Each is looked at when it is
   * pulled: one that has been replaced meanwhile comes as it is then, one that is gone does not come.
   *
   * @param topicFilter under which the Session knows the Subscription.
   * @param may whether the Client may receive what is published to a Topic Name.
   * @param onEnd is called when all have been pulled.
   */
  sourceFor(
    subscription: Subscription,
    topicFilter: string,
    may: (name: TopicName) => boolean,
    onEnd: () => void = () => {},
    upgradesQoS: boolean = false,
  ): DeliverySource | undefined {
    const names: TopicName[] = [];
    this.#messages.match(subscription.filter as TopicFilter, (retained) => {
      names.push(retained.message.topicName);
    });
    if (names.length === 0) return undefined;
    const { clientId } = subscription.session;
    let next = 0;
    return {
      topicFilter,
      next: () => {
        while (next < names.length) {
          const name = names[next++]!;
          const retained = this.#messages.get(name);
          if (retained === undefined || !retained.isAllowed || !may(name)) continue;
          const { message } = retained;
          if (subscription.noLocal && message.publisherId === clientId) continue; // [MQTT-3.8.3-3]
          return retainedDelivery(message, subscription, upgradesQoS);
        }
        onEnd();
        return undefined;
      },
    };
  }
}

function retainedDelivery(
  message: Message,
  subscription: Subscription,
  upgradesQoS: boolean,
): Delivery {
  return new Delivery(
    message,
    (upgradesQoS ? subscription.qos : Math.min(message.qos, subscription.qos)) as QoS,
    true, // [MQTT-3.3.1-8]
    subscription.identifier === 0 ? undefined : [subscription.identifier],
    undefined,
  );
}
