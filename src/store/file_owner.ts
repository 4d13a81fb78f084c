// Whose the files of a store are. Commands are run by root too, and the broker must be able to open what they made.

import { dirname } from "node:path";
import { reasonOf, unwritable } from "./store_error.ts";

/**
 * Makes the file `path` where there is none, for its owner only: payloads are private. SQLite gives what it makes
 * beside it the same mode and, for root, the same owner.
 * @returns whether it was not there.
 * @throws {StoreError} `unwritable`.
 */
export function makeFile(path: string): boolean {
  try {
    const isNew = !exists(path);
    Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 }).close();
    return isNew;
  } catch (error) {
    throw unwritable(path, reasonOf(error));
  }
}

/** What root has made at `path` goes to the owner of the folder it is in; for others nothing changes. */
export function giveToOwnerOfFolder(path: string): void {
  const folder = Deno.statSync(dirname(path));
  if (folder.uid === null || folder.gid === null || Deno.statSync(path).uid === folder.uid) return;
  try {
    Deno.chownSync(path, folder.uid, folder.gid);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied || isNotPermitted(error))) throw error;
  }
}

export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** EPERM: who is not root can't give anything away. */
function isNotPermitted(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPERM";
}
