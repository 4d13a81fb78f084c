import assert from "node:assert/strict";
import { backupStore, restoreStore } from "../../src/store/backup.ts";
import { importIntoStore } from "../../src/store/import_into_store.ts";
import { readStore } from "../../src/store/read_store.ts";
import { StoreClient, type StoreEvents } from "../../src/store/store_client.ts";
import { StoreError } from "../../src/store/store_error.ts";
import { StoreLock } from "../../src/store/store_lock.ts";
import { batchOf, MESSAGES_PER_BATCH } from "./batches.ts";
import { withFolder } from "./folder.ts";
import { RecordingReader } from "./model.ts";

function lastMessage(path: string): number {
  const reader = new RecordingReader();
  readStore(path, reader, { nowMs: 0 });
  return [...reader.rows.messages.keys()].at(-1) ?? 0;
}

const SILENT: StoreEvents = { committed() {}, failing() {}, recovered() {} };

async function storeWith(path: string, batches: number): Promise<void> {
  let committed = () => {};
  const client = await StoreClient.open({ path, durability: "process" }, {
    ...SILENT,
    committed: () => committed(),
  });
  for (let n = 0; n < batches; n++) {
    const done = new Promise<void>((resolve) => committed = resolve);
    client.commit(batchOf(n));
    await done;
  }
  await client.close();
}

Deno.test("a backup of a store in use is whole, and put back it is what it was", () =>
  withFolder(async (folder) => {
    const path = `${folder}/data/midge.db`;
    const target = `${folder}/backup.db`;
    let stored = 0;
    let backedUp = false;
    {
      using _ = StoreLock.take(path);
      const client: StoreClient = await StoreClient.open({ path, durability: "process" }, {
        ...SILENT,
        committed: () => {
          if (!backedUp) client.commit(batchOf(++stored));
        },
      });
      client.commit(batchOf(0));
      for (let n = 0; n < 3; n++) { // each replaces the one before
        const before = stored;
        assert.ok(await backupStore(path, target) > 4_096);
        const last = lastMessage(target) / MESSAGES_PER_BATCH;
        assert.ok(Number.isInteger(last) && last >= before, `${last} batches of ${before}`);
      }
      await client.backup(`${folder}/by-worker.db`);
      assert.ok(lastMessage(`${folder}/by-worker.db`) > 0);
      assert.throws(() => restoreStore(target, path, 0), /midge\.db is in use/);
      backedUp = true;
      await client.close();
    }
    const then = lastMessage(target);
    const now = lastMessage(path);
    assert.ok(now >= then);
    const kept = restoreStore(target, path, Date.UTC(2026, 10, 22));
    assert.equal(kept, `${path}.replaced-2026-11-22T00-00-00Z`);
    assert.equal(lastMessage(path), then);
    assert.equal(lastMessage(kept), now);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["backup.db", "by-worker.db", "data"]); // one file each, none half done
    assert.equal(Deno.statSync(target).mode! & 0o777, 0o600);
  }));

Deno.test("a backup replaces nothing but a backup", () =>
  withFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    await storeWith(path, 1);
    Deno.writeTextFileSync(`${folder}/notes`, "mine");
    await assert.rejects(backupStore(path, `${folder}/notes`), /it is no backup of midge's/);
    assert.equal(Deno.readTextFileSync(`${folder}/notes`), "mine");
    await assert.rejects(backupStore(path, path), /it is the store itself/);
    await assert.rejects(
      backupStore(`${folder}/nothing.db`, `${folder}/b`),
      /nothing\.db is not there/,
    );
    await assert.rejects(backupStore(path, `${folder}/notes/b`), /notes\/b can't be written/);
    await assert.rejects(backupStore(path, `${folder}/none/b`), /none\/b.* can't be written/);
  }));

Deno.test("a damaged backup is not put back, and what is there stays", () =>
  withFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    const target = `${folder}/backup.db`;
    await storeWith(path, 3);
    await backupStore(path, target);
    const bytes = Deno.readFileSync(target);
    const isPayload = (at: number) => bytes.subarray(at, at + 100).every((byte) => byte === 75);
    for (let at = 0; at + 100 <= bytes.length; at++) if (isPayload(at)) bytes[at]! ^= 1;
    Deno.writeFileSync(target, bytes);
    assert.throws(() => restoreStore(target, path, 0), (error) => {
      assert.ok(error instanceof StoreError && error.problem === "damaged", `${error}`);
      assert.match(
        error.message,
        /backup\.db is damaged: the checksum of message 75 does not agree/,
      );
      return true;
    });
    assert.equal(lastMessage(path), 75);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(left, ["backup.db", "midge.db", "midge.db-lock"]);
  }));

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;
Deno.test({
  name: "what root imports and restores belongs to the owner of the folder, a backup to root",
  ignore: !isRoot,
  fn: () =>
    withFolder(async (folder) => {
      const data = `${folder}/data`;
      Deno.mkdirSync(data);
      Deno.mkdirSync(`${folder}/backups`);
      for (const path of [data, `${folder}/backups`]) Deno.chownSync(path, 12_345, 12_345);
      const path = `${data}/new/midge.db`;
      importIntoStore(new URL("./mosquitto-2.0.11.db", import.meta.url).pathname, path);
      await backupStore(path, `${folder}/backups/midge.db`);
      Deno.chownSync(path, 0, 0);
      restoreStore(`${folder}/backups/midge.db`, path, 0);
      const ownerOf = (each: string) => Deno.statSync(each).uid;
      assert.deepEqual([`${data}/new`, path, `${path}-lock`].map(ownerOf), [
        12_345,
        12_345,
        12_345,
      ]);
      assert.equal(ownerOf(`${folder}/backups/midge.db`), 0);
    }),
});
