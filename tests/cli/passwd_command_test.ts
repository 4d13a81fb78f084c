// `midge passwd` on real files: what it writes, says and ends with. The passwords in the files are checked by
// the broker's own authenticator. That Mosquitto reads them too is tests/interop/passwd_round_trip.ts.

import assert from "node:assert/strict";
import { join } from "node:path";
import { parsePasswordFile } from "../../src/access/password_file.ts";
import { passwd } from "../../src/cli/passwd.ts";
import { type SecretInput, SecretPrompt } from "../../src/cli/passwd_prompt.ts";
import { PasswordAuthenticator } from "../../src/server/password_authenticator.ts";

const IS_POSIX = Deno.build.os !== "windows";

/** A folder of its own for each test. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "midge-passwd-" });
  readonly file = join(this.path, "passwd");

  read(): string {
    return Deno.readTextFileSync(this.file);
  }

  write(text: string, mode = 0o600): void {
    Deno.writeTextFileSync(this.file, text);
    if (IS_POSIX) Deno.chmodSync(this.file, mode);
  }

  mode(): number {
    return Deno.statSync(this.file).mode! & 0o777;
  }

  names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

async function run(args: readonly string[], typed = "") {
  let rest: Uint8Array | undefined = new TextEncoder().encode(typed);
  const input: SecretInput = {
    read: (buffer) => {
      const length = rest?.length ?? null;
      if (rest !== undefined) buffer.set(rest);
      rest = undefined;
      return Promise.resolve(length);
    },
    isTerminal: () => false,
    setRaw: () => {},
  };
  const said = { stdout: "", stderr: "" };
  const code = await passwd(args, {
    prompt: new SecretPrompt(input, () => {}),
    write: (stream, text) => said[stream] += text,
  });
  return { code, ...said };
}

/** Whether `password` is right, by the broker's authenticator. */
async function isRight(text: string, userName: string, password: string): Promise<boolean> {
  const { entries, problems } = parsePasswordFile(text, "passwd");
  assert.deepEqual(problems, []);
  using authenticator = new PasswordAuthenticator({ entries });
  return await new Promise((resolve) =>
    authenticator.authenticate({
      clientId: "",
      userName,
      password: new TextEncoder().encode(password),
      remoteAddress: "192.0.2.7:1",
    }, ({ accepted }) => resolve(accepted))
  );
}

const HASHES = [
  { args: [], begins: "$7$1000$" },
  { args: ["-H", "sha512-pbkdf2", "-I", "12"], begins: "$7$12$" },
  { args: ["-H", "sha512"], begins: "$6$" },
  { args: ["-H", "argon2id"], begins: "$argon2id$v=19$m=47104,t=1,p=1$" },
];
for (const { args, begins } of HASHES) {
  Deno.test(`midge passwd ${args.join(" ")} -c -b makes a file with ${begins}… that only its owner reads`, async () => {
    using folder = new Folder();
    const outcome = await run([...args, "-c", "-b", folder.file, "alice", "-s3cret"]);
    assert.deepEqual(outcome, { code: 0, stdout: "Adding password for user alice\n", stderr: "" });
    assert.ok(folder.read().startsWith(`alice:${begins}`), folder.read());
    assert.ok(await isRight(folder.read(), "alice", "-s3cret"));
    assert.ok(!await isRight(folder.read(), "alice", "s3cret"));
    if (IS_POSIX) assert.equal(folder.mode(), 0o600);
    assert.deepEqual(folder.names(), ["passwd"]);
  });
}

Deno.test("midge passwd adds and changes users, and keeps the rest of the file", async () => {
  using folder = new Folder();
  folder.write("# our users\nrubbish\n");
  const set = (user: string, password: string) =>
    run(["-I", "9", "-b", folder.file, user, password]);
  assert.match((await set("alice", "one")).stdout, /^Adding password for user alice\n$/);
  assert.match((await set("bob", "two")).stdout, /^Adding/);
  assert.match((await set("alice", "three")).stdout, /^Updating password for user alice\n$/);
  const lines = folder.read().split("\n");
  assert.deepEqual(lines.slice(0, 2), ["# our users", "rubbish"]);
  assert.deepEqual(lines.slice(2).map((line) => line.split(":")[0]), ["alice", "bob", ""]);
  const text = lines.slice(2).join("\n");
  assert.ok(await isRight(text, "alice", "three"));
  assert.ok(!await isRight(text, "alice", "one"));
  assert.ok(await isRight(text, "bob", "two"));
});

Deno.test("midge passwd asks twice for the password", async () => {
  using folder = new Folder();
  assert.equal((await run(["-c", folder.file, "alice"], "pass word\npass word\n")).code, 0);
  assert.ok(await isRight(folder.read(), "alice", "pass word"));
});

Deno.test("midge passwd -D takes a user out", async () => {
  using folder = new Folder();
  folder.write("# c\nalice:x\nbob:y\n");
  assert.deepEqual(await run(["-D", folder.file, "alice"]), { code: 0, stdout: "", stderr: "" });
  assert.equal(folder.read(), "# c\nbob:y\n");
});

Deno.test("midge passwd -U hashes what is plain text, and does it only once", async () => {
  using folder = new Folder();
  folder.write("# c\nalice:one\nbob:two:three\n", 0o644);
  const first = await run(["-U", "-I", "9", folder.file]);
  assert.deepEqual([first.code, first.stdout], [0, "Hashed the passwords of 2 users\n"]);
  if (IS_POSIX) {
    assert.match(first.stderr, /^Warning: .* was open to everybody/);
    assert.equal(folder.mode(), 0o600);
  }
  const text = folder.read();
  assert.ok(await isRight(text, "alice", "one"));
  assert.ok(await isRight(text, "bob", "two:three"));
  const second = await run(["-U", folder.file]);
  assert.equal(
    second.stdout,
    "Hashed the passwords of 0 users; 2 had hashes already, which stay\n",
  );
  assert.equal(folder.read(), text);
});

Deno.test("midge passwd -c - writes the line to standard output", async () => {
  const { code, stdout, stderr } = await run(["-c", "-b", "-", "alice", "one"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.ok(await isRight(stdout, "alice", "one"));
});

Deno.test("midge passwd -c overwrites a file, and says what is gone", async () => {
  using folder = new Folder();
  folder.write("a:1\nb:2\n");
  const { code, stderr } = await run(["-c", "-b", folder.file, "alice", "one"]);
  assert.deepEqual([code, stderr], [
    0,
    `Warning: ${folder.file} was there already; its 2 users are gone.\n`,
  ]);
  assert.match(folder.read(), /^alice:\S+\n$/);
});

Deno.test({
  name: "midge passwd keeps the mode of a file that its group may read, and the link to it",
  ignore: !IS_POSIX,
  fn: async () => {
    using folder = new Folder();
    folder.write("a:1\n", 0o640);
    const link = join(folder.path, "link");
    Deno.symlinkSync(folder.file, link);
    assert.deepEqual(
      await run(["-b", link, "alice", "one"]),
      { code: 0, stdout: "Adding password for user alice\n", stderr: "" },
    );
    assert.equal(folder.mode(), 0o640);
    assert.ok(Deno.lstatSync(link).isSymlink);
    assert.match(folder.read(), /^a:1\nalice:/);
  },
});

Deno.test("midge passwd --help explains every option", async () => {
  const { code, stdout } = await run(["--help"]);
  assert.equal(code, 0);
  for (const option of ["-c ", "-b ", "-D ", "-U ", "-H HASH ", "-I N ", "-h, --help "]) {
    assert.ok(stdout.includes(`\n  ${option}`), option);
  }
});

const WRONG: readonly {
  name: string;
  args: readonly string[];
  typed?: string;
  says: RegExp;
  code?: number;
}[] = [
  { name: "no arguments", args: [], says: /^Error: The password file and username is missing\./ },
  { name: "no user", args: ["FILE"], says: /^Error: The username is missing/ },
  { name: "-b without a password", args: ["-b", "FILE", "u"], says: /The password is missing/ },
  { name: "a password without -b", args: ["FILE", "u", "hunter2"], says: /-b takes a password/ },
  { name: "-U with a user", args: ["-U", "FILE", "u"], says: /more behind the password file/ },
  { name: "an unknown option", args: ["-x", "FILE", "u"], says: /^Error: Unknown option '-x'\./ },
  {
    name: "an unknown hash",
    args: ["-H", "md5", "FILE", "u"],
    says: /Unknown hash type 'md5': .*sha512/,
  },
  { name: "-H without a hash", args: ["-H"], says: /-H argument given but not enough/ },
  { name: "-I without a number", args: ["-I"], says: /-I argument given but not enough/ },
  {
    name: "0 iterations",
    args: ["-I", "0", "FILE", "u"],
    says: /Number of iterations must be > 0/,
  },
  {
    name: "-c and -D",
    args: ["-c", "-D", "FILE", "u"],
    says: /-c and -D cannot be used together\./,
  },
  { name: "-c and -U", args: ["-c", "-U", "FILE"], says: /-c and -U cannot be used together\./ },
  { name: "-D and -U", args: ["-D", "-U", "FILE"], says: /-D and -U cannot be used together\./ },
  {
    name: "-b and -D",
    args: ["-b", "-D", "FILE", "u"],
    says: /-b and -D cannot be used together\./,
  },
  {
    name: "a colon in the user name",
    args: ["-b", "FILE", "a:b", "x"],
    says: /Username must not contain the ':'/,
  },
  {
    name: "a newline in the user name",
    args: ["-b", "FILE", "a\nb", "x"],
    says: /control characters/,
  },
  { name: "an empty user name", args: ["-b", "FILE", "", "x"], says: /Username must not be empty/ },
  { name: "a # in front", args: ["-b", "FILE", "#a", "x"], says: /must not begin with '#'/ },
  {
    name: "a blank at the end",
    args: ["-b", "FILE", "a ", "x"],
    says: /begin or end with a blank/,
  },
  {
    name: "a long user name",
    args: ["-b", "FILE", "a".repeat(65_536), "x"],
    says: /Username must be less/,
  },
  {
    name: "a long password",
    args: ["-b", "FILE", "a", "x".repeat(65_536)],
    says: /Password must be less/,
  },
  {
    name: "an unknown user to delete",
    args: ["-D", "FILE", "zoe"],
    says: /^Warning: User zoe not found in password file\.\n$/,
  },
  {
    name: "a missing file",
    args: ["-b", "FILE.not", "u", "x"],
    says:
      /^Error: Unable to open password file .*\.not\. No such file or directory\. Make it with -c\.\n$/,
  },
  {
    name: "a folder",
    args: ["-b", "FILE/..", "u", "x"],
    says: /^Error: Unable to open password file/,
  },
  {
    name: "an empty password",
    args: ["FILE", "u"],
    typed: "\n\n",
    says: /^Error: Empty password\.\n$/,
  },
  {
    name: "an empty password for Argon2id",
    args: ["-H", "argon2id", "-b", "FILE", "u", ""],
    says: /Empty password/,
  },
  {
    name: "two different passwords",
    args: ["FILE", "u"],
    typed: "a\nb\n",
    says: /^Error: Passwords do not match\.\n$/,
    code: 2,
  },
  {
    name: "a corrupt file to update",
    args: ["-U", "FILE"],
    says: /^Error: Corrupt password file at line 2\. .*passwd:2: write user:password/,
  },
];
for (const { name, args, typed, says, code = 1 } of WRONG) {
  Deno.test(`midge passwd with ${name} changes nothing and ends with exit code ${code}`, async () => {
    using folder = new Folder();
    const before = "al:one\nrubbish\n";
    folder.write(before);
    const outcome = await run(args.map((arg) => arg.replace(/^FILE/, folder.file)), typed);
    assert.deepEqual([outcome.code, outcome.stdout], [code, ""]);
    assert.match(outcome.stderr, says);
    assert.match(outcome.stderr, /^[^\n]+\.\n$/); // one line, of sentences
    assert.ok(!outcome.stderr.includes("hunter2"));
    assert.equal(folder.read(), before);
    assert.deepEqual(folder.names(), ["passwd"]);
  });
}
