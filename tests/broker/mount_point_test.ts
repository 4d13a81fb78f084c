// Mount points: Clients of one listener live below a prefix that they do not see.

import assert from "node:assert/strict";
import { ALLOW_EVERYTHING } from "../../src/access/authorizer.ts";
import type { ListenerPolicy } from "../../src/broker/listener_policy.ts";
import { PacketType, type ProtocolVersion, type QoS } from "../../src/packet/packet_type.ts";
import type { ConnectPacket } from "../../src/packet/packets.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { type Peer, SansIoBroker, type SansIoBrokerOptions } from "../support/sans_io_broker.ts";
import { ack, bytesOf, connect, publish, request, will } from "../vectors/vector.ts";

const SITE_A = { mountPoint: "a/" };
const SITE_B = { mountPoint: "b/" };

/** A broker, and Clients that come by listeners of their own. */
class Stage {
  readonly broker: SansIoBroker;
  #clients = 0;

  constructor(options: SansIoBrokerOptions = {}) {
    this.broker = new SansIoBroker(options);
  }

  client(
    policy: Partial<ListenerPolicy>,
    fields: Partial<ConnectPacket> & { version?: ProtocolVersion } = {},
  ): Client {
    const packet = connect({ version: 5, clientId: `c${++this.#clients}`, ...fields });
    const peer = this.broker.connect(packet.version, policy);
    peer.send(packet);
    return new Client(peer);
  }
}

class Client {
  readonly peer: Peer;
  readonly sessionPresent: boolean;
  /** Of the CONNACK. */
  readonly reasonCode: number;
  readonly #aliases = new Map<number, string>();
  #packetId = 0;

  constructor(peer: Peer) {
    this.peer = peer;
    const [connack] = peer.takePackets();
    assert.ok(connack?.type === PacketType.Connack);
    this.sessionPresent = connack.sessionPresent;
    this.reasonCode = connack.reasonCode;
  }

  /** Subscribes, and takes what comes before the SUBACK. */
  subscribe(topicFilter: string, qos: QoS = 1): this {
    const subscriptions = [request({ topicFilter, qos })];
    const packetId = ++this.#packetId;
    this.peer.send({ type: PacketType.Subscribe, packetId, subscriptions, properties: {} });
    return this;
  }

  /** Publishes, each time as a packet of its own in one chunk, so that the fast path is taken. */
  publish(
    topicName: string,
    qos: QoS = 0,
    fields: { retain?: boolean; times?: number } = {},
  ): this {
    const { retain = false, times = 1 } = fields;
    const packet = publish({
      topicName,
      qos,
      retain,
      packetId: qos === 0 ? 0 : 9,
      payload: bytesOf("1"),
    });
    const bytes = encodePublish(packet, this.peer.version);
    this.peer.send(...Array.from({ length: times }, () => bytes));
    return this;
  }

  /** The Topic Names of the PUBLISHes that have come, aliases resolved. */
  topics(): string[] {
    return this.peer.takePackets().flatMap((packet) => {
      if (packet.type !== PacketType.Publish) return [];
      const { topicAlias, topicName } = packet;
      if (topicAlias === 0) return [topicName];
      if (topicName !== "") this.#aliases.set(topicAlias, topicName);
      return [this.#aliases.get(topicAlias)!];
    });
  }
}

for (const qos of [0, 1, 2] as const) {
  for (const version of [4, 5] as const) {
    Deno.test(`what is published with QoS ${qos} by version ${version} has the mount point outside and not inside`, () => {
      const stage = new Stage();
      const everywhere = stage.client({}, { version }).subscribe("#");
      const neighbour = stage.client(SITE_A, { version }).subscribe("#");
      const other = stage.client(SITE_A, { version: 9 - version as 4 | 5 }).subscribe("t/+");
      const stranger = stage.client(SITE_B, { version }).subscribe("#");
      const publisher = stage.client(SITE_A, { version });
      const times = qos === 2 ? 1 : 5;
      publisher.publish("t/x", qos, { times });
      if (qos === 2) {
        publisher.peer.send(ack(PacketType.Pubrel, { packetId: 9 }));
      }
      assert.deepEqual(everywhere.topics(), Array(times).fill("a/t/x"));
      assert.deepEqual(neighbour.topics(), Array(times).fill("t/x"));
      assert.deepEqual(other.topics(), Array(times).fill("t/x"));
      assert.deepEqual(stranger.topics(), []);
    });

    Deno.test(`what is published with QoS ${qos} by version ${version} outside reaches those inside without it`, () => {
      const stage = new Stage();
      const inside = stage.client(SITE_A, { version }).subscribe("t/x");
      const inB = stage.client(SITE_B, { version }).subscribe("#");
      const outside = stage.client({}, { version }).subscribe("+/t/x");
      const publisher = stage.client({}, { version });
      publisher.publish("a/t/x", qos).publish("b/t/x", 0, { times: 3 }).publish("t/x", 0);
      if (qos === 2) {
        publisher.peer.send(ack(PacketType.Pubrel, { packetId: 9 }));
      }
      assert.deepEqual(inside.topics(), ["t/x"]);
      assert.deepEqual(inB.topics(), ["t/x", "t/x", "t/x"]);
      assert.deepEqual(outside.topics().sort(), ["a/t/x", "b/t/x", "b/t/x", "b/t/x"]);
    });
  }
}

Deno.test("a publisher's packets do not go unchanged to a listener that has come to have another mount point", () => {
  const stage = new Stage();
  const publisher = stage.client(SITE_A);
  const inside = stage.client(SITE_A).subscribe("t");
  publisher.publish("t", 0, { times: 4 });
  assert.deepEqual(inside.topics(), Array(4).fill("t"));
  const outside = stage.client({}).subscribe("a/t");
  const stranger = stage.client(SITE_B).subscribe("t");
  publisher.publish("t", 0, { times: 4 });
  assert.deepEqual(inside.topics(), Array(4).fill("t"));
  assert.deepEqual(outside.topics(), Array(4).fill("a/t"));
  assert.deepEqual(stranger.topics(), []);
});

Deno.test("retained messages are stored below the mount point", () => {
  const stage = new Stage();
  stage.client(SITE_A).publish("state", 1, { retain: true });
  assert.deepEqual(stage.client(SITE_A).subscribe("#").topics(), ["state"]);
  assert.deepEqual(stage.client(SITE_B).subscribe("#").topics(), []);
  assert.deepEqual(stage.client({}).subscribe("a/state").topics(), ["a/state"]);
});

Deno.test("a message to the parent level of the mount point has no name inside", () => {
  const stage = new Stage();
  stage.client({}).publish("a", 1, { retain: true });
  const inside = stage.client(SITE_A).subscribe("#");
  stage.client({}).publish("a", 1).publish("a/", 1);
  assert.deepEqual(inside.topics(), []);
});

Deno.test("a Shared Subscription is mounted behind its ShareName", () => {
  const stage = new Stage();
  const inside = stage.client(SITE_A).subscribe("$share/g/t");
  const outside = stage.client({}).subscribe("$share/g/a/t");
  const publisher = stage.client(SITE_A);
  publisher.publish("t", 1).publish("t", 1);
  assert.deepEqual([inside.topics(), outside.topics()], [["t"], ["a/t"]]);
});

Deno.test("UNSUBSCRIBE takes the Topic Filter as the Client wrote it", () => {
  const stage = new Stage();
  const inside = stage.client(SITE_A).subscribe("t");
  inside.peer.send({
    type: PacketType.Unsubscribe,
    packetId: 7,
    topicFilters: ["t", "a/t"],
    properties: {},
  });
  const unsuback = inside.peer.takePackets().at(-1);
  assert.ok(unsuback?.type === PacketType.Unsuback);
  assert.deepEqual(unsuback.reasonCodes, [0, 0x11]);
  stage.client(SITE_A).publish("t");
  assert.deepEqual(inside.topics(), []);
});

Deno.test("a Will Message is published below the mount point", () => {
  const stage = new Stage();
  const outside = stage.client({}).subscribe("#");
  const dying = stage.client(SITE_A, {
    will: will({ topicName: "gone" }),
  });
  dying.peer.hangUp();
  assert.deepEqual(outside.topics(), ["a/gone"]);
});

Deno.test("Topic Aliases stand for what the Client says, in both directions", () => {
  const stage = new Stage();
  const inside = stage.client(SITE_A, { properties: { topicAliasMaximum: 5 } }).subscribe("#");
  const publisher = stage.client(SITE_A);
  publisher.peer.send(
    encodePublish(publish({ topicName: "t/x", topicAlias: 1 }), 5),
    encodePublish(publish({ topicName: "", topicAlias: 1 }), 5),
    encodePublish(publish({ topicName: "t/x" }), 5),
  );
  assert.deepEqual(inside.topics(), ["t/x", "t/x", "t/x"]);
});

Deno.test("access rules are about the broker's topics, as with Mosquitto", () => {
  const asked: string[] = [];
  const authorizer = {
    ...ALLOW_EVERYTHING,
    mayPublish: (_: unknown, name: string) => asked.push(`write ${name}`) > 0,
    mayReceive: (_: unknown, name: string) => asked.push(`read ${name}`) > 0,
    maySubscribe: (_: unknown, filter: string) => asked.push(`subscribe ${filter}`) > 0,
  };
  const stage = new Stage();
  const policy = { ...SITE_A, authorizer };
  stage.client(policy).subscribe("$share/g/+").subscribe("t").publish("t");
  assert.deepEqual(asked, ["subscribe a/+", "subscribe a/t", "write a/t", "read a/t", "read a/t"]);
});

Deno.test("$SYS is out of reach inside, and an ordinary topic there, as with Mosquitto", () => {
  const stage = new Stage({ sysIntervalMs: 10_000 });
  const inside = stage.client(SITE_A).subscribe("$SYS/#");
  assert.deepEqual(inside.topics(), []);
  inside.publish("$SYS/own");
  assert.deepEqual(inside.topics(), ["$SYS/own"]);
});

Deno.test("a Session goes on by another listener with the same mount point", () => {
  const stage = new Stage();
  const fields = {
    clientId: "mover",
    cleanStart: false,
    properties: { sessionExpiryInterval: 99 },
  };
  stage.client(SITE_A, fields).subscribe("t").peer.hangUp();
  stage.client({}).publish("a/t", 1);
  const back = stage.client({ ...SITE_A, autoIdPrefix: "other" }, fields);
  assert.equal(back.sessionPresent, true);
});

for (const isConnected of [true, false]) {
  Deno.test(`a Session begins anew by a listener with another mount point, ${isConnected ? "" : "not "}connected`, () => {
    const stage = new Stage();
    const fields = {
      clientId: "mover",
      cleanStart: false,
      properties: { sessionExpiryInterval: 99 },
    };
    const first = stage.client(SITE_A, fields).subscribe("t");
    if (!isConnected) first.peer.hangUp();
    stage.client({}).publish("a/t", 1);
    const moved = stage.client(SITE_B, fields);
    assert.equal(moved.sessionPresent, false);
    stage.client({}).publish("a/t", 1).publish("b/t", 1);
    assert.deepEqual(moved.topics(), []);
    assert.ok(stage.broker.log.some(({ text }) => /another mount_point/.test(text)));
  });
}

Deno.test("a Topic Name that is too long with the mount point costs its connection, a Will Topic the CONNECT", () => {
  const stage = new Stage();
  const topicName = "x".repeat(65_534);
  const publisher = stage.client(SITE_A).publish(topicName, 1);
  const [packet] = publisher.peer.takePackets();
  assert.ok(packet?.type === PacketType.Disconnect);
  assert.equal(packet.reasonCode, 0x90);
  assert.equal(stage.client(SITE_A, { will: will({ topicName }) }).reasonCode, 0x90);
});
