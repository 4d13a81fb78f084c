// mosquitto-2.0.11.db was saved by that version, with:
// - "five" (MQTT 5, user anna, Subscription Identifier 77, gone without an answer): five QoS 1 messages, two of them on
//   their way, and one of QoS 2; "three" (MQTT 3.1.1, no user): the five; "halfway": a QoS 2 message not released;
// - two retained messages.

import assert from "node:assert/strict";
import { importIntoStore } from "../../src/store/import_into_store.ts";
import { MosquittoDbError, readMosquittoDb } from "../../src/store/mosquitto_db.ts";
import { readStore } from "../../src/store/read_store.ts";
import { StoreError } from "../../src/store/store_error.ts";
import { StoreLock } from "../../src/store/store_lock.ts";
import { withFolder } from "./folder.ts";
import { RecordingReader } from "./model.ts";

const FILE = new URL("./mosquitto-2.0.11.db", import.meta.url).pathname;
const SAVED = Deno.readFileSync(FILE);

function rowsOf(path: string): RecordingReader["rows"] {
  const reader = new RecordingReader();
  readStore(path, reader, { nowMs: Date.UTC(2026, 10, 22, 3) });
  return reader.rows;
}

Deno.test("what Mosquitto has saved comes along", () =>
  withFolder((folder) => {
    const path = `${folder}/data/midge.db`;
    const { left, ...counts } = importIntoStore(FILE, path);
    assert.deepEqual(counts, { sessions: 3, subscriptions: 3, queued: 11, retained: 2 });
    assert.deepEqual(left, []);
    const rows = rowsOf(path);

    const sessions = [...rows.sessions.values()];
    assert.deepEqual(
      sessions.map(({ clientId, userName, expiryInterval, lastPacketId }) => [
        clientId,
        userName,
        expiryInterval,
        lastPacketId,
      ]),
      [
        ["five", "anna", 100_000, 6],
        ["three", undefined, 0xffff_ffff, 5],
        ["halfway", "anna", 0xffff_ffff, 0], // what Mosquitto writes for a Client without user name
      ],
    );
    assert.deepEqual(rows.subscriptions.get("1 q/#"), {
      session: 1,
      topicFilter: "q/#",
      qos: 2,
      noLocal: true,
      retainAsPublished: true,
      identifier: 77,
      awaitsRetained: false,
    });

    const textOf = (message: number) =>
      new TextDecoder().decode(rows.messages.get(message)!.payload);
    const deliveries = [...rows.deliveries.values()].map((row) => [
      row.session,
      textOf(row.message),
      row.qos,
      row.packetId,
      row.awaiting,
      row.subscriptionIdentifiers.join(),
    ]);
    assert.deepEqual(deliveries, [
      [1, "n0", 1, 1, 1, "77"],
      [1, "n1", 1, 2, 1, "77"],
      [1, "n2", 1, 0, 0, "77"],
      [1, "n3", 1, 0, 0, "77"],
      [1, "n4", 1, 0, 0, "77"],
      [1, "exact", 2, 0, 0, "77"],
      ...["n0", "n1", "n2", "n3", "n4"].map((text) => [2, text, 1, 0, 0, ""]),
    ]);
    const held = [...rows.held.values()].map((
      row,
    ) => [row.session, row.packetId, textOf(row.message)]);
    assert.deepEqual(held, [[3, 9, "hi"]]);
    assert.deepEqual([...rows.retained.keys()].sort(), ["r/kept", "r/ü"]);

    const first = rows.messages.get(1)!;
    assert.equal(first.publisherId, "pub");
    assert.equal(first.expiresAtMs, 1_795_412_916_000);
    assert.equal(
      first.forwardedProperties.toHex(), // Content Type and User Property
      "03000a746578742f706c61696e26" + "00016b" + "000176",
    );
  }));

Deno.test("version 5, as Mosquitto 1.6 writes it, has no user names and no ports", () => {
  const { clients } = readMosquittoDb(asVersion5());
  assert.deepEqual(clients, [{
    clientId: "old",
    userName: undefined,
    expiresAt: 0,
    expiryInterval: 0,
    lastPacketId: 7,
    port: 0,
  }]);
});

const MISTAKES: readonly { name: string; bytes: () => Uint8Array; words: RegExp }[] = [
  { name: "an empty file", bytes: () => new Uint8Array(), words: /it is no mosquitto\.db/ },
  { name: "another file", bytes: () => new Uint8Array(500).fill(65), words: /no mosquitto\.db/ },
  {
    name: "version 3",
    bytes: () => {
      const bytes = SAVED.slice();
      bytes[22] = 3;
      return bytes;
    },
    words: /it has version 3; 5 \(Mosquitto 1\.6\) and 6 \(2\.0 and 2\.1\) can be read/,
  },
  {
    name: "only the header",
    bytes: () => SAVED.subarray(0, 23),
    words: /it ends at byte 23, before anything is said/,
  },
  {
    name: "a file that is cut off",
    bytes: () => SAVED.subarray(0, 500),
    words: /it is cut off within the chunk that begins at byte \d+/,
  },
  {
    name: "a chunk of an unknown type",
    bytes: () => {
      const bytes = SAVED.slice();
      bytes[26] = 99;
      return bytes;
    },
    words: /at byte 23 begins a chunk of the unknown type 99/,
  },
];
for (const { name, bytes, words } of MISTAKES) {
  Deno.test(`import refuses ${name}, and makes no store`, () =>
    withFolder((folder) => {
      const source = `${folder}/mosquitto.db`;
      Deno.writeFileSync(source, bytes());
      assert.throws(() => importIntoStore(source, `${folder}/midge.db`), (error) => {
        assert.ok(error instanceof StoreError && error.message.startsWith(source), `${error}`);
        assert.match(error.message, words);
        return true;
      });
      assert.throws(() => Deno.statSync(`${folder}/midge.db`), Deno.errors.NotFound);
    }));
}

Deno.test("a mosquitto.db with any byte changed is read, or refused in words", () => {
  for (let at = 0; at < SAVED.length; at++) {
    const bytes = SAVED.slice();
    bytes[at]! ^= 1 << at % 8;
    try {
      readMosquittoDb(bytes);
    } catch (error) {
      assert.ok(error instanceof MosquittoDbError, `byte ${at}: ${error}`);
    }
  }
});

Deno.test("import does not touch a store that has something, or a broker's", () =>
  withFolder((folder) => {
    const path = `${folder}/midge.db`;
    {
      using _ = StoreLock.take(path);
      assert.throws(() => importIntoStore(FILE, path), /is in use: process \d+ is a broker/);
    }
    importIntoStore(FILE, path);
    assert.throws(() => importIntoStore(FILE, path), /midge\.db is not empty/);
    assert.equal(rowsOf(path).deliveries.size, 11);
  }));

function asVersion5(): Uint8Array {
  const bytes = new Uint8Array(23 + 8 + 16 + 8 + 16 + 3);
  const view = new DataView(bytes.buffer);
  bytes.set(SAVED.subarray(0, 23 + 8 + 16));
  view.setUint32(19, 5);
  view.setUint32(47, 6); // a Client
  view.setUint32(51, 16 + 3);
  view.setUint16(67, 7); // its last Packet Identifier
  view.setUint16(69, 3);
  bytes.set(new TextEncoder().encode("old"), 71);
  return bytes;
}
