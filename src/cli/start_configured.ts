// What only a start with a configuration needs.

import type { Config } from "../config/schema.ts";

/** Who may connect, in words for the greeting. */
export function describeAccess({ localOnly, listeners }: Config): string {
  const anonymous = listeners.filter(({ allowAnonymous }) => allowAnonymous).length;
  const who = anonymous === listeners.length
    ? "everybody may connect"
    : anonymous === 0
    ? "Clients need a user name and password"
    : "Clients need a user name and password on some listeners";
  return localOnly ? `${who}, from this machine only` : who;
}

/**
 * Writes the number of this process to `path`.
 * @returns what removes the file again.
 */
export function writePidFile(path: string | null): () => void {
  if (path === null) return () => {};
  Deno.writeTextFileSync(path, `${Deno.pid}\n`);
  return () => {
    try {
      Deno.removeSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
}
