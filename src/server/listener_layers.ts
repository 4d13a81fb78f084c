// What the connections of a listener go through before MQTT begins, from its configuration. The order is
// that of the bytes: a proxy's header comes before everything, also before TLS, and WebSocket comes within.
//
//   socket -> PROXY protocol -> TLS -> WebSocket -> Channel

import type { Listener } from "../config/schema.ts";
import type { Layer } from "../transport/byte_stream.ts";
import { TlsLayer } from "../transport/tls_layer.ts";
import { listenerKey, type TlsContents } from "./tls_files.ts";

export class ListenerLayers {
  readonly #tls: Map<string, TlsLayer>;

  /** @param tls what the files of the TLS listeners say. */
  constructor(tls: ReadonlyMap<string, TlsContents>) {
    this.#tls = new Map(
      [...tls].map(([key, { settings }]) => [key, new TlsLayer(settings)]),
    );
  }

  /** The layers of a configured listener, outermost first; none for plain MQTT. */
  of(listener: Listener): Layer[] {
    return [proxyLayer(listener), this.#tlsLayer(listener), webSocketLayer(listener)]
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

function proxyLayer(_listener: Listener): Layer | undefined {
  return undefined; // not_yet.ts refuses it
}

function webSocketLayer(_listener: Listener): Layer | undefined {
  return undefined; // not_yet.ts refuses it
}
