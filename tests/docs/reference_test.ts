// The pages in docs: the reference is current, links lead somewhere, and what is shown is real.

import assert from "node:assert/strict";
import { COMMANDS } from "../../src/cli/commands.ts";
import { configurationPage, withMosquittoTables } from "./reference.ts";

const root = new URL("../../", import.meta.url);
const docs = new URL("docs/", root);
const pages = [...Deno.readDirSync(docs)].filter(({ name }) => name.endsWith(".md"))
  .map(({ name }) => name).toSorted();
const read = (name: string) => Deno.readTextFileSync(new URL(name, docs));

/** The formatter aligns tables and wraps lines. */
function unformatted(text: string): string {
  return text.replaceAll(/ *\|[ -]*-[ -|]*\|\n/g, "|-|\n").replaceAll("_", "*").replaceAll(
    /\s+/g,
    " ",
  );
}

Deno.test("docs/configuration.md is current: deno task docs", () => {
  assert.equal(unformatted(read("configuration.md")), unformatted(configurationPage()));
});

Deno.test("docs/coming-from-mosquitto.md is current: deno task docs", () => {
  const page = read("coming-from-mosquitto.md");
  assert.equal(unformatted(page), unformatted(withMosquittoTables(page)));
});

for (const name of pages) {
  Deno.test(`docs/${name}: its links lead to files that are there, and it names real commands and tasks`, () => {
    const text = read(name);
    for (const [, target] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      assert.ok(Deno.statSync(new URL(target!, docs)), target!);
    }
    for (const [, command] of text.matchAll(/^\s*midge ([a-z]\w*)/gm)) {
      assert.ok(command === "start" || COMMANDS.some((each) => each.name === command), command!);
    }
    const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
    for (const [, task] of text.matchAll(/\bdeno task (\w+)/g)) assert.ok(task! in tasks, task!);
  });
}

Deno.test("the README leads to every page of docs", () => {
  const readme = Deno.readTextFileSync(new URL("README.md", root));
  for (const name of pages) assert.ok(readme.includes(`](docs/${name})`), name);
});
