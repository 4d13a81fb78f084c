// A reload of the configuration file adds, changes and removes bridges; whoever else is connected notices nothing.

import assert from "node:assert/strict";
import { Server } from "../../src/server/server.ts";
import { ReloadableServer } from "../server/reloadable_server.ts";
import { TestClient } from "../server/mqtt_client.ts";
import { until } from "./bridged.ts";

/** The Client Identifiers that a Client of `far` is told of, by what the bridges publish there. */
async function watch(far: Server): Promise<{ client: TestClient; texts: () => string[] }> {
  const client = await TestClient.connect(far.port);
  const came: string[] = [];
  client.mqtt.on("message", (topic, payload) => void came.push(`${topic} ${payload}`));
  await client.mqtt.subscribeAsync("#", { qos: 1 });
  return { client, texts: () => came };
}

Deno.test("bridges are added, changed and removed by a reload without touching other connections", async () => {
  await using far = Server.start();
  const yaml = (...bridges: readonly string[]) =>
    `listeners: [{port: 0, hostnames: [127.0.0.1], allowAnonymous: true}]\nbridges: [${
      bridges.join(", ")
    }]\n`;
  const bridge = (name: string, filter: string) =>
    `{name: ${name}, addresses: ["127.0.0.1:${far.port}"], topics: [{filter: ${filter}, qos: 1}], ` +
    "notificationTopic: state/NAME}".replace("NAME", name);
  const same = bridge("same", "a");
  await using near = await ReloadableServer.start({ "m.yaml": yaml(same, bridge("gone", "b")) });
  const { client: watcher, texts } = await watch(far);
  await using _ = watcher;
  await using publisher = await TestClient.connect(near.port, { clientId: "publisher" });
  let interruptions = 0;
  publisher.mqtt.on("close", () => interruptions++);
  const publish = async (...names: readonly string[]) => {
    for (const name of names) await publisher.mqtt.publishAsync(name, "x", { qos: 1 });
  };
  const told = (text: string) => texts().filter((each) => each === text).length;
  await until(() => told("state/same 1") + told("state/gone 1") === 2, () => texts().join());
  await publish("a", "b", "c");
  await until(() => told("a x") + told("b x") === 2);

  // One more, and one less.
  await near.reload({ "m.yaml": yaml(same, bridge("new", "c")) });
  await until(() => told("state/new 1") + told("state/gone 0") === 2, () => texts().join());
  await publish("a", "b", "c");
  await until(() => told("a x") + told("c x") === 3, () => texts().join());

  // Another topic.
  await near.reload({ "m.yaml": yaml(same, bridge("new", "d")) });
  await until(() => told("state/new 1") === 2, () => texts().join());
  await publish("b", "c", "d", "a");
  await until(() => told("a x") + told("d x") === 4, () => texts().join());

  assert.deepEqual([told("b x"), told("c x")], [1, 1]);
  assert.deepEqual([told("state/same 1"), told("state/same 0")], [1, 0]); // never away
  assert.equal(interruptions, 0);
});

Deno.test("a reload with a bridge that is wrong changes none of them", async () => {
  await using far = Server.start();
  const yaml = (topics: string) =>
    `listeners: [{port: 0, hostnames: [127.0.0.1], allowAnonymous: true}]
bridges: [{name: b, addresses: ["127.0.0.1:${far.port}"], topics: [${topics}]}]\n`;
  await using near = await ReloadableServer.start({ "m.yaml": yaml("{filter: a}") });
  await until(() => near.said(/Bridge b: connected to/).length === 1);
  await assert.rejects(near.reload({ "m.yaml": yaml("{filter: a/#/b}") }), /m\.yaml:2/);
  assert.equal(near.said(/Bridge b: connecting/).length, 1);
  assert.equal(far.connectedClients, 1);
});
