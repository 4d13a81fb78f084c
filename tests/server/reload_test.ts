// What a reload changes while Clients are connected, and what it leaves alone. Real sockets, files in a table.

import assert from "node:assert/strict";
import { PacketType } from "../../src/packet/packet_type.ts";
import type { ConnectPacket } from "../../src/packet/packets.ts";
import { RawClient } from "../support/raw_client.ts";
import { bytesOf, connect } from "../vectors/vector.ts";
import { freePort } from "../support/free_port.ts";
import { type Files, passwordLine, ReloadableServer } from "./reloadable_server.ts";

const OPEN = "listeners: [{port: 0, hostnames: [127.0.0.1], allowAnonymous: true}]\n";
const LISTENER = "port: 0, hostnames: [127.0.0.1]";

function login(userName: string, password: string): Partial<ConnectPacket> {
  return { clientId: userName, userName, password: bytesOf(password) };
}

/** The Reason Code of the CONNACK. */
async function connack(port: number, fields: Partial<ConnectPacket>): Promise<number> {
  using client = await RawClient.open(port);
  await client.send(connect({ clientId: "probe", ...fields }));
  return (await client.expect(PacketType.Connack)).reasonCode;
}

/** The Reason Code of the DISCONNECT that is there by now; undefined if the Client is still connected. */
async function disconnectedWith(client: RawClient): Promise<number | undefined> {
  await client.send({ type: PacketType.Pingreq });
  const packet = await client.next();
  if (packet?.type === PacketType.Pingresp) return undefined;
  assert.ok(packet?.type === PacketType.Disconnect);
  return packet.reasonCode;
}

const PASSWORDS = passwordLine("alice", "secret") + passwordLine("bob", "hidden");

/** alice, bob and somebody without a name, before and after. */
const WITHDRAWN: readonly {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly passwords?: string;
  readonly stay: { alice?: boolean; bob?: boolean; anonymous?: boolean };
  /** Who is let in anew although he had to go; default: nobody. */
  readonly back?: readonly string[];
}[] = [
  {
    name: "whose users are gone from the password file",
    before: "passwordFile: p",
    after: "passwordFile: p",
    passwords: passwordLine("alice", "secret"),
    stay: { alice: true, bob: false },
  },
  {
    name: "without a user name where they may no longer be",
    before: "passwordFile: p, allowAnonymous: true",
    after: "passwordFile: p",
    stay: { alice: true, bob: true, anonymous: false },
  },
  {
    name: "whose passwords nobody has looked at so far",
    before: "allowAnonymous: true",
    after: "passwordFile: p, allowAnonymous: true",
    stay: { alice: false, bob: false, anonymous: true },
    back: ["alice", "bob"],
  },
  {
    name: "of a listener that lets nobody in any more",
    before: "allowAnonymous: true",
    after: "allowAnonymous: false",
    stay: { alice: false, anonymous: false },
  },
  {
    name: "of nobody, where all are let in from now on",
    before: "passwordFile: p",
    after: "allowAnonymous: true",
    stay: { alice: true, bob: true },
  },
  {
    name: "that the listener's new password file does not know",
    before: "passwordFile: p",
    after: "passwordFile: q",
    stay: { alice: true, bob: false },
  },
];
for (const { name, before, after, passwords = PASSWORDS, stay, back = [] } of WITHDRAWN) {
  Deno.test(`a reload disconnects the Clients ${name}`, async () => {
    const yaml = (settings: string) => `listeners: [{${LISTENER}, ${settings}}]\n`;
    await using server = await ReloadableServer.start({
      "m.yaml": yaml(before),
      p: PASSWORDS,
      q: passwordLine("alice", "secret") + passwordLine("bob", "another"),
    });
    const fields: Record<string, Partial<ConnectPacket>> = {
      alice: login("alice", "secret"),
      bob: login("bob", "hidden"),
      anonymous: { clientId: "anonymous" },
    };
    const clients = new Map<string, RawClient>();
    for (const who of Object.keys(stay)) {
      clients.set(who, await RawClient.connect(server.port, fields[who]));
    }
    await server.reload({ "m.yaml": yaml(after), p: passwords });
    for (const [who, client] of clients) {
      const expected = stay[who as keyof typeof stay] ? undefined : 0x87;
      assert.equal(await disconnectedWith(client), expected, who);
      client.close();
      const code = back.includes(who) ? 0 : expected ?? 0;
      assert.equal(await connack(server.port, fields[who]!), code, who);
    }
  });
}

const RULES: Files = {
  "m.yaml": `access: {aclFile: acl}\nlisteners: [{${LISTENER}, allowAnonymous: true}]\n`,
  acl: "topic readwrite a\n",
  closed: "topic readwrite b\n",
};
for (
  const { name, from, to } of [
    { name: "a changed ACL file", from: RULES, to: { acl: RULES.closed! } },
    {
      name: "another ACL file",
      from: RULES,
      to: { "m.yaml": RULES["m.yaml"]!.replace("acl}", "closed}") },
    },
    {
      name: "an ACL file where there was none",
      from: { ...RULES, "m.yaml": OPEN },
      to: { "m.yaml": RULES["m.yaml"]!, acl: RULES.closed! },
    },
  ]
) {
  Deno.test(`a reload applies ${name} to Clients that are connected`, async () => {
    await using server = await ReloadableServer.start({ ...from });
    using client = await RawClient.connect(server.port);
    const publish = async () => {
      await client.send({
        type: PacketType.Publish,
        topicName: "a",
        payload: bytesOf("x"),
        qos: 1,
        packetId: 1,
        retain: false,
        dup: false,
        topicAlias: 0,
        properties: {},
      } as never);
      return (await client.expect(PacketType.Puback)).reasonCode;
    };
    assert.equal(await publish(), 0x10); // nobody listens
    await server.reload(to as Files);
    assert.equal(await publish(), 0x87);
  });
}

Deno.test("a reload opens and closes listeners, and leaves the Clients of the others alone", async () => {
  const [a, b, c] = [freePort(), freePort(), freePort()];
  const conf = (...ports: number[]) =>
    "allow_anonymous true\n" + ports.map((port) => `listener ${port} 127.0.0.1\n`).join("");
  await using server = await ReloadableServer.start({ "m.conf": conf(a, b) });
  using staying = await RawClient.connect(a, { clientId: "staying" });
  using leaving = await RawClient.connect(b, { clientId: "leaving" });
  using silent = await RawClient.open(b);
  await server.reload({ "m.conf": conf(a, c) });
  assert.deepEqual(server.ports, [a, c]);
  assert.equal(await disconnectedWith(leaving), 0x98);
  await silent.expectEnd();
  await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port: b }), /refused/i);
  using coming = await RawClient.connect(c, { clientId: "coming" });
  await coming.ping();
  await staying.ping();
});

Deno.test("a reload that narrows a listener to one address closes the others", async () => {
  const port = freePort();
  const conf = (address: string) => `allow_anonymous true\nlistener ${port} ${address}\n`;
  await using server = await ReloadableServer.start({ "m.conf": conf("0.0.0.0") });
  using client = await RawClient.connect(port);
  await server.reload({ "m.conf": conf("127.0.0.1") });
  assert.equal(await disconnectedWith(client), 0x98);
  await (await RawClient.connect(port))[Symbol.dispose]();
  await assert.rejects(Deno.connect({ hostname: "127.0.0.2", port }), /refused/i);
});

Deno.test("a reload that can't have an address changes nothing", async () => {
  const port = freePort();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conf = (listeners: string) => `${listeners}allow_anonymous true\n`;
  await using server = await ReloadableServer.start({
    "m.conf": conf(`listener ${port} 0.0.0.0\n`),
  });
  using client = await RawClient.connect(port);
  const changed = conf(
    `max_packet_size 100\nlistener ${port} 127.0.0.1\nlistener ${taken.addr.port} 127.0.0.1\n`,
  );
  await assert.rejects(server.reload({ "m.conf": changed }), /Port \d+ of 127.0.0.1 is in use/);
  await client.ping();
  for (let i = 0; i < 3; i++) {
    using other = await RawClient.open(port);
    await other.send(connect({ clientId: "other" }));
    const { properties } = await other.expect(PacketType.Connack);
    assert.equal(properties.maximumPacketSize, 2_000_000);
  }
  assert.deepEqual(server.ports, [port]);
});

Deno.test("a reload tells new Clients of new limits, and keeps to what it told the others", async () => {
  await using server = await ReloadableServer.start({ "m.yaml": OPEN });
  using old = await RawClient.connect(server.port, { clientId: "old" });
  await server.reload({
    "m.yaml": `${OPEN}limits: {maximumPacketSize: 100, maximumSubscriptions: 1, maximumQoS: 1}\n`,
  });
  using young = await RawClient.open(server.port);
  await young.send(connect({ clientId: "young" }));
  const { properties } = await young.expect(PacketType.Connack);
  assert.equal(properties.maximumPacketSize, 100);
  assert.equal(properties.maximumQoS, 1);
  await old.subscribe("a/".repeat(60)); // more than 100 bytes
  await old.send({
    type: PacketType.Subscribe,
    packetId: 2,
    subscriptions: [{
      topicFilter: "b",
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    }],
    properties: {},
  });
  assert.deepEqual((await old.expect(PacketType.Suback)).reasonCodes, [0x97]); // nobody was told of that one
});

Deno.test("a Client that connects while its listener's limits change gets the packets it was promised", async () => {
  await using server = await ReloadableServer.start({
    "m.yaml": `${OPEN}limits: {maximumPacketSize: 100}\n`,
  });
  using client = await RawClient.open(server.port);
  await server.reload({ "m.yaml": `${OPEN}limits: {maximumPacketSize: 1000}\n` });
  await client.send(connect({ clientId: "c" }));
  assert.equal((await client.expect(PacketType.Connack)).properties.maximumPacketSize, 1_000);
  await client.subscribe("a/".repeat(100));
});

Deno.test("a Client that has not connected yet is judged by the rules of the reload", async () => {
  await using server = await ReloadableServer.start({ "m.yaml": OPEN });
  using client = await RawClient.open(server.port);
  await server.reload({ "m.yaml": OPEN.replace("true}", "true, clientIdPrefixes: [safe-]}") });
  await assert.rejects(async () => {
    await client.send(connect({ clientId: "other" }));
    await client.expect(PacketType.Connack);
  });
  assert.equal(await connack(server.port, { clientId: "other" }), 0x87);
  assert.equal(await connack(server.port, { clientId: "safe-1" }), 0);
});

Deno.test("a reload starts and ends $SYS", async () => {
  const yaml = (sys: string) => `${OPEN}sysInterval: ${sys}\n`;
  await using server = await ReloadableServer.start({ "m.yaml": yaml("0") });
  const versionOf = async () => {
    using client = await RawClient.connect(server.port, { clientId: "sys" });
    await client.subscribe("$SYS/broker/version");
    await client.send({ type: PacketType.Pingreq });
    return (await client.next())?.type === PacketType.Publish;
  };
  assert.equal(await versionOf(), false);
  await server.reload({ "m.yaml": yaml("10s") });
  assert.equal(await versionOf(), true);
  await server.reload({ "m.yaml": yaml("0") });
  assert.equal(await versionOf(), false);
});
