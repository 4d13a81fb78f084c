// The programs that the documentation shows run, and end. Their types: deno task check.

import assert from "node:assert/strict";

const docs = new URL("../../docs/", import.meta.url);
const examples = [...Deno.readDirSync(docs)].filter(({ name }) => name.endsWith(".md"))
  .flatMap(({ name }) => {
    const page = Deno.readTextFileSync(new URL(name, docs));
    return [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, text], i) => ({
      name: `docs/${name}, program ${i + 1}`,
      // From a folder elsewhere; what the import map has is named in full there.
      text: text!.replaceAll('"../src/', `"${new URL("../src/", docs)}`)
        .replaceAll('"mqtt"', `"${import.meta.resolve("mqtt")}"`),
    }));
  });

for (const { name, text } of examples) {
  Deno.test(`${name} runs, and ends`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "midge-example-" });
    try {
      await Deno.writeTextFile(`${folder}/example.ts`, text);
      await import(`file://${folder}/example.ts`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("the documentation has programs", () => assert.ok(examples.length >= 3));
