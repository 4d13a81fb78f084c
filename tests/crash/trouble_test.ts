// Trouble with the disk under a real process: what can't be stored is not acknowledged, the rest goes on, and midge
// recovers by itself. A full disk needs a file system of its own: as root, with --allow-run (deno task crash).

import assert from "node:assert/strict";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { freePort } from "../support/free_port.ts";
import { type BrokerFolder, BrokerProcess, makeFolder } from "./broker_process.ts";

const canMount = Deno.uid() === 0 &&
  Deno.permissions.querySync({ name: "run", command: "mount" }).state === "granted";

/** A small disk on `path`, as long as it lasts. */
class SmallDisk implements Disposable {
  readonly path: string;

  constructor(path: string, size: string) {
    Deno.mkdirSync(path, { recursive: true });
    run("mount", "-t", "tmpfs", "-o", `size=${size}`, "midge-test", path);
    this.path = path;
  }

  /** Takes all the room that is left. */
  fill(): void {
    using file = Deno.openSync(`${this.path}/filler`, { create: true, append: true });
    for (const size of [65_536, 4_096, 1]) {
      try {
        for (;;) file.writeSync(new Uint8Array(size));
      } catch {
        continue; // no room for so much
      }
    }
  }

  makeRoom(): void {
    Deno.removeSync(`${this.path}/filler`);
  }

  [Symbol.dispose](): void {
    run("umount", "-l", this.path);
  }
}

function run(command: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(command, { args }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** A broker with a folder, ended and removed with the test. */
class Midge implements AsyncDisposable {
  readonly folder: BrokerFolder = makeFolder("process");
  readonly dataFolder: string = `${this.folder.path}/data`;
  readonly database: string = `${this.dataFolder}/midge.db`;
  process!: BrokerProcess;

  async start(): Promise<this> {
    this.process = new BrokerProcess(this.folder);
    assert.ok(await this.process.listening(), this.process.stderr);
    return this;
  }

  connect(options: IClientOptions): Promise<MqttClient> {
    return connectAsync(`mqtt://127.0.0.1:${this.folder.port}`, {
      reconnectPeriod: 0,
      protocolVersion: 5,
      ...options,
    });
  }

  /** A Session that waits for messages to `topicFilter`, with nobody connected to it. */
  async addOffline(clientId: string, topicFilter: string): Promise<void> {
    const client = await this.connect({
      clientId,
      clean: false,
      properties: { sessionExpiryInterval: 3_600 },
    });
    await client.subscribeAsync(topicFilter, { qos: 1 });
    await client.endAsync();
  }

  /** Waits for a line of its log. */
  async said(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.process.stderr), `${pattern}: ${this.process.stderr}`);
  }

  lines(pattern: RegExp): string[] {
    return this.process.stderr.split("\n").filter((line) => pattern.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process?.end("SIGKILL");
    Deno.removeSync(this.folder.path, { recursive: true });
  }
}

async function until(isSo: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
  const dueMs = Date.now() + timeoutMs;
  while (!isSo()) {
    assert.ok(Date.now() < dueMs, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const KILOBYTE = "x".repeat(1_000);

/** Publishes more than a small disk can take, without waiting for acknowledgements. */
function fillStore(client: MqttClient, kilobytes = 4_000): { done(): Promise<void> } {
  const all = Array.from(
    { length: kilobytes },
    (_, i) =>
      client.publishAsync(`wait/${i}`, KILOBYTE, { qos: 1 }).catch((error) => {
        assert.equal(error.code, 0x97);
      }),
  );
  return {
    async done() {
      await Promise.all(all);
      await client.endAsync();
    },
  };
}

Deno.test({
  name: "a full disk: 0x97 for MQTT 5.0, MQTT 3.1.1 waits, what need not be stored goes on",
  ignore: !canMount,
  async fn() {
    await using midge = new Midge();
    using disk = new SmallDisk(midge.dataFolder, "32m");
    await midge.start();
    await midge.addOffline("sleeper", "wait/#");
    const publisher = await midge.connect({ clientId: "five" });
    const online = await midge.connect({ clientId: "online" });
    const heard: string[] = [];
    online.on("message", (_topic, payload) => heard.push(String(payload)));
    await online.subscribeAsync("now/#", { qos: 1 });
    disk.fill();

    // Those that are on their way when it happens wait for their PUBACK: they may be stored.
    const early = fillStore(await midge.connect({ clientId: "early", protocolVersion: 4 }));
    await midge.said(/Unable to store .*the disk is full/);
    await assert.rejects(
      publisher.publishAsync("wait/refused", "v5", { qos: 1 }),
      (error: Error & { code: number }) => error.code === 0x97,
    );
    const older = await midge.connect({ clientId: "older", protocolVersion: 4 });
    let isAcknowledged = false;
    const waits = older.publishAsync("wait/older", "v3", { qos: 1 }).then(() =>
      isAcknowledged = true
    );
    await publisher.publishAsync("now/0", "QoS 0", { qos: 0 });
    await publisher.publishAsync("now/1", "QoS 1", { qos: 1 });
    await until(() => heard.length === 2, "what is for those who are there did not come");
    assert.equal(isAcknowledged, false);
    assert.equal(midge.lines(/Unable to store/).length, 1);

    disk.makeRoom();
    await midge.said(/works again/);
    await waits;
    await early.done();
    await publisher.publishAsync("wait/after", "stored again", { qos: 1 });
    await Promise.all([publisher, online, older].map((client) => client.endAsync()));
  },
});

Deno.test({
  name: "SIGTERM while the disk is full ends within seconds and says what was not stored",
  ignore: !canMount,
  async fn() {
    await using midge = new Midge();
    using disk = new SmallDisk(midge.dataFolder, "32m");
    await midge.start();
    await midge.addOffline("sleeper", "wait/#");
    disk.fill();
    const client = await midge.connect({ clientId: "early", protocolVersion: 4 });
    for (let i = 0; i < 4_000; i++) client.publish(`wait/${i}`, KILOBYTE, { qos: 1 });
    await midge.said(/Unable to store .*the disk is full/);
    assert.equal(await midge.process.end("SIGTERM"), 1);
    const [line] = midge.lines(/could not be stored/);
    assert.match(line!, /midge\.db: what changed last could not be stored: the disk is full/);
    client.end(true);
  },
});

for (const how of ["deleted", "replaced"] as const) {
  Deno.test(`a database that is ${how} under the broker is trouble until it is back`, async () => {
    await using midge = await new Midge().start();
    await midge.addOffline("sleeper", "wait/#");
    Deno.renameSync(midge.database, `${midge.database}.moved`);
    if (how === "replaced") Deno.copyFileSync(`${midge.database}.moved`, midge.database);
    const client = await midge.connect({ clientId: "older", protocolVersion: 4 });
    const waits = client.publishAsync("wait/1", "v3", { qos: 1 });
    await midge.said(
      how === "deleted"
        ? /Unable to store in .*: the file was deleted or moved away while midge was using it/
        : /Unable to store in .*: the file was replaced while midge was using it/,
    );
    Deno.renameSync(`${midge.database}.moved`, midge.database);
    await waits;
    await client.endAsync();
    await midge.process.end("SIGKILL");
    await midge.start();
    assert.match(midge.process.stderr, /1 messages that wait/);
  });
}

Deno.test("a log that is deleted under the broker costs nothing, and is told", async () => {
  await using midge = await new Midge().start();
  await midge.addOffline("sleeper", "wait/#");
  const client = await midge.connect({ clientId: "older", protocolVersion: 4 });
  for (let i = 0; i < 100; i++) await client.publishAsync(`wait/${i}`, "early", { qos: 1 });
  Deno.removeSync(`${midge.database}-wal`);
  await client.publishAsync("wait/100", "late", { qos: 1 });
  assert.equal(midge.lines(/Unable to store in .*: its log was deleted/).length, 1);
  await midge.said(/works again/);
  await client.publishAsync("wait/101", "later", { qos: 1 });
  await client.endAsync();
  await midge.process.end("SIGKILL");
  await midge.start();
  assert.match(midge.process.stderr, / 102 messages that wait/);
});

Deno.test("a folder that is deleted under the broker: no PUBACK, QoS 0 goes on, exit code 1", async () => {
  await using midge = await new Midge().start();
  await midge.addOffline("sleeper", "wait/#");
  const online = await midge.connect({ clientId: "online" });
  const heard: string[] = [];
  online.on("message", (_topic, payload) => heard.push(String(payload)));
  await online.subscribeAsync("now/#", { qos: 0 });
  Deno.removeSync(midge.dataFolder, { recursive: true });
  const older = await midge.connect({ clientId: "older", protocolVersion: 4 });
  let isAcknowledged = false;
  older.publish("wait/1", "v3", { qos: 1 }, (error) => isAcknowledged = error === undefined);
  await midge.said(/Unable to store in .*: the file was deleted or moved away/);
  await assert.rejects(
    online.publishAsync("wait/2", "v5", { qos: 1 }),
    (error: Error & { code: number }) => error.code === 0x97,
  );
  await online.publishAsync("now/1", "QoS 0", { qos: 0 });
  await until(() => heard.length === 1, "QoS 0 does not go on");
  assert.equal(isAcknowledged, false);
  assert.equal(midge.lines(/Unable to store/).length, 1);
  assert.equal(await midge.process.end("SIGTERM"), 1);
  assert.match(midge.process.stderr, /could not be stored: the file was deleted/);
  for (const client of [online, older]) client.end(true);
});

for (const where of ["its first page", "all pages but the first"] as const) {
  Deno.test(`a database that is overwritten under the broker (${where}) is told: no later than at the next start`, async () => {
    await using midge = await new Midge().start();
    await midge.addOffline("sleeper", "wait/#");
    const client = await midge.connect({ clientId: "older", protocolVersion: 4 });
    let acknowledged = 0;
    const send = async (topic: string) => {
      await client.publishAsync(topic, KILOBYTE.repeat(10), { qos: 1 });
      acknowledged++;
    };
    const early = Array.from({ length: 1_000 }, (_, i) => send(`wait/${i}`)); // more than the log holds
    await Promise.all(early);
    const size = Deno.statSync(midge.database).size;
    assert.ok(size > 8_000_000, `${size}`);
    using file = Deno.openSync(midge.database, { write: true });
    if (where === "its first page") file.writeSync(new Uint8Array(4_096).fill(0x5a));
    else {
      file.seekSync(4_096, Deno.SeekMode.Start);
      for (let at = 4_096; at < size; at += 4_096) file.writeSync(new Uint8Array(4_096).fill(0x5a));
    }
    let answered = 0;
    for (let i = 0; i < 1_000; i++) void send(`wait/late/${i}`).then(() => answered++, () => {});
    const isOver = () => answered === 1_000 || midge.lines(/Unable to store/).length > 0;
    await until(isOver, "neither stored nor told");
    assert.ok(midge.lines(/Unable to store/).length <= 1, midge.process.stderr);
    client.end(true);
    await midge.process.end("SIGKILL");
    midge.process = new BrokerProcess(midge.folder);
    const starts = await midge.process.listening();
    if (starts) {
      const [, count] = /(\d+) messages that wait/.exec(midge.process.stderr)!;
      assert.ok(Number(count) >= acknowledged, `${count} of ${acknowledged}`);
    } else {
      assert.equal(await midge.process.ended(), 1);
      assert.match(midge.process.stderr, /^Error: \S+midge\.db is (damaged|not a store)/m);
    }
  });
}

const STORES_THAT_STOP_THE_START: readonly {
  readonly name: string;
  readonly prepare: (midge: Midge) => Promise<BrokerProcess | void>;
  readonly says: RegExp;
}[] = [
  {
    name: "one that another broker uses",
    async prepare(midge) {
      const first = new BrokerProcess(midge.folder);
      assert.ok(await first.listening());
      Deno.writeTextFileSync(
        midge.folder.config,
        Deno.readTextFileSync(midge.folder.config).replace(/port: \d+/, `port: ${freePort()}`),
      );
      return first;
    },
    says: /^Error: \S+midge\.db is in use: process \d+ is a broker on the same store\./m,
  },
  {
    name: "one that is no database",
    async prepare(midge) {
      await Deno.mkdir(midge.dataFolder);
      Deno.writeTextFileSync(midge.database, "my diary\n".repeat(100));
    },
    says: /^Error: \S+midge\.db is not a store of midge's:/m,
  },
  {
    name: "one in a folder that is a file",
    async prepare(midge) {
      await Deno.writeTextFile(midge.dataFolder, "");
    },
    says: /^Error: \S+midge\.db can't be written:/m,
  },
];

for (const { name, prepare, says } of STORES_THAT_STOP_THE_START) {
  Deno.test(`a start with a store that can't be used ends with exit code 1 and says why: ${name}`, async () => {
    await using midge = new Midge();
    const first = await prepare(midge);
    midge.process = new BrokerProcess(midge.folder);
    assert.equal(await midge.process.ended(), 1);
    assert.match(midge.process.stderr, says);
    if (first !== undefined) await first.end("SIGKILL");
  });
}
