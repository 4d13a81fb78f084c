// What a start would open for writing or listen at, tried and left as it was, so that it can be done beside a
// broker that runs: ports are not tried, since that one has them.

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Config } from "../config/schema.ts";
import { hasIPv6 } from "../transport/ipv6.ts";

/** What every SQLite database begins with (https://sqlite.org/fileformat2.html). */
const SQLITE_MAGIC = "SQLite format 3\0";

/** A sentence for each file that could not be written, for a store that can't be used, and each address that this machine does not have. */
export function findUnusablePlaces(config: Config): string[] {
  const files = [
    ...config.logging.destinations.flatMap((to) => typeof to === "object" ? [to.file] : [])
      .map((path) => ({ what: "log file", path })),
    ...config.pidFile === null ? [] : [{ what: "pid_file", path: config.pidFile }],
  ];
  return [
    ...files.flatMap(({ what, path }) => {
      const why = whyNotWritable(path);
      return why === undefined ? [] : [`Unable to open ${what} ${path} for writing: ${why}.`];
    }),
    ...whyStoreIsUnusable(config),
    ...config.listeners.flatMap((listener) => {
      if (listener.kind === "unix") return [];
      return listener.hostnames.filter((hostname) => hostname !== "::1" || hasIPv6())
        .flatMap((hostname) => {
          const why = whyNotListening(hostname);
          if (why === undefined) return [];
          return [`Unable to listen on ${hostname} (listener ${listener.port}): ${why}.`];
        });
    }),
  ];
}

function whyNotWritable(path: string): string | undefined {
  return errorOf(() => {
    if (!existsSync(path)) {
      return Deno.removeSync(
        Deno.makeTempFileSync({ dir: dirname(path), prefix: ".midge-check-" }),
      );
    }
    if (Deno.statSync(path).isDirectory) throw new Error("it is a folder");
    Deno.openSync(path, { append: true }).close();
  });
}

/** The folder is made by the start if need be: then what stands above it must let it. */
function whyStoreIsUnusable({ persistence }: Config): string[] {
  if (persistence.durability === "none") return [];
  const path = resolve(join(persistence.directory, persistence.file));
  const why = errorOf(() => {
    let folder = dirname(path);
    while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
    Deno.removeSync(Deno.makeTempFileSync({ dir: folder, prefix: ".midge-check-" }));
    for (const file of [path, `${path}-wal`, `${path}-shm`, `${path}-lock`]) {
      if (existsSync(file)) Deno.openSync(file, { read: true, write: true }).close();
    }
    if (!isEmptyOrDatabase(path)) throw new Error("it is there, and no database of midge's");
  });
  return why === undefined ? [] : [`Unable to use ${path} as the store: ${why}.`];
}

function isEmptyOrDatabase(path: string): boolean {
  if (!existsSync(path)) return true;
  using file = Deno.openSync(path);
  const start = new Uint8Array(SQLITE_MAGIC.length);
  const length = file.readSync(start) ?? 0;
  return length === 0 || new TextDecoder().decode(start) === SQLITE_MAGIC;
}

function whyNotListening(hostname: string): string | undefined {
  return errorOf(() => Deno.listen({ hostname, port: 0 }).close());
}

function errorOf(attempt: () => void): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
