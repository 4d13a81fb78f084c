// Whose access rules hold, after a restart, for what was stored: those of the listener by which its Client came.

import assert from "node:assert/strict";
import { ConfigSchema } from "../../src/config/schema.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import { listenerNames } from "../../src/server/listener_names.ts";
import { freePort } from "../support/free_port.ts";
import { RawClient } from "../support/raw_client.ts";
import { bytesOf, publish } from "../vectors/vector.ts";
import { ReloadableServer } from "./reloadable_server.ts";

Deno.test("after a restart, the rules of the listener by which it came hold for a retained message", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "midge-" });
  const [first, second] = [freePort(), freePort()];
  const conf = `per_listener_settings true\ncheck_retain_source true\npersistence true\n` +
    `persistence_location ${folder}/\nlistener ${first}\nallow_anonymous true\nacl_file /acl\n` +
    `listener ${second}\nallow_anonymous true\n`;
  try {
    {
      await using _ = await ReloadableServer.start({ "/c.conf": conf, "/acl": "topic write #\n" });
      for (const [port, topicName] of [[first, "by/first"], [second, "by/second"]] as const) {
        using client = await RawClient.connect(port, { version: 5, clientId: "c" });
        const fields = {
          topicName,
          qos: 1,
          packetId: 1,
          retain: true,
          payload: bytesOf("x"),
        } as const;
        await client.send(publish(fields));
        assert.ok((await client.expect(PacketType.Puback)).reasonCode < 0x80);
      }
    }
    await using _ = await ReloadableServer.start({ "/c.conf": conf, "/acl": "topic write none\n" });
    using client = await RawClient.connect(second, { version: 5, clientId: "d" });
    await client.subscribe("by/#");
    assert.equal((await client.expect(PacketType.Publish)).topicName, "by/second");
    await client.send(publish({ topicName: "by/now" }));
    assert.equal((await client.expect(PacketType.Publish)).topicName, "by/now");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

const NAMES: readonly { listeners: readonly object[]; names: readonly string[] }[] = [
  { listeners: [{}, { port: 8883 }], names: ["1883", "8883"] },
  {
    listeners: [{ kind: "unix", path: "/run/midge.sock" }, {}],
    names: ["/run/midge.sock", "1883"],
  },
  {
    listeners: [{ hostnames: ["::1"] }, { hostnames: ["10.0.0.1", "lan"] }, { port: 1884 }],
    names: ["1883 ::1", "1883 10.0.0.1 lan", "1884"],
  },
  { listeners: [{ port: 0 }, { port: 0 }], names: ["0 #1", "0 #2"] },
];
for (const { listeners, names } of NAMES) {
  Deno.test(`the store knows listeners as ${names.join(", ")}`, () => {
    assert.deepEqual(listenerNames(ConfigSchema.parse({ listeners }).listeners), names);
  });
}
