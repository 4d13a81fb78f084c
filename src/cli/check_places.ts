// What a start would open for writing or listen at, tried and left as it was, so that it can be done beside a
// broker that runs: ports are not tried, since that one has them.

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../config/schema.ts";
import { hasIPv6 } from "../transport/ipv6.ts";

/** A sentence for each file that could not be written and each address that this machine does not have. */
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
