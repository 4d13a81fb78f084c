import assert from "node:assert/strict";
import type { BridgeTopic } from "../../src/bridge/settings.ts";
import { Server } from "../../src/server/server.ts";
import { TestClient } from "../server/mqtt_client.ts";
import { connected, plan, topic } from "./bridged.ts";

interface Row {
  readonly name: string;
  readonly topics: readonly BridgeTopic[];
  /** Who publishes what. */
  readonly here?: readonly [topic: string, qos: 0 | 1 | 2];
  readonly there?: readonly [topic: string, qos: 0 | 1 | 2];
  /** What comes on the other side, after which the end of the test is sent over the bridge. */
  readonly comes: readonly [topic: string, qos: number][];
}

const ROWS: readonly Row[] = [
  ...([0, 1, 2] as const).map((qos): Row => ({
    name: `a message with QoS ${qos} goes out`,
    topics: [topic("a/#", "out", 2)],
    here: ["a/b", qos],
    comes: [["a/b", qos]],
  })),
  ...([0, 1, 2] as const).map((qos): Row => ({
    name: `a message with QoS ${qos} comes in`,
    topics: [topic("a/#", "in", 2)],
    there: ["a/b", qos],
    comes: [["a/b", qos]],
  })),
  {
    name: "the QoS of the topic is the highest",
    topics: [topic("a/#", "out", 1)],
    here: ["a/b", 2],
    comes: [["a/b", 1]],
  },
  {
    name: "prefixes are exchanged on the way out",
    topics: [topic("a/#", "out", 1, "here/", "there/")],
    here: ["here/a/b", 1],
    comes: [["there/a/b", 1]],
  },
  {
    name: "prefixes are exchanged on the way in",
    topics: [topic("a/#", "in", 1, "here/", "there/")],
    there: ["there/a/b", 1],
    comes: [["here/a/b", 1]],
  },
  {
    name: "an empty pattern maps one topic to another",
    topics: [topic("", "out", 1, "x/y", "p/q/r")],
    here: ["x/y", 1],
    comes: [["p/q/r", 1]],
  },
  {
    name: "what no topic asks for stays",
    topics: [topic("a/#", "out", 1)],
    here: ["b", 1],
    comes: [],
  },
  {
    name: "nothing goes out where it only comes in",
    topics: [topic("#", "in", 1)],
    here: ["b", 1],
    comes: [],
  },
];

for (const version of [3, 4, 5] as const) {
  for (const { name, topics, here, there, comes } of ROWS) {
    Deno.test(`a bridge of version ${version}: ${name}`, async () => {
      await using far = Server.start();
      await using near = Server.start();
      await using a = await TestClient.connect(near.port);
      await using b = await TestClient.connect(far.port);
      const [from, to] = here === undefined ? [b, a] : [a, b];
      await to.mqtt.subscribeAsync("#", { qos: 2 });
      const end = topic("end", here === undefined ? "in" : "out", 2);
      await near.configureBridges([
        plan({ port: far.port, topics: [...topics, end], remote: { version } }),
      ]);
      await connected(near);
      const [name, qos] = (here ?? there)!;
      await from.mqtt.publishAsync(name, "x", { qos });
      await from.mqtt.publishAsync("end", "x", { qos });
      const received = await to.received(comes.length + 1);
      assert.deepEqual(
        received.map((each) => [each.topic, each.qos]),
        [...comes, ["end", qos]],
      );
    });
  }

  Deno.test(`a bridge of version ${version}, both ways: nothing comes back`, async () => {
    await using far = Server.start();
    await using near = Server.start();
    await using a = await TestClient.connect(near.port);
    await using b = await TestClient.connect(far.port);
    for (const client of [a, b]) await client.mqtt.subscribeAsync("#", { qos: 2 });
    await near.configureBridges([
      plan({ port: far.port, topics: [topic("#", "both", 2)], remote: { version } }),
    ]);
    await connected(near);
    for (const qos of [0, 1, 2] as const) {
      await a.mqtt.publishAsync("from/a", `a${qos}`, { qos });
      await b.mqtt.publishAsync("from/b", `b${qos}`, { qos });
    }
    await a.mqtt.publishAsync("end", "", { qos: 1 });
    await b.mqtt.publishAsync("end", "", { qos: 1 });
    for (const client of [a, b]) {
      const received = await client.received(8);
      const texts = received.map(({ payload }) => String(payload)).sort();
      assert.deepEqual(texts, ["", "", "a0", "a1", "a2", "b0", "b1", "b2"]);
    }
  });

  Deno.test(`a bridge of version ${version} to another listener of its own broker brings each message once`, async () => {
    await using near = Server.start();
    await using a = await TestClient.connect(near.port);
    await a.mqtt.subscribeAsync("#", { qos: 2 });
    const topics = [topic("#", "both", 2, "here/", "there/")];
    await near.configureBridges([plan({ port: near.port, topics, remote: { version } })]);
    await connected(near);
    const names = ["here/0", "here/1", "here/2"] as const;
    for (const [qos, name] of names.entries()) {
      await a.mqtt.publishAsync(name, "", { qos: qos as 0 | 1 | 2 });
    }
    await a.received(6);
    await a.mqtt.publishAsync("end", "", { qos: 1 });
    const received = (await a.received(7)).map((each) => each.topic);
    const expected = [...names, ...names.map((name) => name.replace("here", "there")), "end"];
    assert.deepEqual(received.toSorted(), expected.toSorted());
  });

  Deno.test(`a bridge of version ${version}: retained messages of before go over, as retained`, async () => {
    await using far = Server.start();
    await using near = Server.start();
    await using a = await TestClient.connect(near.port);
    await using b = await TestClient.connect(far.port);
    await a.mqtt.publishAsync("out/r", "1", { qos: 1, retain: true });
    await b.mqtt.publishAsync("in/r", "2", { qos: 1, retain: true });
    for (const client of [a, b]) await client.mqtt.subscribeAsync("+/r", { qos: 1 });
    const topics = [topic("out/#", "out", 1), topic("in/#", "in", 1)];
    await near.configureBridges([plan({ port: far.port, topics, remote: { version } })]);
    for (const [client, port, name] of [[b, far.port, "out/r"], [a, near.port, "in/r"]] as const) {
      await client.received(2); // its own, retained, and then the other's
      await using late = await TestClient.connect(port);
      await late.mqtt.subscribeAsync(name, { qos: 1 });
      const [first] = await late.received(1);
      assert.deepEqual([first?.topic, first?.retain], [name, true]);
    }
  });
}
