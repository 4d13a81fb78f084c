// A Session for tests: its sink writes down what it is given, its environment what is dropped.

import { NO_DELIVERY_JOURNAL } from "../../src/session/delivery_journal.ts";
import type { QoS } from "../../src/packet/packet_type.ts";
import { StoredBytes } from "../../src/session/stored_bytes.ts";
import { Message, type MessageFields } from "../../src/session/message.ts";
import { Session } from "../../src/session/session.ts";
import type {
  DeliverySink,
  DropReason,
  Publisher,
  SessionEnvironment,
} from "../../src/session/session_ports.ts";
import { Subscription } from "../../src/session/subscription.ts";
import { parseTopicFilter } from "../../src/topic/topic_filter.ts";
import { parseTopicName } from "../../src/topic/topic_name.ts";
import { bytesOf, request } from "../vectors/vector.ts";
import type { SubscriptionRequest } from "../../src/packet/packets.ts";

const MAX_LEVELS = 201;

/** A PUBLISH that went to the sink; `text` is the payload. */
export interface Sent {
  readonly text: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly packetId: number;
  readonly identifiers: readonly number[] | undefined;
}

export class RecordingSink implements DeliverySink {
  isCongested = false;
  /** Payloads that the Client can't take. */
  readonly tooLarge = new Set<string>();
  readonly sent: Sent[] = [];
  readonly pubrels: number[] = [];
  readonly heldBack: Publisher[] = [];

  sendPublish(
    message: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    identifiers: readonly number[] | undefined,
  ): boolean {
    const text = textOf(message);
    if (this.tooLarge.has(text)) return false;
    this.sent.push({ text, qos, retain, dup, packetId, identifiers });
    return true;
  }

  sendPubrel(packetId: number): void {
    this.pubrels.push(packetId);
  }

  holdBack(publisher: Publisher): void {
    this.heldBack.push(publisher);
  }

  /** The payloads that were sent, in order. */
  get texts(): string[] {
    return this.sent.map(({ text }) => text);
  }
}

export class TestEnvironment implements SessionEnvironment {
  readonly journal = NO_DELIVERY_JOURNAL;
  nowMs = 0;
  maximumQueuedMessages = 1_000;
  maximumQueuedBytes = 1_000_000;
  readonly storedBytes = new StoredBytes(Infinity);
  maximumInflightBytes = 0;
  queuesQoS0Messages = false;
  readonly drops: {
    readonly clientId: string;
    readonly text: string;
    readonly reason: DropReason;
  }[] = [];

  onDrop(session: Session, message: Message, reason: DropReason): void {
    this.drops.push({ clientId: session.clientId, text: textOf(message), reason });
  }
}

export function textOf(message: Message): string {
  return new TextDecoder().decode(message.payload);
}

/** A message with QoS 1 whose payload is `text`, unless the fields say otherwise. */
export function messageOf(text: string, fields: Partial<MessageFields> = {}): Message {
  const topicName = parseTopicName("t", MAX_LEVELS);
  return new Message({ topicName, payload: bytesOf(text), qos: 1, ...fields });
}

export function subscriptionOf(
  session: Session,
  topicFilter: string,
  fields: Partial<SubscriptionRequest> = {},
  identifier: number = 0,
): Subscription {
  const parsed = parseTopicFilter(topicFilter, MAX_LEVELS);
  return new Subscription(session, parsed, request({ topicFilter, ...fields }), identifier);
}

/** A Session that is connected to a sink of its own. */
export function connectedSession(
  clientId: string,
  environment: TestEnvironment = new TestEnvironment(),
  windowLimit: number = 20,
): { session: Session; sink: RecordingSink; environment: TestEnvironment } {
  const session = new Session(clientId, environment, windowLimit);
  const sink = new RecordingSink();
  session.attach(sink, windowLimit);
  session.resume();
  return { session, sink, environment };
}
