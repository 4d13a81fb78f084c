// A broker in a process of its own that says how much memory it has: its port on the first line, then
// its resident bytes, several times a second. The first argument is its limits as JSON, the second one "mqtt"
// or "websockets".

import { NO_LOG } from "../../src/observe/line_log.ts";
import { Server } from "../../src/server/server.ts";
import { WebSocketLayer } from "../../src/transport/websocket_layer.ts";

const SAMPLE_MS = 50;

if (import.meta.main) {
  const [limits = "{}", protocol] = Deno.args;
  const layer = { origins: [], maximumHeaderBytes: 8_192, files: undefined, log: NO_LOG };
  const broker = Server.start({
    limits: JSON.parse(limits),
    listeners: [{
      addresses: [{ hostname: "127.0.0.1", port: 0 }],
      layers: protocol === "websockets" ? [new WebSocketLayer(layer)] : [],
    }],
  });
  const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  say(`port ${broker.port}`);
  setInterval(() => say(`${Deno.memoryUsage().rss}`), SAMPLE_MS);
}
