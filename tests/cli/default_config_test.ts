// What midge takes when no configuration is named: the one of its repository, or what is built in.

import assert from "node:assert/strict";
import { findDefaultConfig } from "../../src/cli/default_config.ts";
import { ChildProcess } from "../support/process.ts";

const root = new URL("../../", import.meta.url);

Deno.test("midge in its repository is configured by config/midge.yaml, at the port of -p", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const permissions = ["--allow-read", "--allow-env", "--allow-write"];
    await using midge = new ChildProcess("main.ts", ["-p", "0"], permissions, folder);
    const [, where] = await midge.waitForOutput(
      /^midge \S+: MQTT .*, configured by .*config\/midge\.yaml\nListening on (\S+).*: everybody on this machine may connect, nobody else\.\n/,
    );
    assert.match(where!, /^127\.0\.0\.1:\d+$/);
    assert.deepEqual([...Deno.readDirSync(folder)], []); // nobody would find that broker again
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("midge that may not read its repository has the built-in defaults", async () => {
  await using midge = new ChildProcess("main.ts", ["-p", "0"]);
  await midge.waitForOutput(
    /^midge \S+: MQTT 5.0, 3.1.1 and 3.1\nListening on 127\.0\.0\.1:\d+.*: everybody on this machine may connect, nobody else\.\n/,
  );
});

Deno.test("findDefaultConfig() finds nothing where there is no folder config", () => {
  assert.equal(findDefaultConfig(new URL("src/main.ts", root).href), undefined);
  assert.equal(findDefaultConfig("https://example.com/main.ts"), undefined);
  assert.equal(findDefaultConfig(new URL("main.ts", root).href), "config/midge.yaml");
});
