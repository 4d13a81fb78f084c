// VerifiedCache: passwords that were right a short while ago, so that a fleet that comes back after a
// network failure does not have to be hashed again. Measured (2 cores), processor time of a CONNECT that is
// remembered: 10 to 30 µs; hashed by PBKDF2 with 101 iterations 0.4 ms, 1,000: 1.3 ms, 210,000: 265 ms; by
// Argon2id as Mosquitto has it 160 ms and 46 MiB.
//
// It holds no password: its keys are HMACs of user name and password with a random key that this process
// keeps for itself, and they go after a while and with every reload.

import { createHmac, randomBytes } from "node:crypto";

/** An HMAC of user name and password. */
export type VerifiedKey = string & { readonly brand: "VerifiedKey" };

export interface VerifiedCacheOptions {
  /** How long after its last use an entry is kept, in milliseconds. */
  readonly keepMs: number;
  /** How many entries there are at most; the one that was not used for longest goes. 0: no cache. */
  readonly maximumEntries: number;
}

export class VerifiedCache {
  readonly #options: VerifiedCacheOptions;
  readonly #key = randomBytes(32);
  /** When each is forgotten, the first to be forgotten first. */
  readonly #expiry = new Map<VerifiedKey, number>();

  constructor(options: VerifiedCacheOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#expiry.size;
  }

  keyOf(userName: string, password: Uint8Array): VerifiedKey {
    return createHmac("sha256", this.#key)
      .update(`${userName.length}:${userName}`) // where the name ends is part of what is hashed
      .update(password)
      .digest("base64") as VerifiedKey;
  }

  has(key: VerifiedKey, nowMs: number): boolean {
    const expiryMs = this.#expiry.get(key);
    if (expiryMs === undefined) return false;
    this.#expiry.delete(key);
    if (expiryMs <= nowMs) return false;
    this.add(key, nowMs);
    return true;
  }

  add(key: VerifiedKey, nowMs: number): void {
    if (this.#options.maximumEntries === 0) return;
    this.#expiry.delete(key);
    this.#expiry.set(key, nowMs + this.#options.keepMs);
    for (const [oldest, expiryMs] of this.#expiry) {
      if (expiryMs > nowMs && this.#expiry.size <= this.#options.maximumEntries) break;
      this.#expiry.delete(oldest);
    }
  }

  clear(): void {
    this.#expiry.clear();
  }
}
