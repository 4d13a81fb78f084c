// PasswordHash: what stands behind the colon of a password file, in the forms that Mosquitto has.
//
//   $6$salt$hash                                 SHA-512 of the password and the salt (Mosquitto 1.6)
//   $7$iterations$salt$hash                      PBKDF2 with HMAC-SHA-512 (Mosquitto 2)
//   $argon2id$v=19$m=47104,t=1,p=1$salt$hash     Argon2id (Mosquitto 2.1); m is in KiB
//
// Salt and hash are base64, Argon2id's without padding. Reads and writes these forms; who computes
// hashes is src/server/password_hashing.ts.

import { Buffer } from "node:buffer";

export type PasswordHash = Sha512Hash | Pbkdf2Hash | Argon2idHash;

export interface Sha512Hash {
  readonly scheme: "sha512";
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

export interface Pbkdf2Hash {
  readonly scheme: "sha512-pbkdf2";
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

export interface Argon2idHash {
  readonly scheme: "argon2id";
  readonly memoryKiB: number;
  readonly iterations: number;
  readonly parallelism: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** Names of schemes as `midge passwd -H` takes them. */
export type PasswordScheme = PasswordHash["scheme"];

/** What is no hash that we can check; the message says why, and shows no secret. */
export class PasswordHashError extends Error {
  override readonly name = "PasswordHashError";
  /** Whether it seems to be a password itself, as people write it before `midge passwd -U`. */
  readonly isPlainText: boolean;

  constructor(message: string, isPlainText = false) {
    super(message);
    this.isPlainText = isPlainText;
  }
}

const HASH_BYTES = 64;
/** Mosquitto writes 12 bytes until 2.0 and 64 since 2.1, and takes nothing else. */
const SALT_BYTES: readonly number[] = [12, 64];
/** What PBKDF2 takes at most. */
const MAXIMUM_ITERATIONS = 0x7fff_ffff;
/** One GiB: more is a mistake, and more than WebAssembly is sure to get. */
const MAXIMUM_MEMORY_KIB = 1_048_576;

/** What other programs write in front of a hash: a password that begins like this is one of theirs. */
const FOREIGN = /^\$(?:1|2[abxy]?|3|5|y|gy|md5|apr1|argon2i?|argon2d|scrypt|s[01]|pbkdf2[\w-]*)\$/;

/** @throws {PasswordHashError} if `text` is none of the three forms. */
export function parsePasswordHash(text: string): PasswordHash {
  if (text.startsWith("$6$")) return parseSha512(text);
  if (text.startsWith("$7$")) return parsePbkdf2(text);
  if (text.startsWith("$argon2id$")) return parseArgon2id(text);
  const foreign = FOREIGN.exec(text)?.[0];
  if (foreign === undefined) throw new PasswordHashError("the password is not hashed", true);
  throw new PasswordHashError(`"${foreign}…" is a hash that neither Mosquitto nor midge knows`);
}

/** The form that {@link parsePasswordHash} reads. */
export function formatPasswordHash(hash: PasswordHash): string {
  switch (hash.scheme) {
    case "sha512":
      return `$6$${base64(hash.salt)}$${base64(hash.hash)}`;
    case "sha512-pbkdf2":
      return `$7$${hash.iterations}$${base64(hash.salt)}$${base64(hash.hash)}`;
    case "argon2id": {
      const { memoryKiB, iterations, parallelism } = hash;
      const parameters = `m=${memoryKiB},t=${iterations},p=${parallelism}`;
      return `$argon2id$v=19$${parameters}$${unpadded(hash.salt)}$${unpadded(hash.hash)}`;
    }
  }
}

function parseSha512(text: string): Sha512Hash {
  const shown = "$6$…";
  const [, , salt, hash] = text.split("$");
  return { scheme: "sha512", ...saltAndHash(salt, hash, shown) };
}

function parsePbkdf2(text: string): Pbkdf2Hash {
  const [, , iterations = "", salt, hash] = text.split("$");
  const count = integer(iterations);
  if (!(count >= 1 && count <= MAXIMUM_ITERATIONS)) {
    throw new PasswordHashError(
      `"$7$${
        short(iterations)
      }$…": the iterations must be a number from 1 to ${MAXIMUM_ITERATIONS}`,
    );
  }
  return {
    scheme: "sha512-pbkdf2",
    iterations: count,
    ...saltAndHash(salt, hash, `$7$${count}$…`),
  };
}

function parseArgon2id(text: string): Argon2idHash {
  const [, , version = "", parameters = "", saltText = "", hashText = ""] = text.split("$");
  if (version !== "v=19") {
    throw new PasswordHashError(`"$argon2id$${short(version)}$…": the version must be v=19`);
  }
  const match = /^m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,8})$/.exec(parameters);
  const [memoryKiB = NaN, iterations = NaN, parallelism = NaN] = match?.slice(1).map(Number) ?? [];
  const isSane = iterations >= 1 && iterations <= MAXIMUM_ITERATIONS && parallelism >= 1 &&
    memoryKiB >= 8 * parallelism && memoryKiB <= MAXIMUM_MEMORY_KIB;
  if (!isSane) {
    throw new PasswordHashError(
      `"$argon2id$v=19$${short(parameters, 40)}$…": the parameters must be m=MEMORY,t=ITERATIONS,` +
        `p=LANES with 8 to ${MAXIMUM_MEMORY_KIB} KiB for each lane together`,
    );
  }
  const salt = fromBase64(saltText);
  const hash = fromBase64(hashText);
  if (salt === undefined || salt.length < 8 || hash === undefined || hash.length < 4) {
    throw damaged(`$argon2id$v=19$${parameters}$…`);
  }
  return { scheme: "argon2id", memoryKiB, iterations, parallelism, salt, hash };
}

function saltAndHash(
  saltText = "",
  hashText = "",
  shown: string,
): { readonly salt: Uint8Array; readonly hash: Uint8Array } {
  const salt = fromBase64(saltText);
  const hash = fromBase64(hashText);
  if (salt === undefined || hash === undefined) throw damaged(shown);
  if (!SALT_BYTES.includes(salt.length)) {
    throw new PasswordHashError(
      `"${shown}": the salt has ${salt.length} bytes, and must have ${SALT_BYTES.join(" or ")}`,
    );
  }
  if (hash.length !== HASH_BYTES) {
    throw new PasswordHashError(
      `"${shown}": the hash has ${hash.length} bytes, and must have ${HASH_BYTES}`,
    );
  }
  return { salt, hash };
}

function damaged(shown: string): PasswordHashError {
  return new PasswordHashError(`"${shown}" is damaged: salt and hash must be base64`);
}

/** Not empty, and nothing but base64: Buffer would skip what is not. */
function fromBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.replace(/=+$/, "").length % 4 === 1) {
    return undefined;
  }
  return new Uint8Array(Buffer.from(text, "base64"));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function unpadded(bytes: Uint8Array): string {
  return base64(bytes).replace(/=+$/, "");
}

function integer(text: string): number {
  return /^\d{1,10}$/.test(text) ? Number(text) : NaN;
}

/** Parameters are no secret, but a field that is out of place may be one. */
function short(text: string, length = 12): string {
  return text.length <= length ? text : `${text.slice(0, 4)}…`;
}
