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
import { listenerKey, type TlsContents } from "./tls_files.ts";

export class ListenerLayers {
  readonly #log: Log;
  readonly #tls: Map<string, TlsLayer>;

  /** @param tls what the files of the TLS listeners say. */
  constructor(tls: ReadonlyMap<string, TlsContents>, log: Log) {
    this.#log = log;
    this.#tls = new Map(
      [...tls].map(([key, { settings }]) => [key, new TlsLayer(settings)]),
    );
  }

  /** The layers of a configured listener, outermost first; none for plain MQTT. */
  of(listener: Listener): Layer[] {
    return [proxyLayer(listener), this.#tlsLayer(listener), webSocketLayer(listener, this.#log)]
      .filter((layer) => layer !== undefined);
  }

  /** From now on new connections are met with these certificates; those that are there stay. */
  replace(tls: ReadonlyMap<string, TlsContents>): void {
    for (const [key, { settings }] of tls) this.#tls.get(key)?.replace(settings);
  }

  #tlsLayer(listener: Listener): Layer | undefined {
    if (listener.tls === null) return undefined;
    return this.#tls.get(listenerKey(listener))!;
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
