// MessageRows: the table of messages read back. SQLite's bytes come as a buffer for each value, which costs more than the
// rest of a row, in time and in memory; so SQLite joins the short ones of a page of rows into one block, and each message is
// told where in the block its payload stands. Long ones come one by one, so that no page of them gets too large.

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { QoS } from "../packet/packet_type.ts";
import { sumOfMessage } from "./row_sum.ts";
import type { MessageHead } from "./stored.ts";
import { TextPool } from "./text_pool.ts";

/** A row as SQLite gives it: its columns in the order of the SELECT. */
// deno-lint-ignore no-explicit-any
export type Columns = any[];

/** What the types of node:sqlite do not know yet. */
interface ReturnsArrays {
  setReturnArrays(enabled: boolean): void;
}

/** Above this, a value comes in a buffer of its own. */
const JOINED_BYTES = 1_024;
const NO_BYTES = new Uint8Array(0);

/** A statement whose rows come as {@link Columns}. */
export function prepareRows(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  (statement as StatementSync & ReturnsArrays).setReturnArrays(true);
  return statement;
}

export class MessageRows {
  static readonly SELECT =
    `SELECT message, topic_name, flags, expires_at, publisher_id, length(properties), sum, length(payload)
     FROM message`;
  readonly #joined: StatementSync;
  readonly #payloads: Values;
  readonly #properties: Values;
  readonly #texts = new TextPool();

  constructor(db: DatabaseSync) {
    const join = (column: string) =>
      `CAST(group_concat(${column}, '') FILTER (WHERE length(${column}) <= ${JOINED_BYTES}) AS BLOB)`;
    this.#joined = prepareRows(
      db,
      `SELECT ${join("payload")}, ${join("properties")}
       FROM (SELECT payload, properties FROM message WHERE message BETWEEN ? AND ? ORDER BY message)`,
    );
    this.#payloads = new Values(db, "payload");
    this.#properties = new Values(db, "properties");
  }

  /** To be called before {@link read} with the first and the last row of each page. */
  turnTo(first: Columns, last: Columns): void {
    const joined = this.#joined.get(first[0], last[0]) as unknown as Columns;
    this.#payloads.begin(joined[0] ?? NO_BYTES);
    this.#properties.begin(joined[1] ?? NO_BYTES);
  }

  /**
   * Decodes the next row of the page; undefined if its checksum does not agree. Its payload is
   * `block[start, end)`, which hold until the next row.
   * @throws {TypeError} as the checksum does.
   */
  read(columns: Columns): MessageHead | undefined {
    const message = columns[0];
    const payload = this.#payloads;
    const properties = this.#properties;
    const isWhole = payload.next(message, columns[7]) && properties.next(message, columns[5]);
    if (!isWhole) return undefined;
    const row: MessageHead = {
      message,
      topicName: this.#texts.one(columns[1]),
      forwardedProperties: properties.start === properties.end
        ? NO_BYTES
        : properties.block.subarray(properties.start, properties.end),
      qos: (columns[2] & 3) as QoS,
      retain: (columns[2] & 4) !== 0,
      expiresAtMs: columns[3] ?? Infinity,
      publisherId: columns[4] === null ? undefined : this.#texts.one(columns[4]),
    };
    const sum = sumOfMessage(row, payload.block, payload.start, payload.end);
    return sum === columns[6] ? row : undefined;
  }

  get block(): Uint8Array {
    return this.#payloads.block;
  }

  get start(): number {
    return this.#payloads.start;
  }

  get end(): number {
    return this.#payloads.end;
  }
}

/** The values of one column: in the block of the page, one behind the other, but for the long ones. */
class Values {
  readonly #long: StatementSync;
  #joined = NO_BYTES;
  #joinedAt = 0;
  /** The value that is looked at is `block[start, end)`. */
  block = NO_BYTES;
  start = 0;
  end = 0;

  constructor(db: DatabaseSync, column: string) {
    this.#long = prepareRows(db, `SELECT ${column} FROM message WHERE message = ?`);
  }

  begin(joined: Uint8Array<ArrayBuffer>): void {
    this.#joined = joined;
    this.#joinedAt = 0;
  }

  /** Goes to the value of the next row, of so many bytes (null: it has none); false if it is not all there. */
  next(message: number, length: number | null): boolean {
    if (length !== null && length > JOINED_BYTES) {
      this.block = (this.#long.get(message) as unknown as Columns)[0];
      this.start = 0;
      this.end = length;
    } else {
      this.block = this.#joined;
      this.start = this.#joinedAt;
      this.end = this.#joinedAt += length ?? 0;
    }
    return this.end <= this.block.length;
  }
}
