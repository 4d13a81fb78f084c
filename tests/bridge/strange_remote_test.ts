// A remote broker that forgets, falls silent, or does not know what a bridge is.

import assert from "node:assert/strict";
import { PacketType } from "../../src/packet/packet_type.ts";
import { Server } from "../../src/server/server.ts";
import { TestClient } from "../server/mqtt_client.ts";
import { ack } from "../vectors/vector.ts";
import { connected, plan, reached, topic } from "./bridged.ts";
import { FakeRemote } from "./fake_remote.ts";

const OUT = { topics: [topic("t", "out", 2)] };

for (const version of [4, 5] as const) {
  for (
    const { sessionPresent, again, name } of [
      { sessionPresent: true, again: PacketType.Pubrel, name: "is released" },
      {
        sessionPresent: false,
        again: PacketType.Publish,
        name: "is sent again if it has lost its Session",
      },
    ] as const
  ) {
    Deno.test(`version ${version}: a QoS 2 message that a remote broker had received when it died ${name}`, async () => {
      using far = new FakeRemote(version);
      await using near = Server.start();
      await near.configureBridges([
        plan({ port: far.port, ...OUT, remote: { version, unsubscribes: false } }),
      ]);
      const first = await far.take();
      await using a = await TestClient.connect(near.port);
      await a.mqtt.publishAsync("t", "precious", { qos: 2 });
      const { packetId } = await first.expect(PacketType.Publish);
      await first.send(ack(PacketType.Pubrec, { packetId }));
      await first.expect(PacketType.Pubrel);
      first.close();

      const second = await far.take({ sessionPresent });
      const packet = await second.expect(again);
      assert.equal(packet.packetId, packetId);
      if (packet.type === PacketType.Publish) {
        assert.equal(new TextDecoder().decode(packet.payload), "precious");
        await second.send(ack(PacketType.Pubrec, { packetId }));
        await second.expect(PacketType.Pubrel);
      }
      await second.send(ack(PacketType.Pubcomp, { packetId }));
      await a.mqtt.publishAsync("t", "next", { qos: 1 });
      const next = await second.expect(PacketType.Publish);
      assert.equal(new TextDecoder().decode(next.payload), "next");
    });
  }
}

Deno.test("a connection that is half open is found out by Keep Alive; meanwhile all others are served", async () => {
  using far = new FakeRemote(5);
  await using near = Server.start();
  await near.configureBridges([
    plan({ port: far.port, ...OUT, remote: { keepAlive: 1, unsubscribes: false } }),
  ]);
  const first = await far.take();
  await connected(near);
  await using a = await TestClient.connect(near.port);
  await a.mqtt.subscribeAsync("t", { qos: 1 });
  await a.mqtt.publishAsync("t", "1", { qos: 1 });
  await first.expect(PacketType.Publish); // and no answer to this, nor to the PINGREQ
  await first.expect(PacketType.Pingreq);
  await a.received(1);
  await reached(near, "waiting");
  const [bridge] = [...near.bridges];
  assert.match(bridge!.detail, /^the remote broker has been silent for \d s; next try at /);
  const second = await far.take({ sessionPresent: true });
  assert.ok((await second.expect(PacketType.Publish)).dup);
});

Deno.test("MQTT 3: a broker that closes at once is asked without the bridge's mark, one that is silent is not", async () => {
  using far = new FakeRemote(4);
  await using near = Server.start();
  await near.configureBridges([
    plan({ port: far.port, ...OUT, connectTimeoutMs: 100, remote: { version: 4 } }),
  ]);
  const marks: boolean[] = [];
  const next = async () => {
    const { bridge, connect } = await far.accept();
    marks.push(connect.isBridge);
    return bridge;
  };
  await (await next()).expectEnd(); // says nothing until the bridge gives up
  (await next()).close();
  (await next()).close(); // a broker that dies looks the same, so it has closed twice
  (await next()).close(); // now without; which is no better
  (await next()).close();
  assert.deepEqual(marks, [true, true, true, false, true]);
});

Deno.test("MQTT 3: a broker that refuses the version of a bridge is asked without it", async () => {
  using far = new FakeRemote(4);
  await using near = Server.start();
  await near.configureBridges([
    plan({ port: far.port, ...OUT, remote: { version: 4, unsubscribes: false } }),
  ]);
  await (await far.take({ reasonCode: 1 })).expectEnd();
  const { bridge, connect } = await far.accept();
  assert.equal(connect.isBridge, false);
  bridge.close();
});
