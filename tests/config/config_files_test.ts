// The files that users copy, the schema for editors, and that a printed configuration reads as the same.

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ConfigError,
  formatProblem,
  formatProblemAsMosquitto,
} from "../../src/config/config_error.ts";
import { configJsonSchemaText } from "../../src/config/json_schema.ts";
import { printConfig } from "../../src/config/print_config.ts";
import { defaultConfig, readConfig } from "../../src/config/read_config.ts";
import { type Config, ConfigSchema, limitsOf } from "../../src/config/schema.ts";
import { DEFAULT_LIMITS } from "../../src/broker/limits.ts";
import { memoryIO } from "./memory_io.ts";
import { at, readValid } from "./reading.ts";
import { DEFAULT_HANDSHAKE_LIMITS } from "../../src/transport/handshakes.ts";

const fileUrl = (name: string) => new URL(`../../config/${name}`, import.meta.url);
const readFile = (name: string) => Deno.readTextFileSync(fileUrl(name));

Deno.test("config/midge.yaml serves this machine only and lets everybody on it in", async () => {
  const { config, notes } = await readValid(readFile("midge.yaml"), { path: "midge.yaml" });
  assert.deepEqual(notes, []);
  assert.deepEqual(config, defaultConfig());
  assert.ok(config.localOnly && config.listeners[0]!.allowAnonymous);
});

Deno.test("config/mosquitto.conf asks for passwords", async () => {
  const { config } = await readValid(readFile("mosquitto.conf"));
  assert.equal(config.listeners[0]!.allowAnonymous, false);
  assert.equal(config.listeners[0]!.passwordFile, "/etc/mosquitto/passwd");
});

Deno.test("config/midge.schema.json is the schema", () => {
  const how = "Write it again: deno run --allow-write=config tests/config/write_schema.ts";
  assert.equal(readFile("midge.schema.json"), configJsonSchemaText(), how);
});

Deno.test("everything in the schema for editors that is a setting says what it is for", () => {
  const silent: string[] = [];
  const visit = (schema: unknown, path: string) => {
    for (const [key, inner] of Object.entries(at(schema, "properties") ?? {})) {
      if (at(inner, "properties") === undefined && at(inner, "description") === undefined) {
        silent.push(`${path}.${key}`);
      }
      visit(inner, `${path}.${key}`);
    }
  };
  visit(JSON.parse(configJsonSchemaText()), "");
  assert.deepEqual(silent, []);
});

Deno.test("the limits of a configuration without any are the broker's own", () => {
  const config = defaultConfig();
  assert.deepEqual(config.limits, { ...DEFAULT_LIMITS, ...DEFAULT_HANDSHAKE_LIMITS });
  assert.deepEqual(limitsOf(config, config.listeners[0]!), DEFAULT_LIMITS);
});

Deno.test("a problem is printed for editors and as Mosquitto does", async () => {
  const io = memoryIO({ "m.conf": "\nlistner 1" });
  await assert.rejects(readConfig("m.conf", io), (error) => {
    assert.ok(error instanceof ConfigError);
    const [problem] = error.problems;
    assert.equal(
      formatProblem(problem!),
      "m.conf:2: Unknown configuration variable 'listner'. Did you mean 'listener'?",
    );
    assert.equal(
      formatProblemAsMosquitto(problem!),
      "Error: Unknown configuration variable 'listner'. (m.conf:2) Did you mean 'listener'?",
    );
    return true;
  });
});

Deno.test("a file that can't be read is a problem, too", async () => {
  await assert.rejects(readConfig("gone.conf", memoryIO()), {
    message: "gone.conf: Unable to open config file 'gone.conf'. No such file",
  });
});

const text = fc.string({ minLength: 1, unit: "grapheme" }).filter((value) => value.trim() !== "");
const nullable = <T>(inner: fc.Arbitrary<T>) => fc.option(inner, { nil: null });
const some = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [] });
const duration = fc.oneof(
  fc.constant(0),
  fc.tuple(fc.integer({ min: 1, max: 500 }), fc.constantFrom("ms", "s", "min", "h"))
    .map(([number, unit]) => `${number}${unit}`),
);
const listener = some({
  port: fc.integer({ min: 0, max: 65_535 }),
  hostnames: fc.array(text),
  allowAnonymous: fc.boolean(),
  passwordFile: nullable(text),
  aclFile: nullable(text),
  autoIdPrefix: fc.string({ maxLength: 50 }),
  clientIdPrefixes: fc.array(text),
  maximumConnections: fc.oneof(fc.integer({ min: 1 }), fc.constant("unlimited")),
  maximumQoS: fc.constantFrom(0, 1, 2),
  acceptedVersions: fc.subarray([3, 4, 5], { minLength: 1 }),
});
const input = some({
  listeners: fc.array(listener, { minLength: 1 }),
  access: some({ allowAnonymous: fc.boolean(), passwordFile: nullable(text) }),
  limits: some({
    maximumQoS: fc.constantFrom(0, 1, 2),
    maximumPacketSize: fc.integer({ min: 20, max: 268_435_460 }),
    maximumPayloadSize: fc.oneof(fc.nat(), fc.constantFrom("unlimited", "2MiB")),
    maximumQueuedMessages: fc.oneof(fc.nat(), fc.constant("unlimited")),
    maximumKeepAlive: fc.constantFrom(0, "30s", "2h"),
    drain: duration,
  }),
  logging: some({
    destinations: fc.array(
      fc.oneof(fc.constantFrom("stdout", "stderr"), fc.record({ file: text })),
    ),
    types: fc.oneof(fc.constant("all"), fc.subarray(["error", "debug", "notice"])),
    timestampFormat: nullable(text),
  }),
  user: nullable(text),
});

Deno.test("a Config that is printed and read again is the same", async () => {
  await fc.assert(fc.asyncProperty(input, async (written) => {
    const config: Config = ConfigSchema.parse(written);
    const again = await readValid(printConfig(config), { path: "again.yaml" });
    assert.deepEqual(again.config, config);
  }));
});
