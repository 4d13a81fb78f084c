// The log as an operator sees it: destinations, types, forms and signals, of a process with a mosquitto.conf.

import assert from "node:assert/strict";
import { connectAsync, type MqttClient } from "mqtt";
import { freePort } from "../support/free_port.ts";
import { ChildProcess } from "../support/process.ts";

const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys"];

/** midge with a mosquitto.conf of its own, and a folder that goes with it. */
class Started implements AsyncDisposable {
  readonly folder: string;
  readonly midge: ChildProcess;
  url = "";

  private constructor(conf: string, args: readonly string[]) {
    this.folder = Deno.makeTempDirSync({ prefix: "midge-logs-" });
    const path = `${this.folder}/m.conf`;
    const listener = `listener ${freePort()} 127.0.0.1\nallow_anonymous true\nuser root\n`;
    Deno.writeTextFileSync(path, `${listener}${conf.replaceAll("DIR", this.folder)}`);
    this.midge = new ChildProcess("main.ts", ["-c", path, ...args], PERMISSIONS);
  }

  /** Starts it and waits until it serves. */
  static async with(conf: string, ...args: readonly string[]): Promise<Started> {
    const started = new Started(conf, args);
    const [, port] = await started.midge.waitForOutput(
      /Listening on 127\.0\.0\.1:(\d+)[^]*world\n/,
    );
    started.url = `mqtt://127.0.0.1:${port}`;
    return started;
  }

  client(clientId: string, options: object = {}): Promise<MqttClient> {
    return connectAsync(this.url, { clientId, reconnectPeriod: 0, ...options });
  }

  /** A Client that comes, subscribes, and goes. */
  async visit(clientId: string): Promise<void> {
    const client = await this.client(clientId);
    await client.subscribeAsync("a/#", { qos: 1 });
    await client.unsubscribeAsync("a/#");
    await client.endAsync();
  }

  /** Ends it. @returns what it wrote to standard error. */
  async stderr(): Promise<string> {
    this.midge.signal("SIGTERM");
    const { code, stderr } = await this.midge.ended();
    assert.equal(code, 0);
    return stderr;
  }

  file(name: string): string {
    return Deno.readTextFileSync(`${this.folder}/${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.midge[Symbol.asyncDispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("log_type: only the types that are asked for, to every destination, however often it is named", async () => {
  await using started = await Started.with(`
log_dest file DIR/midge.log
log_dest stderr
log_dest stderr
log_type subscribe
log_type unsubscribe
log_timestamp false
`);
  await started.visit("visitor");
  const stderr = await started.stderr();
  assert.equal(stderr, "visitor 1 a/#\nvisitor a/#\n");
  assert.equal(started.file("midge.log"), stderr);
});

Deno.test("log_timestamp_format and connection_messages hold for every line", async () => {
  await using started = await Started.with(`
log_dest file DIR/midge.log
log_type all
log_timestamp_format [%Y-%m-%dT%H:%M:%S]
connection_messages false
`);
  await started.visit("visitor");
  assert.equal(await started.stderr(), "");
  const lines = started.file("midge.log").trimEnd().split("\n");
  for (const line of lines) assert.match(line, /^\[20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\]: /);
  const log = lines.join("\n");
  assert.doesNotMatch(log, /New connection|New client|disconnected|will message/);
  assert.match(
    log,
    /: Received SUBSCRIBE from visitor\n.*: \ta\/# \(QoS 1\)\n.*: visitor 1 a\/#\n/,
  );
});

Deno.test("-v logs every type whatever the configuration says, and log_dest none nothing", async () => {
  await using verbose = await Started.with("log_type none\nlog_timestamp false\n", "-v");
  await verbose.visit("visitor");
  assert.match(
    await verbose.stderr(),
    /Received SUBSCRIBE[^]*\nvisitor 1 a\/#\n[^]*terminating\n$/,
  );
  await using silent = await Started.with("log_dest none\n", "-v");
  await silent.visit("visitor");
  assert.equal(await silent.stderr(), "");
});

Deno.test("log_dest topic publishes what is logged, and nothing about that", async () => {
  await using started = await Started.with(
    "log_dest topic\nlog_type all\nlog_timestamp false\n",
  );
  const reader = await started.client("reader");
  const heard: string[] = [];
  const hasLeft = new Promise<void>((resolve) =>
    reader.on("message", (topic, payload) => {
      heard.push(`${topic} ${payload.toString().replaceAll(/:\d{4,}/g, ":X")}`);
      if (/visitor \[.*disconnected/.test(heard.at(-1)!)) resolve();
    })
  );
  await reader.subscribeAsync("$SYS/broker/log/#", { qos: 2 });
  await started.visit("visitor");
  await hasLeft;
  const aboutVisitor = heard.filter((line) => line.includes("visitor"));
  assert.deepEqual(aboutVisitor, [
    "$SYS/broker/log/N New client connected from 127.0.0.1:X as visitor (p2, c1, k60).",
    "$SYS/broker/log/M/subscribe visitor 1 a/#",
    "$SYS/broker/log/M/unsubscribe visitor a/#",
    "$SYS/broker/log/N Client visitor [127.0.0.1:X] disconnected.",
  ]);
  assert.ok(heard.length < 30, heard.join("\n")); // those of the start and the reader, and no end of them
  await reader.endAsync();
  assert.equal(await started.stderr(), "");
});

Deno.test({
  name: "midge loses its syslog lines where there is no syslog, and says so once",
  ignore: Deno.build.os === "windows" || exists("/dev/log") || exists("/var/run/syslog"),
  fn: async () => {
    await using started = await Started.with("log_dest syslog\nlog_facility 5\n");
    await started.visit("one");
    await started.visit("two");
    assert.match(
      await started.stderr(),
      /^Error: Unable to write to syslog \S+: .*Lines are lost\.\n$/,
    );
  },
});

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test("log_dest file /dev/stdout is standard output, as container images have it", async () => {
  await using started = await Started.with("log_dest file /dev/stdout\nlog_timestamp false\n");
  await started.visit("one");
  await started.midge.waitForOutput(/New client connected from .* as one /);
  assert.equal(await started.stderr(), "");
});

Deno.test("midge opens its log file anew on SIGHUP", async () => {
  await using started = await Started.with("log_dest file DIR/midge.log\nlog_timestamp false\n");
  await started.visit("before");
  Deno.renameSync(`${started.folder}/midge.log`, `${started.folder}/old.log`);
  started.midge.signal("SIGHUP");
  while (!exists(`${started.folder}/midge.log`)) await new Promise((go) => setTimeout(go, 10));
  await started.visit("after");
  await started.stderr();
  assert.match(started.file("old.log"), /as before /);
  assert.doesNotMatch(started.file("old.log"), /as after /);
  assert.match(started.file("midge.log"), /as after /);
});

Deno.test("midge logs Sessions, Subscriptions and queues on SIGUSR2", async () => {
  await using started = await Started.with("log_timestamp false\n");
  const absent = await started.client("absent", { clean: false });
  await absent.subscribeAsync({ "a/#": { qos: 1 }, "$share/g/b": { qos: 0 } });
  await absent.endAsync();
  const present = await started.client("present", { username: "alice" });
  await present.publishAsync("a/b", "12345", { qos: 1, retain: true });
  started.midge.signal("SIGUSR2");
  const [report] = await started.midge.waitForError(/Sessions: [^]*Session present.*\n/);
  assert.deepEqual(report.replaceAll(/:\d{4,}|\d+ bytes/g, "X").trimEnd().split("\n"), [
    "Sessions: 2, 1 of them connected; subscriptions: 1, shared: 1; retained messages: " +
    /retained messages: (\d+)/.exec(report)![1],
    "Session absent: not connected, 2 subscriptions, 0 messages under way, 1 queued (X), " +
    "0 awaiting PUBREL, X of output",
    "\ta/# (QoS 1)",
    "\t$share/g/b (QoS 0)",
    "Session present (u'alice'): connected from 127.0.0.1X, 0 subscriptions, " +
    "0 messages under way, 0 queued (X), 0 awaiting PUBREL, X of output",
  ]);
  await present.endAsync();
});

Deno.test("midge shuts the debugger that the runtime opens on SIGUSR1, and goes on", async () => {
  await using started = await Started.with("log_timestamp false\n");
  if (await isOpen(DEBUGGER_PORT)) return; // another program's: nothing can be seen
  const look = () => new Promise((resolve) => setTimeout(resolve, 40));
  for (let tries = 0; tries < 12; tries++) { // a process that has just begun opens none yet
    started.midge.signal("SIGUSR1");
    await look();
  }
  await started.midge.waitForError(/SIGUSR1: there is nothing to save/);
  for (let tries = 0; await isOpen(DEBUGGER_PORT); tries++) {
    assert.ok(tries < 100, "the debugger stays open");
    await look();
  }
  await started.visit("visitor");
});

const DEBUGGER_PORT = 9229;

async function isOpen(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
