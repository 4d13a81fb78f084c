// AccessReview: which Clients may stay connected when passwords and listeners are no longer what they were at
// their login. As Mosquitto on a reload: who could not log in again the same way goes, by 0x87. Access rules
// need no review: they hold for the next PUBLISH and the next delivery.

import type { ClientIdentity } from "../access/authorizer.ts";
import type { PasswordEntry } from "../access/password_file.ts";
import { formatPasswordHash } from "../access/password_hash.ts";
import type { Listener } from "../config/schema.ts";
import type { AccessContents } from "./access_files.ts";

/** What of a listener decides who is let in. */
export type ListenerAccess = Pick<Listener, "allowAnonymous" | "passwordFile" | "tls">;

export class AccessReview {
  readonly #before: Hashes;
  readonly #after: Hashes;

  /** @param before what the files said when the Clients logged in, @param after what they say now. */
  constructor(
    before: Pick<AccessContents, "passwords">,
    after: Pick<AccessContents, "passwords">,
  ) {
    this.#before = new Hashes(before.passwords);
    this.#after = new Hashes(after.passwords);
  }

  /** Whether `client`, which the listener `was` has let in, may stay now that it is as `is`. */
  mayStay({ userName }: ClientIdentity, was: ListenerAccess, is: ListenerAccess): boolean {
    if (userName === undefined) return is.allowAnonymous;
    if (namesUsers(was)) return namesUsers(is);
    if (is.passwordFile === null) return is.allowAnonymous; // then no password is looked at
    if (was.passwordFile === null) return false; // it never was
    const hash = this.#after.of(is.passwordFile, userName);
    return hash !== undefined && hash === this.#before.of(was.passwordFile, userName);
  }
}

/** True if Clients have their user names from their certificates, and no password. */
function namesUsers({ tls }: ListenerAccess): boolean {
  return tls !== null && tls.userNameFrom !== "connect";
}

/** Password hashes by file and user. */
class Hashes {
  readonly #passwords: AccessContents["passwords"];
  readonly #byUser = new Map<string, ReadonlyMap<string, PasswordEntry>>();

  constructor(passwords: AccessContents["passwords"]) {
    this.#passwords = passwords;
  }

  of(path: string, userName: string): string | undefined {
    let entries = this.#byUser.get(path);
    if (entries === undefined) {
      const all = this.#passwords.get(path) ?? [];
      entries = new Map(all.map((entry) => [entry.userName, entry]));
      this.#byUser.set(path, entries);
    }
    const entry = entries.get(userName);
    return entry && formatPasswordHash(entry.hash);
  }
}
