// The tables read back: pages of rows in the order of their keys, each compared with its checksum.
// Values come from a file that may be damaged, so nothing is taken on trust before the sum agrees.

import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { QoS } from "../packet/packet_type.ts";
import { type Columns, MessageRows, prepareRows } from "./message_rows.ts";
import { damaged } from "./open_database.ts";
import { reasonOf, StoreError } from "./store_error.ts";
import {
  sumOfDelivery,
  sumOfHeld,
  sumOfRetained,
  sumOfSession,
  sumOfSubscription,
} from "./row_sum.ts";
import type {
  StoredDelivery,
  StoredHeld,
  StoredRetained,
  StoredSession,
  StoredSubscription,
  StoreReader,
} from "./stored.ts";

/** Rows read at once: one call for many rows is three times as fast as one for each. */
const ROWS = 512;
const NONE: readonly number[] = [];

export class StoredRows {
  readonly #db: DatabaseSync;
  readonly #path: string;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
  }

  count(table: string): number {
    const row = this.#db.prepare(`SELECT count(*) AS rows FROM ${table}`).get();
    return (row as { rows: number }).rows;
  }

  sessions(each: (row: StoredSession) => void): void {
    this.#pages(
      `SELECT session, client_id, user_name, listener, mount_point, expiry_interval, disconnected_at,
         last_packet_id, sum, will_topic_name, will_flags, will_delay_interval, will_expiry_interval,
         will_properties, will_payload
       FROM session WHERE session > ? ORDER BY session LIMIT ${ROWS}`,
      [-1],
      (columns) => [columns[0]],
      (columns) => {
        const row: StoredSession = {
          session: columns[0],
          clientId: columns[1],
          userName: columns[2] ?? undefined,
          listener: columns[3],
          mountPoint: columns[4],
          expiryInterval: columns[5],
          disconnectedAtMs: columns[6] ?? undefined,
          lastPacketId: columns[7],
          will: columns[9] === null ? undefined : {
            topicName: columns[9],
            qos: (columns[10] & 3) as QoS,
            retain: (columns[10] & 4) !== 0,
            willDelayInterval: columns[11],
            messageExpiryInterval: columns[12] ?? undefined,
            forwardedProperties: columns[13],
            payload: columns[14],
          },
        };
        this.#check(sumOfSession(row) === columns[8], `session ${row.session}`);
        return row;
      },
      each,
    );
  }

  subscriptions(each: (row: StoredSubscription) => void): void {
    this.#pages(
      `SELECT session, topic_filter, flags, identifier, sum FROM subscription
       WHERE (session, topic_filter) > (?, ?) ORDER BY session, topic_filter LIMIT ${ROWS}`,
      [-1, ""],
      (columns) => [columns[0], columns[1]],
      ([session, topicFilter, flags, identifier, sum]) => {
        const row: StoredSubscription = {
          session,
          topicFilter,
          qos: (flags & 3) as QoS,
          noLocal: (flags & 4) !== 0,
          retainAsPublished: (flags & 8) !== 0,
          awaitsRetained: (flags & 16) !== 0,
          identifier,
        };
        this.#check(sumOfSubscription(row) === sum, `subscription to ${topicFilter} of ${session}`);
        return row;
      },
      each,
    );
  }

  messages(each: StoreReader["message"]): void {
    const rows = new MessageRows(this.#db);
    this.#pages(
      `${MessageRows.SELECT} WHERE message > ? ORDER BY message LIMIT ${ROWS}`,
      [-1],
      (columns) => [columns[0]],
      (columns) => {
        const row = rows.read(columns);
        this.#check(row !== undefined, `message ${columns[0]}`);
        return row;
      },
      (row) => each(row, rows.block, rows.start, rows.end),
      (first, last) => rows.turnTo(first, last),
    );
  }

  deliveries(each: (row: StoredDelivery) => void): void {
    this.#pages(
      `SELECT delivery, session, message, state, sum, identifiers, shared_filter
       FROM delivery WHERE delivery > ? ORDER BY delivery LIMIT ${ROWS}`,
      [-1],
      (columns) => [columns[0]],
      (columns) => {
        const delivery = columns[0];
        const state = columns[3];
        const identifiers = columns[5];
        const row: StoredDelivery = {
          delivery,
          session: columns[1],
          message: columns[2],
          qos: (state & 3) as QoS,
          retain: (state & 4) !== 0,
          awaiting: (state >> 3 & 3) as 0 | 1 | 2 | 3,
          packetId: state >>> 5,
          subscriptionIdentifiers: identifiers === null ? NONE : identifiers.split(",").map(Number),
          sharedFilter: columns[6] ?? "",
        };
        this.#check(sumOfDelivery(row, identifiers) === columns[4], `delivery ${delivery}`);
        return row;
      },
      each,
    );
  }

  held(each: (row: StoredHeld) => void): void {
    this.#pages(
      `SELECT session, packet_id, message, sum FROM held
       WHERE (session, packet_id) > (?, ?) ORDER BY session, packet_id LIMIT ${ROWS}`,
      [-1, -1],
      (columns) => [columns[0], columns[1]],
      ([session, packetId, message, sum]) => {
        const row: StoredHeld = { session, packetId, message };
        this.#check(sumOfHeld(row) === sum, `held message ${packetId} of session ${session}`);
        return row;
      },
      each,
    );
  }

  retained(each: (row: StoredRetained) => void): void {
    this.#pages(
      `SELECT topic_name, message, owner_client_id, owner_user_name, owner_listener, sum FROM retained
       WHERE topic_name > ? ORDER BY topic_name LIMIT ${ROWS}`,
      [""],
      (columns) => [columns[0]],
      ([topicName, message, clientId, userName, ownerListener, sum]) => {
        const row: StoredRetained = {
          topicName,
          message,
          ownerClientId: clientId ?? undefined,
          ownerUserName: userName ?? undefined,
          ownerListener,
        };
        this.#check(sumOfRetained(row) === sum, `retained message of ${topicName}`);
        return row;
      },
      each,
    );
  }

  /** The messages whose way from or to a Client has begun, each with the Session. */
  begun(each: (message: number, session: number) => void): void {
    this.#pages(
      `SELECT delivery, message, session FROM delivery
       WHERE delivery > ? AND state >> 3 & 3 <> 0 ORDER BY delivery LIMIT ${ROWS}`,
      [-1],
      (columns) => [columns[0]],
      (columns) => columns,
      ([_, message, session]) => each(message, session),
    );
    this.held(({ message, session }) => each(message, session));
  }

  #pages<Row>(
    sql: string,
    first: SQLInputValue[],
    keyOf: (columns: Columns) => SQLInputValue[],
    decode: (columns: Columns) => Row,
    each: (row: Row) => void,
    onPage: (first: Columns, last: Columns) => void = () => {},
  ): void {
    const statement = prepareRows(this.#db, sql);
    for (let key = first;;) {
      const rows = statement.all(...key) as unknown as Columns[];
      const last = rows.at(-1);
      if (last !== undefined) onPage(rows[0]!, last);
      for (const columns of rows) each(this.#decode(columns, decode));
      if (rows.length < ROWS) return;
      key = keyOf(last!);
    }
  }

  #decode<Row>(columns: Columns, decode: (columns: Columns) => Row): Row {
    try {
      return decode(columns);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      throw damaged(this.#path, `a row makes no sense (${reasonOf(error)})`); // a text where a number should be
    }
  }

  #check(isRight: boolean, row: string): asserts isRight {
    if (!isRight) throw damaged(this.#path, `the checksum of ${row} does not agree`);
  }
}
