// What a mosquitto.db holds, as changes of our store. The two differ little: Mosquitto knows no Will, no mount point and no
// Shared Subscription in its file.

import { ByteReader } from "../packet/byte_reader.ts";
import { MqttError } from "../packet/mqtt_error.ts";
import type { QoS } from "../packet/packet_type.ts";
import { PropertyContext } from "../packet/properties.ts";
import { readForwardedProperties } from "../packet/publish.ts";
import { parseTopicFilter } from "../topic/topic_filter.ts";
import { parseTopicName } from "../topic/topic_name.ts";
import type {
  MosquittoClient,
  MosquittoClientMessage,
  MosquittoDatabase,
  MosquittoMessage,
} from "./mosquitto_db.ts";
import type { StoreChanges } from "./stored.ts";

export interface ImportCounts {
  sessions: number;
  subscriptions: number;
  queued: number;
  retained: number;
  /** What could not be taken over, and why; expired messages are not named. */
  readonly left: string[];
}

const NEVER = 0xffff_ffff;
/** Whoever has them may keep them. */
const ANY_LEVELS = Infinity;

/** What a message waits for, by its enum mosquitto_msg_state; 0: to be sent (again). */
const AWAITING: Readonly<Record<number, 1 | 2 | 3>> = {
  2: 1, // publish_qos1
  3: 1, // wait_for_puback
  4: 2, // publish_qos2
  5: 2, // wait_for_pubrec
  6: 3, // resend_pubrel
  9: 3, // wait_for_pubcomp
};

/**
 * Writes what `database` holds to `changes`.
 * @param savedAtMs when the file was written: Clients that were connected then have gone at that time.
 */
export function importMosquittoDb(
  database: MosquittoDatabase,
  savedAtMs: number,
  changes: StoreChanges,
): ImportCounts {
  return new Import(database, savedAtMs, changes).run();
}

class Import {
  readonly #database: MosquittoDatabase;
  readonly #savedAtMs: number;
  readonly #changes: StoreChanges;
  readonly #sessions = new Map<string, number>();
  readonly #messages = new Map<bigint, number>();
  readonly #byId: ReadonlyMap<bigint, MosquittoMessage>;
  readonly #counts: ImportCounts = {
    sessions: 0,
    subscriptions: 0,
    queued: 0,
    retained: 0,
    left: [],
  };
  #deliveries = 0;

  constructor(database: MosquittoDatabase, savedAtMs: number, changes: StoreChanges) {
    this.#database = database;
    this.#savedAtMs = savedAtMs;
    this.#changes = changes;
    this.#byId = new Map(database.messages.map((message) => [message.id, message]));
  }

  run(): ImportCounts {
    for (const client of this.#database.clients) this.#addSession(client);
    this.#addSubscriptions();
    for (const each of this.#database.clientMessages) this.#addClientMessage(each);
    this.#addRetained();
    return this.#counts;
  }

  #addSession(client: MosquittoClient): void {
    const { clientId, userName, expiresAt, lastPacketId, port } = client;
    const expiryInterval = this.#expiryIntervalOf(client);
    if (clientId === "" || expiryInterval === 0) return; // it ended with its connection
    const session = this.#sessions.size + 1;
    if (this.#sessions.has(clientId)) return this.#leave(`a second Session of ${quote(clientId)}`);
    this.#sessions.set(clientId, session);
    this.#counts.sessions++;
    const hasEnd = expiresAt > 0 && expiryInterval !== NEVER;
    this.#changes.session({
      session,
      clientId,
      userName,
      listener: listenerOf(port),
      mountPoint: "",
      expiryInterval,
      disconnectedAtMs: hasEnd ? (expiresAt - expiryInterval) * 1_000 : this.#savedAtMs,
      lastPacketId,
      will: undefined,
    });
  }

  /** Version 5 keeps no interval for Clients of MQTT 3, whose Sessions have no end. */
  #expiryIntervalOf({ expiryInterval }: MosquittoClient): number {
    return expiryInterval === 0 && this.#database.version === 5 ? NEVER : expiryInterval;
  }

  #addSubscriptions(): void {
    for (const row of this.#database.subscriptions) {
      const session = this.#sessions.get(row.clientId);
      if (session === undefined) continue;
      const what = `the Subscription of ${quote(row.clientId)} to ${quote(row.topicFilter)}`;
      if (
        !this.#isValid(what, () => parseTopicFilter(row.topicFilter, ANY_LEVELS)) || row.qos > 2
      ) continue;
      this.#counts.subscriptions++;
      this.#changes.subscription({
        session,
        topicFilter: row.topicFilter,
        qos: row.qos as QoS,
        noLocal: row.noLocal,
        retainAsPublished: row.retainAsPublished,
        identifier: row.identifier,
        awaitsRetained: false,
      });
    }
  }

  #addClientMessage(row: MosquittoClientMessage): void {
    const session = this.#sessions.get(row.clientId);
    if (session === undefined || row.qos > 2) return;
    const message = this.#messageOf(row.message);
    if (message === undefined) return;
    if (!row.isOutgoing) {
      if (row.qos === 2) this.#changes.held({ session, packetId: row.packetId, message });
      return;
    }
    const awaiting = row.packetId === 0 ? 0 : AWAITING[row.state] ?? 0;
    this.#counts.queued++;
    this.#changes.delivery({
      delivery: ++this.#deliveries,
      session,
      message,
      qos: row.qos as QoS,
      retain: row.retain,
      subscriptionIdentifiers: identifiersIn(row.properties),
      sharedFilter: "",
      packetId: awaiting === 0 ? 0 : row.packetId,
      awaiting,
    });
  }

  #addRetained(): void {
    for (const id of this.#database.retained) {
      const message = this.#messageOf(id);
      if (message === undefined) continue;
      const { topicName, sourceClientId, sourceUserName, sourcePort } = this.#byId.get(id)!;
      this.#counts.retained++;
      this.#changes.retained({
        topicName,
        message,
        ownerClientId: sourceClientId,
        ownerUserName: sourceUserName,
        ownerListener: listenerOf(sourcePort),
      });
    }
  }

  /** Its number in our store, where it is put when it is first asked for; undefined: it can't be had. */
  #messageOf(id: bigint): number | undefined {
    const known = this.#messages.get(id);
    if (known !== undefined) return known;
    const row = this.#byId.get(id);
    if (row === undefined) return undefined;
    const what = `a message to ${quote(row.topicName)}`;
    let forwardedProperties: Uint8Array = new Uint8Array();
    const isValid = this.#isValid(what, () => {
      parseTopicName(row.topicName, ANY_LEVELS);
      if (row.properties.length === 0) return;
      const reader = new ByteReader(row.properties);
      forwardedProperties = readForwardedProperties(reader, PropertyContext.Publish).forwarded;
    });
    if (!isValid || row.qos > 2) return undefined;
    const message = this.#messages.size + 1;
    this.#messages.set(id, message);
    this.#changes.message({
      message,
      topicName: row.topicName,
      payload: row.payload,
      forwardedProperties,
      qos: row.qos as QoS,
      retain: row.retain,
      expiresAtMs: row.expiresAt === 0 ? Infinity : row.expiresAt * 1_000,
      publisherId: row.sourceClientId,
    });
    return message;
  }

  #isValid(what: string, check: () => void): boolean {
    try {
      check();
      return true;
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      this.#leave(`${what}: ${error.message}`);
      return false;
    }
  }

  #leave(what: string): void {
    this.#counts.left.push(what);
  }
}

function identifiersIn(properties: Uint8Array): readonly number[] {
  if (properties.length === 0) return [];
  try {
    const reader = new ByteReader(properties);
    const read = readForwardedProperties(reader, PropertyContext.Publish);
    return read.properties.subscriptionIdentifiers ?? [];
  } catch (error) {
    if (!(error instanceof MqttError)) throw error;
    return [];
  }
}

/** Listeners of mosquitto.conf have no names but their ports. */
function listenerOf(port: number): string {
  return port === 0 ? "" : String(port);
}

function quote(text: string): string {
  return JSON.stringify(text);
}
