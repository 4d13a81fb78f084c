// What midge says when it serves: where, to whom, and how to try it.

import type { Config } from "../config/schema.ts";
import { type ListenAddress, showListenAddress } from "../transport/address.ts";
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

/**
 * @param who who may connect.
 * @param configured where the configuration is, and what it says.
 */
export function greeting(
  server: Server,
  who: string,
  configured?: { readonly path: string; readonly config: Config },
): string {
  const at = server.addresses.map(showListenAddress).join(" and ");
  const how = howToReach(server.addresses[0]!);
  const configuration = configured === undefined ? "" : `, configured by ${configured.path}`;
  const first = configured?.config.listeners[0];
  // Mosquitto's clients speak no WebSocket.
  const trial = first?.protocol === "websockets" ? "" : `Try it in two other terminals:
  mosquitto_sub ${how} -t 'demo/#' -v
  mosquitto_pub ${how} -t demo/hello -m world
`;
  return `midge ${VERSION}: MQTT 5.0, 3.1.1 and 3.1${configuration}
Listening on ${at}: ${who}.
${trial}`;
}

/** What mosquitto_pub has to be told. */
function howToReach(address: ListenAddress): string {
  if ("path" in address) return `--unix ${address.path}`;
  const { hostname, port, isIPv6Only } = address;
  const isAnywhere = hostname === "0.0.0.0" || hostname === "::";
  return `-h ${isAnywhere ? isIPv6Only ? "::1" : LOCAL : hostname} -p ${port}`;
}
