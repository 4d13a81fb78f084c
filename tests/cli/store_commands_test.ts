import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../src/cli/program.ts";
import { StoreLock } from "../../src/store/store_lock.ts";

const MOSQUITTO_DB = fileURLToPath(new URL("../store/mosquitto-2.0.11.db", import.meta.url));

interface Ending {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

async function run(...args: string[]): Promise<Ending> {
  let output = "";
  let errors = "";
  const code = await runProgram(args, {
    readTextFile: () => "",
    print: (text) => output += text,
    printError: (text) => errors += text,
    exitCode: 0,
  });
  return { code, output, errors };
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "midge-cli-" });
  try {
    await use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("import, backup and restore say what they did", () =>
  inFolder(async (folder) => {
    const config = `${folder}/midge.yaml`;
    Deno.writeTextFileSync(config, `persistence:\n  directory: ${folder}/data\n`);
    const path = `${folder}/data/midge.db`;
    assert.deepEqual(await run("import", "-c", config, MOSQUITTO_DB), {
      code: 0,
      output: `${path} has now, from ${MOSQUITTO_DB}: sessions 3, subscriptions 3, ` +
        "queued messages 11, retained messages 2.\n",
      errors: "",
    });
    const copied = await run("backup", "-c", config, `${folder}/copy.db`);
    assert.equal(copied.code, 0);
    assert.match(copied.output, /copy\.db, and the copy is good: \d+ bytes\.\n$/);
    const restored = await run("restore", "--store", path, `${folder}/copy.db`);
    assert.equal(restored.code, 0);
    assert.match(
      restored.output,
      /^.*midge\.db is what .*copy\.db was\.\nThe store before is kept/,
    );
  }));

Deno.test("a store that a broker uses is neither restored nor imported into", () =>
  inFolder(async (folder) => {
    const path = `${folder}/midge.db`;
    await run("import", "--store", path, MOSQUITTO_DB);
    await run("backup", "--store", path, `${folder}/copy.db`);
    using _ = StoreLock.take(path);
    for (const [command, file] of [["restore", `${folder}/copy.db`], ["import", MOSQUITTO_DB]]) {
      const { code, errors } = await run(command!, "--store", path, file!);
      assert.equal(code, 1);
      assert.match(errors, /^Error: .*midge\.db is in use: process \d+/);
    }
    assert.equal((await run("backup", "--store", path, `${folder}/copy.db`)).code, 0);
  }));

const WRONG: readonly { args: string[]; errors: RegExp }[] = [
  { args: ["backup", "x.db"], errors: /Which store\? Name the broker's configuration/ },
  { args: ["backup", "-c", "a", "--store", "b", "x.db"], errors: /by --store or by -c, not both/ },
  { args: ["backup", "-c", "/nonexistent.conf", "x.db"], errors: /nonexistent\.conf/ },
  { args: ["restore", "--store", "x.db"], errors: /[Mm]issing required argument/ },
];
for (const { args, errors } of WRONG) {
  Deno.test(`midge ${args.join(" ")} ends with 3`, async () => {
    const ending = await run(...args);
    assert.equal(ending.code, 3);
    assert.match(ending.errors, errors);
  });
}
