// What the connections of a listener go through before MQTT begins, from its configuration. The order is
// that of the bytes: a proxy's header comes before everything, also before TLS, and WebSocket comes within.
//
//   socket -> PROXY protocol -> TLS -> WebSocket -> Channel

import type { Log } from "../broker/ports.ts";
import type { ConfigIO } from "../config/config_io.ts";
import type { Config, Listener } from "../config/schema.ts";
import type { Layer } from "../transport/byte_stream.ts";
import { HttpFiles } from "../transport/http_files.ts";
import { ProxyProtocol } from "../transport/proxy_protocol.ts";
import { TlsLayer } from "../transport/tls_layer.ts";
import { WebSocketLayer } from "../transport/websocket_layer.ts";
import type { TlsContents } from "./tls_files.ts";

export class ListenerLayers {
  /** Outermost first; none for plain MQTT. */
  readonly all: readonly Layer[];
  readonly #tls: TlsLayer | undefined;

  /** @param tls what the files of a TLS listener say. */
  constructor(listener: Listener, tls: TlsContents | undefined, log: Log) {
    this.#tls = listener.tls === null ? undefined : new TlsLayer(tls!.settings);
    this.all = [proxyLayer(listener), this.#tls, webSocketLayer(listener, log)]
      .filter((layer) => layer !== undefined);
  }

  /** From now on new connections are met with these certificates; those that are there stay. */
  replace(tls: TlsContents | undefined): void {
    if (tls !== undefined) this.#tls?.replace(tls.settings);
  }
}

function proxyLayer({ proxyProtocol }: Listener): Layer | undefined {
  return proxyProtocol === null ? undefined : new ProxyProtocol(proxyProtocol);
}

function webSocketLayer({ protocol, webSocket }: Listener, log: Log): Layer | undefined {
  if (protocol !== "websockets") return undefined;
  const { origins, maximumHeaderBytes, httpDirectory } = webSocket;
  const files = httpDirectory === null ? undefined : new HttpFiles(httpDirectory, log);
  return new WebSocketLayer({ origins, maximumHeaderBytes, files, log });
}

/** A sentence for each folder of files that the listeners of `config` can't serve. */
export async function findUnreadableFolders(config: Config, io: ConfigIO): Promise<string[]> {
  const problems: string[] = [];
  for (const { protocol, webSocket: { httpDirectory } } of config.listeners) {
    if (protocol !== "websockets" || httpDirectory === null) continue;
    try {
      await io.readDirectory(httpDirectory);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      problems.push(`Unable to open http dir "${httpDirectory}": ${reason}.`);
    }
  }
  return problems;
}
