// Sessions: who is where. One entry for each Client Identifier that has a Session, connected or not;
// the only place that knows.

import type { Authorizer, ClientIdentity } from "../access/authorizer.ts";
import type { Will } from "../packet/packets.ts";
import { NEVER_EXPIRES, type Session } from "../session/session.ts";
import type { Connection } from "./connection.ts";
import type { Deadline } from "./deadlines.ts";
import type { SessionLifecycle } from "./session_lifecycle.ts";
import type { DelayedWill } from "./wills.ts";

export class SessionEntry implements Deadline {
  dueSlot = 0;
  readonly session: Session;
  /** Who the Client was when it last connected, and who decides what it may do. */
  identity: ClientIdentity;
  authorizer: Authorizer;
  /** By which the Client last came. */
  listener: string;
  /** Where its Subscriptions and messages are. */
  readonly mountPoint: string;
  connection: Connection | undefined = undefined;
  /** A Will Message whose Will Delay Interval is running. */
  delayedWill: DelayedWill | undefined = undefined;
  /** When its connection ended, if that matters; undefined while there is one. */
  disconnectedAtMs: number | undefined = undefined;
  /** Whether what is stored of it holds only until the connection comes or goes: a will, a time. */
  hasPassingState = false;
  /** Wills that were published, which is not stored yet; the journal's. */
  publishedWills: readonly Will[] = NO_WILLS;
  /** Whether a change waits to be stored; the journal's. */
  isChangeNoted = false;
  readonly #lifecycle: SessionLifecycle;

  constructor(
    session: Session,
    identity: ClientIdentity,
    authorizer: Authorizer,
    listener: string,
    mountPoint: string,
    lifecycle: SessionLifecycle,
  ) {
    this.session = session;
    this.identity = identity;
    this.authorizer = authorizer;
    this.listener = listener;
    this.mountPoint = mountPoint;
    this.#lifecycle = lifecycle;
  }

  /** The Will Message that is still to be published. */
  get will(): Will | undefined {
    return this.connection?.will ?? this.delayedWill?.will;
  }

  /** When the Session ends, if its connection ended at `nowMs`. */
  expiresAtMs(nowMs: number): number {
    const { expiryInterval } = this.session;
    return expiryInterval === NEVER_EXPIRES ? Infinity : nowMs + expiryInterval * 1000;
  }

  onDeadline(): void {
    this.#lifecycle.expire(this);
  }
}

const NO_WILLS: readonly Will[] = [];

export class Sessions {
  readonly #entries = new Map<string, SessionEntry>();
  #connected = 0;
  /** The most Sessions there were at a time. */
  maximum = 0;

  /** Sessions, connected or not. */
  get size(): number {
    return this.#entries.size;
  }

  /** Sessions that have a connection. */
  get connected(): number {
    return this.#connected;
  }

  get(clientId: string): SessionEntry | undefined {
    return this.#entries.get(clientId);
  }

  add(entry: SessionEntry): void {
    this.#entries.set(entry.session.clientId, entry);
    this.maximum = Math.max(this.maximum, this.#entries.size);
  }

  delete(entry: SessionEntry): void {
    this.#entries.delete(entry.session.clientId);
  }

  attach(entry: SessionEntry, connection: Connection): void {
    entry.connection = connection;
    this.#connected++;
  }

  detach(entry: SessionEntry): void {
    entry.connection = undefined;
    this.#connected--;
  }

  values(): IterableIterator<SessionEntry> {
    return this.#entries.values();
  }
}
