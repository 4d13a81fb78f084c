// The pages in docs: the reference is current, links lead somewhere, and what is shown is real.

import assert from "node:assert/strict";
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

/** What GitHub makes of the headings of the page at `url`. */
function anchorsOf(url: URL): string[] {
  const headings = Deno.readTextFileSync(url).matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, text]) =>
    text!.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

for (const name of ["../README.md", ...pages]) {
  Deno.test(`docs/${name}: its links lead to what is there, and it names real tasks`, () => {
    const text = read(name);
    const page = new URL(name, docs);
    for (const [, target, anchor] of text.matchAll(/\]\(([^)#:]*)(?:#([^)]*))?\)/g)) {
      const url = target === "" ? page : new URL(target!, page);
      assert.ok(Deno.statSync(url), target!);
      if (anchor !== undefined) assert.ok(anchorsOf(url).includes(anchor), `${target}#${anchor}`);
    }
    const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
    for (const [, task] of text.matchAll(/\bdeno task (\w+)/g)) assert.ok(task! in tasks, task!);
  });
}

Deno.test("docs/architecture.md names files that are there", () => {
  const named = [...read("architecture.md").matchAll(/`([a-z_]+\/[\w/]+\.ts)`/g)].map((m) => m[1]!);
  assert.ok(named.length > 10);
  for (const path of named) {
    const isWhole = path.startsWith("src/") || path.startsWith("tests/");
    assert.ok(Deno.statSync(new URL(isWhole ? path : `src/${path}`, root)).isFile, path);
  }
});

Deno.test("the README leads to every page of docs", () => {
  const readme = Deno.readTextFileSync(new URL("README.md", root));
  for (const name of pages) assert.ok(readme.includes(`](docs/${name})`), name);
});
