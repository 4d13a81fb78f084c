// TopicNameCache: whatever it has seen before, it gives the text of the bytes it is asked for.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { MqttError } from "../../src/packet/mqtt_error.ts";
import { TopicNameCache } from "../../src/packet/topic_name_cache.ts";
import { encodeUtf8 } from "../../src/packet/utf8.ts";
import { hex } from "../vectors/hex.ts";
import { BAD_UTF8, GOOD_UTF8 } from "../vectors/utf8.ts";
import { check, text } from "./arbitraries.ts";

function read(cache: TopicNameCache, name: string): string {
  const bytes = encodeUtf8(`<${name}>`);
  return cache.read(bytes, 1, bytes.length - 1);
}

Deno.test("TopicNameCache gives any sequence of names, each time", () => {
  check(fc.property(fc.array(text(), { maxLength: 30 }), (names) => {
    const cache = new TopicNameCache();
    for (const name of [...names, ...names, ...names.toReversed()]) {
      assert.equal(read(cache, name), name);
    }
  }));
});

Deno.test("TopicNameCache gives names whose hashes collide", () => {
  // Ten times as many names as it has slots: some share one, whatever the hash.
  const names = Array.from({ length: 40_960 }, (_, i) => `sensor/${i}/state`);
  const cache = new TopicNameCache();
  for (let round = 0; round < 2; round++) {
    for (const name of names) if (read(cache, name) !== name) assert.fail(name);
  }
});

/** With two hundred times 95 names, some that differ in this one byte share a slot. */
for (const place of [0, 3, 9]) {
  Deno.test(`TopicNameCache gives names that differ in nothing but byte ${place}`, () => {
    const cache = new TopicNameCache();
    for (let i = 0; i < 200; i++) {
      const base = `sensor/${String(i).padStart(3, "0")}`;
      for (let code = 0x20; code < 0x7f; code++) {
        const name = base.slice(0, place) + String.fromCharCode(code) + base.slice(place + 1);
        if (read(cache, name) !== name) assert.fail(name);
      }
    }
  });
}

Deno.test("TopicNameCache gives names that begin alike, of each length", () => {
  const cache = new TopicNameCache();
  for (let round = 0; round < 2; round++) {
    for (const length of [0, 1, 2, 126, 127, 128, 129, 130, 1000, 65535]) {
      assert.equal(read(cache, "a".repeat(length)), "a".repeat(length));
    }
  }
});

Deno.test("TopicNameCache gives long names that differ in their last byte", () => {
  const cache = new TopicNameCache();
  for (const length of [127, 128, 129, 500]) {
    for (const last of ["a", "b", "a"]) {
      const name = "x".repeat(length - 1) + last;
      assert.equal(read(cache, name), name);
    }
  }
});

for (const { name, hex: bytes, text: expected } of GOOD_UTF8) {
  Deno.test(`TopicNameCache reads ${name}, the first time and the second`, () => {
    const cache = new TopicNameCache();
    assert.equal(cache.read(hex(bytes), 0, hex(bytes).length), expected);
    assert.equal(cache.read(hex(bytes), 0, hex(bytes).length), expected);
  });
}

Deno.test("TopicNameCache refuses every bad name, the first time and the second", () => {
  const cache = new TopicNameCache();
  for (const { name, hex: bytes } of [...BAD_UTF8, ...BAD_UTF8]) {
    assert.throws(
      () => cache.read(hex(bytes), 0, hex(bytes).length),
      (error) => error instanceof MqttError && error.reasonCode === 0x81,
      name,
    );
  }
});

for (const kind of ["a Uint8Array", "a Node Buffer"]) {
  Deno.test(`TopicNameCache keeps nothing of ${kind} that it read from`, () => {
    const cache = new TopicNameCache();
    const chunk = kind === "a Node Buffer" ? Buffer.alloc(64) : new Uint8Array(64);
    // All names share their place in the chunk, as Topic Names of one publisher do.
    const names = Array.from({ length: 40_960 }, (_, i) => `t/${String(i).padStart(6, "0")}`);
    for (const name of names) {
      chunk.set(encodeUtf8(name), 4);
      const got = cache.read(chunk, 4, 4 + name.length);
      if (got !== name) assert.fail(`${name} was read as ${got}`);
    }
  });
}
