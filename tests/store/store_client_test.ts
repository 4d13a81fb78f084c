// The store's worker as the journal sees it: batches in, events out; full disks and dead workers between.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { BatchWriter } from "../../src/store/batch_writer.ts";
import { readStore } from "../../src/store/read_store.ts";
import { StoreClient, type StoreEvents } from "../../src/store/store_client.ts";
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

function messages(first: number, count: number, payloadLength = 10): Uint8Array {
  const writer = new BatchWriter();
  for (let message = first; message < first + count; message++) {
    writer.message({
      message,
      topicName: "a/b",
      payload: new Uint8Array(payloadLength).fill(message),
      forwardedProperties: new Uint8Array(),
      qos: 1,
      retain: true,
      expiresAtMs: Infinity,
      publisherId: "publisher",
    });
    writer.retained({
      topicName: `a/${message}`,
      message,
      ownerClientId: "publisher",
      ownerUserName: undefined,
      ownerListener: "1883",
    });
  }
  return writer.take();
}

function messagesIn(path: string): number[] {
  const reader = new RecordingReader();
  readStore(path, reader, { nowMs: 0 });
  return [...reader.rows.messages.keys()];
}

Deno.test("what was committed is there when the store is opened again", () =>
  withFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    const events = new Events();
    const client = await StoreClient.open({ path, durability: "power" }, events);
    for (const first of [1, 101, 201]) {
      client.commit(messages(first, 100));
      await events.until(events.said.length + 1);
    }
    const { batches, batchBytes, logBytes } = client.figures;
    assert.equal(batches, 3);
    assert.ok(logBytes > batchBytes && batchBytes > 0);
    await client.close();
    assert.deepEqual(events.said, ["committed", "committed", "committed"]);
    assert.deepEqual(messagesIn(path), Array.from({ length: 300 }, (_, i) => i + 1));
  }));

Deno.test("a batch in hand when the store is closed is stored", () =>
  withFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    const client = await StoreClient.open({ path, durability: "process" }, new Events());
    client.commit(messages(1, 3));
    await client.close();
    assert.deepEqual(messagesIn(path), [1, 2, 3]);
  }));

Deno.test("a locked database is trouble that is told, and over when the lock is", () =>
  withFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    const events = new Events();
    const client = await StoreClient.open({ path, durability: "process" }, events);
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    client.commit(messages(1, 3));
    await events.until(1);
    assert.match(events.said[0]!, /^failing: another process has locked the database/);
    other.exec("ROLLBACK");
    other.close();
    client.retry();
    await events.until(3);
    assert.deepEqual(events.said.slice(1), ["recovered", "committed"]);
    await client.close();
    assert.deepEqual(messagesIn(path), [1, 2, 3]);
  }));

Deno.test("a worker that dies is started again and goes on with the batch in hand", () =>
  withFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    const events = new Events();
    const workers: Worker[] = [];
    const startWorker = () => {
      const url = new URL("../../src/store/store_worker.ts", import.meta.url);
      workers.push(new Worker(url, { type: "module" }));
      return workers.at(-1)!;
    };
    const client = await StoreClient.open({ path, durability: "process", startWorker }, events);
    client.commit(messages(1, 3));
    await events.until(1);
    workers[0]!.postMessage({ type: "nonsense" }); // it dies of that
    client.commit(messages(4, 3));
    await events.until(4);
    assert.match(events.said[1]!, /^failing: the store's worker has failed: .*nonsense/);
    assert.deepEqual(events.said.slice(2), ["recovered", "committed"]);
    assert.equal(client.figures.restarts, 1);
    await client.close();
    assert.deepEqual(messagesIn(path), [1, 2, 3, 4, 5, 6]);
  }));
