// WebSockets over real sockets: the handshake, MQTT.js, every close, and a client that floods.

import assert from "node:assert/strict";
import type { Log } from "../../src/broker/ports.ts";
import { encodePacket } from "../../src/packet/encode.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { ReasonCode } from "../../src/packet/reason_code.ts";
import { Server } from "../../src/server/server.ts";
import { Opcode } from "../../src/transport/websocket_frames.ts";
import { WebSocketLayer } from "../../src/transport/websocket_layer.ts";
import { ACCEPT, frame, upgradeRequest, WebSocketClient } from "../support/websocket_client.ts";
import { connect, request } from "../vectors/vector.ts";
import { flood, MeasuredBroker, MIB, repeated, sleep } from "./flood.ts";
import { TestClient } from "./mqtt_client.ts";

class Lines implements Log {
  readonly isDebugEnabled = false;
  readonly lines: string[] = [];

  write(_level: string, text: string): void {
    this.lines.push(text);
  }

  /** The lines that are there once one of them matches. */
  async until(pattern: RegExp): Promise<string> {
    for (let i = 0; i < 200; i++) {
      const found = this.lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return assert.fail(`no line matches ${pattern}: ${this.lines.join("\n")}`);
  }
}

interface Started extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  readonly log: Lines;
}

function start(origins: readonly string[] = [], handshakeTimeoutMs = 5_000): Started {
  const log = new Lines();
  const layer = new WebSocketLayer({ origins, maximumHeaderBytes: 8_192, files: undefined, log });
  const handshakeLimits = { maximumHandshakes: 100, handshakeTimeoutMs };
  const addresses = [{ hostname: "127.0.0.1", port: 0 }] as const;
  const listener = { addresses, layers: [layer], handshakeLimits };
  const server = Server.start({ log, listeners: [listener] });
  return { server, port: server.port, log, [Symbol.asyncDispose]: () => server.stop() };
}

const CONNECT = encodePacket(connect({ clientId: "raw" }), 5);
const PINGREQ = encodePacket({ type: PacketType.Pingreq }, 5);
const DISCONNECT = encodePacket(
  { type: PacketType.Disconnect, reasonCode: ReasonCode.Success, properties: {} },
  5,
);

/** A client whose CONNECT was accepted. */
async function connected(port: number): Promise<WebSocketClient> {
  const client = await WebSocketClient.connect(port);
  await client.send(frame(CONNECT));
  const connack = await client.frame();
  assert.equal(connack?.opcode, Opcode.Binary);
  assert.equal(connack.payload[0], PacketType.Connack << 4);
  return client;
}

async function expectPingresp(client: WebSocketClient): Promise<void> {
  const pingresp = await client.frame();
  assert.deepEqual(pingresp, { opcode: Opcode.Binary, payload: Uint8Array.of(0xD0, 0) });
}

// ------------------------------------------------------------------------------------- the handshake

const ACCEPTED = [
  { name: "mqtt", headers: {}, subprotocol: "mqtt" },
  {
    name: "mqttv3.1",
    headers: { "Sec-WebSocket-Protocol": "mqttv3.1" },
    subprotocol: "mqttv3.1",
  },
  {
    name: "the first that it knows of several",
    headers: { "Sec-WebSocket-Protocol": "wamp,  mqttv3.1, mqtt" },
    subprotocol: "mqttv3.1",
  },
  {
    name: "Connection with keep-alive, as Firefox says it",
    headers: { "Connection": "keep-alive, Upgrade", "Upgrade": "WebSocket" },
    subprotocol: "mqtt",
  },
  {
    name: "no extension, whatever is offered",
    headers: { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" },
    subprotocol: "mqtt",
  },
  {
    name: "an origin that is allowed",
    headers: { "Origin": "HTTP://good:8080" },
    subprotocol: "mqtt",
  },
];
Deno.test("the handshake is accepted", async (t) => {
  await using broker = start(["http://other", "http://good:8080"]);
  for (const { name, headers, subprotocol } of ACCEPTED) {
    await t.step(name, async () => {
      using client = await WebSocketClient.open(broker.port);
      await client.send(upgradeRequest(headers));
      assert.deepEqual((await client.head()).split("\r\n"), [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Accept: ${ACCEPT}`,
        `Sec-WebSocket-Protocol: ${subprotocol}`,
      ]);
    });
  }
});

const REFUSED = [
  {
    name: "no upgrade at all",
    request: upgradeRequest({ "Upgrade": undefined, "Connection": undefined }),
    status: 426,
    says: /Upgrade: websocket\r\n[^]*this port speaks MQTT over WebSocket/,
  },
  {
    name: "an upgrade to something else",
    request: upgradeRequest({ "Upgrade": "h2c" }),
    status: 400,
    says: /an upgrade to "h2c", not to websocket/,
  },
  {
    name: "another version",
    request: upgradeRequest({ "Sec-WebSocket-Version": "8" }),
    status: 426,
    says: /Sec-WebSocket-Version: 13\r\n[^]*WebSocket version "8", not 13/,
  },
  {
    name: "no version",
    request: upgradeRequest({ "Sec-WebSocket-Version": undefined }),
    status: 426,
    says: /Sec-WebSocket-Version: 13/,
  },
  {
    name: "no key",
    request: upgradeRequest({ "Sec-WebSocket-Key": undefined }),
    status: 400,
    says: /no Sec-WebSocket-Key/,
  },
  {
    name: "a key of another length",
    request: upgradeRequest({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZQ==" }),
    status: 400,
    says: /a wrong Sec-WebSocket-Key/,
  },
  {
    name: "no subprotocol",
    request: upgradeRequest({ "Sec-WebSocket-Protocol": undefined }),
    status: 400,
    says: /no subprotocol: MQTT is "mqtt" or "mqttv3.1"/,
  },
  {
    name: "another subprotocol",
    request: upgradeRequest({ "Sec-WebSocket-Protocol": "MQTT, mqttv5" }),
    status: 400,
    says: /subprotocol "MQTT, mqttv5"/,
  },
  {
    name: "an origin that is not allowed",
    request: upgradeRequest({ "Origin": "http://good:80801" }),
    status: 403,
    says: /the origin "http:\/\/good:80801" is not allowed/,
  },
  {
    name: "the origin null",
    request: upgradeRequest({ "Origin": "null" }),
    status: 403,
    says: /"null"/,
  },
  {
    name: "POST",
    request: upgradeRequest({}, "POST /mqtt HTTP/1.1"),
    status: 400,
    says: /POST in HTTP\/1.1/,
  },
  {
    name: "HTTP/1.0",
    request: upgradeRequest({}, "GET /mqtt HTTP/1.0"),
    status: 400,
    says: /GET in HTTP\/1.0/,
  },
  {
    name: "a header of more than 8192 bytes",
    request: upgradeRequest({ "Cookie": "x".repeat(8_192) }),
    status: 431,
    says: /more than 8192 bytes/,
  },
  {
    name: "a header without end",
    request: `GET / HTTP/1.1\r\n${"x".repeat(9_000)}`,
    status: 431,
    says: /more than 8192 bytes/,
  },
  { name: "no HTTP", request: "HELO broker\r\n\r\n", status: 400, says: /no request in HTTP/ },
];
Deno.test("the handshake is refused in words, to the client and in the log, for", async (t) => {
  await using broker = start(["http://good:8080"]);
  for (const { name, request, status, says } of REFUSED) {
    await t.step(name, async () => {
      broker.log.lines.length = 0;
      const client = await WebSocketClient.open(broker.port);
      await client.send(request);
      const response = await client.rest();
      client.close();
      assert.match(response, new RegExp(`^HTTP/1.1 ${status} `));
      assert.match(response, says);
      assert.match(response, /\r\nConnection: close\r\n/);
      const line = await broker.log.until(/disconnected in the handshake/);
      assert.match(line, /^Client 127\.0\.0\.1:\d+ disconnected in the handshake: /);
      assert.ok(response.includes(line.split(": ").slice(1).join(": ").slice(0, -1)), line);
    });
  }
});

const MISTAKEN = [
  { name: "MQTT without WebSocket", bytes: CONNECT, says: /it speaks MQTT without WebSocket/ },
  {
    name: "TLS",
    bytes: Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0, 1, 0, 1, 0xFC, 3, 3),
    says: /it speaks TLS/,
  },
];
for (const { name, bytes, says } of MISTAKEN) {
  Deno.test(`a client that speaks ${name} is closed, and the log names the mistake`, async () => {
    await using broker = start();
    using client = await WebSocketClient.open(broker.port);
    await client.send(bytes);
    assert.equal(await client.rest(), "");
    await broker.log.until(says);
  });
}

Deno.test("a client that stays silent, or sends its request too slowly, is closed in time", async () => {
  await using broker = start([], 150);
  using silent = await WebSocketClient.open(broker.port);
  using slow = await WebSocketClient.open(broker.port);
  await slow.send("GET /mqtt HTTP/1.1\r\nHost: x\r\nX: y");
  assert.deepEqual([await silent.rest(), await slow.rest()], ["", ""]);
  await broker.log.until(/not done within 0.15 s/);
});

Deno.test("a request that comes byte by byte, with frames right behind it, loses nothing", async () => {
  await using broker = start();
  using client = await WebSocketClient.open(broker.port);
  const request = new TextEncoder().encode(upgradeRequest());
  for (const byte of request.subarray(0, -1)) await client.send(Uint8Array.of(byte));
  const behind = [request.subarray(-1), frame(CONNECT), frame(PINGREQ), frame(PINGREQ)];
  await client.send(Uint8Array.from(behind.flatMap((part) => [...part])));
  assert.match(await client.head(), /^HTTP\/1.1 101 /);
  let bytes = "";
  while (!bytes.endsWith("d000d000")) bytes += (await client.frame())!.payload.toHex();
});

// ------------------------------------------------------------------------------------------- MQTT.js

for (const protocolVersion of [4, 5] as const) {
  Deno.test(`MQTT.js, version ${protocolVersion}: messages of all sizes and QoS arrive whole`, async () => {
    await using broker = start();
    const url = `ws://127.0.0.1:${broker.port}/mqtt`;
    await using subscriber = await TestClient.connect(url, { protocolVersion });
    await using publisher = await TestClient.connect(url, { protocolVersion });
    await subscriber.mqtt.subscribeAsync("sizes/#", { qos: 2 });
    const sizes = [0, 1, 100, 125, 126, 127, 5_000, 65_536, 300_000];
    for (const [i, size] of sizes.entries()) {
      const qos = i % 3 as 0 | 1 | 2;
      await publisher.mqtt.publishAsync(`sizes/${size}`, Buffer.alloc(size, i + 1), { qos });
    }
    const received = await subscriber.received(sizes.length);
    assert.deepEqual(
      received.map(({ payload }) => payload.length).sort((a, b) => a - b),
      sizes,
    );
    for (const { topic, payload } of received) {
      const i = sizes.indexOf(Number(topic.slice("sizes/".length)));
      assert.ok(payload.every((byte) => byte === i + 1), topic);
    }
  });
}

Deno.test("a client of Deno's own WebSocket gets a clean end when it disconnects, and when the broker stops", async () => {
  const broker = start();
  const ends: string[] = [];
  let stopped: Promise<void> | undefined = undefined;
  for (const last of [DISCONNECT, undefined]) {
    const socket = new WebSocket(`ws://127.0.0.1:${broker.port}`, ["mqtt"]);
    socket.binaryType = "arraybuffer";
    await new Promise((resolve) => socket.onopen = resolve);
    assert.equal(socket.protocol, "mqtt");
    const connack = new Promise((resolve) => socket.onmessage = resolve);
    socket.send(CONNECT);
    await connack;
    const packets: string[] = [];
    socket.onmessage = ({ data }) => packets.push(new Uint8Array(data).toHex());
    const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
    if (last !== undefined) socket.send(last);
    else stopped = broker.server.stop();
    const { code, wasClean } = await closed;
    ends.push(`${packets.join()} ${code} ${wasClean ? "clean" : "broken"}`);
  }
  await stopped;
  assert.deepEqual(ends, [" 1000 clean", "e0018b 1001 clean"]);
});

// --------------------------------------------------------------------------------- frames and the end

Deno.test("packets need not meet frames, nor frames reads", async () => {
  await using broker = start();
  using client = await WebSocketClient.connect(broker.port);
  for (const byte of CONNECT) await client.send(frame(Uint8Array.of(byte)));
  assert.equal((await client.frame())?.payload[0], PacketType.Connack << 4);
  await client.send(frame(Uint8Array.of(...PINGREQ, ...PINGREQ, PINGREQ[0]!)));
  const pingresps: number[] = [];
  while (pingresps.length < 4) pingresps.push(...(await client.frame())!.payload);
  for (const byte of frame(PINGREQ.subarray(1))) await client.send(Uint8Array.of(byte));
  await expectPingresp(client);
});

Deno.test("a Ping is answered between two messages, a Pong is not, and both within a message in fragments", async () => {
  await using broker = start();
  using client = await connected(broker.port);
  await client.send(frame(PINGREQ.subarray(0, 1), { isFinal: false }));
  await client.send(frame("c0ffee", { opcode: Opcode.Ping }));
  assert.deepEqual(await client.frame(), {
    opcode: Opcode.Pong,
    payload: Uint8Array.of(0xC0, 0xFF, 0xEE),
  });
  await client.send(frame("c0ffee", { opcode: Opcode.Pong }));
  await client.send(frame(PINGREQ.subarray(1), { opcode: Opcode.Continuation }));
  await expectPingresp(client);
});

const ENDS = [
  { name: "a Close frame with 1000", bytes: frame("03e8", { opcode: Opcode.Close }), code: 1000 },
  { name: "a Close frame with 4000", bytes: frame("0fa0", { opcode: Opcode.Close }), code: 4000 },
  { name: "an empty Close frame", bytes: frame("", { opcode: Opcode.Close }), code: undefined },
  { name: "text", bytes: frame("41", { opcode: Opcode.Text }), code: 1003, says: /a text frame/ },
  { name: "no mask", bytes: frame("c000", { mask: undefined }), code: 1002, says: /not masked/ },
  {
    name: "compression",
    bytes: frame("c000", { reserved: 0x40 }),
    code: 1002,
    says: /reserved bit/,
  },
  {
    name: "a Ping of 200 bytes",
    bytes: frame("00".repeat(200), { opcode: Opcode.Ping }),
    code: 1002,
    says: /more than 125 bytes/,
  },
];
for (const { name, bytes, code, says } of ENDS) {
  Deno.test(`what came before ${name} is answered, then comes a Close frame with ${code}`, async () => {
    await using broker = start();
    using client = await connected(broker.port);
    await client.send(Uint8Array.from([...frame(PINGREQ), ...bytes, ...frame(PINGREQ)]));
    await expectPingresp(client);
    await client.closeWrite();
    await client.expectClose(code);
    if (says !== undefined) {
      assert.match(await broker.log.until(says), /^Client 127\.0\.0\.1:\d+ broke the WebSocket/);
    }
    await broker.log.until(/^Client raw .*connection closed by client/);
  });
}

Deno.test("a client that goes on sending after a violation still reads why it is closed", async () => {
  await using broker = start();
  using client = await connected(broker.port);
  await client.send(frame("41", { opcode: Opcode.Text }));
  for (let i = 0; i < 20; i++) await client.send(new Uint8Array(65_536));
  await client.closeWrite();
  await client.expectClose(1003);
});

Deno.test("a client that the broker disconnects reads the DISCONNECT, a Close frame, and the end", async () => {
  await using broker = start();
  using client = await connected(broker.port);
  await client.send(frame(CONNECT)); // a second one is a Protocol Error
  const disconnect = await client.frame();
  assert.equal(disconnect?.payload.subarray(0, 3).toHex(), "e00182");
  const close = await client.frame();
  assert.deepEqual(close, { opcode: Opcode.Close, payload: Uint8Array.of(0x03, 0xE8) });
  await client.send(frame("03e8", { opcode: Opcode.Close }));
  assert.equal(await client.frame(), undefined);
});

Deno.test("a client that ends its direction without a Close frame is gone for the broker", async () => {
  await using broker = start();
  using client = await connected(broker.port);
  await client.closeWrite();
  await broker.log.until(/^Client raw .*connection closed by client/);
  assert.equal(await client.rest(), "");
});

Deno.test("the address in Forwarded headers is not believed", async () => {
  await using broker = start();
  using client = await WebSocketClient.open(broker.port);
  await client.send(
    upgradeRequest({ "X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7" }),
  );
  await client.head();
  await client.send(frame(CONNECT));
  await client.frame();
  assert.match(await broker.log.until(/^New client connected/), /from 127\.0\.0\.1:\d+ as raw/);
  assert.ok(!broker.log.lines.some((line) => line.includes("203.0.113")));
});

// ------------------------------------------------------------------------------------------ overload

const FLOOD_MS = 1_000;
const MAX_GROWTH = 100 * MIB;
const SUBSCRIBE = encodePacket(
  {
    type: PacketType.Subscribe,
    packetId: 1,
    subscriptions: [request({ topicFilter: "flood" })],
    properties: {},
  },
  5,
);

const FLOODS = [
  {
    name: "messages for a client that does not read",
    bytes: frame(repeated(encodePublish({ topicName: "flood", payload: new Uint8Array(64) }, 5))),
  },
  {
    name: "large messages for a client that does not read",
    bytes: frame(encodePublish({ topicName: "flood", payload: new Uint8Array(200_000) }, 5)),
  },
  {
    name: "messages in frames of their own",
    bytes: repeated(frame(encodePublish({ topicName: "flood", payload: new Uint8Array(8) }, 5))),
  },
  {
    name: "Pings from a client that reads no Pong",
    bytes: repeated(frame("11".repeat(125), { opcode: Opcode.Ping })),
  },
  {
    name: "empty fragments of one message",
    first: frame("", { isFinal: false }),
    bytes: repeated(frame("", { opcode: Opcode.Continuation, isFinal: false })),
  },
];
for (const { name, bytes, first = new Uint8Array(0) } of FLOODS) {
  Deno.test(`a flood of ${name} stays bounded, and the others are served`, async () => {
    await using broker = await MeasuredBroker.start({}, "websockets");
    using stuck = await connected(broker.port);
    await stuck.send(frame(SUBSCRIBE));
    assert.equal((await stuck.frame())?.payload[0], PacketType.Suback << 4);
    const flooder = await WebSocketClient.connect(broker.port);
    await flooder.send(frame(encodePacket(connect({ clientId: "flooder" }), 5)));
    await flooder.frame();
    await flooder.send(first);
    const flooding = flood(flooder, bytes, FLOOD_MS);
    using other = await WebSocketClient.connect(broker.port);
    await other.send(frame(encodePacket(connect({ clientId: "other" }), 5)));
    await other.frame();
    const untilMs = performance.now() + FLOOD_MS;
    while (performance.now() < untilMs) {
      await other.send(frame(PINGREQ));
      await expectPingresp(other);
      await sleep(20);
    }
    await flooding;
    const growth = await broker.peakGrowth();
    assert.ok(growth <= MAX_GROWTH, `it grew by ${Math.round(growth / MIB)} MiB`);
  });
}
