// StoreFile: whether the database that is open is still the one that its name stands for. SQLite would go on writing
// into a file that somebody has deleted or replaced, and all that was acknowledged since would be gone with the process.

export class StoreFile {
  readonly #path: string;
  readonly #device: number | null;
  readonly #inode: number | null;

  /** The file `path`, which has just been opened. */
  constructor(path: string) {
    this.#path = path;
    const { dev, ino } = Deno.statSync(path);
    this.#device = dev;
    this.#inode = ino;
  }

  /** @throws {Error} if the file is not there any more, or another one is in its place. */
  check(): void {
    let file: Deno.FileInfo;
    try {
      file = Deno.statSync(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Error("the file was deleted or moved away while midge was using it: put it back");
    }
    if (file.ino !== this.#inode || file.dev !== this.#device) {
      throw new Error(
        "the file was replaced while midge was using it: put the old one back, or restart midge to use this one",
      );
    }
  }
}
