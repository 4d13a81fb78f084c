// `midge start --ephemeral`: a broker for a test: free ports, nothing kept, one line of JSON that says where it
// is, and an end with whoever started it: its standard input is a pipe that this process holds, and that the
// system closes however the process ends.

import type { Config } from "../config/schema.ts";
import type { Server } from "../server/server.ts";
import { VERSION } from "../server/version.ts";

interface DescribedListener {
  readonly protocol: "mqtt" | "websockets";
  readonly tls: boolean;
  readonly hostname?: string;
  readonly port?: number;
  /** Of a Unix socket. */
  readonly path?: string;
}

/** The line; `port` is the first TCP port there is. */
export function describeEphemeral(server: Server, config?: Config): string {
  const listeners = server.listenerAddresses.flatMap((addresses, i) => {
    const { protocol = "mqtt", tls = null } = config?.listeners[i] ?? {};
    return addresses.map((address): DescribedListener => ({
      protocol,
      tls: tls !== null,
      ..."path" in address
        ? { path: address.path }
        : { hostname: address.hostname, port: address.port },
    }));
  });
  const { port } = server;
  return `${JSON.stringify({ midge: VERSION, pid: Deno.pid, port, listeners })}\n`;
}

/** Calls `end` when standard input has come to its end; what comes before is passed over. */
export async function untilParentEnds(end: (why: string) => void): Promise<void> {
  const buffer = new Uint8Array(4_096);
  try {
    while (await Deno.stdin.read(buffer) !== null);
  } catch {
    // As good as closed.
  }
  end("Standard input is closed");
}
