// Who a process of root's becomes: the decision as a table, and, where the tests run as root, the real thing.

import assert from "node:assert/strict";
import { type Note, planUser, UserError } from "../../src/cli/become_user.ts";
import { ChildProcess } from "../support/process.ts";

const PASSWD = "root:x:0:0:root:/root:/bin/sh\nmqtt:x:101:102::/:/bin/false\n" +
  "nobody:x:65534:65534:nobody:/:/bin/false\nbroken:x:what:1::/:/bin/false\n";
const WITH_MOSQUITTO = `${PASSWD}mosquitto:x:103:104::/:/bin/false\n`;

interface Row {
  readonly user: string | null;
  readonly passwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** uid:gid, or the first words of the error. */
  readonly becomes: string;
  readonly warns?: RegExp;
}

const ROWS: readonly Row[] = [
  { user: "mqtt", becomes: "101:102" },
  { user: "mosquitto", passwd: WITH_MOSQUITTO, becomes: "103:104" },
  {
    user: "mosquitto",
    becomes: "65534:65534",
    warns: /^Unable to drop privileges to 'mosquitto' because .* Trying 'nobody' instead\.$/,
  },
  {
    user: "mosquitto",
    passwd: "",
    becomes: "Unable to drop privileges to 'nobody'.",
    warns: /Trying 'nobody'/,
  },
  {
    user: "gone",
    becomes: "Unable to drop privileges to 'gone' because this user does not exist.",
  },
  {
    user: "broken",
    becomes: "Unable to drop privileges to 'broken' because this user does not exist.",
  },
  { user: "root", becomes: "stays" },
  { user: null, becomes: "stays" },
  { user: "mqtt", environment: { PUID: "7", PGID: "8" }, becomes: "7:8" },
  { user: "gone", environment: { PUID: "7" }, becomes: "7:" },
  { user: null, environment: { PGID: "8" }, becomes: ":8" },
  { user: "mqtt", environment: { PUID: "0" }, becomes: "101:102" },
  { user: "mqtt", environment: { PUID: "me" }, becomes: "PUID not a valid ID 'me'." },
  { user: "mqtt", environment: { PGID: "-1" }, becomes: "PGID not a valid ID '-1'." },
  {
    user: "mqtt",
    environment: { PUID: "2147483648" },
    becomes: "PUID must not be more than 2147483647.",
  },
];
for (const { user, passwd = PASSWD, environment = {}, becomes, warns } of ROWS) {
  const given = JSON.stringify({ user, ...environment });
  Deno.test(`a process of root's with ${given}: ${becomes}`, () => {
    const notes: Note[] = [];
    const surroundings = { passwd: () => passwd, environment: (name: string) => environment[name] };
    assert.equal(
      shown(() => planUser(user, surroundings, notes)).slice(0, becomes.length),
      becomes,
    );
    assert.equal(notes.length, warns === undefined ? 0 : 1);
    if (warns !== undefined) assert.match(notes[0]!.text, warns);
  });
}

function shown(plan: () => ReturnType<typeof planUser>): string {
  try {
    const found = plan();
    return found === undefined ? "stays" : `${found.uid ?? ""}:${found.gid ?? ""}`;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message;
  }
}

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;
const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys"];

/** A folder that everybody may use, with a mosquitto.conf in it. */
function folderOfAll(conf: string): { path: string; conf: string } & Disposable {
  const path = Deno.makeTempDirSync({ prefix: "midge-user-" });
  Deno.chmodSync(path, 0o777);
  const file = `${path}/midge.conf`;
  Deno.writeTextFileSync(file, conf.replaceAll("DIR", path));
  return { path, conf: file, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

Deno.test({
  name: "midge started by root becomes its user, for what it writes as well, and says so",
  ignore: !isRoot,
  async fn() {
    using folder = folderOfAll("user nobody\npid_file DIR/pid\nlog_dest file DIR/log\n");
    await using midge = new ChildProcess("main.ts", ["-c", folder.conf, "-p", "0"], PERMISSIONS);
    await midge.waitForOutput(/Listening on/);
    const nobody = Number(/^nobody:[^:]*:(\d+)/m.exec(Deno.readTextFileSync("/etc/passwd"))![1]);
    assert.equal(Deno.statSync(`${folder.path}/pid`).uid, nobody);
    assert.equal(Deno.statSync(`${folder.path}/log`).uid, nobody);
    midge.signal("SIGTERM");
    assert.equal((await midge.ended()).code, 0);
    assert.match(Deno.readTextFileSync(`${folder.path}/log`), /: Running as user 'nobody'\.\n/);
    assert.throws(() => Deno.statSync(`${folder.path}/pid`), Deno.errors.NotFound);
  },
});

Deno.test({
  name: "midge says what its user can't read on a reload, and goes on with what it has",
  ignore: !isRoot,
  async fn() {
    using folder = folderOfAll("user nobody\n");
    Deno.chmodSync(folder.conf, 0o600);
    await using midge = new ChildProcess("main.ts", ["-c", folder.conf, "-p", "0"], PERMISSIONS);
    await midge.waitForError(/A reload will change nothing, because .*midge\.conf: Unable to open/);
    await midge.waitForOutput(/Listening on/);
    midge.signal("SIGHUP");
    await midge.waitForError(/the old one goes on/);
  },
});

const REFUSED = [
  { args: ["-c"], code: 1 },
  { args: ["check"], code: 3 },
];
for (const { args, code } of REFUSED) {
  Deno.test({
    name: `midge ${args} as root refuses a user that does not exist with exit code ${code}`,
    ignore: !isRoot,
    async fn() {
      using folder = folderOfAll("user no-such-user\n");
      await using midge = new ChildProcess("main.ts", [...args, folder.conf], PERMISSIONS);
      const ended = await midge.ended();
      assert.deepEqual({ code: ended.code, stdout: ended.stdout }, { code, stdout: "" });
      assert.match(ended.stderr, /^Error: Unable to drop privileges to 'no-such-user' because /m);
    },
  });
}

Deno.test({
  name: "midge that may not leave root does not serve",
  ignore: !isRoot,
  async fn() {
    using folder = folderOfAll("user nobody\n");
    const permissions = [...PERMISSIONS.slice(0, 3), "--allow-sys=uid"];
    await using midge = new ChildProcess("main.ts", ["-c", folder.conf, "-p", "0"], permissions);
    const { code, stderr } = await midge.ended();
    assert.equal(code, 1);
    assert.match(stderr, /^Error: Deno was started without a permission that this needs/m);
  },
});
