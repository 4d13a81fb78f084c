// Makes new hashes for `midge passwd`.

import { randomBytes } from "node:crypto";
import {
  formatPasswordHash,
  type PasswordHash,
  type PasswordScheme,
} from "../access/password_hash.ts";
import type { Argon2idRequest } from "../server/password_argon2.ts";
import { computeHash } from "../server/password_hashing.ts";

/** Mosquitto's, since 2.1. */
export const DEFAULT_ITERATIONS = 1_000;

/** As many as every version of Mosquitto reads; 2.0 takes no other length. */
const SALT_BYTES = 12;
const HASH_BYTES = 64;
/** Mosquitto's parameters of Argon2id. */
const ARGON2ID = { memoryKiB: 47_104, iterations: 1, parallelism: 1 } as const;
const ARGON2ID_SALT_BYTES = 16;

/** The hash of `password` with a new salt, as it stands in the file. */
export async function hashPassword(
  scheme: PasswordScheme,
  password: Uint8Array,
  iterations: number = DEFAULT_ITERATIONS,
): Promise<string> {
  const empty = emptyHash(scheme, iterations);
  const hash = await computeHash(empty, password, computeArgon2id);
  return formatPasswordHash({ ...empty, hash });
}

function emptyHash(scheme: PasswordScheme, iterations: number): PasswordHash {
  const hash = new Uint8Array(HASH_BYTES);
  switch (scheme) {
    case "sha512":
      return { scheme, salt: salt(SALT_BYTES), hash };
    case "sha512-pbkdf2":
      return { scheme, iterations, salt: salt(SALT_BYTES), hash };
    case "argon2id":
      return { scheme, ...ARGON2ID, salt: salt(ARGON2ID_SALT_BYTES), hash };
  }
}

function salt(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}

/** Nobody else waits here: no Worker is needed. */
async function computeArgon2id(request: Argon2idRequest): Promise<Uint8Array> {
  const { argon2id } = await import("hash-wasm");
  return await argon2id({ ...request, outputType: "binary" });
}
