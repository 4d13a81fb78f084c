// StoreLock: one broker on one store. The lock is the kernel's (flock) on a file beside the database: it goes with the
// process that holds it, however that ends, so a file that is left behind locks nobody out. The file stays:
// taking it away would let two brokers lock two files of one name.

import { dirname } from "node:path";
import { exists, giveToOwnerOfFolder } from "./file_owner.ts";
import { reasonOf, StoreError, unwritable } from "./store_error.ts";

export class StoreLock implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Makes the folder of the database `path`, for its owner only, and locks the store.
   * @throws {StoreError} `locked` or `unwritable`.
   */
  static take(path: string): StoreLock {
    const lockPath = `${path}-lock`;
    let file: Deno.FsFile;
    try {
      makeFolder(dirname(path));
      file = Deno.openSync(lockPath, { read: true, write: true, create: true, mode: 0o600 });
    } catch (error) {
      throw unwritable(path, reasonOf(error));
    }
    try {
      if (!file.tryLockSync(true)) throw locked(path, file);
      giveToOwnerOfFolder(lockPath);
      writeOwner(file);
    } catch (error) {
      file.close();
      if (error instanceof StoreError || error instanceof TypeError) throw error;
      throw unwritable(path, reasonOf(error));
    }
    return new StoreLock(file);
  }

  /** Frees the store for others. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

function makeFolder(path: string): void {
  if (exists(path)) return;
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  giveToOwnerOfFolder(path);
}

function writeOwner(file: Deno.FsFile): void {
  file.truncateSync();
  file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
}

function locked(path: string, file: Deno.FsFile): StoreError {
  const bytes = new Uint8Array(32);
  const owner = new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0)).trim();
  const who = /^\d+$/.test(owner) ? `process ${owner}` : "another process";
  return new StoreError(
    "locked",
    path,
    `${path} is in use: ${who} is a broker on the same store.`,
    "Stop it first, or give this one a folder of its own.",
  );
}
