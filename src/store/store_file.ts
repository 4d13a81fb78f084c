// StoreFile: whether the files that are open are still those that their names stand for. SQLite would go on writing into a
// file that somebody has deleted or replaced, and all that was acknowledged since would be gone with the process.

/** Which file it is, whatever its name. */
export interface FileIdentity {
  readonly device: number;
  readonly inode: number | null;
}

/** The write-ahead log has lost its name: what is in it can still be brought into the database, by closing that. */
export class LogGone extends Error {
  constructor() {
    super("its log was deleted or replaced while midge was using it: what was in it is saved");
  }
}

export class StoreFile {
  readonly #path: string;
  readonly identity: FileIdentity;
  /** Undefined until there is something in it. */
  #log: FileIdentity | undefined;

  /**
   * The store `path`, which has just been opened.
   * @param identity what it must be; undefined: what it is.
   * @throws {Error} as {@link check}.
   */
  constructor(path: string, identity?: FileIdentity) {
    this.#path = path;
    this.identity = identity ?? identify(path)!;
    this.#log = identify(`${path}-wal`);
    this.check();
  }

  /**
   * @throws {Error} if the file is not there any more, or another one is in its place.
   * @throws {LogGone} if it is so with the log.
   */
  check(): void {
    checkIdentity(this.#path, this.identity);
    const log = identify(`${this.#path}-wal`);
    if (this.#log === undefined) this.#log = log;
    else if (log === undefined || !isSame(log, this.#log)) throw new LogGone();
  }
}

/** @throws {Error} if `path` is not the file that it was. */
export function checkIdentity(path: string, identity: FileIdentity): void {
  const found = identify(path);
  if (found === undefined) {
    throw new Error("the file was deleted or moved away while midge was using it: put it back");
  }
  if (isSame(found, identity)) return;
  throw new Error(
    "the file was replaced while midge was using it: put the old one back, or restart midge to use this one",
  );
}

function isSame(a: FileIdentity, b: FileIdentity): boolean {
  return a.inode === b.inode && a.device === b.device;
}

/** Undefined: there is none. */
function identify(path: string): FileIdentity | undefined {
  try {
    const { dev: device, ino: inode } = Deno.statSync(path);
    return { device, inode };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
