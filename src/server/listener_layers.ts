// What the connections of a listener go through before MQTT begins, from its configuration. The order is
// that of the bytes: a proxy's header comes before everything, also before TLS, and WebSocket comes within.
//
//   socket -> PROXY protocol -> TLS -> WebSocket -> Channel

import type { Listener } from "../config/schema.ts";
import type { Layer } from "../transport/byte_stream.ts";

/** The layers of a configured listener, outermost first; none for plain MQTT. */
export function layersOf(listener: Listener): Layer[] {
  return [proxyLayer(listener), tlsLayer(listener), webSocketLayer(listener)]
    .filter((layer) => layer !== undefined);
}

function proxyLayer(_listener: Listener): Layer | undefined {
  return undefined; // not_yet.ts refuses it
}

function tlsLayer(_listener: Listener): Layer | undefined {
  return undefined; // not_yet.ts refuses it
}

function webSocketLayer(_listener: Listener): Layer | undefined {
  return undefined; // not_yet.ts refuses it
}
