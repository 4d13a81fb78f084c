// TLS from the outside: what is sent arrives, what is no TLS is told from what is, and nobody who is not read
// fills the memory.

import assert from "node:assert/strict";
import { connect as connectTls } from "node:tls";
import { encodePublish } from "../../src/packet/publish.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import { issue } from "../support/certificates.ts";
import { RawClient } from "../support/raw_client.ts";
import { TlsBroker, tlsListener } from "../support/tls_broker.ts";
import { connect, will } from "../vectors/vector.ts";

const authority = await issue({ subject: { CN: "Test CA" }, isAuthority: true });
const server = await issue({ subject: { CN: "localhost" }, issuer: authority });
const files = {
  "broker.yaml": tlsListener(),
  "server.crt": server.pem,
  "server.key": server.key,
};

async function client(broker: TlsBroker, clientId: string): Promise<RawClient> {
  const peer = await broker.open(authority);
  await peer.send(connect({ version: 5, clientId }));
  await peer.expect(PacketType.Connack);
  return peer;
}

Deno.test("messages of all sizes go through TLS whole and in order", async () => {
  await using broker = await TlsBroker.start(files);
  using subscriber = await client(broker, "subscriber");
  using publisher = await client(broker, "publisher");
  await subscriber.subscribe("t", 0);
  const sizes = [0, 1, 100, 16_383, 16_385, 49_153, 300_000, 1_900_000, 7];
  const payloads = sizes.map((size, n) =>
    Uint8Array.from({ length: size }, (_, i) => (i * 7 + n) & 255)
  );
  const sending = (async () => {
    for (const payload of payloads) {
      await publisher.send(encodePublish({ topicName: "t", payload }, 5));
    }
  })();
  for (const payload of payloads) {
    const packet = await subscriber.expect(PacketType.Publish);
    assert.ok(payload.every((byte, i) => byte === packet.payload[i]), `${payload.length} bytes`);
    assert.equal(packet.payload.length, payload.length);
  }
  await sending;
});

const NOT_TLS = [
  { name: "MQTT", bytes: "\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", says: /MQTT without TLS/ },
  { name: "HTTP", bytes: "GET / HTTP/1.1\r\n\r\n", says: /HTTP without TLS/ },
  {
    name: "a PROXY header",
    bytes: "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
    says: /enable_proxy_protocol/,
  },
  { name: "nonsense", bytes: "hello", says: /is not TLS/ },
  {
    name: "a record of TLS that is damaged",
    bytes: "\x16\x03\x01\x00\x04abcd",
    says: /handshake: /,
  },
];
for (const { name, bytes, says } of NOT_TLS) {
  Deno.test(`${name} on a TLS port is closed, and the log says what it was`, async () => {
    await using broker = await TlsBroker.start(files);
    const socket = await Deno.connect({ hostname: "127.0.0.1", port: broker.port });
    await socket.write(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
    await readToEnd(socket);
    const line = await broker.logged(/disconnected in the handshake/);
    assert.match(line, says);
    assert.match(line, /127\.0\.0\.1:\d+/);
  });
}

Deno.test("TLS on a plain port is closed, and the log says what it was", async () => {
  await using broker = await TlsBroker.start({
    "broker.yaml": "access: {allowAnonymous: true}\nlisteners: [{port: 0, hostnames: [127.0.0.1]}]",
  });
  const peer = await broker.connect(authority);
  await assert.rejects(peer.handshake());
  peer.close();
  await broker.logged(/it speaks TLS, and this port is for MQTT/);
});

Deno.test("a peer that is gone in the handshake costs nothing but a line", async () => {
  await using broker = await TlsBroker.start(files);
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: broker.port });
  await socket.write(Uint8Array.of(0x16, 3, 1));
  socket.close();
  await broker.logged(
    /disconnected in the handshake: (it closed the connection|the connection broke)/,
  );
  using after = await client(broker, "after");
  await after.ping();
});

for (
  const { minimum, offered, isAccepted } of [
    { minimum: "1.2", offered: "TLSv1.2", isAccepted: true },
    { minimum: "1.2", offered: "TLSv1.3", isAccepted: true },
    { minimum: "1.3", offered: "TLSv1.3", isAccepted: true },
    { minimum: "1.3", offered: "TLSv1.2", isAccepted: false },
  ] as const
) {
  const what = isAccepted ? "accepts" : "refuses";
  Deno.test(`a listener with minimumVersion ${minimum} ${what} ${offered}`, async () => {
    const yaml = tlsListener(`minimumVersion: "${minimum}"`);
    await using broker = await TlsBroker.start({ ...files, "broker.yaml": yaml });
    const version = await negotiate(broker.port, offered);
    assert.equal(version, isAccepted ? offered : undefined);
    if (!isAccepted) await broker.logged(/no version of TLS that is allowed here/);
  });
}

/** A ClientHello of TLS 1.1. */
function oldClientHello(): Uint8Array {
  const body = [3, 2, ...new Uint8Array(32), 0, 0, 2, 0xc0, 0x13, 1, 0];
  return Uint8Array.of(0x16, 3, 1, 0, body.length + 4, 1, 0, 0, body.length, ...body);
}

Deno.test("a peer that is older than TLS 1.2 is told so by an alert, and the log says it, too", async () => {
  await using broker = await TlsBroker.start(files);
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: broker.port });
  await socket.write(oldClientHello());
  const answer = new Uint8Array(await new Response(socket.readable).arrayBuffer());
  assert.deepEqual([...answer], [0x15, 3, 3, 0, 2, 2, 70]); // fatal, protocol_version
  await broker.logged(/disconnected in the handshake: it offers no version of TLS/);
});

/** The version that a peer gets which speaks no other; undefined if it is refused. */
function negotiate(port: number, version: "TLSv1.2" | "TLSv1.3"): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({
      host: "localhost",
      port,
      ca: authority.pem,
      minVersion: version,
      maxVersion: version,
    });
    let result: string | undefined;
    socket.on("secureConnect", () => {
      result = socket.getProtocol() ?? undefined;
      socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(result));
  });
}

Deno.test("the broker's DISCONNECT arrives before TLS is closed in order", async () => {
  await using broker = await TlsBroker.start(files);
  using peer = await client(broker, "peer");
  await peer.send("10 00"); // a second CONNECT
  await peer.expect(PacketType.Disconnect);
  await peer.expectEnd();
});

Deno.test("a Client that ends its direction is gone, and its Will is sent", async () => {
  await using broker = await TlsBroker.start(files);
  using watcher = await client(broker, "watcher");
  await watcher.subscribe("will", 0);
  const socket = await broker.connect(authority);
  const peer = RawClient.over(socket, 5);
  await peer.send(connect({ version: 5, clientId: "mortal", will: will({ topicName: "will" }) }));
  await peer.expect(PacketType.Connack);
  await socket.closeWrite();
  assert.equal((await watcher.expect(PacketType.Publish)).topicName, "will");
  peer.close();
});

async function readToEnd(socket: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(4_096);
  try {
    while (await socket.read(buffer) !== null);
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  socket.close();
}
