// How the configuration is read from outside, and what comes of it. A test gives a map of texts instead.

import type { ConfigNote, Location } from "./config_error.ts";
import type { Config } from "./schema.ts";

/** What the readers need of the world. */
export interface ConfigIO {
  /** Rejects if there is no such file, or it may not be read. */
  readTextFile(path: string): Promise<string>;
  /** The names in a folder, in any order. */
  readDirectory(path: string): Promise<readonly string[]>;
  /** The permission bits of a file; undefined where there are none, or they can't be known. */
  fileMode?(path: string): Promise<number | undefined>;
  /** The value of a variable of the environment, for `${NAME}` in YAML. */
  getEnvironment(name: string): string | undefined;
}

/** A configuration, and what is worth saying about it. */
export interface ReadResult {
  readonly config: Config;
  readonly notes: readonly ConfigNote[];
  /** Where the value at this path of the input stands, or something in it; undefined: it is not written. */
  find(path: readonly PropertyKey[]): Written | undefined;
}

/** A value as it stands in a file. */
export interface Written {
  readonly location: Location;
  /** What the operator calls it. */
  readonly name: string;
  /** What stands behind the name, where the file has it on a line. */
  readonly written?: string;
}

/** Files, folders and the environment of this process. */
export const DENO_IO: ConfigIO = {
  readTextFile: (path) => Deno.readTextFile(path),
  readDirectory: async (path) => {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(path)) names.push(name);
    return names;
  },
  fileMode: async (path) => {
    try {
      return (await Deno.stat(path)).mode ?? undefined;
    } catch {
      return undefined; // whoever reads the file says why
    }
  },
  getEnvironment: (name) => {
    try {
      return Deno.env.get(name);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) return undefined; // as good as not there
      throw error;
    }
  },
};
