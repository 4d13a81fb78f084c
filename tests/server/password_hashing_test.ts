// Known passwords and their hashes: by mosquitto_passwd 2.0.11, and from the test vectors of the reference
// implementation of Argon2.

import assert from "node:assert/strict";
import { parsePasswordHash } from "../../src/access/password_hash.ts";
import { Argon2Workers } from "../../src/server/password_argon2.ts";
import { computeHash, isSameHash } from "../../src/server/password_hashing.ts";

const VECTORS = [
  {
    name: "SHA-512",
    password: "p@ss word",
    hash:
      "$6$tq0uB83oeaLt4ydy$Nd6I62lSOk2/TABU/byA/cH8yeyO7MCYxezRJbcnvy7OzBgqOdECpa0NpssDeyc3zaI7F2NQ4ZEdSo8kJay0mA==",
  },
  {
    name: "PBKDF2",
    password: "p@ss word",
    hash:
      "$7$101$ea+gJsc7mhoxKIbl$2z9ghxYnn/f4Dol3n2WZm79aXqJ2Q/TWS1xs56uFpVDfq/bbCs51DRWFqT9g+MkV5/cFs+TpX59AdgphMMggKg==",
  },
  {
    name: "PBKDF2 of an empty password",
    password: "",
    hash:
      "$7$101$TJKMhnsdNCQAdYwT$5tENTs5QNTRwib3m/r3zz4+M0bVo7IcfoBxd95X6fL5Yz10KOhQA3mq8FDlA5+XIF/nzSU+fa+dvBNvm11IqRA==",
  },
  {
    name: "Argon2id with one lane",
    password: "password",
    hash: "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
  },
  {
    name: "Argon2id with two lanes",
    password: "password",
    hash: "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
  },
];
const encoder = new TextEncoder();

for (const { name, password, hash } of VECTORS) {
  Deno.test(`computeHash() finds the known hash by ${name}, and another for another password`, async () => {
    using workers = new Argon2Workers();
    const known = parsePasswordHash(hash);
    const compute = (text: string) =>
      computeHash(known, encoder.encode(text), (request) => workers.compute(request));
    assert.ok(isSameHash(await compute(password), known.hash));
    assert.ok(!isSameHash(await compute(`${password} `), known.hash));
  });
}

Deno.test("isSameHash() tells hashes of different lengths apart", () => {
  assert.ok(!isSameHash(new Uint8Array(64), new Uint8Array(63)));
  assert.ok(isSameHash(new Uint8Array(64), new Uint8Array(64)));
});

const REQUEST = {
  password: encoder.encode("password"),
  salt: encoder.encode("somesalt"),
  memorySize: 256,
  iterations: 2,
  parallelism: 1,
  hashLength: 32,
};

Deno.test("Argon2Workers rejects what can't be computed, and goes on", async () => {
  using workers = new Argon2Workers();
  await assert.rejects(
    workers.compute({ ...REQUEST, salt: new Uint8Array(1) }),
    /Argon2id: .*salt/i,
  );
  assert.equal((await workers.compute(REQUEST)).length, 32);
});

Deno.test("Argon2Workers computes several at once, and rejects what it does when it is stopped", async () => {
  const workers = new Argon2Workers();
  const both = await Promise.all([workers.compute(REQUEST), workers.compute(REQUEST)]);
  assert.deepEqual(both[0], both[1]);
  const pending = workers.compute({ ...REQUEST, memorySize: 65_536, iterations: 50 });
  workers[Symbol.dispose]();
  await assert.rejects(pending, /stopped/);
});
