import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { readBatch } from "../../src/store/batch_reader.ts";
import { openDatabase } from "../../src/store/open_database.ts";
import { readStore } from "../../src/store/read_store.ts";
import { migrate, MIGRATIONS, schemaVersion } from "../../src/store/sqlite_schema.ts";
import { SqliteStore } from "../../src/store/sqlite_store.ts";
import { histories } from "./histories.ts";
import { dump, RecordingReader, StoreModel } from "./model.ts";
import { withFolder } from "./folder.ts";

const NOW_MS = 1_700_000_000_000;

Deno.test("a store gives back what the batches said, for all histories", () => {
  fc.assert(
    fc.property(histories, (batches) =>
      withFolder((folder) => {
        const path = `${folder}/midge.db`;
        const model = new StoreModel();
        const db = openDatabase(path, "process");
        const store = new SqliteStore(db);
        for (const batch of batches) {
          store.commit(batch);
          readBatch(batch, model);
        }
        db.close();
        for (const time of ["first", "second"]) {
          const reader = new RecordingReader();
          const { expired, orphans } = readStore(path, reader, { nowMs: NOW_MS });
          assert.deepEqual(dump(reader.rows), dump(model.readableAt(NOW_MS)));
          if (time === "second") assert.deepEqual({ expired, orphans }, { expired: 0, orphans: 0 });
        }
      })),
    { numRuns: 60 },
  );
});

Deno.test("a batch that is committed twice is as one committed once, for all histories", () => {
  fc.assert(
    fc.property(histories, (batches) =>
      withFolder((folder) => {
        const path = `${folder}/midge.db`;
        const model = new StoreModel();
        const db = openDatabase(path, "process");
        const store = new SqliteStore(db);
        for (const batch of batches) {
          store.commit(batch);
          store.commit(batch);
          readBatch(batch, model);
        }
        db.close();
        const reader = new RecordingReader();
        readStore(path, reader, { nowMs: NOW_MS });
        assert.deepEqual(dump(reader.rows), dump(model.readableAt(NOW_MS)));
      })),
    { numRuns: 30 },
  );
});

Deno.test("a store of an earlier schema is brought to the last one, its rows kept", () => {
  withFolder((folder) => {
    const db = new DatabaseSync(`${folder}/old.db`);
    migrate(db, ["CREATE TABLE thing (a INTEGER); INSERT INTO thing VALUES (7)"]);
    assert.equal(schemaVersion(db), 1);
    const broken = ["", "ALTER TABLE thing ADD COLUMN b; ALTER TABLE nothing ADD COLUMN c"];
    assert.throws(() => migrate(db, broken), /nothing/);
    assert.equal(schemaVersion(db), 1);
    assert.deepEqual({ ...db.prepare("SELECT * FROM thing").get() }, { a: 7 });
    migrate(db, ["", "ALTER TABLE thing ADD COLUMN b INTEGER NOT NULL DEFAULT 8"]);
    assert.equal(schemaVersion(db), 2);
    assert.deepEqual({ ...db.prepare("SELECT * FROM thing").get() }, { a: 7, b: 8 });
    db.close();
    assert.ok(MIGRATIONS.length >= 1);
  });
});
