// Whatever stands in a configuration file: it is read, or refused with a place for every problem; never another error.

import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError } from "../../src/config/config_error.ts";
import { MOSQUITTO_OPTIONS } from "../../src/config/mosquitto_options.ts";
import { readConfig } from "../../src/config/read_config.ts";
import { memoryIO } from "./memory_io.ts";

async function readsOrRefuses(path: string, text: string): Promise<void> {
  const io = memoryIO({ [path]: text, "/d/a.conf": text }, { NAME: "value" });
  try {
    await readConfig(path, io);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.ok(error.problems.length > 0);
    for (const problem of error.problems) {
      assert.ok(problem.path === path || problem.path === "/d/a.conf", problem.path);
      assert.ok(Number.isInteger(problem.line) && problem.line >= 0);
      assert.ok(problem.line <= text.split("\n").length, `${problem.line}: ${problem.message}`);
      assert.notEqual(problem.message, "");
    }
  }
}

const anything = fc.string({ unit: "binary", maxLength: 200 });
const word = fc.oneof(
  fc.constantFrom("true", "0", "-1", "65536", "0x", "/d", "1883", "none", "file", "a/#", '"', "#"),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "${NAME}",
    "$${",
    "*a",
    "&a",
    "[",
    "{",
    "- ",
    "|",
    ">",
  ),
  anything,
);
const confLine = fc.tuple(
  fc.oneof(fc.constantFrom(...Object.keys(MOSQUITTO_OPTIONS), "include_dir", "plugin_opt_"), word),
  fc.constantFrom(" ", "\t", "  ", ""),
  fc.array(word, { maxLength: 4 }).map((words) => words.join(" ")),
).map((parts) => parts.join(""));
const KEYS = [
  "listeners",
  "port",
  "access",
  "limits",
  "logging",
  "types",
  "drain",
  "tls",
  "bridges",
];
const yamlLine = fc.tuple(
  fc.constantFrom("", "  ", "- ", "  - ", "    "),
  fc.oneof(fc.constantFrom(...KEYS), word),
  fc.constantFrom(": ", ":", " ", "\n"),
  word,
).map((parts) => parts.join(""));

const FORMS = [
  { name: "mosquitto.conf of any characters", path: "m.conf", text: anything },
  { name: "YAML of any characters", path: "m.yaml", text: anything },
  {
    name: "mosquitto.conf of known words in any order",
    path: "m.conf",
    text: fc.array(confLine, { maxLength: 12 }).map((lines) => lines.join("\n")),
  },
  {
    name: "YAML of known words in any order",
    path: "m.yaml",
    text: fc.array(yamlLine, { maxLength: 12 }).map((lines) => lines.join("\n")),
  },
  {
    name: "YAML of any values",
    path: "m.yaml",
    text: fc.dictionary(fc.constantFrom(...KEYS), fc.jsonValue()).map((each) =>
      JSON.stringify(each)
    ),
  },
];
for (const { name, path, text } of FORMS) {
  Deno.test(`${name} is read, or refused with a place for every problem`, async () => {
    await fc.assert(fc.asyncProperty(text, (each) => readsOrRefuses(path, each)), { numRuns: 400 });
  });
}
