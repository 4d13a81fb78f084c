// midge as a service of systemd: finds out whether it is one, and what to tell.

import type { Log } from "../broker/ports.ts";
import { findServiceManager, ServiceManager } from "../observe/service_manager.ts";
import type { Server } from "../server/server.ts";
import { showListenAddress } from "../transport/address.ts";

/** Who wants to be told that midge serves; undefined: nobody, or midge can't. */
export function openServiceManager(log: Log): ServiceManager | undefined {
  const options = findServiceManager(variable, Deno.pid);
  if (options === undefined) return undefined;
  try {
    return new ServiceManager(options);
  } catch (error) {
    log.write("warning", `${(error as Error).message}: systemd (NOTIFY_SOCKET) is not told.`);
    return undefined;
  }
}

/** A line for `systemctl status`. */
export function serviceStatus({ addresses, connectedClients }: Server): string {
  const clients = connectedClients === 1 ? "1 client" : `${connectedClients} clients`;
  return `${clients}; listening on ${addresses.map(showListenAddress).join(" and ")}.`;
}

function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}
