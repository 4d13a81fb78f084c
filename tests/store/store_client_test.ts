// The store's worker as the journal sees it: batches in, events out; full disks and dead workers between.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openDatabase } from "../../src/store/open_database.ts";
import { readStore } from "../../src/store/read_store.ts";
import { readNumber } from "../../src/store/sqlite_schema.ts";
import { SqliteStore } from "../../src/store/sqlite_store.ts";
import { StoreClient, type StoreEvents } from "../../src/store/store_client.ts";
import { reasonOf } from "../../src/store/store_error.ts";
import { batchOf, MESSAGES_PER_BATCH } from "./batches.ts";
import { withFolder } from "./folder.ts";
import { RecordingReader } from "./model.ts";

/** Waits for what the client says next. */
class Events implements StoreEvents {
  readonly said: string[] = [];
  #wake: (() => void) | undefined = undefined;

  committed(): void {
    this.#say("committed");
  }
  failing(reason: string): void {
    this.#say(`failing: ${reason}`);
  }
  recovered(): void {
    this.#say("recovered");
  }
  /** Resolves when `count` events have been said. */
  async until(count: number): Promise<void> {
    const late = setTimeout(() => this.#wake?.(), 10_000);
    const end = Date.now() + 10_000;
    while (this.said.length < count && Date.now() < end) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    clearTimeout(late);
    assert.ok(this.said.length >= count, `only ${this.said}`);
  }
  #say(event: string): void {
    this.said.push(event);
    this.#wake?.();
  }
}

function messagesIn(path: string): number[] {
  const reader = new RecordingReader();
  readStore(path, reader, { nowMs: 0 });
  return [...reader.rows.messages.keys()];
}

/** Which messages there are after `count` batches: those of the last two. */
function messagesAfter(count: number): number[] {
  const batches = Math.min(2, count);
  const first = (count - batches) * MESSAGES_PER_BATCH + 1;
  return Array.from({ length: batches * MESSAGES_PER_BATCH }, (_, i) => first + i);
}

Deno.test("what was committed is there when the store is opened again", () =>
  withFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    const events = new Events();
    const client = await StoreClient.open({ path, durability: "power" }, events);
    for (const n of [0, 1, 2]) {
      client.commit(batchOf(n));
      await events.until(events.said.length + 1);
    }
    const { batches, batchBytes, logBytes } = client.figures;
    assert.equal(batches, 3);
    assert.ok(logBytes > batchBytes && batchBytes > 0);
    await client.close();
    assert.deepEqual(events.said, ["committed", "committed", "committed"]);
    assert.deepEqual(messagesIn(path), messagesAfter(3));
  }));

Deno.test("a batch in hand when the store is closed is stored", () =>
  withFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    const client = await StoreClient.open({ path, durability: "process" }, new Events());
    client.commit(batchOf(0));
    await client.close();
    assert.deepEqual(messagesIn(path), messagesAfter(1));
  }));

Deno.test("a locked database is trouble that is told, and over when the lock is", () =>
  withFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    const events = new Events();
    const client = await StoreClient.open({ path, durability: "process" }, events);
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    client.commit(batchOf(0));
    await events.until(1);
    assert.match(events.said[0]!, /^failing: another process has locked the database/);
    other.exec("ROLLBACK");
    other.close();
    client.retry();
    await events.until(3);
    assert.deepEqual(events.said.slice(1), ["recovered", "committed"]);
    await client.close();
    assert.deepEqual(messagesIn(path), messagesAfter(1));
  }));

/** A client whose workers, one after the other, can be got at. */
async function openWithWorkers(path: string, events: Events): Promise<{
  readonly client: StoreClient;
  readonly workers: readonly Worker[];
}> {
  const workers: Worker[] = [];
  const startWorker = () => {
    const url = new URL("../../src/store/store_worker.ts", import.meta.url);
    workers.push(new Worker(url, { type: "module" }));
    return workers.at(-1)!;
  };
  const client = await StoreClient.open({ path, durability: "process", startWorker }, events);
  return { client, workers };
}

Deno.test("a worker that dies is started again and goes on with the batch in hand", () =>
  withFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    const events = new Events();
    const { client, workers } = await openWithWorkers(path, events);
    client.commit(batchOf(0));
    await events.until(1);
    workers[0]!.postMessage({ type: "nonsense" }); // it dies of that
    client.commit(batchOf(1));
    await events.until(4);
    assert.match(events.said[1]!, /^failing: the store's worker has failed: .*nonsense/);
    assert.deepEqual(events.said.slice(2), ["recovered", "committed"]);
    assert.equal(client.figures.restarts, 1);
    await client.close();
    assert.deepEqual(messagesIn(path), messagesAfter(2));
  }));

Deno.test("a worker that is started again makes no new database where the old one was", () =>
  withFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    const events = new Events();
    const { client, workers } = await openWithWorkers(path, events);
    client.commit(batchOf(0));
    await events.until(1);
    for (const end of ["", "-wal", "-shm"]) {
      Deno.renameSync(path + end, `${folder}/moved.db${end}`);
    }
    workers[0]!.postMessage({ type: "nonsense" }); // it dies of that
    client.commit(batchOf(1));
    await events.until(3);
    assert.match(events.said[2]!, /^failing: .*the file was deleted or moved away/);
    assert.deepEqual([...Deno.readDirSync(folder)].filter(({ name }) => /^midge/.test(name)), []);
    for (const end of ["", "-wal", "-shm"]) {
      Deno.renameSync(`${folder}/moved.db${end}`, path + end);
    }
    await events.until(5);
    assert.deepEqual(events.said.slice(3), ["recovered", "committed"]);
    await client.close();
    assert.deepEqual(messagesIn(path), messagesAfter(2));
  }));

Deno.test("a full disk is trouble that is told; nothing of the batch is half stored, and it is stored when there is room", () =>
  withFolder((folder) => {
    const path = `${folder}/midge.db`;
    const db = openDatabase(path, "process");
    const store = new SqliteStore(db);
    store.commit(batchOf(0));
    db.exec(`PRAGMA max_page_count = ${readNumber(db, "page_count")}`); // SQLite says the same as on a full disk
    for (let attempt = 0; attempt < 3; attempt++) {
      assert.throws(
        () => store.commit(batchOf(1)),
        (error) => reasonOf(error).startsWith("the disk is full"),
      );
    }
    db.exec("PRAGMA max_page_count = 100000");
    store.commit(batchOf(1));
    store.commit(batchOf(2));
    db.close();
    assert.deepEqual(messagesIn(path), messagesAfter(3));
  }));

Deno.test("a process that is killed while it stores has lost no batch that it said was stored", () =>
  withFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    let stored = 0;
    for (let kill = 0; kill < 4; kill++) {
      const script = new URL("./commit_until_killed.ts", import.meta.url).pathname;
      const child = new Deno.Command("deno", {
        args: [
          "run",
          "--quiet",
          "--no-check",
          "--allow-read",
          "--allow-write",
          script,
          path,
          `${stored}`,
        ],
        stdout: "piped",
      }).spawn();
      let said = "";
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        said += text;
        if (said.length > 150 * (kill + 1)) child.kill("SIGKILL");
      }
      await child.status;
      const whole = said.split("\n").slice(0, -1).map(Number).at(-1)!;
      assert.ok(whole > stored);
      const last = messagesIn(path).at(-1)!;
      assert.equal(last % MESSAGES_PER_BATCH, 0, "a batch is stored as a whole or not at all");
      stored = last / MESSAGES_PER_BATCH;
      assert.ok(stored === whole || stored === whole + 1, `${stored} stored, ${whole} said`);
      assert.deepEqual(messagesIn(path), messagesAfter(stored));
    }
  }));
