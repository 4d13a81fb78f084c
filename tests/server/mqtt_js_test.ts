// A broker of src/mod.ts and MQTT.js over real sockets: what an application does all day, in both
// versions and between them.

import assert from "node:assert/strict";
import { Broker } from "../../src/mod.ts";
import { TestClient } from "./mqtt_client.ts";

type Version = 4 | 5;
const VERSIONS: readonly Version[] = [4, 5];
const QOS = [0, 1, 2] as const;

for (const from of VERSIONS) {
  for (const to of VERSIONS) {
    for (const qos of QOS) {
      Deno.test(`a message with QoS ${qos} goes from version ${from} to version ${to}`, async () => {
        await using broker = Broker.start();
        await using subscriber = await TestClient.connect(broker.port, { protocolVersion: to });
        await using publisher = await TestClient.connect(broker.port, { protocolVersion: from });
        await subscriber.mqtt.subscribeAsync("house/+/temperature", { qos });
        await publisher.mqtt.publishAsync("house/kitchen/temperature", "21.5", { qos });
        await publisher.mqtt.publishAsync("house/kitchen/humidity", "40", { qos });
        await publisher.mqtt.publishAsync("house/attic/temperature", "30", { qos });
        assert.deepEqual(await subscriber.texts(2), [
          "house/kitchen/temperature 21.5",
          "house/attic/temperature 30",
        ]);
        for (const each of await subscriber.received(2)) {
          assert.deepEqual({ ...each, topic: "", payload: "" }, {
            topic: "",
            payload: "",
            qos,
            retain: false,
            dup: false,
          });
        }
      });
    }
  }
}

for (const protocolVersion of VERSIONS) {
  const options = { protocolVersion };

  Deno.test(`version ${protocolVersion}: a retained message comes to a later subscriber until it is cleared`, async () => {
    await using broker = Broker.start();
    await using publisher = await TestClient.connect(broker.port, options);
    await publisher.mqtt.publishAsync("state", "on", { qos: 1, retain: true });
    await using subscriber = await TestClient.connect(broker.port, options);
    await subscriber.mqtt.subscribeAsync("state", { qos: 1 });
    const [retained] = await subscriber.received(1);
    assert.deepEqual([retained?.topic, retained?.retain], ["state", true]);

    await publisher.mqtt.publishAsync("state", "", { qos: 1, retain: true });
    const cleared = (await subscriber.received(2))[1];
    assert.deepEqual([cleared?.payload.length, cleared?.retain], [0, false]);
    await using later = await TestClient.connect(broker.port, options);
    await later.mqtt.subscribeAsync(["state", "after"], { qos: 1 });
    await publisher.mqtt.publishAsync("after", "", { qos: 1 });
    assert.deepEqual(await later.texts(1), ["after "]);
  });

  Deno.test(`version ${protocolVersion}: a will is published when the connection breaks, and only then`, async () => {
    await using broker = Broker.start();
    await using watcher = await TestClient.connect(broker.port, options);
    await watcher.mqtt.subscribeAsync("+/state", { qos: 1 });
    const withWill = (clientId: string) =>
      TestClient.connect(
        broker.port,
        {
          ...options,
          clientId,
          will: { topic: `${clientId}/state`, payload: "gone", qos: 1, retain: false },
        } as const,
      );
    const polite = await withWill("polite");
    await polite.end();
    await using broken = await withWill("broken");
    await broken.break();
    assert.deepEqual(await watcher.texts(1), ["broken/state gone"]);
  });

  Deno.test(`version ${protocolVersion}: a Session that persists keeps its messages for the next connection`, async () => {
    await using broker = Broker.start();
    const persistent = {
      ...options,
      clientId: "keeper",
      clean: false,
      ...protocolVersion === 5 && { properties: { sessionExpiryInterval: 60 } },
    };
    const first = await TestClient.connect(broker.port, persistent);
    assert.equal(first.sessionPresent, false);
    await first.mqtt.subscribeAsync("jobs/#", { qos: 2 });
    await first.end();

    await using publisher = await TestClient.connect(broker.port, options);
    await publisher.mqtt.publishAsync("jobs/0", "not kept", { qos: 0 });
    await publisher.mqtt.publishAsync("jobs/1", "one", { qos: 1 });
    await publisher.mqtt.publishAsync("jobs/2", "two", { qos: 2 });

    await using second = await TestClient.connect(broker.port, persistent);
    assert.equal(second.sessionPresent, true);
    assert.deepEqual(await second.texts(2), ["jobs/1 one", "jobs/2 two"]);
    assert.deepEqual((await second.received(2)).map(({ qos }) => qos), [1, 2]);
    await second.break();

    await publisher.mqtt.publishAsync("jobs/3", "three", { qos: 1 });
    await using third = await TestClient.connect(broker.port, persistent);
    assert.deepEqual(await third.texts(1), ["jobs/3 three"]);
  });

  Deno.test(`version ${protocolVersion}: a payload of a mebibyte arrives as it was sent`, async () => {
    await using broker = Broker.start();
    await using client = await TestClient.connect(broker.port, options);
    await client.mqtt.subscribeAsync("large/#", { qos: 2 });
    const payload = Uint8Array.from({ length: 1024 * 1024 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
    for (const qos of QOS) {
      await client.mqtt.publishAsync(`large/${qos}`, payload as never, { qos });
    }
    for (const { topic, payload: got } of await client.received(3)) {
      assert.ok(
        payload.every((byte, i) => byte === got[i]) && got.length === payload.length,
        topic,
      );
    }
  });
}

Deno.test("a thousand small messages arrive in the order they were sent, at every QoS", async () => {
  await using broker = Broker.start();
  await using subscriber = await TestClient.connect(broker.port);
  await using publisher = await TestClient.connect(broker.port);
  await subscriber.mqtt.subscribeAsync("count/#", { qos: 2 });
  for (const qos of QOS) {
    const all = Array.from(
      { length: 1_000 },
      (_, i) => publisher.mqtt.publishAsync(`count/${qos}`, `${i}`, { qos }),
    );
    await Promise.all(all);
    const texts = await subscriber.texts((qos + 1) * 1_000);
    assert.deepEqual(
      texts.slice(qos * 1_000),
      Array.from({ length: 1_000 }, (_, i) => `count/${qos} ${i}`),
    );
  }
});

Deno.test("two brokers in one process know nothing of each other", async () => {
  await using one = Broker.start();
  await using other = Broker.start();
  assert.notEqual(one.port, other.port);
  await using here = await TestClient.connect(one.port, { clientId: "same" });
  await using there = await TestClient.connect(other.port, { clientId: "same" });
  await here.mqtt.subscribeAsync("#", { qos: 1 });
  await there.mqtt.subscribeAsync("#", { qos: 1 });
  await there.mqtt.publishAsync("there", "1", { qos: 1, retain: true });
  await here.mqtt.publishAsync("here", "1", { qos: 1 });
  assert.deepEqual(await here.texts(1), ["here 1"]);
  assert.deepEqual(await there.texts(1), ["there 1"]);
  assert.equal(one.statistics.publishReceived, 1);
});
