// What midge says when it serves: where, to whom, and how to try it.

import type { Config } from "../config/schema.ts";
import type { Server } from "../server/server.ts";
import { VERSION } from "../server/version.ts";

export const LOCAL = "127.0.0.1";
/** Who may connect without a configuration. */
export const EVERYBODY_HERE = "everybody on this machine may connect, nobody else";

/** Who may connect, in words. */
export function describeAccess({ localOnly, listeners }: Config): string {
  const anonymous = listeners.filter(({ allowAnonymous }) => allowAnonymous).length;
  const who = anonymous === listeners.length
    ? "everybody may connect"
    : anonymous === 0
    ? "Clients need a user name and password"
    : "Clients need a user name and password on some listeners";
  if (!localOnly) return who;
  return anonymous === listeners.length ? EVERYBODY_HERE : `${who}, and only from this machine`;
}

/** @param who who may connect. */
export function greeting(server: Server, who: string, configPath?: string): string {
  const { port } = server;
  const at = server.addresses.map(({ hostname, port }) => show(hostname, port)).join(" and ");
  const configuration = configPath === undefined ? "" : `, configured by ${configPath}`;
  return `midge ${VERSION}: MQTT 5.0, 3.1.1 and 3.1${configuration}
Listening on ${at}: ${who}.
Try it in two other terminals:
  mosquitto_sub -h ${LOCAL} -p ${port} -t 'demo/#' -v
  mosquitto_pub -h ${LOCAL} -p ${port} -t demo/hello -m world
`;
}

function show(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
