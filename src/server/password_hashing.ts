// How the hashes of a password file are computed and compared. Nothing here takes the event loop for long:
// PBKDF2 runs in a thread of the runtime, Argon2id wherever the caller has it computed.

import { createHash, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import type { PasswordHash } from "../access/password_hash.ts";
import type { Argon2idRequest } from "./password_argon2.ts";

/** Computes Argon2id: a Worker in the broker, the main thread in `midge passwd`. */
export type ComputeArgon2id = (request: Argon2idRequest) => Promise<Uint8Array>;

/**
 * What the hash of `password` would be with the salt and the parameters of `like`.
 * @throws {Error} if it can't be computed here.
 */
export function computeHash(
  like: PasswordHash,
  password: Uint8Array,
  argon2id: ComputeArgon2id,
): Promise<Uint8Array> {
  switch (like.scheme) {
    case "sha512": {
      const hash = createHash("sha512").update(password).update(like.salt).digest();
      return Promise.resolve(new Uint8Array(hash));
    }
    case "sha512-pbkdf2": {
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
      const { salt, iterations, hash } = like;
      pbkdf2(password, salt, iterations, hash.length, "sha512", (error, computed) => {
        if (error) reject(error);
        else resolve(new Uint8Array(computed));
      });
      return promise;
    }
    case "argon2id": {
      const { salt, memoryKiB: memorySize, iterations, parallelism, hash } = like;
      return argon2id({
        password: password.length === 0 ? neverRight() : password,
        salt,
        memorySize,
        iterations,
        parallelism,
        hashLength: hash.length,
      });
    }
  }
}

/** hash-wasm takes no empty password; what nobody has typed is as wrong, and takes the same time. */
function neverRight(): Uint8Array {
  return new Uint8Array(randomBytes(32));
}

/** Compares in a time that does not depend on where they differ. */
export function isSameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
