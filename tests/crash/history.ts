// History: what the clients of a crash run have said and heard, each event with the place it has in the one
// order that all events of this process have. The checker asks it who must have got what.

/** A place in the order of all events. */
export type Moment = number;

export type QoS = 1 | 2;

/** A message that was published, and where it came. */
export class SentMessage {
  readonly id: number;
  readonly publisher: string;
  readonly topicName: string;
  readonly qos: QoS;
  /** Counts the messages of one publisher to one Topic Name, from 1. */
  readonly sequence: number;
  readonly isRetained: boolean;
  /** Clears what is retained. */
  readonly isEmpty: boolean;
  sentAt: Moment = Infinity;
  /** PUBACK or PUBCOMP. */
  acknowledgedAt: Moment = Infinity;
  /** Its publisher has lost its Session, which was not acknowledged yet, and had to send it anew. */
  mayDouble = false;
  readonly receipts: Receipt[] = [];
  /** In words, for the report of a failure. */
  readonly events: string[] = [];

  constructor(fields: {
    readonly id: number;
    readonly publisher: string;
    readonly topicName: string;
    readonly qos: QoS;
    readonly sequence: number;
    readonly isRetained: boolean;
    readonly isEmpty: boolean;
  }) {
    this.id = fields.id;
    this.publisher = fields.publisher;
    this.topicName = fields.topicName;
    this.qos = fields.qos;
    this.sequence = fields.sequence;
    this.isRetained = fields.isRetained;
    this.isEmpty = fields.isEmpty;
  }

  /** What it carries; nothing if it clears. */
  get payload(): string {
    return this.isEmpty ? "" : String(this.id);
  }
}

/** Without those that a QoS 2 receiver has recognised as repeated. */
export interface Receipt {
  readonly clientId: string;
  readonly at: Moment;
  readonly qos: number;
  /** It came as a retained message, for a new Subscription. */
  readonly isRetained: boolean;
}

/** From a SUBSCRIBE to the UNSUBACK that ends it. */
export interface SubscriptionSpan {
  readonly topicFilter: string;
  readonly qos: QoS;
  readonly subscribedAt: Moment;
  acknowledgedAt: Moment;
  /** UNSUBSCRIBE, or a CONNECT with Clean Start. */
  endingAt: Moment;
  endedAt: Moment;
}

export class History {
  readonly messages = new Map<number, SentMessage>();
  /** By Client Identifier. */
  readonly subscriptions = new Map<string, SubscriptionSpan[]>();
  /** Retained messages and what clears them, by Topic Name, in the order they were made. */
  readonly retained = new Map<string, SentMessage[]>();
  /** What was found wrong while the run went on. */
  readonly failures: string[] = [];
  readonly counts = {
    sent: 0,
    acknowledged: 0,
    received: 0,
    repeated: 0,
    wills: 0,
    probes: 0,
    /** What was acknowledged and is not so, where nothing was promised. */
    unkept: 0,
  };
  /** Whether an acknowledgement promises anything for the time after a kill (durability: relaxed does not). */
  readonly isPromised: boolean;
  #now: Moment = 0;
  #nextId = 1;
  readonly #sequences = new Map<string, number>();
  readonly #startedMs = Date.now();

  constructor(isPromised = true) {
    this.isPromised = isPromised;
  }

  /** The next place in the order. */
  tick(): Moment {
    return ++this.#now;
  }

  newMessage(
    publisher: string,
    topicName: string,
    qos: QoS,
    how: { readonly isRetained?: boolean; readonly isEmpty?: boolean } = {},
  ): SentMessage {
    const key = `${publisher} ${topicName}`;
    const sequence = (this.#sequences.get(key) ?? 0) + 1;
    this.#sequences.set(key, sequence);
    const { isRetained = false, isEmpty = false } = how;
    const id = this.#nextId++;
    const message = new SentMessage({
      id,
      publisher,
      topicName,
      qos,
      sequence,
      isRetained,
      isEmpty,
    });
    this.messages.set(id, message);
    if (isRetained) {
      const earlier = this.retained.get(topicName) ?? [];
      earlier.push(message);
      this.retained.set(topicName, earlier);
    }
    return message;
  }

  /** Notes in words what happened to a message. */
  note(message: SentMessage, what: string): void {
    message.events.push(`${this.#clock()} ${what}`);
  }

  fail(what: string, message?: SentMessage): void {
    this.failures.push(message === undefined ? what : `${what}\n${describe(message)}`);
  }

  /** What an acknowledgement said is not so. */
  unkept(what: string, message?: SentMessage): void {
    if (this.isPromised) this.fail(what, message);
    else this.counts.unkept++;
  }

  spansOf(clientId: string): SubscriptionSpan[] {
    let spans = this.subscriptions.get(clientId);
    if (spans === undefined) this.subscriptions.set(clientId, spans = []);
    return spans;
  }

  /** Forgets what was checked: messages, and Subscriptions that have ended. */
  forget(): void {
    this.messages.clear();
    for (const [clientId, spans] of this.subscriptions) {
      this.subscriptions.set(clientId, spans.filter((span) => span.endedAt === Infinity));
    }
    for (const [topicName, messages] of this.retained) {
      this.retained.set(topicName, messages.slice(-1));
    }
  }

  /** Notes for every message that is under way what befell the broker. */
  brokerEvent(what: string): void {
    for (const message of this.messages.values()) {
      const isUnderWay = message.sentAt !== Infinity && message.events.length < 40;
      if (isUnderWay && message.acknowledgedAt > this.#now - 2_000) this.note(message, what);
    }
  }

  #clock(): string {
    return `${((Date.now() - this.#startedMs) / 1_000).toFixed(3)} s:`;
  }
}

export function describe(message: SentMessage): string {
  const { id, topicName, qos, sequence, isRetained, isEmpty, publisher } = message;
  const kind = `${isRetained ? ", retained" : ""}${isEmpty ? ", empty" : ""}`;
  const head =
    `  message ${id}: ${topicName}, number ${sequence} of ${publisher}, QoS ${qos}${kind}`;
  return [head, ...message.events.map((event) => `    ${event}`)].join("\n");
}

/** Whether `filter`, without `$share/…`, matches `name`. */
export function matches(filter: string, name: string): boolean {
  const wanted = filter.split("/");
  const levels = name.split("/");
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === "#") return true;
    if (i >= levels.length || (wanted[i] !== "+" && wanted[i] !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}

/** `$share/NAME/FILTER` in its parts; `share` is undefined for others. */
export function splitShared(topicFilter: string): { share: string | undefined; filter: string } {
  const match = /^\$share\/([^/]+)\/(.*)$/.exec(topicFilter);
  return { share: match?.[1], filter: match?.[2] ?? topicFilter };
}
