// Messages as they are read back: in blocks, whatever their bytes are, and with the checksums that were written.

import assert from "node:assert/strict";
import { BatchWriter } from "../../src/store/batch_writer.ts";
import { openDatabase } from "../../src/store/open_database.ts";
import { verifyStore } from "../../src/store/read_store.ts";
import { sumOfMessage } from "../../src/store/row_sum.ts";
import { SqliteStore } from "../../src/store/sqlite_store.ts";
import { StoredRows } from "../../src/store/stored_rows.ts";
import type { MessageHead } from "../../src/store/stored.ts";
import { TextPool } from "../../src/store/text_pool.ts";
import { withFolder } from "./folder.ts";

const HEAD: MessageHead = {
  message: 7,
  topicName: "a/b",
  forwardedProperties: new Uint8Array([1, 2]),
  qos: 1,
  retain: false,
  expiresAtMs: Infinity,
  publisherId: "p",
};

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);

// Stores that were written keep their sums.
for (
  const [length, sum] of [
    [0, 604662504],
    [1, 1528006025],
    [64, -169987983],
    [128, -1812431024],
    [129, -371436010],
    [5_000, -456348490],
  ] as const
) {
  Deno.test(`the checksum of a message with ${length} bytes is what it always was, wherever they stand`, () => {
    assert.equal(sumOfMessage(HEAD, bytes(length)), sum);
    const block = new Uint8Array(length + 9).fill(0xaa);
    block.set(bytes(length), 5);
    assert.equal(sumOfMessage(HEAD, block, 5, length + 5), sum);
  });
}

Deno.test("messages of any length and any bytes come back, more than a page of them", () =>
  withFolder((folder) => {
    const path = `${folder}/midge.db`;
    const lengths = Array.from({ length: 1_300 }, (_, i) => i % 97 === 0 ? 1_020 + i % 9 : i % 70);
    const written = lengths.map((length, i) => ({
      ...HEAD,
      message: i + 1,
      payload: crypto.getRandomValues(new Uint8Array(length)),
      forwardedProperties: crypto.getRandomValues(new Uint8Array(i % 50 === 0 ? 2_000 : i % 3)),
    }));
    for (const { payload } of written.slice(0, 200)) payload.fill(0, 0, 2); // no text has that
    const db = openDatabase(path, "process");
    const writer = new BatchWriter();
    for (const row of written) writer.message(row);
    new SqliteStore(db).commit(writer.take());
    const read: unknown[] = [];
    new StoredRows(db, path).messages((row, block, start, end) => {
      assert.equal(block.buffer.byteLength, block.length); // it can be kept as it is
      const forwardedProperties = new Uint8Array(row.forwardedProperties);
      read.push({
        ...row,
        payload: new Uint8Array(block.subarray(start, end)),
        forwardedProperties,
      });
    });
    assert.deepEqual(read, written);
    db.exec("UPDATE message SET payload = CAST(payload || 'x' AS BLOB) WHERE message = 600");
    db.close();
    assert.throws(() => verifyStore(path), /the checksum of message 600 does not agree/);
  }));

Deno.test("equal texts become one string, and no text another one", () => {
  const pool = new TextPool();
  const texts = Array.from({ length: 20_000 }, (_, i) => `topic/${i % 5_000}`);
  for (const text of texts) assert.equal(pool.one(text), text);
  for (const text of ["", "ü", "\u{1f600}"]) assert.equal(pool.one(text), text);
});
