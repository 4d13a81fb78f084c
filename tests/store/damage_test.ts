// What may have happened to the files while no broker looked: kill -9, cut off ends, flipped bits, other people's files.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { copyFileSync } from "node:fs";
import { BatchWriter } from "../../src/store/batch_writer.ts";
import { openDatabase } from "../../src/store/open_database.ts";
import { readStore, type StoreContents } from "../../src/store/read_store.ts";
import { setDamagedAside } from "../../src/store/set_aside.ts";
import { SqliteStore } from "../../src/store/sqlite_store.ts";
import { StoreError, type StoreProblem } from "../../src/store/store_error.ts";
import { StoreLock } from "../../src/store/store_lock.ts";
import { checkLog } from "../../src/store/wal_check.ts";
import { withFolder } from "./folder.ts";
import { dump, RecordingReader } from "./model.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 10, 15);

/** Writes rows into all tables, and more than a page into the larger ones. */
function writeRows(store: SqliteStore): void {
  const writer = new BatchWriter();
  let delivery = 0;
  for (let batch = 0; batch < 12; batch++) {
    const session = batch + 1;
    writer.session({
      session,
      clientId: `client ${session}`,
      userName: session % 2 === 0 ? "user" : undefined,
      listener: "1883",
      mountPoint: "",
      expiryInterval: 0xffff_ffff,
      disconnectedAtMs: NOW_MS,
      lastPacketId: 7,
      will: undefined,
    });
    for (const topicFilter of ["a/+", "b/#", "$share/group/c"]) {
      writer.subscription({
        session,
        topicFilter,
        qos: 1,
        noLocal: false,
        retainAsPublished: true,
        identifier: 3,
        awaitsRetained: false,
      });
    }
    for (let n = 0; n < 20; n++) {
      const message = batch * 20 + n + 1;
      writer.message({
        message,
        topicName: `a/${message}`,
        payload: new Uint8Array(n === 7 ? 9_000 : 100).fill(message),
        forwardedProperties: new Uint8Array(n % 3),
        qos: 1,
        retain: n % 2 === 0,
        expiresAtMs: Infinity,
        publisherId: "publisher",
      });
      writer.delivery({
        delivery: ++delivery,
        session,
        message,
        qos: 1,
        retain: false,
        subscriptionIdentifiers: n === 3 ? [1, 2] : [],
        sharedFilter: "",
        packetId: 0,
        awaiting: 0,
      });
      if (n === 5) writer.held({ session, packetId: 9, message });
      if (n % 4 !== 0) continue;
      writer.retained({
        topicName: `a/${message}`,
        message,
        ownerClientId: "publisher",
        ownerUserName: undefined,
        ownerListener: "1883",
      });
    }
    store.commit(writer.take());
  }
}

/** Fills the store `path`; with `leavesLog` as a process that is killed does. */
function fill(path: string, leavesLog = false): void {
  const made = leavesLog ? `${path}.alive` : path;
  const db = openDatabase(made, "process");
  writeRows(new SqliteStore(db));
  if (leavesLog) { for (const end of ["", "-wal"]) copyFileSync(made + end, path + end); }
  db.close();
}

function read(path: string): { rows: string[]; found: StoreContents } {
  const reader = new RecordingReader();
  const found = readStore(path, reader, { nowMs: NOW_MS });
  return { rows: dump(reader.rows), found };
}

function problemOf(use: () => unknown): StoreProblem | undefined {
  try {
    use();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof StoreError, `${error}`);
    return error.problem;
  }
}

Deno.test("what a killed process had committed is there, from its log", () =>
  withFolder((folder) => {
    fill(`${folder}/orderly.db`);
    fill(`${folder}/killed.db`, true);
    assert.equal(checkLog(`${folder}/killed.db`), undefined);
    const { rows, found } = read(`${folder}/killed.db`);
    assert.deepEqual(rows, read(`${folder}/orderly.db`).rows);
    assert.equal(found.deliveries, 240);
  }));

// A bit at an even spread of places of the file, so that each kind of page gets its share.
for (const [end, count] of [["", 150], ["-wal", 60]] as const) {
  Deno.test(`a bit flipped anywhere in midge.db${end} changes nothing, or is told`, () =>
    withFolder((folder) => {
      const original = `${folder}/original.db`;
      fill(original, end === "-wal");
      const bytes = Deno.readFileSync(original + end);
      const database = Deno.readFileSync(original);
      const path = `${folder}/midge.db`;
      Deno.writeFileSync(path, database);
      if (end !== "") Deno.writeFileSync(path + end, bytes);
      const { rows } = read(path);
      let told = 0;
      for (let n = 0; n < count; n++) {
        const at = Math.floor((n + Math.random()) * bytes.length / count);
        const bit = Math.floor(Math.random() * 8);
        const flipped = bytes.slice();
        flipped[at]! ^= 1 << bit;
        Deno.writeFileSync(path, database);
        Deno.writeFileSync(path + end, flipped);
        const reader = new RecordingReader();
        const torn = checkLog(path);
        const problem = problemOf(() => readStore(path, reader, { nowMs: NOW_MS }));
        if (problem === undefined && torn === undefined) {
          assert.deepEqual(dump(reader.rows), rows, `byte ${at}, bit ${bit}`);
        } else told++;
      }
      assert.ok(told > count / 4, `${told} of ${count} were told`);
    }));
}

Deno.test("a database that is cut off anywhere is told", () =>
  withFolder((folder) => {
    fill(`${folder}/original.db`);
    const bytes = Deno.readFileSync(`${folder}/original.db`);
    for (let n = 1; n < 30; n++) {
      const length = Math.floor(n * bytes.length / 30);
      const path = `${folder}/cut-${n}.db`;
      Deno.writeFileSync(path, bytes.subarray(0, length));
      const problem = problemOf(() => read(path));
      assert.ok(problem === "damaged" || problem === "foreign", `${length}: ${problem}`);
    }
  }));

const CASES: readonly {
  readonly name: string;
  readonly make: (path: string) => void;
  readonly problem: StoreProblem;
  readonly words: RegExp;
}[] = [
  {
    name: "a text file",
    make: (path) => Deno.writeTextFileSync(path, "listener 1883\n".repeat(100)),
    problem: "foreign",
    words: /midge\.db is not a store of midge's: it is no SQLite database/,
  },
  {
    name: "somebody else's SQLite database",
    make: (path) => {
      const db = new DatabaseSync(path);
      db.exec("CREATE TABLE notes (text TEXT)");
      db.close();
    },
    problem: "foreign",
    words: /is an SQLite database, but none of midge's/,
  },
  {
    name: "a store of a later midge",
    make: (path) => {
      const db = openDatabase(path, "process");
      db.exec("PRAGMA user_version = 999");
      db.close();
    },
    problem: "newer",
    words: /written by a newer midge \(schema 999/,
  },
  {
    name: "a store whose tables are described wrongly",
    make: (path) => {
      fill(path);
      const bytes = Deno.readFileSync(path);
      const at = new TextDecoder("latin1").decode(bytes).indexOf("flags INTEGER");
      bytes[at] = "F".charCodeAt(0); // SQLite does not mind
      Deno.writeFileSync(path, bytes);
    },
    problem: "damaged",
    words: /its tables are not what they were made as/,
  },
  {
    name: "a store with a page of zeros",
    make: (path) => {
      fill(path);
      const file = Deno.openSync(path, { write: true });
      file.seekSync(3 * 4096, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(4096));
      file.close();
    },
    problem: "damaged",
    words: /midge\.db is damaged: /,
  },
];
for (const { name, make, problem, words } of CASES) {
  Deno.test(`${name} is not started with, and set aside when that is asked for`, () =>
    withFolder((folder) => {
      const path = `${folder}/midge.db`;
      make(path);
      const before = Deno.readFileSync(path);
      assert.throws(() => read(path), (error) => {
        assert.ok(error instanceof StoreError && error.problem === problem, `${error}`);
        assert.match(error.message, words);
        return true;
      });
      assert.deepEqual(Deno.readFileSync(path), before);
      const kept = `${path}.damaged-2026-11-22T10-15-00Z`;
      const told = setDamagedAside(path, NOW_MS)!;
      assert.match(told, words);
      assert.ok(told.endsWith(` It is kept as ${kept}; midge begins an empty one.`), told);
      assert.deepEqual(Deno.readFileSync(kept), before);
      assert.deepEqual(read(path).rows, []);
      assert.equal(setDamagedAside(path, NOW_MS), undefined); // the new one can be used
    }));
}

Deno.test("two brokers can't have one store, and the second is told whose it is", () =>
  withFolder((folder) => {
    const path = `${folder}/data/midge.db`;
    const lock = StoreLock.take(path);
    assert.throws(() => StoreLock.take(path), (error) => {
      assert.ok(error instanceof StoreError && error.problem === "locked");
      assert.ok(error.message.startsWith(`${path} is in use: process ${Deno.pid} `), error.message);
      return true;
    });
    lock[Symbol.dispose]();
    StoreLock.take(path)[Symbol.dispose](); // the file that is left behind locks nobody out
  }));

Deno.test("nobody but the owner can read the store or its folder", () =>
  withFolder((folder) => {
    const path = `${folder}/data/midge.db`;
    using _ = StoreLock.take(path);
    fill(path, true);
    fill(path);
    const modes = [`${folder}/data`, path, `${path}-lock`].map((each) =>
      (Deno.statSync(each).mode! & 0o777).toString(8)
    );
    assert.deepEqual(modes, ["700", "600", "600"]);
  }));

Deno.test("a folder that can't be made is told with its path", () =>
  withFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/file`, "");
    const path = `${folder}/file/data/midge.db`;
    assert.equal(problemOf(() => StoreLock.take(path)), "unwritable");
    assert.equal(problemOf(() => read(path)), "unwritable");
  }));
