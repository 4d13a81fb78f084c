// midge as a process whose files change: SIGHUP, what it says, what it does, and what it leaves alone.

import assert from "node:assert/strict";
import { connectAsync, type MqttClient } from "mqtt";
import { freePort } from "../support/free_port.ts";
import { passwordLine } from "../server/reloadable_server.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import { ChildProcess } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { connect } from "../vectors/vector.ts";

const isLinux = Deno.build.os === "linux"; // the others have no /proc
const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env"];

/** A process with its files. */
class Midge implements AsyncDisposable {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "midge-" });
  readonly #conf: string;
  #process: ChildProcess | undefined = undefined;
  /** Characters of standard error up to the last reload. */
  #read = 0;

  private constructor(conf: string) {
    this.#conf = conf;
  }

  static async start(
    conf: string,
    files: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<Midge> {
    const midge = new Midge(conf);
    for (const [name, text] of Object.entries(files)) midge.write(name, text);
    midge.#process = new ChildProcess("main.ts", ["-c", midge.path(conf), ...args], PERMISSIONS);
    if (!args.includes("-q")) await midge.process.waitForOutput(/Listening on [^]*world\n/);
    return midge;
  }

  get process(): ChildProcess {
    return this.#process!;
  }

  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  /** In one step: a reload may be under way. */
  write(name: string, text: string): void {
    Deno.writeTextFileSync(this.path(".new"), text.replaceAll("DIR", this.folder));
    Deno.renameSync(this.path(".new"), this.path(name));
  }

  /** Writes the configuration, and comes back when it holds. */
  async reload(conf?: string): Promise<void> {
    if (conf !== undefined) this.write(this.#conf, conf);
    this.process.signal("SIGHUP");
    await this.reloaded();
  }

  /** Comes back when a further reload is done. */
  async reloaded(): Promise<void> {
    const { index, 0: said } = await this.process.waitForError(/that of the files now/, this.#read);
    this.#read += index + said.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** What tests/support/outside.ts prints. */
async function outside(...args: readonly string[]): Promise<string> {
  await using child = new ChildProcess("tests/support/outside.ts", args, ["--allow-run"]);
  return (await child.ended()).stdout;
}

function client(
  port: number,
  options: Parameters<typeof connectAsync>[1] = {},
): Promise<MqttClient> {
  return connectAsync(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    ...options,
  });
}

Deno.test("a reload says of each option whether it holds now", async () => {
  const port = freePort();
  const conf = (more: string) => `listener ${port} 127.0.0.1\nallow_anonymous true\n${more}`;
  await using midge = await Midge.start("m.conf", { "m.conf": conf("pid_file DIR/a\n") });
  await midge.reload(conf("pid_file DIR/b\nmax_queued_messages 5\nmax_packet_size 1000\n"));
  await midge.process.waitForError(/max_queued_messages: applied \(1000 -> 5, \S+m\.conf:4\)\./);
  await midge.process.waitForError(/max_packet_size: applied to new connections \(2000000 -> 1000/);
  await midge.process.waitForError(/pid_file: needs a restart \(\S+a -> \S+b, \S+m\.conf:3\)\./);
});

Deno.test("a QoS 1 flow goes on through 20 reloads that change everything around it", async () => {
  const [own, other] = [freePort(), freePort()];
  const conf = (i: number) =>
    `listener ${own} 127.0.0.1\nallow_anonymous true\nacl_file DIR/acl\n` +
    `max_queued_messages ${1_000 + i}\nsys_interval ${i % 3}\nlog_type all\n` +
    (i % 2 === 0 ? `listener ${other} 127.0.0.1\n` : "");
  await using midge = await Midge.start("m.conf", {
    "m.conf": conf(0),
    acl: "topic readwrite a\n",
  });
  const [publisher, subscriber] = [await client(own), await client(own)];
  const heard: number[] = [];
  subscriber.on("message", (_, text) => heard.push(Number(`${text}`)));
  await subscriber.subscribeAsync("a", { qos: 1 });
  let isReloading = true;
  const reloads = (async () => {
    for (let i = 1; i <= 20; i++) {
      const visitor = i % 2 === 1 ? await client(other) : undefined;
      await midge.reload(conf(i));
      visitor?.end(true);
    }
    isReloading = false;
  })();
  let sent = 0;
  while (isReloading) await publisher.publishAsync("a", `${sent++}`, { qos: 1 });
  await reloads;
  for (let i = 0; heard.length < sent && i < 100; i++) await new Promise((r) => setTimeout(r, 20));
  assert.deepEqual(heard, Array.from({ length: sent }, (_, i) => i));
  await Promise.all([publisher.endAsync(), subscriber.endAsync()]);
});

Deno.test("200 reloads leave nothing open and nothing behind", { ignore: !isLinux }, async () => {
  const port = freePort();
  const other = freePort();
  const conf = (i: number) =>
    `listener ${port} 127.0.0.1\npassword_file DIR/p\nacl_file DIR/acl\nlog_dest file DIR/log\n` +
    `log_dest stderr\n${i % 2 === 0 ? `listener ${other} 127.0.0.1\n` : ""}`;
  await using midge = await Midge.start("m.conf", {
    "m.conf": conf(0) + "pid_file DIR/pid\n",
    p: passwordLine("alice", "secret"),
    acl: "user alice\ntopic a\n",
  });
  const pid = Deno.readTextFileSync(midge.path("pid")).trim();
  const state = async (): Promise<{ files: number; bytes: number }> => {
    return JSON.parse(await outside("state", pid));
  };
  const staying = await client(port, { username: "alice", password: "secret" });
  for (let i = 1; i <= 20; i++) await midge.reload(conf(i) + "pid_file DIR/pid\n");
  const before = await state();
  for (let i = 21; i <= 200; i++) await midge.reload(conf(i) + "pid_file DIR/pid\n");
  const after = await state();
  assert.ok(after.files <= before.files + 3, `${before.files} open files became ${after.files}`);
  assert.ok(after.bytes < before.bytes + 60_000_000, `${before.bytes} bytes became ${after.bytes}`);
  await staying.publishAsync("a", "x", { qos: 1 });
  await staying.endAsync();
});

Deno.test("a burst of SIGHUPs ends with what the files say then, and SIGTERM among them with exit code 0", async () => {
  const port = freePort();
  const conf = (i: number) => `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_qos ${i}\n`;
  await using midge = await Midge.start("m.conf", { "m.conf": conf(2) });
  midge.write("m.conf", conf(1));
  for (let i = 0; i < 20; i++) midge.process.signal("SIGHUP");
  midge.write("m.conf", conf(0));
  midge.process.signal("SIGHUP");
  await midge.process.waitForError(/max_qos of listener \S+ 127\.0\.0\.1: applied .* -> 0/);
  for (let i = 0; i < 5; i++) midge.process.signal("SIGHUP");
  midge.process.signal("SIGTERM");
  const { code } = await midge.process.ended();
  assert.equal(code, 0);
});

Deno.test("SIGHUP while midge starts waits until it runs", { ignore: !isLinux }, async () => {
  const port = freePort();
  const folder = Deno.makeTempDirSync({ prefix: "midge-" });
  const conf = `${folder}/m.conf`;
  // A pipe: the start can't go on before something is written to it.
  await outside("mkfifo", `${folder}/p`);
  Deno.writeTextFileSync(conf, `listener ${port} 127.0.0.1\npassword_file ${folder}/p\n`);
  await using midge = new ChildProcess("main.ts", ["-c", conf], PERMISSIONS);
  const write = () => Deno.writeTextFile(`${folder}/p`, passwordLine("alice", "secret"));
  const opened = await Deno.open(`${folder}/p`, { write: true }); // it reads: its signals are set
  midge.signal("SIGHUP");
  await opened.write(new TextEncoder().encode(passwordLine("alice", "secret")));
  opened.close();
  await midge.waitForOutput(/Listening on/);
  await write(); // for the reload
  await midge.waitForError(/that of the files now/);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("-v keeps its effect over a reload, and log_type takes effect", async () => {
  const port = freePort();
  const conf = (types: string) => `listener ${port} 127.0.0.1\nallow_anonymous true\n${types}`;
  await using verbose = await Midge.start("m.conf", { "m.conf": conf("") }, "-v");
  await verbose.reload(conf("log_type notice\n"));
  await (await client(port)).endAsync();
  await verbose.process.waitForError(/files now[^]*Received DISCONNECT/);
});

/** Comes back when new Clients are told of this Maximum Packet Size. */
async function untilAnnounced(port: number, size: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await maximumPacketSize(port) === size) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`nobody announces ${size}`);
}

async function maximumPacketSize(port: number): Promise<number | undefined> {
  try {
    using peer = await RawClient.open(port);
    await peer.send(connect({ clientId: "probe" }));
    return (await peer.expect(PacketType.Connack)).properties.maximumPacketSize;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return undefined; // not there yet
    throw error;
  }
}

Deno.test("-q keeps its effect over a reload", async () => {
  const port = freePort();
  const conf = (more: string) => `listener ${port} 127.0.0.1\nallow_anonymous true\n${more}`;
  await using midge = await Midge.start("m.conf", { "m.conf": conf("") }, "-q");
  await untilAnnounced(port, 2_000_000);
  midge.write("m.conf", conf("max_packet_size 100\nlog_dest stderr\n"));
  midge.process.signal("SIGHUP");
  await untilAnnounced(port, 100);
  midge.process.signal("SIGTERM");
  const { stderr } = await midge.process.ended();
  assert.equal(stderr, "");
});

Deno.test("an ACL file that has become bad leaves a YAML broker running, unless it says exit", async () => {
  const port = freePort();
  const yaml = (what: string) =>
    `access: {aclFile: DIR/acl, allowAnonymous: true}\nlisteners: [{port: ${port}, hostnames: [127.0.0.1]}]\n` +
    `persistence: {durability: none}\nreload: {onBadAccessFile: ${what}}\n`;
  await using midge = await Midge.start("m.yaml", {
    "m.yaml": yaml("keep"),
    acl: "topic readwrite a\n",
  });
  midge.write("acl", "topik a\n");
  midge.process.signal("SIGHUP");
  await midge.process.waitForError(/acl:1: [^]*the old one goes on/);
  await (await client(port)).endAsync();
  midge.write("acl", "topic readwrite a\n");
  await midge.reload(yaml("exit"));
  midge.write("acl", "topik a\n");
  midge.process.signal("SIGHUP");
  assert.equal((await midge.process.ended()).code, 3);
});

Deno.test("reload.watch: a changed file is a reload, be it the configuration or one that it names", async () => {
  const port = freePort();
  const yaml = (more: string) =>
    `access: {aclFile: DIR/acl, allowAnonymous: true}\nlisteners: [{port: ${port}, hostnames: [127.0.0.1]}]\n` +
    `persistence: {durability: none}\nreload: {watch: true}\n${more}`;
  await using midge = await Midge.start("m.yaml", {
    "m.yaml": yaml(""),
    acl: "topic readwrite a\n",
  });
  const staying = await client(port);
  midge.write("acl", "topic read a\n");
  await midge.reloaded();
  await assert.rejects(staying.publishAsync("a", "x", { qos: 1 }), /Not authorized/);
  midge.write("m.yaml", "listeners: 5\n");
  await midge.process.waitForError(/the old one goes on/);
  midge.write("m.yaml", yaml("limits: {maximumPacketSize: 1000}\n"));
  await midge.process.waitForError(/limits.maximumPacketSize: applied to new connections/);
  await staying.endAsync();
});
