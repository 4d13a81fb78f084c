// What access rules refuse is logged with the line that refused it, in bounds, and counted.

import assert from "node:assert/strict";
import { parseAclFile } from "../../src/access/acl_file.ts";
import { ALLOW_EVERYTHING } from "../../src/access/authorizer.ts";
import { PacketType, type ProtocolVersion, type QoS } from "../../src/packet/packet_type.ts";
import type { ConnectPacket } from "../../src/packet/packets.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { type Peer, SansIoBroker } from "../support/sans_io_broker.ts";
import { bytesOf, connect, publish, request, will } from "../vectors/vector.ts";

const ACL = `user bob
topic readwrite home/#
topic deny home/safe/#
pattern read dev/%c
`;

function start(options: { refuseHopelessSubscriptions?: boolean; logsDebug?: boolean } = {}) {
  const { logsDebug = false, ...aclOptions } = options;
  const authorizer = parseAclFile(ACL, "acl", aclOptions).rules;
  return new SansIoBroker({ authorizer, logsDebug });
}

function join(broker: SansIoBroker, fields: Partial<ConnectPacket> = {}): Peer {
  const peer = broker.connect();
  peer.send(connect({ version: 5, clientId: "c1", userName: "bob", ...fields }));
  return peer;
}

function send(peer: Peer, topicName: string, qos: QoS = 1, retain = false): void {
  const packetId = qos === 0 ? 0 : 7;
  const packet = publish({ topicName, qos, packetId, retain, payload: bytesOf("on") });
  peer.send(encodePublish(packet, peer.version));
}

const denials = ({ log }: SansIoBroker) =>
  log.map(({ text }) => text).filter((text) => /^(Denied|Further)/.test(text));

const CASES: readonly {
  readonly name: string;
  readonly fields?: Partial<ConnectPacket> & { version?: ProtocolVersion };
  readonly act: (peer: Peer) => void;
  readonly says: string;
}[] = [
  {
    name: "a PUBLISH by the line that denies it",
    act: (peer) => send(peer, "home/safe/key", 1, true),
    says:
      "Denied PUBLISH from c1 (d0, q1, r1, m7, 'home/safe/key', ... (2 bytes)): acl:3: topic deny home/safe/#",
  },
  {
    name: "a PUBLISH that no rule allows",
    act: (peer) => send(peer, "garden", 0),
    says:
      "Denied PUBLISH from c1 (d0, q0, r0, m0, 'garden', ... (2 bytes)): no rule of acl allows it.",
  },
  {
    name: "a PUBLISH of MQTT 3.1.1, which is told nothing",
    fields: { version: 4 },
    act: (peer) => send(peer, "garden", 0),
    says:
      "Denied PUBLISH from c1 (d0, q0, r0, m0, 'garden', ... (2 bytes)): no rule of acl allows it.",
  },
  {
    name: "a PUBLISH to $SYS",
    act: (peer) => send(peer, "$SYS/broker/uptime", 0),
    says:
      "Denied PUBLISH from c1 (d0, q0, r0, m0, '$SYS/broker/uptime', ... (2 bytes)): it is the broker's own.",
  },
  {
    name: "a PUBLISH for the wildcard in a Client Identifier",
    fields: { clientId: "c+" },
    act: (peer) => send(peer, "garden", 0),
    says:
      "Denied PUBLISH from c+ (d0, q0, r0, m0, 'garden', ... (2 bytes)): the client id holds + or #, so no pattern of acl is asked for it.",
  },
  {
    name: "a Will Message",
    fields: { will: will({ topicName: "home/safe/gone" }) },
    act: (peer) => peer.hangUp(),
    says: "Denied Will Message from c1 ('home/safe/gone'): acl:3: topic deny home/safe/#",
  },
];
for (const { name, fields, act, says } of CASES) {
  Deno.test(`the log names ${name}, and $SYS counts it`, () => {
    const broker = start();
    act(join(broker, fields));
    assert.deepEqual(denials(broker), [says]);
    assert.equal(broker.broker.statistics.publishDenied, 1);
  });
}

Deno.test("a SUBSCRIBE that no rule lets anything through for is logged where it is refused", () => {
  const broker = start({ refuseHopelessSubscriptions: true });
  const peer = join(broker);
  const subscriptions = [request({ topicFilter: "$share/g/garden/#" })];
  peer.send({ type: PacketType.Subscribe, packetId: 1, subscriptions, properties: {} });
  assert.deepEqual(denials(broker), [
    "Denied SUBSCRIBE from c1 ('garden/#'): no rule could let anything of it through.",
  ]);
});

Deno.test("a delivery that is denied is a line for debugging, once for its route and retained", () => {
  for (const logsDebug of [false, true]) {
    const broker = start({ logsDebug });
    const publisher = broker.connect(5, { authorizer: ALLOW_EVERYTHING });
    publisher.send(connect({ version: 5, clientId: "p" }));
    send(publisher, "garden", 1, true);
    const peer = join(broker);
    const subscriptions = [request({ topicFilter: "#" })];
    peer.send({ type: PacketType.Subscribe, packetId: 1, subscriptions, properties: {} });
    for (let i = 0; i < 5; i++) send(publisher, "garden");
    const line = "Denied PUBLISH to c1 ('garden'): no rule of acl allows it.";
    assert.deepEqual(denials(broker), logsDebug ? [line] : []);
  }
});

Deno.test("a denial is logged once a minute for a topic, and counted each time", () => {
  const broker = start();
  const peer = join(broker);
  for (let i = 0; i < 10; i++) send(peer, "garden");
  send(peer, "cellar");
  assert.equal(denials(broker).length, 2);
  assert.equal(broker.broker.statistics.publishDenied, 11);
  broker.advance(50_000);
  send(peer, "garden");
  assert.equal(denials(broker).length, 2);
  broker.advance(10_000);
  send(peer, "garden");
  assert.equal(denials(broker).length, 3);
});

Deno.test("a Client that tries a thousand topics gets 32 lines and one more, and no other goes short", () => {
  const broker = start();
  const peer = join(broker);
  for (let i = 0; i < 1_000; i++) send(peer, `try/${i}`);
  const lines = denials(broker);
  assert.equal(lines.length, 33);
  assert.match(lines.at(-1)!, /^Further denials of c1 are counted and not logged for a minute\.$/);
  assert.equal(broker.broker.statistics.publishDenied, 1_000);
  send(join(broker, { clientId: "c2" }), "try/1");
  assert.match(denials(broker).at(-1)!, /from c2 /);
});

Deno.test("any number of Clients gets a thousand lines a minute", () => {
  const broker = start();
  for (let i = 0; i < 1_100; i++) send(join(broker, { clientId: `c${i}` }), "garden");
  const lines = denials(broker);
  assert.equal(lines.length, 1_000);
  assert.equal(lines.at(-1), "Further denials are counted and not logged for a minute.");
});

Deno.test("of long topics little is shown, and nothing kept but their length", () => {
  const broker = start();
  const peer = join(broker);
  for (const end of ["a", "b"]) send(peer, "x".repeat(60_000) + end);
  const [line, ...others] = denials(broker);
  assert.match(line!, /'x{200}…'/);
  assert.ok(line!.length < 500);
  assert.deepEqual(others, []);
});
