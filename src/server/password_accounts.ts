// Accounts: the entries of a password file by user name, with one answer for names that are in it and one
// that looks the same from outside for names that are not.

import { createHmac, randomBytes } from "node:crypto";
import type { PasswordEntry } from "../access/password_file.ts";
import { formatPasswordHash, type PasswordHash } from "../access/password_hash.ts";

export interface Account {
  /** What a password has to be checked against, whether the user is known or not. */
  readonly hash: PasswordHash;
  readonly isKnown: boolean;
}

export class Accounts {
  readonly #hashes: ReadonlyMap<string, PasswordHash>;
  readonly #all: readonly PasswordHash[];
  readonly #key = randomBytes(32);

  constructor(entries: Iterable<PasswordEntry>) {
    this.#hashes = new Map([...entries].map(({ userName, hash }) => [userName, hash]));
    this.#all = [...this.#hashes.values()];
  }

  /**
   * The account of `userName`. An unknown name gets the hash of somebody else, always the same one, so that
   * it costs the same time as a known one and can't be told from it; its password is never right.
   *
   * @returns undefined if there are no accounts at all.
   */
  find(userName: string): Account | undefined {
    // Computed for every name: what it costs must not tell either.
    const digest = createHmac("sha256", this.#key).update(userName).digest();
    const hash = this.#hashes.get(userName);
    if (hash !== undefined) return { hash, isKnown: true };
    const somebody = this.#all[digest.readUInt32BE(0) % this.#all.length];
    return somebody && { hash: somebody, isKnown: false };
  }

  /** The users whose entry `next` has no longer, or has with another hash. */
  withdrawnIn(next: Accounts): Set<string> {
    const withdrawn = new Set<string>();
    for (const [userName, hash] of this.#hashes) {
      const other = next.#hashes.get(userName);
      if (other === undefined || formatPasswordHash(other) !== formatPasswordHash(hash)) {
        withdrawn.add(userName);
      }
    }
    return withdrawn;
  }
}
