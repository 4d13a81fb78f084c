// What happens to messages for a remote broker that is away when no more can wait, and after a restart.

import assert from "node:assert/strict";
import { join } from "node:path";
import { DENO_IO } from "../../src/config/config_io.ts";
import { ConfiguredServer, loadConfiguration } from "../../src/server/configured_server.ts";
import { Server } from "../../src/server/server.ts";
import { TestClient } from "../server/mqtt_client.ts";
import { freePort } from "../support/free_port.ts";
import { connected } from "./bridged.ts";

const QUIET = { isDebugEnabled: false, write: () => {} };

for (
  // After a restart the first one is under way, and waits no more.
  const { drops, limit, sent, lost, comes } of [
    { drops: "newest", limit: "maximumQueuedMessages: 3", sent: "abcde", lost: 2, comes: "abcy" },
    { drops: "oldest", limit: "maximumQueuedMessages: 3", sent: "abcde", lost: 2, comes: "ceyz" },
    // Two of 1,000 bytes are too many, with their topics; what never fits leaves the others alone.
    { drops: "oldest", limit: "maximumQueuedBytes: 2KiB", sent: "abcdX", lost: 4, comes: "dz" },
  ]
) {
  Deno.test(`with ${limit} the ${drops} are dropped and counted; so it is after a restart`, async () => {
    const folder = await Deno.makeTempDir();
    const path = join(folder, "m.yaml");
    const port = freePort();
    await Deno.writeTextFile(
      path,
      `listeners: [{port: 0, hostnames: [127.0.0.1], allowAnonymous: true}]
persistence: {durability: process, directory: ${folder}}
bridges:
  - {name: b, addresses: ["127.0.0.1:${port}"], topics: [{filter: t, qos: 1}], local: {${limit}, dropsWhenFull: ${drops}}}
`,
    );
    const start = async () =>
      await ConfiguredServer.start(path, await loadConfiguration(path, DENO_IO), DENO_IO, QUIET);
    const publish = async (configured: ConfiguredServer, texts: string) => {
      await using client = await TestClient.connect(configured.server.port);
      for (const text of texts) {
        const length = text === "X" ? 4_000 : limit.includes("Bytes") ? 1_000 : 1;
        await client.mqtt.publishAsync("t", text.repeat(length), { qos: 1 });
      }
      const [bridge] = [...configured.server.bridges];
      return bridge!.counters;
    };
    const first = await start();
    const { dropped, overflowed } = await publish(first, sent);
    assert.deepEqual([dropped, overflowed], [lost, lost]);
    await first.stop();

    const second = await start();
    const counters = await publish(second, "yz");
    assert.equal(counters.overflowed, 1);
    await second.stop();

    await using far = Server.start({ port });
    await using client = await TestClient.connect(far.port);
    await client.mqtt.subscribeAsync("#", { qos: 1 });
    const third = await start();
    await connected(third.server);
    const received = await client.received(comes.length);
    assert.equal(received.map(({ payload }) => String(payload)[0]).join(""), comes);
    await third.stop();
    await Deno.remove(folder, { recursive: true });
  });
}
