// What the executable may do and holds, and how its making fails.

import assert from "node:assert/strict";
import { firstReason, FLAGS, TARGETS, WORKERS } from "../../config/release/compile.ts";

const root = new URL("../../", import.meta.url);

Deno.test("the executable may use the network, files, the environment and the system's facts, no more", () => {
  const allowed = FLAGS.filter((flag) => flag.startsWith("--allow"));
  assert.deepEqual(allowed, [
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys",
  ]);
  assert.ok(FLAGS.includes("--no-prompt") && FLAGS.includes("--no-code-cache"));
});

Deno.test("the executable holds every worker and every file that src names by its URL", async () => {
  const named = new Set<string>();
  for (const path of filesIn("src")) {
    const text = await Deno.readTextFile(new URL(path, root));
    for (const [, name] of text.matchAll(/new URL\(\s*"([^"]+)",\s*import\.meta\.url/g)) {
      named.add(new URL(name!, new URL(path, root)).href.slice(root.href.length));
    }
  }
  assert.deepEqual([...named].toSorted(), WORKERS.toSorted());
});

Deno.test("midge is released for five systems, under names of their own", () => {
  assert.deepEqual(TARGETS.map(({ name }) => name), [
    "linux-x64",
    "linux-arm64",
    "macos-x64",
    "macos-arm64",
    "windows-x64",
  ]);
  assert.equal(new Set(TARGETS.map(({ triple }) => triple)).size, TARGETS.length);
});

const REPORTS = [
  {
    name: "a base runtime that can't be downloaded",
    report: "error: Writing deno compile executable to temporary file 'x'\n\nCaused by:\n" +
      "    0: Setting up base binary.\n    1: error sending request for url " +
      "(https://example.com/denort.zip): client error (Connect): dns error\n",
    says: "the base runtime can't be downloaded (https://example.com/denort.zip)",
  },
  {
    name: "a module that is not there",
    report: 'error: Module not found "file:///src/nowhere.ts".\n    at file:///main.ts:1:1\n',
    says: 'Module not found "file:///src/nowhere.ts".',
  },
  { name: "words of another form", report: "Segmentation fault\n", says: "Segmentation fault" },
];
for (const { name, report, says } of REPORTS) {
  Deno.test(`firstReason() says ${name} in a line`, () => {
    assert.equal(firstReason(report), says);
  });
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(`${folder}/`, root))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? filesIn(path) : path.endsWith(".ts") ? [path] : [];
  });
}
