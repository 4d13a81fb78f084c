// Broker: all connections together. The transport tells it of new connections and of the time; everything
// else comes through the Connections. No I/O here: see ports.ts.

import type { Authenticator } from "../access/authenticator.ts";
import type { Authorizer, ClientIdentity } from "../access/authorizer.ts";
import type { QoS } from "../packet/packet_type.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import { TopicNameCache } from "../packet/topic_name_cache.ts";
import { encodeUtf8 } from "../packet/utf8.ts";
import type { Session } from "../session/session.ts";
import type { DropReason, SessionEnvironment } from "../session/session_ports.ts";
import { Message } from "../session/message.ts";
import { StoredBytes } from "../session/stored_bytes.ts";
import type { TopicName } from "../topic/topic_name.ts";
import { BufferPool } from "./buffer_pool.ts";
import { Connection } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import { DenialLog, mayReceive } from "./denial_log.ts";
import { DropLog } from "./drop_log.ts";
import { type Journal, NO_JOURNAL } from "./journal.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { DEFAULT_POLICY, type ListenerPolicy } from "./listener_policy.ts";
import type { BrokerTime, Parts } from "./parts.ts";
import type { Link, LogLevel, Ports } from "./ports.ts";
import { publishLogLine } from "./log_topics.ts";
import { routeMessage } from "./publish_message.ts";
import { RetainedStore } from "./retained_store.ts";
import { replacePolicies } from "./replace_policies.ts";
import { Restoration } from "./restoration.ts";
import { Router } from "./router.ts";
import { SessionLifecycle } from "./session_lifecycle.ts";
import { reportSessions } from "./session_report.ts";
import { Sessions } from "./sessions.ts";
import { Statistics } from "./statistics.ts";
import { SysTopics } from "./sys_topics.ts";

export interface BrokerOptions {
  readonly ports: Ports;
  /** Now, in milliseconds since 1970. The clock must never run backwards. */
  readonly nowMs: number;
  /** What the broker calls itself in `$SYS/broker/version`. */
  readonly version: string;
  /** Those that differ from {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<Limits>;
  /** For listeners that have none of their own; default: everybody is let in. */
  readonly authenticator?: Authenticator;
  /** For listeners that have none of their own; default: everything is allowed. */
  readonly authorizer?: Authorizer;
  /** Whether a retained message is held back if its publisher has lost the right to it. Default true. */
  readonly checksRetainedOwners?: boolean;
  /** What keeps Sessions and retained messages beyond the end of the process; default: nothing does. */
  readonly journal?: Journal;
  /** Milliseconds between two updates of `$SYS`; 0: there is no `$SYS`. Default 10,000. */
  readonly sysIntervalMs?: number;
}

export class Broker {
  /** What holds for listeners that say nothing else. */
  readonly defaultPolicy: ListenerPolicy;
  readonly #parts: Parts;
  readonly #environment: Environment;
  readonly #sysTopics: SysTopics;
  #id: string | undefined = undefined;
  #isFlushRequested = false;
  #isStopping = false;

  constructor(options: BrokerOptions) {
    const { ports } = options;
    const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
    const { authenticator, authorizer } = options;
    this.defaultPolicy = {
      ...DEFAULT_POLICY,
      limits,
      ...authenticator && { authenticator },
      ...authorizer && { authorizer },
    };
    const time: BrokerTime = { nowMs: options.nowMs };
    const deadlines = new Deadlines(time.nowMs);
    const sessions = new Sessions();
    const statistics = new Statistics();
    const { journal = NO_JOURNAL } = options;
    const flush = () => this.flush();
    const drops = new DropLog(ports.log);
    this.#environment = new Environment(limits, time, statistics, drops, journal);
    const parts: Omit<Parts, "lifecycle"> = {
      ports,
      limits,
      id: () => this.id,
      time,
      statistics,
      deadlines,
      sessions,
      topicNames: new TopicNameCache(),
      buffers: new BufferPool(),
      router: new Router(
        ({ clientId }, name) => mayReceive(parts, sessions.get(clientId)!, name),
        limits.upgradesOutgoingQoS,
      ),
      retained: new RetainedStore(
        deadlines,
        limits.maximumRetainedMessages,
        this.#environment.storedBytes,
        options.checksRetainedOwners,
        journal,
      ),
      journal,
      environment: this.#environment,
      denials: new DenialLog(ports.log, statistics),
      drops,
      connections: new Set<Connection>(),
      resumed: [],
      unflushed: [],
      requestFlush: () => {
        if (this.#isFlushRequested) return;
        this.#isFlushRequested = true;
        ports.scheduleFlush(flush);
      },
    };
    this.#parts = Object.assign(parts, { lifecycle: new SessionLifecycle(parts as Parts) });
    this.#sysTopics = new SysTopics(this.#parts, options.version);
    this.setSysInterval(options.sysIntervalMs ?? 10_000, options.nowMs);
  }

  /** Tells it from all other brokers; another one after a restart. */
  get id(): string {
    return this.#id ??= this.#parts.ports.createUuid();
  }

  /** To be filled with what was stored, before there are connections. */
  restore(policyOf: (listener: string) => ListenerPolicy): Restoration {
    return new Restoration(this.#parts, policyOf);
  }

  /** Connections, those before CONNECT included. */
  get connectionCount(): number {
    return this.#parts.connections.size;
  }

  /** What it has counted. */
  get statistics(): Readonly<Statistics> {
    return this.#parts.statistics;
  }

  /** Sessions, Subscriptions and retained messages that there are now. */
  get counts(): { sessions: number; connected: number; subscriptions: number; retained: number } {
    const { sessions, router, retained } = this.#parts;
    return {
      sessions: sessions.size,
      connected: sessions.connected,
      subscriptions: router.subscriptionCount + router.sharedSubscriptionCount,
      retained: retained.size,
    };
  }

  /** Bytes of all messages that are kept, as {@link Limits.maximumStoredBytes} counts; of those, the retained ones. */
  get messageBytes(): { readonly stored: number; readonly retained: number } {
    const { environment, retained } = this.#parts;
    return { stored: environment.storedBytes.total, retained: retained.bytes };
  }

  /**
   * A peer has connected.
   * @param policy what holds for the listener that it came by.
   * @returns its Connection; undefined if there are too many, and the caller closes the channel.
   */
  accept(
    link: Link,
    nowMs: number,
    policy: ListenerPolicy = this.defaultPolicy,
  ): Connection | undefined {
    const { connections, limits, statistics, time, ports } = this.#parts;
    time.nowMs = nowMs;
    statistics.socketsAccepted++;
    if (this.#isStopping) return undefined;
    if (connections.size >= limits.maximumConnections) {
      ports.log.write(
        "notice",
        `Client connection from ${link.remoteAddress} denied: max_connections exceeded.`,
        "connection",
      );
      return undefined;
    }
    ports.log.write(
      "notice",
      `New connection from ${link.remoteAddress} on ${link.listener}.`,
      "connection",
    );
    const connection = new Connection(this.#parts, link, policy);
    connections.add(connection);
    return connection;
  }

  /** The Session of a Client, connected or not. */
  session(clientId: string): Session | undefined {
    return this.#parts.sessions.get(clientId)?.session;
  }

  /** Ends the Sessions that wait for Clients which came by a listener that `isMeant`. */
  endSessions(isMeant: (listener: string) => boolean, nowMs: number): void {
    this.#parts.time.nowMs = nowMs;
    const { sessions, lifecycle } = this.#parts;
    for (const entry of [...sessions.values()]) {
      if (entry.connection === undefined && isMeant(entry.listener)) lifecycle.end(entry);
    }
  }

  /** Whether there is a `$SYS`. */
  get publishesSys(): boolean {
    return this.#sysTopics.isOn;
  }

  /**
   * Publishes a retained message of the broker's own.
   * @param topicName must be one; see parseTopicName.
   * @param payload empty to remove the one that is retained.
   * @param publisherId the Client whose No Local Subscriptions it is not for.
   */
  publish(
    topicName: string,
    payload: string,
    qos: QoS,
    publisherId: string | undefined,
    nowMs: number,
  ): void {
    this.#parts.time.nowMs = nowMs;
    const message = new Message({
      topicName: topicName as TopicName,
      payload: encodeUtf8(payload),
      qos,
      retain: true,
      publisherId,
    });
    routeMessage(this.#parts, message, undefined, undefined);
  }

  /** Sets the limits of the broker as a whole; those of its listeners are their policies'. */
  replaceLimits(limits: Limits): void {
    const { router, retained } = this.#parts;
    this.#parts.limits = limits;
    this.#environment.setLimits(limits);
    router.upgradesQoS = limits.upgradesOutgoingQoS;
    retained.maximum = limits.maximumRetainedMessages;
    router.forgetRoutes();
  }

  /** Gives each connection the policy that `next` finds for its present one: see {@link replacePolicies}. */
  replacePolicies(
    next: (policy: ListenerPolicy) => ListenerPolicy | undefined,
    nowMs: number,
  ): void {
    this.#parts.time.nowMs = nowMs;
    replacePolicies(this.#parts.connections, next);
    this.#parts.router.forgetRoutes(); // what was remembered may be above a limit
  }

  /** Milliseconds between two updates of `$SYS`; 0: there is no `$SYS`. */
  setSysInterval(intervalMs: number, nowMs: number): void {
    this.#parts.time.nowMs = nowMs;
    this.#sysTopics.publishEvery(intervalMs);
  }

  /** Further values of `$SYS/broker/`, by their names below it, in place of those of the last call. */
  setSysFacts(facts: ReadonlyMap<string, string>, nowMs: number): void {
    this.#parts.time.nowMs = nowMs;
    this.#sysTopics.setFacts(facts);
  }

  /** Whether a retained message is held back if its publisher has lost the right to it. */
  set checksRetainedOwners(checks: boolean) {
    this.#parts.retained.checksOwners = checks;
  }

  /** To be called when access rules have changed: what was decided by the old ones is forgotten. */
  accessRulesChanged(): void {
    this.#parts.router.forgetRoutes();
  }

  /**
   * Disconnects the Clients that may not stay, with 0x87.
   * @param mayStay is given the Client and the policy of the listener it came by.
   */
  reviewClients(
    mayStay: (client: ClientIdentity, policy: ListenerPolicy) => boolean,
    nowMs: number,
  ): void {
    this.#parts.time.nowMs = nowMs;
    for (const { identity, connection } of [...this.#parts.sessions.values()]) {
      if (connection !== undefined && !mayStay(identity, connection.policy)) {
        connection.disconnect(ReasonCode.NotAuthorized);
      }
    }
  }

  /** Publishes lines of the log to `$SYS/broker/log/…`. */
  publishLog(
    lines: Iterable<{ readonly level: LogLevel; readonly text: string }>,
    nowMs: number,
  ): void {
    this.#parts.time.nowMs = nowMs;
    for (const { level, text } of lines) publishLogLine(this.#parts, level, text);
  }

  /** Who has a Session, its Subscriptions and queues, in lines for the log. */
  reportSessions(): Iterable<string> {
    return reportSessions(this.#parts);
  }

  /** Ends the connections with a policy that `isMeant`; Sessions wait for their Clients. */
  endConnections(
    isMeant: (policy: ListenerPolicy) => boolean,
    reasonCode: ReasonCode,
    nowMs: number,
  ): void {
    this.#parts.time.nowMs = nowMs;
    for (const connection of [...this.#parts.connections]) {
      if (isMeant(connection.policy)) connection.disconnect(reasonCode);
    }
  }

  /** Runs what is due at `nowMs`; to be called several times a second. */
  advance(nowMs: number): void {
    this.#parts.time.nowMs = nowMs;
    this.#parts.deadlines.advance(nowMs);
  }

  /** Lets connections that were paused go on, and writes what all have gathered: one write each. */
  flush(): void {
    this.#isFlushRequested = false;
    const { resumed, unflushed } = this.#parts;
    if (resumed.length > 0) { for (const each of resumed.splice(0)) each.processHeldInput(); }
    try {
      for (let i = 0; i < unflushed.length; i++) unflushed[i]!.flush();
    } finally {
      unflushed.length = 0; // one that fails must not be met again and again
    }
  }

  /** Ends every connection: DISCONNECT 0x8B in MQTT 5.0. Wills go out as for any connection that ends so. */
  stop(nowMs: number): void {
    this.#isStopping = true;
    this.#parts.time.nowMs = nowMs;
    for (const connection of [...this.#parts.connections]) {
      connection.disconnect(ReasonCode.ServerShuttingDown);
    }
    this.flush();
  }
}

/** What the Sessions need of the broker. */
class Environment implements SessionEnvironment {
  maximumQueuedMessages = 0;
  maximumQueuedBytes = 0;
  maximumInflightBytes = 0;
  queuesQoS0Messages = false;
  readonly storedBytes = new StoredBytes(0);
  readonly journal: Journal;
  readonly #time: BrokerTime;
  readonly #statistics: Statistics;
  readonly #drops: DropLog;

  constructor(
    limits: Limits,
    time: BrokerTime,
    statistics: Statistics,
    drops: DropLog,
    journal: Journal,
  ) {
    this.journal = journal;
    this.#time = time;
    this.#statistics = statistics;
    this.#drops = drops;
    this.setLimits(limits);
  }

  setLimits(limits: Limits): void {
    this.maximumQueuedMessages = limits.maximumQueuedMessages;
    this.maximumQueuedBytes = limits.maximumQueuedBytes;
    this.storedBytes.maximum = limits.maximumStoredBytes;
    this.maximumInflightBytes = limits.maximumInflightBytes;
    this.queuesQoS0Messages = limits.queuesQoS0Messages;
  }

  get nowMs(): number {
    return this.#time.nowMs;
  }

  onDrop(session: Session, _message: Message, reason: DropReason): void {
    this.#statistics.publishDropped++;
    this.#drops.note(session.clientId, reason, this.#time.nowMs);
  }
}
