// Password files go both ways between midge and Mosquitto: each tool writes, both brokers read, and both
// tools and both brokers answer alike. Needs mosquitto, mosquitto_passwd, mosquitto_pub and script
// (util-linux) on the PATH.
//
//   deno run --allow-all tests/interop/passwd_round_trip.ts

import assert from "node:assert/strict";
import { join } from "node:path";
import { parsePasswordFile } from "../../src/access/password_file.ts";
import { passwd } from "../../src/cli/passwd.ts";
import { SecretPrompt } from "../../src/cli/passwd_prompt.ts";
import { PasswordAuthenticator } from "../../src/server/password_authenticator.ts";
import { Server } from "../../src/server/server.ts";

const TIMEOUT_MS = 10_000;
const TOOLS = ["mosquitto", "mosquitto_passwd", "mosquitto_pub", "script"];

interface Outcome {
  readonly code: number;
  readonly text: string;
}

async function run(command: string, ...args: readonly string[]): Promise<Outcome> {
  const output = await new Deno.Command(command, {
    args: [...args],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  const decoder = new TextDecoder();
  return { code: output.code, text: decoder.decode(output.stdout) + decoder.decode(output.stderr) };
}

async function ours(...args: readonly string[]): Promise<Outcome> {
  let text = "";
  const nothing = { read: () => Promise.resolve(null), isTerminal: () => false, setRaw: () => {} };
  const code = await passwd(args, {
    prompt: new SecretPrompt(nothing, () => {}),
    write: (_stream, said) => text += said,
  });
  return { code, text };
}

const theirs = (...args: readonly string[]): Promise<Outcome> => run("mosquitto_passwd", ...args);

// ----------------------------------------------------------------------------------------- brokers

interface RunningBroker extends AsyncDisposable {
  readonly port: number;
}

/** Mosquitto on a free port of this machine. */
async function startMosquitto(folder: string, passwordFile: string): Promise<RunningBroker> {
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  const config = join(folder, "mosquitto.conf");
  Deno.writeTextFileSync(
    config,
    `listener ${port} 127.0.0.1\npassword_file ${passwordFile}\nuser root\npersistence false\n`,
  );
  const child = new Deno.Command("mosquitto", {
    args: ["-c", config],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
    stdout: "null",
    stderr: "null",
  }).spawn();
  for (let i = 0;; i++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      break;
    } catch (error) {
      if (i === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

function startMidge(passwordFile: string): RunningBroker {
  const { entries, problems } = parsePasswordFile(
    Deno.readTextFileSync(passwordFile),
    passwordFile,
  );
  assert.deepEqual(problems, []);
  const authenticator = new PasswordAuthenticator({ entries });
  const server = Server.start({ authenticator });
  return {
    port: server.port,
    async [Symbol.asyncDispose]() {
      await server.stop();
      authenticator[Symbol.dispose]();
    },
  };
}

/** mosquitto_pub's exit code: the code of the CONNACK. */
async function connect(port: number, version: string, user?: string, password?: string) {
  const credentials = [
    ...user === undefined ? [] : ["-u", user],
    ...password === undefined ? [] : ["-P", password],
  ];
  const common = ["-h", "127.0.0.1", "-p", `${port}`, "-t", "t", "-m", "m"];
  return (await run("mosquitto_pub", "-V", version, ...common, ...credentials)).code;
}

/** Both brokers let in everybody of `users` with the right password, and nobody else. */
async function assertBothRead(folder: string, file: string, users: Record<string, string>) {
  await using mosquitto = await startMosquitto(folder, file);
  await using midge = startMidge(file);
  for (const { name, port } of [{ name: "Mosquitto", ...mosquitto }, { name: "midge", ...midge }]) {
    for (const [user, password] of Object.entries(users)) {
      assert.equal(await connect(port, "mqttv5", user, password), 0, `${name}, ${user}`);
      assert.equal(await connect(port, "mqttv5", user, `${password}x`), 0x87, `${name}, ${user}`);
    }
  }
}

// ------------------------------------------------------------------------------------------- steps

async function bothWays(folder: string): Promise<void> {
  const file = join(folder, "both");
  const users: Record<string, string> = {};
  const set = async (tool: typeof ours, user: string, password: string, ...options: string[]) => {
    const { code, text } = await tool(...options, "-b", file, user, password);
    assert.equal(code, 0, text);
    users[user] = password;
  };
  await set(ours, "ours", "päss word", "-c");
  await set(theirs, "theirs", "p@ss:word");
  await set(ours, "ours old", "one", "-H", "sha512");
  await set(theirs, "theirs old", "two", "-H", "sha512");
  await set(ours, "ours slow", "three", "-I", "50000");
  await assertBothRead(folder, file, users);
  await set(ours, "theirs", "set by midge");
  await set(theirs, "ours", "set by Mosquitto");
  assert.equal((await theirs("-D", file, "ours old")).code, 0);
  assert.equal((await ours("-D", file, "theirs old")).code, 0);
  delete users["ours old"];
  delete users["theirs old"];
  await assertBothRead(folder, file, users);
  assert.equal(
    Deno.readTextFileSync(file).split("\n").length,
    Object.keys(users).length + 1,
    "one line for each user",
  );
}

async function hashesPlainText(folder: string): Promise<void> {
  for (const [name, tool] of Object.entries({ ours, theirs })) {
    const file = join(folder, `plain-${name}`);
    Deno.writeTextFileSync(file, "al:one\nbob: two \r\n");
    assert.equal((await tool("-U", file)).code, 0);
    await assertBothRead(folder, file, { al: "one", bob: "two" });
  }
}

/** Arguments and whether they succeed, for both tools alike. */
const EXIT_CODES: readonly (readonly string[])[] = [
  [],
  ["FILE"],
  ["-b", "FILE", "new", "password"],
  ["-b", "FILE", "al", "password"],
  ["-b", "FILE", "al", ""],
  ["-b", "FILE", "al"],
  ["-b", "FILE", "a:b", "password"],
  ["-b", "FILE", "a\tb", "password"],
  ["-b", "MISSING", "al", "password"],
  ["-c", "-b", "FILE", "al", "password"],
  ["-c", "-D", "FILE", "al"],
  ["-D", "-U", "FILE"],
  ["-D", "FILE", "al"],
  ["-D", "FILE", "nobody"],
  ["-D", "-b", "FILE", "al"],
  ["-H", "md5", "-b", "FILE", "al", "password"],
  ["-H", "sha512", "-b", "FILE", "al", "password"],
  ["-H"],
  ["-U", "FILE"],
  ["-U", "MISSING"],
  ["FILE", "al"], // nothing to read: an empty password
];

async function sameExitCodes(folder: string): Promise<void> {
  for (const args of EXIT_CODES) {
    const codes = [];
    for (const tool of [ours, theirs]) {
      const file = join(folder, "codes");
      Deno.writeTextFileSync(file, "al:one\nbob:two\n");
      const own = args.map((arg) =>
        arg === "FILE" ? file : arg === "MISSING" ? join(folder, "missing") : arg
      );
      codes.push((await tool(...own)).code);
    }
    assert.equal(codes[0], codes[1], `midge and Mosquitto differ for: ${args.join(" ")}`);
  }
}

async function sameRefusals(folder: string): Promise<void> {
  const file = join(folder, "refusals");
  assert.equal((await theirs("-c", "-b", file, "al", "right")).code, 0);
  await using mosquitto = await startMosquitto(folder, file);
  await using midge = startMidge(file);
  const rows: readonly [string?, string?][] = [
    ["al", "right"],
    ["al", "wrong"],
    ["nobody", "right"],
    ["al"],
    [],
  ];
  for (const version of ["mqttv31", "mqttv311", "mqttv5"]) {
    for (const row of rows) {
      const codes = [];
      for (const { port } of [mosquitto, midge]) codes.push(await connect(port, version, ...row));
      assert.equal(codes[1], codes[0], `${version} ${row.join(" ")}`);
    }
  }
}

/** At a real terminal: the password is asked for twice and never shown. */
async function asksWithoutEcho(folder: string): Promise<void> {
  const file = join(folder, "asked");
  const module = new URL("../../src/cli/passwd.ts", import.meta.url);
  const program = join(folder, "passwd.ts");
  Deno.writeTextFileSync(
    program,
    `import { passwd } from ${JSON.stringify(module.href)};\nDeno.exit(await passwd(Deno.args));\n`,
  );
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const command = [Deno.execPath(), "run", "--quiet", "--no-lock", "--config", config]
    .concat(["--allow-read", "--allow-write", program, "-c", file, "al"])
    .map((word) => `'${word}'`).join(" ");
  const child = new Deno.Command("script", {
    args: ["-qefc", command, join(folder, "typescript")],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const keys = child.stdin.getWriter();
  const type = (text: string) => keys.write(new TextEncoder().encode(text));
  let screen = "";
  let asked = 0;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    screen += text;
    if (asked === 0 && screen.includes("Password: ")) {
      asked++;
      setTimeout(() => type("hunter2x\x7f\r"), 200); // it is shown before the terminal is switched
    } else if (asked === 1 && screen.includes("Reenter password: ")) {
      asked++;
      setTimeout(() => type("hunter2\r"), 200);
    }
  }
  await keys.close().catch(() => {});
  assert.equal((await child.status).code, 0, screen);
  assert.equal(asked, 2);
  assert.ok(!screen.includes("hunter2"), screen);
  assert.ok(screen.includes("Adding password for user al"), screen);
  await assertBothRead(folder, file, { al: "hunter2" });
}

// -------------------------------------------------------------------------------------------- main

for (const tool of TOOLS) {
  try {
    await run(tool, "--help");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await say(`passwd round trip: ${tool} is not installed`);
    Deno.exit(2);
  }
}
const steps = { bothWays, hashesPlainText, sameExitCodes, sameRefusals, asksWithoutEcho };
for (const [name, step] of Object.entries(steps)) {
  const folder = Deno.makeTempDirSync({ prefix: "midge-interop-" });
  try {
    await step(folder);
    await say(`passwd round trip: ${name} ok`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

async function say(text: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
}
