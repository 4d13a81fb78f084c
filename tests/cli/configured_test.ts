// midge as a process with a mosquitto.conf, a password file and an ACL file: start, reload, and what is wrong.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connectAsync } from "mqtt";
import { freePort } from "../support/free_port.ts";
import { ChildProcess } from "../support/process.ts";

const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env"];

/** A line of a password file, as mosquitto_passwd -H sha512 writes it. */
function passwordLine(userName: string, password: string): string {
  const salt = new TextEncoder().encode(`salt of ${userName}`.padEnd(12).slice(0, 12));
  const hash = createHash("sha512").update(password).update(salt).digest("base64");
  return `${userName}:$6$${btoa(String.fromCharCode(...salt))}$${hash}\n`;
}

/** A folder with the files of a configuration, gone when the test is over. */
class Folder implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "midge-" });
  readonly #port: number = freePort(); // Mosquitto's port 0 is a Unix socket

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    const filled = text.replaceAll("DIR", this.path).replaceAll("PORT", `${this.#port}`);
    Deno.writeTextFileSync(this.file(name), filled);
  }

  file(name: string): string {
    return `${this.path}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

const ACCESS = {
  "midge.conf":
    "listener PORT 127.0.0.1\npassword_file DIR/passwd\nacl_file DIR/acl\npid_file DIR/pid\n",
  passwd: passwordLine("alice", "secret") + passwordLine("bob", "hidden"),
  acl: "user alice\ntopic readwrite home/#\nuser bob\ntopic read home/#\n",
};

async function startConfigured(folder: Folder): Promise<{ midge: ChildProcess; url: string }> {
  const midge = new ChildProcess("main.ts", ["-c", folder.file("midge.conf")], PERMISSIONS);
  const [, port] = await midge.waitForOutput(/Listening on 127\.0\.0\.1:(\d+)/);
  return { midge, url: `mqtt://127.0.0.1:${port}` };
}

function client(url: string, username: string, password: string) {
  return connectAsync(url, { username, password, protocolVersion: 5, reconnectPeriod: 0 });
}

Deno.test("midge -c mosquitto.conf lets in and lets through whom its files name", async () => {
  using folder = new Folder(ACCESS);
  const { midge, url } = await startConfigured(folder);
  await using _ = midge;
  await assert.rejects(client(url, "alice", "wrong"), /Not authorized/);
  await assert.rejects(connectAsync(url, { reconnectPeriod: 0 }), /Not authorized/);
  const alice = await client(url, "alice", "secret");
  const bob = await client(url, "bob", "hidden");
  await bob.subscribeAsync("home/#", { qos: 1 });
  const heard = new Promise<string>((resolve) =>
    bob.on("message", (_, text) => resolve(`${text}`))
  );
  await assert.rejects(bob.publishAsync("home/x", "from bob", { qos: 1 }), /Not authorized/);
  await alice.publishAsync("home/x", "from alice", { qos: 1 });
  assert.equal(await heard, "from alice");
  await Promise.all([alice.endAsync(), bob.endAsync()]);
  assert.match(Deno.readTextFileSync(folder.file("pid")), /^\d+\n$/);
  midge.signal("SIGTERM");
  assert.equal((await midge.ended()).code, 0);
  assert.throws(() => Deno.statSync(folder.file("pid")), Deno.errors.NotFound);
});

Deno.test("midge takes up new passwords and rules on SIGHUP, and disconnects who has lost his", async () => {
  using folder = new Folder(ACCESS);
  const { midge, url } = await startConfigured(folder);
  await using _ = midge;
  const alice = await client(url, "alice", "secret");
  const bob = await client(url, "bob", "hidden");
  const bobIsOut = new Promise<number | undefined>((resolve) =>
    bob.on("disconnect", ({ reasonCode }) => resolve(reasonCode))
  );
  folder.write("passwd", passwordLine("alice", "secret") + passwordLine("carol", "new"));
  folder.write("acl", "user alice\ntopic read home/#\n");
  midge.signal("SIGHUP");
  assert.equal(await bobIsOut, 0x87);
  await assert.rejects(alice.publishAsync("home/x", "no more", { qos: 1 }), /Not authorized/);
  const carol = await client(url, "carol", "new");
  await Promise.all([alice.endAsync(), bob.endAsync(true), carol.endAsync()]);
});

Deno.test("midge keeps its configuration if the changed one is wrong, and says where", async () => {
  using folder = new Folder(ACCESS);
  const { midge, url } = await startConfigured(folder);
  await using _ = midge;
  folder.write("midge.conf", `${ACCESS["midge.conf"]}max_inflight_massages 5\n`);
  midge.signal("SIGHUP");
  await midge.waitForError(/Unknown configuration variable 'max_inflight_massages'.*midge\.conf:5/);
  await midge.waitForError(/the old one goes on/);
  await (await client(url, "alice", "secret")).endAsync();
});

Deno.test("midge ends with exit code 3 if an ACL file has become bad, as Mosquitto 2.1", async () => {
  using folder = new Folder(ACCESS);
  const { midge } = await startConfigured(folder);
  await using _ = midge;
  folder.write("acl", "topik readwrite home/#\n");
  midge.signal("SIGHUP");
  const { code, stderr } = await midge.ended();
  assert.equal(code, 3);
  assert.match(stderr, /acl:1: /);
});

const WRONG = [
  {
    name: "an unknown option",
    files: { "midge.conf": "listner 1883\n" },
    says: [/^Error: Unknown configuration variable 'listner'.*midge\.conf:1.*'listener'/m],
  },
  {
    name: "two mistakes",
    files: { "midge.conf": "max_queued_messages many\nallow_anonymous maybe\n" },
    says: [/^Error: .*midge\.conf:1/m, /^Error: .*midge\.conf:2/m],
  },
  {
    name: "a password file that is not there",
    files: { "midge.conf": "listener PORT 127.0.0.1\npassword_file DIR/nowhere\n" },
    says: [/^Error: .*nowhere/m],
  },
  {
    name: "a line that is no rule",
    files: {
      "midge.conf": "listener PORT 127.0.0.1\nallow_anonymous true\nacl_file DIR/acl\n",
      acl: "topic read a\nuser\n",
    },
    says: [/^Error: .*acl:2: /m],
  },
  {
    name: "an option that midge can't keep",
    files: { "midge.conf": "listener 8883\npsk_file DIR/psk\n" },
    says: [/^Error: .*psk_file.*midge\.conf:2/m],
  },
];
for (const { name, files, says } of WRONG) {
  for (const command of [["-c"], ["check", "-c"]]) {
    Deno.test(`midge ${command.join(" ")} refuses ${name} with exit code 3`, async () => {
      using folder = new Folder(files as Record<string, string>);
      const args = [...command, folder.file("midge.conf")];
      await using midge = new ChildProcess("main.ts", args, PERMISSIONS);
      const { code, stderr, stdout } = await midge.ended();
      assert.deepEqual({ code, stdout }, { code: 3, stdout: "" });
      for (const line of says) assert.match(stderr, line);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });
  }
}

const TLS = "listener PORT 127.0.0.1\nallow_anonymous true\ncertfile DIR/crt\nkeyfile DIR/key\n";
const FAILING = [
  { name: "certificates that can't be read", conf: TLS, start: 1, says: [/\/crt: /, /\/key: /] },
  {
    name: "those and a wrong ACL file",
    conf: `${TLS}acl_file DIR/acl\n`,
    start: 3,
    says: [/\/crt: /, /\/key: /, /acl:1: /],
  },
  {
    name: "a log that can't be opened",
    conf: "listener PORT 127.0.0.1\nlog_dest file DIR/nowhere/log\n",
    start: 1,
    says: [/^Error: Unable to open log.* \S*nowhere\/log/m],
  },
];
for (const { name, conf, start, says } of FAILING) {
  for (const [command, exitCode] of [[["-c"], start], [["check", "-c"], 3]] as const) {
    Deno.test(`midge ${command.join(" ")} tells of ${name} with exit code ${exitCode}`, async () => {
      using folder = new Folder({ "midge.conf": conf, acl: "nonsense\n" });
      const args = [...command, folder.file("midge.conf")];
      await using midge = new ChildProcess("main.ts", args, PERMISSIONS);
      const { code, stderr } = await midge.ended();
      for (const line of says) assert.match(stderr, line);
      assert.equal(code, exitCode, stderr);
    });
  }
}

Deno.test("midge check says that a configuration is right, and ends with exit code 0", async () => {
  using folder = new Folder(ACCESS);
  await using midge = new ChildProcess(
    "main.ts",
    ["-c", folder.file("midge.conf"), "--test-config"],
    PERMISSIONS,
  );
  const { code, stdout } = await midge.ended();
  assert.equal(code, 0);
  assert.match(stdout, /is right/);
});

Deno.test("midge check warns with exit code 0, and refuses a place that can't be written with 3", async () => {
  for (const pidFile of ["pid", "nowhere/pid"]) {
    const conf = `listener PORT\nallow_anonymous true\npid_file DIR/${pidFile}\n`;
    using folder = new Folder({ "midge.conf": conf });
    const args = ["check", "-c", folder.file("midge.conf")];
    await using midge = new ChildProcess("main.ts", args, PERMISSIONS);
    const { code, stderr } = await midge.ended();
    assert.match(stderr, /^Warning: Listener on port \d+: Clients may connect from other machines/);
    assert.equal(code, pidFile === "pid" ? 0 : 3);
    if (code === 3) assert.match(stderr, /^Error: Unable to open pid_file .*nowhere\/pid/m);
  }
});

Deno.test("midge goes on with its old log if the new one can't be opened", async () => {
  const conf = `${ACCESS["midge.conf"]}log_dest file DIR/midge.log\nlog_dest stderr\n`;
  using folder = new Folder({ ...ACCESS, "midge.conf": conf });
  const { midge, url } = await startConfigured(folder);
  await using _ = midge;
  Deno.removeSync(folder.file("midge.log"));
  Deno.mkdirSync(folder.file("midge.log"));
  midge.signal("SIGHUP");
  await midge.waitForError(/Unable to reload: .*Everything stays as it was/);
  await (await client(url, "alice", "secret")).endAsync();
});
