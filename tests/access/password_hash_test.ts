import assert from "node:assert/strict";
import {
  formatPasswordHash,
  parsePasswordHash,
  PasswordHashError,
} from "../../src/access/password_hash.ts";

const SALT_12 = "K2wxRaj4pAU04N1O";
const HASH_64 =
  "kNrYuFPYI7jArxc7d4pjS0/g/MdonhWhLiR04XiSePUcFksK4L8M4jEy+Xyj3EZfvdhnSg9c3HyQVjZCGrTIEg==";
const SALT_64 = HASH_64;

const RIGHT = [
  { name: "SHA-512", text: `$6$${SALT_12}$${HASH_64}`, scheme: "sha512" },
  { name: "SHA-512 with 64 bytes of salt", text: `$6$${SALT_64}$${HASH_64}`, scheme: "sha512" },
  { name: "PBKDF2", text: `$7$101$${SALT_12}$${HASH_64}`, scheme: "sha512-pbkdf2" },
  {
    name: "PBKDF2 with 64 bytes of salt",
    text: `$7$210000$${SALT_64}$${HASH_64}`,
    scheme: "sha512-pbkdf2",
  },
  {
    name: "Argon2id",
    text: "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    scheme: "argon2id",
  },
];
for (const { name, text, scheme } of RIGHT) {
  Deno.test(`a hash by ${name} is read, and written as it was`, () => {
    const hash = parsePasswordHash(text);
    assert.equal(hash.scheme, scheme);
    assert.equal(formatPasswordHash(hash), text);
  });
}

Deno.test("the parameters of a hash are read", () => {
  const pbkdf2 = parsePasswordHash(`$7$101$${SALT_12}$${HASH_64}`);
  assert.ok(pbkdf2.scheme === "sha512-pbkdf2");
  assert.deepEqual([pbkdf2.iterations, pbkdf2.salt.length, pbkdf2.hash.length], [101, 12, 64]);
  const argon2id = parsePasswordHash(
    "$argon2id$v=19$m=256,t=2,p=3$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
  );
  assert.ok(argon2id.scheme === "argon2id");
  const { memoryKiB, iterations, parallelism, salt } = argon2id;
  assert.deepEqual([memoryKiB, iterations, parallelism], [256, 2, 3]);
  assert.equal(new TextDecoder().decode(salt), "somesalt");
});

const ARGON2ID = "c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
const WRONG = [
  { name: "a password", text: "secret", says: /not hashed/, isPlainText: true },
  { name: "a password with dollars", text: "$ecret$", says: /not hashed/, isPlainText: true },
  { name: "nothing", text: "", says: /not hashed/, isPlainText: true },
  { name: "a hash by bcrypt", text: "$2y$10$abcdefghijk", says: /"\$2y\$…".*neither/ },
  { name: "a hash by MD5", text: "$apr1$abc$defghijk", says: /"\$apr1\$…".*neither/ },
  { name: "a hash by Argon2i", text: `$argon2i$v=19$m=256,t=2,p=1$${ARGON2ID}`, says: /neither/ },
  { name: "SHA-512 without a hash", text: `$6$${SALT_12}`, says: /"\$6\$…" is damaged/ },
  { name: "SHA-512 without a salt", text: `$6$$${HASH_64}`, says: /damaged/ },
  { name: "a salt that is no base64", text: `$6$***$${HASH_64}`, says: /base64/ },
  { name: "a salt of 3 bytes", text: `$6$YWJj$${HASH_64}`, says: /salt has 3 bytes.* 12 or 64/ },
  { name: "a short hash", text: `$7$101$${SALT_12}$YWJj`, says: /\$7\$101\$….*hash has 3.* 64/ },
  { name: "no iterations", text: `$7$$${SALT_12}$${HASH_64}`, says: /iterations/ },
  { name: "0 iterations", text: `$7$0$${SALT_12}$${HASH_64}`, says: /"\$7\$0\$…".*from 1 to/ },
  { name: "iterations and more", text: `$7$1x$${SALT_12}$${HASH_64}`, says: /"\$7\$1x\$…"/ },
  { name: "too many iterations", text: `$7$2147483648$${SALT_12}$${HASH_64}`, says: /iterations/ },
  { name: "another version", text: `$argon2id$v=16$m=256,t=2,p=1$${ARGON2ID}`, says: /v=16.*v=19/ },
  { name: "no version", text: `$argon2id$m=256,t=2,p=1$${ARGON2ID}`, says: /v=19/ },
  { name: "no memory", text: `$argon2id$v=19$m=7,t=2,p=1$${ARGON2ID}`, says: /m=7,t=2,p=1/ },
  { name: "4 GiB", text: `$argon2id$v=19$m=4194304,t=2,p=1$${ARGON2ID}`, says: /1048576 KiB/ },
  { name: "no lanes", text: `$argon2id$v=19$m=256,t=2$${ARGON2ID}`, says: /m=256,t=2\$/ },
  {
    name: "a short salt for Argon2id",
    text: "$argon2id$v=19$m=256,t=2,p=1$YWJj$nf65EOgLrQMR",
    says: /damaged/,
  },
];
for (const { name, text, says, isPlainText = false } of WRONG) {
  Deno.test(`${name} is no hash, and the error says why without showing it`, () => {
    assert.throws(() => parsePasswordHash(text), (error) => {
      assert.ok(error instanceof PasswordHashError);
      assert.match(error.message, says);
      assert.equal(error.isPlainText, isPlainText);
      for (const secret of [HASH_64, "nf65EOgLrQMR", "secret", "ecret", "abcdefghijk"]) {
        assert.ok(!error.message.includes(secret), error.message);
      }
      return true;
    });
  });
}
