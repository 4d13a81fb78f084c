// The debug lines about Control Packets: the same as Mosquitto 2.0.11 has for the same clients (what it says
// about the end of a connection is 2.1's). tests/interop/with_logs.py compares the two live.

import assert from "node:assert/strict";
import type { ProtocolVersion } from "../../src/packet/packet_type.ts";
import { SansIoBroker, type SansIoBrokerOptions } from "../support/sans_io_broker.ts";
import {
  bytesFor,
  connect,
  disconnect,
  pingreq,
  publish,
  subscribe,
  unsubscribe,
  type What,
  will,
} from "../support/sequence_packets.ts";

interface Case {
  readonly name: string;
  readonly version?: ProtocolVersion;
  readonly options?: SansIoBrokerOptions;
  /** Each is sent for itself. */
  readonly sends: readonly What[];
  /** Without the two lines of a new connection. */
  readonly logs: readonly string[];
}

const CONNECTED = ["debug No will message specified.", "debug Sending CONNACK to me (0, 0)"];

const CASES: readonly Case[] = [
  {
    name: "a Will",
    sends: [connect("me", { will: will("w", { qos: 1, retain: true }) }), disconnect()],
    logs: [
      "debug Will message specified (4 bytes) (r1, q1).",
      "debug \tw",
      "debug Sending CONNACK to me (0, 0)",
      "debug Received DISCONNECT from me",
      "notice Client me [peer:1] disconnected.",
    ],
  },
  {
    name: "a ping",
    sends: [connect("me"), pingreq],
    logs: [...CONNECTED, "debug Received PINGREQ from me", "debug Sending PINGRESP to me"],
  },
  {
    name: "Subscriptions",
    sends: [connect("me"), subscribe(1, ["a/#", 1], ["b", 0]), unsubscribe(2, "b", "c")],
    logs: [
      ...CONNECTED,
      "debug Received SUBSCRIBE from me",
      "debug \ta/# (QoS 1)",
      "subscribe me 1 a/#",
      "debug \tb (QoS 0)",
      "subscribe me 0 b",
      "debug Sending SUBACK to me",
      "debug Received UNSUBSCRIBE from me",
      "debug \tb",
      "unsubscribe me b",
      "debug \tc",
      "unsubscribe me c",
      "debug Sending UNSUBACK to me",
    ],
  },
  {
    name: "QoS 0, each one of many",
    sends: [
      connect("me"),
      subscribe(1, ["a", 0]),
      publish("a", "12345"),
      publish("a", "1"),
      publish("a", "12"),
      publish("a", "123"),
    ],
    logs: [
      ...CONNECTED,
      "debug Received SUBSCRIBE from me",
      "debug \ta (QoS 0)",
      "subscribe me 0 a",
      "debug Sending SUBACK to me",
      ...[5, 1, 2, 3].flatMap((length) => [
        `debug Received PUBLISH from me (d0, q0, r0, m0, 'a', ... (${length} bytes))`,
        `debug Sending PUBLISH to me (d0, q0, r0, m0, 'a', ... (${length} bytes))`,
      ]),
    ],
  },
  {
    name: "QoS 1",
    sends: [
      connect("me"),
      subscribe(1, ["a", 1]),
      publish("a", "12345", { id: 7, dup: true }),
      "40 02 0001",
    ],
    logs: [
      ...CONNECTED,
      "debug Received SUBSCRIBE from me",
      "debug \ta (QoS 1)",
      "subscribe me 1 a",
      "debug Sending SUBACK to me",
      "debug Received PUBLISH from me (d1, q1, r0, m7, 'a', ... (5 bytes))",
      "debug Sending PUBLISH to me (d0, q1, r0, m1, 'a', ... (5 bytes))",
      "debug Sending PUBACK to me (m7, rc0)",
      "debug Received PUBACK from me (Mid: 1, RC:0)",
    ],
  },
  {
    name: "QoS 2, both ways",
    sends: [
      connect("me"),
      subscribe(1, ["a", 2]),
      publish("a", "12345", { id: 7, qos: 2 }),
      "62 02 0007",
      "50 02 0001",
      "70 02 0001",
    ],
    logs: [
      ...CONNECTED,
      "debug Received SUBSCRIBE from me",
      "debug \ta (QoS 2)",
      "subscribe me 2 a",
      "debug Sending SUBACK to me",
      "debug Received PUBLISH from me (d0, q2, r0, m7, 'a', ... (5 bytes))",
      "debug Sending PUBREC to me (m7, rc0)",
      "debug Received PUBREL from me (Mid: 7)",
      "debug Sending PUBLISH to me (d0, q2, r0, m1, 'a', ... (5 bytes))",
      "debug Sending PUBCOMP to me (m7)",
      "debug Received PUBREC from me (Mid: 1)",
      "debug Sending PUBREL to me (m1)",
      "debug Received PUBCOMP from me (Mid: 1, RC:0)",
    ],
  },
  {
    name: "a PUBLISH by Topic Alias",
    sends: [connect("me"), publish("a/b", "1", { alias: 1 }), publish("", "12", { alias: 1 })],
    logs: [
      ...CONNECTED,
      "debug Received PUBLISH from me (d0, q0, r0, m0, 'a/b', ... (1 bytes))",
      "debug Received PUBLISH from me (d0, q0, r0, m0, 'a/b', ... (2 bytes))",
    ],
  },
  {
    name: "what access rules deny",
    options: {
      authorizer: { mayPublish: () => false, mayReceive: () => true, maySubscribe: () => false },
    },
    sends: [connect("me"), subscribe(1, ["a", 0]), publish("a", "12345", { id: 7 })],
    logs: [
      ...CONNECTED,
      "debug Received SUBSCRIBE from me",
      "info Denied SUBSCRIBE from me ('a'): no rule could let anything of it through.",
      "debug \ta (denied)",
      "debug Sending SUBACK to me",
      "info Denied PUBLISH from me (d0, q1, r0, m7, 'a', ... (5 bytes)).", // once a minute, with its rule
      "debug Denied PUBLISH from me (d0, q1, r0, m7, 'a', ... (5 bytes))",
      "debug Sending PUBACK to me (m7, rc135)",
    ],
  },
  {
    name: "a payload that is too large",
    options: { limits: { maximumPayloadSize: 4 } },
    sends: [connect("me"), publish("a", "12345", { retain: true })],
    logs: [
      ...CONNECTED,
      "debug Dropped too large PUBLISH from me (d0, q0, r1, m0, 'a', ... (5 bytes))",
    ],
  },
  {
    name: "a protocol error",
    sends: [connect("me"), connect("me")],
    logs: [
      ...CONNECTED,
      "info Protocol error from me: second CONNECT.",
      "debug Sending DISCONNECT to me (rc130)",
      "notice Client me [peer:1] disconnected: protocol error.",
    ],
  },
  {
    name: "a protocol error of MQTT 3.1.1, which has no DISCONNECT for it",
    version: 4,
    sends: [connect("me"), connect("me")],
    logs: [
      ...CONNECTED,
      "info Protocol error from me: second CONNECT.",
      "notice Client me [peer:1] disconnected: protocol error.",
    ],
  },
];

for (const { name, version = 5, options, sends, logs } of CASES) {
  Deno.test(`the debug log tells of ${name} in Mosquitto's words`, () => {
    const broker = new SansIoBroker({ ...options, logsDebug: true });
    const peer = broker.connect(version);
    for (const what of sends) peer.send(bytesFor(what, version));
    const lines = broker.log.map(({ level, text }) => `${level} ${text}`);
    const news = lines.filter((line) => /^notice New (connection|client)/.test(line));
    assert.deepEqual(news, [
      "notice New connection from peer:1 on port 1883.",
      `notice New client connected from peer:1 as me (p${version === 5 ? 5 : 2}, c1, k0).`,
    ]);
    assert.deepEqual(lines.filter((line) => !news.includes(line)), logs);
  });
}

const ENDS: readonly {
  readonly name: string;
  readonly happens: (broker: SansIoBroker) => void;
  readonly says: string;
}[] = [
  {
    name: "a Client that goes without a DISCONNECT",
    happens: (broker) => connected(broker, "me").hangUp(),
    says: "Client me [peer:1] disconnected: connection closed by client.",
  },
  {
    name: "a Keep Alive that has run out",
    happens: (broker) => {
      connected(broker, "me", { keepAlive: 10 });
      broker.advance(16_000);
    },
    says: "Client me [peer:1] disconnected: exceeded timeout.",
  },
  {
    name: "a peer that sends no CONNECT",
    happens: (broker) => {
      broker.connect();
      broker.advance(31_000);
    },
    says: "Client peer:1 [peer:1] disconnected: exceeded timeout.",
  },
  {
    name: "a Session that is taken over",
    happens: (broker) => {
      connected(broker, "me");
      connected(broker, "me");
    },
    says: "Client me [peer:1] disconnected: session taken over.",
  },
  {
    name: "a CONNECT that is refused",
    happens: (broker) => connected(broker, "stranger"),
    says: "Client stranger [peer:1] disconnected: not authorised.",
  },
];
for (const { name, happens, says } of ENDS) {
  Deno.test(`the log tells of ${name} in Mosquitto's words, once`, () => {
    const broker = new SansIoBroker({
      authenticator: {
        authenticate: ({ clientId }, done) =>
          done(
            clientId === "me" ? { accepted: true } : { accepted: false, reasonCode: 0x87 },
          ),
        beginExchange: () => undefined,
      },
    });
    happens(broker);
    const ends = broker.log.filter(({ text }) => text.includes("disconnected"));
    assert.deepEqual(ends, [{ level: "notice", text: says }]);
  });
}

function connected(
  broker: SansIoBroker,
  clientId: string,
  fields: Parameters<typeof connect>[1] = {},
) {
  const peer = broker.connect();
  peer.send(bytesFor(connect(clientId, fields), 5));
  return peer;
}
