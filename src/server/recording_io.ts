// RecordingIO: reads for the configuration, and remembers what was read and how it looked just before: so a
// change that comes while something is read is not missed.

import type { ConfigIO } from "../config/config_io.ts";

/** By path; of a folder, its names. */
export type Looks = ReadonlyMap<string, string>;

/** What {@link Looks} have for a file that is not there. */
export const MISSING = "missing";

export class RecordingIO implements ConfigIO {
  readonly #io: ConfigIO;
  #seen: Looks = new Map();
  #reading = new Map<string, string>();
  readonly #folders = new Set<string>();

  constructor(io: ConfigIO) {
    this.#io = io;
  }

  /** What the last reading has seen; what it had not come to is as an earlier one saw it. */
  get seen(): Looks {
    return this.#seen;
  }

  /** Another reading begins. */
  begin(): void {
    this.#reading = new Map();
  }

  /** @param isWhole whether everything was read that there is to read. */
  end(isWhole: boolean): void {
    this.#seen = isWhole ? this.#reading : new Map([...this.#seen, ...this.#reading]);
    for (const folder of this.#folders) if (!this.#seen.has(folder)) this.#folders.delete(folder);
  }

  async readTextFile(path: string): Promise<string> {
    this.#reading.set(path, await lookOfFile(path));
    return await this.#io.readTextFile(path);
  }

  async readDirectory(path: string): Promise<readonly string[]> {
    this.#folders.add(path);
    this.#reading.set(path, await this.#lookOfFolder(path));
    return await this.#io.readDirectory(path);
  }

  getEnvironment(name: string): string | undefined {
    return this.#io.getEnvironment(name);
  }

  /** The folders among what was seen. */
  get folders(): ReadonlySet<string> {
    return this.#folders;
  }

  /** How all that was seen looks now. */
  async look(): Promise<Looks> {
    const looks = [...this.#seen.keys()].map(async (path) =>
      [path, await (this.#folders.has(path) ? this.#lookOfFolder(path) : lookOfFile(path))] as const
    );
    return new Map(await Promise.all(looks));
  }

  async #lookOfFolder(path: string): Promise<string> {
    try {
      const names = await this.#io.readDirectory(path);
      return names.filter((name) => !isLeftover(name)).sort().join("\n");
    } catch {
      return MISSING;
    }
  }
}

/** What editors leave beside a file while they write it, and after. */
function isLeftover(name: string): boolean {
  return /^\.|~$|\.sw[a-z]$|\.(bak|tmp|orig)$|^\d+$/.test(name);
}

async function lookOfFile(path: string): Promise<string> {
  try {
    const { mtime, ctime, size, ino, dev } = await Deno.stat(path);
    return [mtime?.getTime(), ctime?.getTime(), size, ino, dev].join(" ");
  } catch {
    return MISSING;
  }
}
