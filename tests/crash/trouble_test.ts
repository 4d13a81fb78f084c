// Trouble with the disk under a real process: what can't be stored is not acknowledged, the rest goes on, and midge
// recovers by itself. A full disk needs a file system of its own: as root, with --allow-run (deno task crash).

import assert from "node:assert/strict";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
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

  remount(how: "ro" | "rw"): void {
    run("mount", "-o", `remount,${how}`, this.path);
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
