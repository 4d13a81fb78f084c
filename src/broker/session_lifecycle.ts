// SessionLifecycle: how a Session begins, changes its connection, and ends (MQTT 5.0, sections 3.1.2.4,
// 3.1.2.5, 3.1.2.11.2, 3.1.4 and 4.1).

import type { ClientIdentity } from "../access/authorizer.ts";
import type { ConnectPacket, Will } from "../packet/packets.ts";
import type { Delivery } from "../session/delivery.ts";
import { NEVER_EXPIRES, Session } from "../session/session.ts";
import type { Connection } from "./connection.ts";
import { mayReceive } from "./denial_log.ts";
import type { Limits } from "./limits.ts";
import type { ListenerPolicy } from "./listener_policy.ts";
import type { Parts } from "./parts.ts";
import { publishWill } from "./publish_message.ts";
import { SessionEntry } from "./sessions.ts";
import { DelayedWill, willMessage } from "./wills.ts";

/** A Client that loses its connection comes back within so long, if it does soon. */
const SHORT_LIFE_MS = 60_000;

export class SessionLifecycle {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Finds or makes the Session for an accepted CONNECT, and ends the connection that has it now.
   *
   * @returns the entry; whether it is an old Session that goes on (Session Present); whether what is
   * stored of it lets it end so soon that the Client can't rely on it before it is stored that it goes on.
   */
  open(
    packet: ConnectPacket,
    identity: ClientIdentity,
    policy: ListenerPolicy,
  ): { entry: SessionEntry; sessionPresent: boolean; lastsLonger: boolean } {
    const { sessions, deadlines } = this.#parts;
    const { authorizer, limits, mountPoint } = policy;
    const { clientId } = identity;
    const known = sessions.get(clientId);
    if (known?.connection !== undefined) {
      this.#takeOver(known.connection, packet.cleanStart || known.mountPoint !== mountPoint);
    }
    // Taking over may have ended the Session: ask again.
    const old = sessions.get(clientId);
    if (old !== undefined) {
      if (packet.cleanStart) this.end(old); // [MQTT-3.1.2-4]
      else if (old.mountPoint !== mountPoint) this.#endElsewhere(old);
      else {
        this.#cancelWill(old); // [MQTT-3.1.3-9]
        deadlines.cancel(old);
      }
    }
    const sessionPresent = old !== undefined && sessions.get(clientId) === old; // [MQTT-3.1.2-5]
    const entry = sessionPresent ? old : this.#create(identity, policy);
    const expiryInterval = allowedExpiryInterval(requestedExpiryInterval(packet), limits);
    const storedExpiry = entry.session.expiryInterval;
    const lastsLonger = sessionPresent && entry.session.storedNumber !== 0 &&
      this.#storedLifeMs(entry) < Math.min(SHORT_LIFE_MS, expiryInterval * 1000);
    const isStoredAnew = entry.hasPassingState || packet.will !== undefined ||
      entry.identity.userName !== identity.userName || entry.listener !== policy.name ||
      storedExpiry !== expiryInterval;
    entry.disconnectedAtMs = undefined;
    if (entry.identity.userName !== identity.userName || entry.authorizer !== authorizer) {
      entry.identity = identity;
      entry.authorizer = authorizer;
      this.#parts.router.forgetRoutes(); // other rules may hold for what it receives
    }
    if (sessionPresent) {
      entry.session.dropUnless(({ topicName }) => mayReceive(this.#parts, entry, topicName));
    }
    entry.listener = policy.name;
    entry.session.expiryInterval = expiryInterval;
    if (isStoredAnew) this.#noteChange(entry);
    return { entry, sessionPresent, lastsLonger };
  }

  /** A connection that was accepted has ended; its Session waits for the Client, or ends too. */
  connectionEnded(entry: SessionEntry, will: Will | undefined): void {
    const { sessions, deadlines, time, router } = this.#parts;
    const { session } = entry;
    sessions.detach(entry);
    router.receiversMoved();
    session.detach();
    if (session.expiryInterval === 0) {
      if (will !== undefined) this.#publishWill(entry, will);
      return this.end(entry);
    }
    const isSentNow = will !== undefined && will.willDelayInterval === 0;
    if (entry.hasPassingState || will !== undefined || session.expiryInterval !== NEVER_EXPIRES) {
      entry.disconnectedAtMs = time.nowMs;
      if (!isSentNow) this.#noteChange(entry);
    }
    const expiresAtMs = entry.expiresAtMs(time.nowMs);
    if (expiresAtMs !== Infinity) deadlines.set(entry, expiresAtMs);
    this.#redistribute(session.extractShared((group) => group.isConnected), session);
    if (will === undefined) return;
    if (isSentNow) return this.#publishWill(entry, will);
    this.#delayWill(entry, will, time.nowMs);
  }

  /**
   * A Session is back that was stored: its connection has ended then, or with the broker.
   * @param will not published yet.
   */
  restored(entry: SessionEntry, will: Will | undefined): void {
    const { deadlines, time } = this.#parts;
    if (entry.disconnectedAtMs === undefined) {
      entry.disconnectedAtMs = time.nowMs;
      if (will !== undefined || entry.session.expiryInterval !== NEVER_EXPIRES) {
        this.#noteChange(entry);
      }
    }
    const expiresAtMs = entry.expiresAtMs(entry.disconnectedAtMs);
    if (expiresAtMs !== Infinity) deadlines.set(entry, expiresAtMs);
    if (will === undefined) return;
    this.#delayWill(entry, will, entry.disconnectedAtMs);
    // Not at the next tick: a Client that is back before would stop what was due when its connection ended.
    if (entry.disconnectedAtMs + will.willDelayInterval * 1000 <= time.nowMs) {
      this.#publishDelayedWill(entry);
    }
  }

  /** All Sessions are back: ends those that have expired meanwhile, before their Clients come. */
  allRestored(): void {
    const { sessions, time } = this.#parts;
    for (const entry of [...sessions.values()]) {
      if (entry.expiresAtMs(entry.disconnectedAtMs!) <= time.nowMs) this.expire(entry);
    }
  }

  #delayWill(entry: SessionEntry, will: Will, disconnectedAtMs: number): void {
    entry.delayedWill = new DelayedWill(will, () => this.#publishDelayedWill(entry));
    const dueMs = disconnectedAtMs + will.willDelayInterval * 1000;
    this.#parts.deadlines.set(entry.delayedWill, dueMs);
  }

  /** Ends a Session that has no connection: its Subscriptions, its queue, and its Will that waits. */
  end(entry: SessionEntry): void {
    const { sessions, router, deadlines, journal } = this.#parts;
    const { session } = entry;
    deadlines.cancel(entry);
    sessions.delete(entry);
    for (const subscription of session.subscriptions) router.remove(subscription);
    session.removeSubscriptions();
    this.#redistribute(session.extractShared(() => true), session);
    this.#publishDelayedWill(entry); // the Session's end is the latest time for it
    session.forgetDeliveries();
    const isStored = session.storedNumber !== 0;
    for (const packetId of [...session.inbound.held.keys()]) {
      const message = session.inbound.release(packetId)!;
      if (isStored) journal.heldEnded(session, packetId, message);
    }
    if (isStored) journal.sessionEnded(session);
  }

  /** The Session Expiry Interval of a Session without a connection has passed [MQTT-3.1.2-23]. */
  expire(entry: SessionEntry): void {
    this.#parts.statistics.sessionsExpired++;
    this.end(entry);
  }

  /** How long the Session would live, by what is stored of it, if the broker died now. */
  #storedLifeMs(entry: SessionEntry): number {
    const { nowMs } = this.#parts.time;
    return entry.expiresAtMs(entry.disconnectedAtMs ?? nowMs) - nowMs;
  }

  #takeOver(connection: Connection, endsSession: boolean): void {
    // The will goes out because the connection ends, at once if it has no delay. With a delay, the new
    // connection is in time to stop it, unless a Clean Start ends the Session first (section 3.1.4).
    connection.takeOver(endsSession);
  }

  /**
   * A Client has come back by a listener with another mount point. What its Session holds is not for there:
   * it begins anew and is told so, while Mosquitto would cut off as many characters of each topic.
   */
  #endElsewhere(entry: SessionEntry): void {
    this.#parts.ports.log.write(
      "notice",
      `Client ${entry.session.clientId} comes by a listener with another mount_point: its Session begins anew.`,
      "connection",
    );
    this.end(entry);
  }

  #create(
    identity: ClientIdentity,
    { authorizer, name, mountPoint }: ListenerPolicy,
  ): SessionEntry {
    const { environment, limits, sessions } = this.#parts;
    const session = new Session(identity.clientId, environment, limits.maximumInflightMessages);
    const entry = new SessionEntry(session, identity, authorizer, name, mountPoint, this);
    sessions.add(entry);
    return entry;
  }

  /** What is stored of a Session is not so any more; one that is to outlive its connection is stored. */
  #noteChange(entry: SessionEntry): void {
    const { journal } = this.#parts;
    const { storedNumber, expiryInterval } = entry.session;
    if (storedNumber !== 0) journal.sessionChanged(entry);
    else if (expiryInterval > 0 && journal.isStoring) journal.sessionMade(entry);
  }

  #cancelWill(entry: SessionEntry): void {
    if (entry.delayedWill === undefined) return;
    this.#parts.deadlines.cancel(entry.delayedWill);
    entry.delayedWill = undefined;
  }

  #publishDelayedWill(entry: SessionEntry): void {
    const waiting = entry.delayedWill;
    if (waiting === undefined) return;
    this.#cancelWill(entry);
    this.#publishWill(entry, waiting.will);
  }

  #publishWill(entry: SessionEntry, will: Will): void {
    const { journal, time } = this.#parts;
    const { session } = entry;
    const message = willMessage(will, session.clientId, time.nowMs);
    publishWill(this.#parts, message, entry);
    if (session.storedNumber !== 0) journal.willPublished(entry, will);
  }

  /** Messages of Shared Subscriptions go to another member (section 4.8.2). */
  #redistribute(deliveries: readonly Delivery[], from: Session): void {
    for (const delivery of deliveries) {
      if (this.#parts.router.redeliver(delivery)) {
        delivery.record?.moved(delivery);
        continue;
      }
      delivery.record?.closed(delivery);
      this.#parts.environment.onDrop(from, delivery.message, "nobody left to take it");
    }
  }
}

/** Seconds that a Session outlives its connection, if its Client asks for `requested`. */
export function allowedExpiryInterval(requested: number, limits: Limits): number {
  const maximum = limits.maximumSessionExpiryInterval;
  return maximum === 0 ? requested : Math.min(requested, maximum);
}

/** Seconds that the Client wants its Session to outlive the connection. */
export function requestedExpiryInterval(packet: ConnectPacket): number {
  if (packet.version === 5) return packet.properties.sessionExpiryInterval ?? 0;
  return packet.cleanStart ? 0 : NEVER_EXPIRES; // MQTT 3.1.1, section 3.1.2.4
}
