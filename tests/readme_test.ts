// The README promises; this holds it to that.

import assert from "node:assert/strict";
import { consoleSession, runProgram } from "../src/cli/program.ts";
import { DEFAULT_LIMITS } from "../src/mod.ts";
import { DEFAULT_HANDSHAKE_LIMITS } from "../src/transport/handshakes.ts";

const root = new URL("../", import.meta.url);
const readme = await Deno.readTextFile(new URL("README.md", root));
const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));

const LIMITS = { ...DEFAULT_LIMITS, ...DEFAULT_HANDSHAKE_LIMITS };
for (const [name, value] of Object.entries(LIMITS)) {
  Deno.test(`the README's table of limits has ${name} with its default`, () => {
    assert.match(readme, new RegExp(`^\\| \`${name}\` +\\| ${value} +\\| `, "m"));
  });
}

Deno.test("the README's table of limits has nothing else", () => {
  const section = readme.slice(readme.indexOf("\n## Limits"), readme.indexOf("\n## License"));
  const rows = [...section.matchAll(/^\| `(\w+)` +\|/gm)].map((match) => match[1]!);
  assert.deepEqual(rows.toSorted(), Object.keys(LIMITS).toSorted());
});

Deno.test("the README shows the help text that midge prints", async () => {
  let help = "";
  const print = (text: string) => help += text;
  await runProgram(["help"], { ...consoleSession(), print });
  assert.ok(readme.includes(`\`\`\`text\n$ midge --help\n${help}\`\`\`\n`), help);
});

Deno.test("every task that the README names exists", () => {
  const named = new Set([...readme.matchAll(/\btask (\w+)/g)].map((match) => match[1]!));
  for (const name of named) assert.ok(name in config.tasks, `no task ${name}`);
  assert.ok(named.has("start") && named.has("test"));
});

Deno.test("the README names the pinned Deno", () => {
  assert.deepEqual([...new Set(readme.match(/deno@[\d.]+/g))], ["deno@2.9.6"]);
});

Deno.test("the README shows the version that deno.json has", () => {
  assert.ok(readme.includes(`midge ${config.version}: MQTT`));
});

Deno.test("every folder of src has its row in docs/architecture.md", async () => {
  const page = await Deno.readTextFile(new URL("docs/architecture.md", root));
  for await (const entry of Deno.readDir(new URL("src/", root))) {
    if (entry.isDirectory) assert.ok(page.includes(`| \`src/${entry.name}\` `), entry.name);
  }
});
