// Byte streams to a broker for MQTT.js: TCP, Unix socket, TLS. WebSocket is MQTT.js's own.

import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { portOf, type TargetSettings, usesTls } from "./settings.ts";
import { tlsOptions } from "./tls_options.ts";

/**
 * Makes what opens a new stream each time it is called.
 * @throws {UsageError} if the settings of TLS are not right.
 */
export function dialer(settings: TargetSettings): () => Duplex {
  const { unixPath, bindAddress, host = "localhost" } = settings;
  if (unixPath !== undefined) return () => net.connect({ path: unixPath });
  const target = {
    host,
    port: portOf(settings),
    ...bindAddress === undefined ? {} : { localAddress: bindAddress },
  };
  if (!usesTls(settings)) return () => net.connect(target).setNoDelay(true);
  const options = tlsOptions(settings);
  // A literal address is no name that could be asked for.
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  return () => tls.connect({ ...target, ...options, ...servername }).setNoDelay(true);
}
