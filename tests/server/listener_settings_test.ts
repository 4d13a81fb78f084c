// What a mosquitto.conf says of one listener or of all, seen from outside: two listeners, and what each answers.

import { freePort } from "../support/free_port.ts";
import assert from "node:assert/strict";
import { NO_LOG } from "../../src/observe/line_log.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import type { ConnackPacket, ConnectPacket } from "../../src/packet/packets.ts";
import { ConfiguredServer, loadConfiguration } from "../../src/server/configured_server.ts";
import { memoryIO } from "../config/memory_io.ts";
import { RawClient } from "../support/raw_client.ts";
import { connect, publish } from "../vectors/vector.ts";

const FILES = {
  "/acl": "topic read #\n",
  "/passwd": `ann:$6$${btoa("123456789012")}$${btoa("h".repeat(64))}\n`,
};
const ACL_PLUGIN = "plugin /usr/lib/mosquitto_acl_file.so\nplugin_opt_acl_file /acl\n";

/** What a listener answers to a question: short, so that a row can hold two. */
type Answer = string | number | undefined;
type Question = (port: number) => Promise<Answer>;

/** The CONNACK to a CONNECT; undefined if the broker just closes. */
async function connackOf(
  port: number,
  fields: Partial<ConnectPacket> = {},
): Promise<ConnackPacket | undefined> {
  const packet = connect({ version: 5, clientId: "c", ...fields });
  using client = await RawClient.open(port, packet.version);
  await client.send(packet);
  const answer = await client.next();
  assert.ok(answer === undefined || answer.type === PacketType.Connack);
  return answer;
}

/** The Reason Code of the CONNACK to a CONNECT. */
const code = (fields: Partial<ConnectPacket> = {}): Question => async (port) =>
  (await connackOf(port, fields))?.reasonCode;

const assignedPrefix: Question = async (port) => {
  const connack = await connackOf(port, { clientId: "" });
  return connack?.properties.assignedClientIdentifier?.slice(0, 5);
};

const announced = (name: "maximumQoS" | "topicAliasMaximum"): Question => async (port) =>
  (await connackOf(port))?.properties[name];

/** The Reason Code of the PUBACK. */
const puback: Question = async (port) => {
  using client = await RawClient.connect(port, { version: 5, clientId: "c" });
  await client.send(publish({ topicName: "t", qos: 1, packetId: 1 }));
  return (await client.expect(PacketType.Puback)).reasonCode;
};

/** The Topic Alias in a PUBLISH to a Client that takes one. */
const aliasOfBroker: Question = async (port) => {
  const properties = { topicAliasMaximum: 5 };
  using client = await RawClient.connect(port, { version: 5, clientId: "c", properties });
  await client.subscribe("t");
  await client.send(publish({ topicName: "t" }));
  return (await client.expect(PacketType.Publish)).topicAlias;
};

/** How many of two connections are served. */
const servedOfTwo: Question = async (port) => {
  using _first = await RawClient.connect(port, { version: 5, clientId: "first" });
  return 1 + Number((await connackOf(port, { clientId: "second" })) !== undefined);
};

/** Whether two Clients with one user name are one. */
const takesOver: Question = async (port) => {
  using first = await RawClient.connect(port, { version: 5, clientId: "1", userName: "ann" });
  using _second = await RawClient.connect(port, { version: 5, clientId: "2", userName: "ann" });
  await first.send({ type: PacketType.Pingreq });
  return (await first.next())?.type === PacketType.Disconnect ? "one" : "two";
};

const CASES: readonly {
  readonly name: string;
  /** Before the first listener, below the first, below the second. */
  readonly conf: readonly [string, string, string];
  readonly question: Question;
  readonly answers: readonly [Answer, Answer];
}[] = [
  {
    name: "max_qos",
    conf: ["allow_anonymous true", "", "max_qos 1"],
    question: announced("maximumQoS"),
    answers: [undefined, 1],
  },
  {
    name: "max_topic_alias",
    conf: ["allow_anonymous true", "max_topic_alias 0", "max_topic_alias 3"],
    question: announced("topicAliasMaximum"),
    answers: [undefined, 3],
  },
  {
    name: "max_topic_alias_broker",
    conf: ["allow_anonymous true", "", "max_topic_alias_broker 0"],
    question: aliasOfBroker,
    answers: [1, 0],
  },
  {
    name: "accept_protocol_versions",
    conf: ["allow_anonymous true", "accept_protocol_versions 3,5", "accept_protocol_versions 4"],
    question: code({ version: 5 }),
    answers: [0, 0x84],
  },
  {
    name: "accept_protocol_versions for MQTT 3.1.1",
    conf: ["allow_anonymous true", "accept_protocol_versions 3,5", "accept_protocol_versions 4"],
    question: code({ version: 4 }),
    answers: [1, 0],
  },
  {
    name: "max_connections",
    conf: ["allow_anonymous true", "", "max_connections 1"],
    question: servedOfTwo,
    answers: [2, 1],
  },
  {
    name: "use_username_as_clientid",
    conf: ["allow_anonymous true", "", "use_username_as_clientid true"],
    question: takesOver,
    answers: ["two", "one"],
  },
  {
    name: "use_username_as_clientid without a user name",
    conf: ["allow_anonymous true", "", "use_username_as_clientid true"],
    question: code(),
    answers: [0, 0x87],
  },
  {
    name: "clientid_prefixes for all",
    conf: ["allow_anonymous true\nclientid_prefixes x-", "", ""],
    question: code(),
    answers: [0x87, 0x87],
  },
  {
    name: "clientid_prefixes, which is for all wherever it stands,",
    conf: [
      "per_listener_settings true",
      "allow_anonymous true",
      "allow_anonymous true\nclientid_prefixes x-",
    ],
    question: code(),
    answers: [0x87, 0x87],
  },
  {
    name: "auto_id_prefix for all, listener_auto_id_prefix for one",
    conf: ["allow_anonymous true\nauto_id_prefix all--", "", "listener_auto_id_prefix one--"],
    question: assignedPrefix,
    answers: ["all--", "one--"],
  },
  {
    name: "auto_id_prefix for each",
    conf: [
      "per_listener_settings true",
      "allow_anonymous true",
      "allow_anonymous true\nauto_id_prefix mine-",
    ],
    question: assignedPrefix,
    answers: ["auto-", "mine-"],
  },
  {
    name: "allow_zero_length_clientid for all",
    conf: ["allow_anonymous true\nallow_zero_length_clientid false", "", ""],
    question: code({ clientId: "" }),
    answers: [0x80, 0x80],
  },
  {
    name: "allow_zero_length_clientid for one",
    conf: [
      "per_listener_settings true",
      "allow_anonymous true",
      "allow_anonymous true\nallow_zero_length_clientid false",
    ],
    question: code({ clientId: "" }),
    answers: [0, 0x80],
  },
  {
    name: "allow_anonymous for all, listener_allow_anonymous for one",
    conf: ["allow_anonymous false", "", "listener_allow_anonymous true"],
    question: code(),
    answers: [0x87, 0],
  },
  {
    name: "allow_anonymous for one",
    conf: ["per_listener_settings true", "", "allow_anonymous true"],
    question: code(),
    answers: [0x87, 0],
  },
  {
    name: "password_file for one, which a user name is held against",
    conf: [
      "per_listener_settings true",
      "allow_anonymous true",
      "allow_anonymous true\npassword_file /passwd",
    ],
    question: code({ userName: "ann", password: new Uint8Array(3) }),
    answers: [0, 0x87],
  },
  {
    name: "acl_file for all",
    conf: ["allow_anonymous true\nacl_file /acl", "", ""],
    question: puback,
    answers: [0x87, 0x87],
  },
  {
    name: "acl_file for one",
    conf: [
      "per_listener_settings true",
      "allow_anonymous true",
      "allow_anonymous true\nacl_file /acl",
    ],
    question: puback,
    answers: [0x10, 0x87],
  },
  {
    name: "plugin for all",
    conf: [`allow_anonymous true\n${ACL_PLUGIN}`, "", ""],
    question: puback,
    answers: [0x87, 0x87],
  },
  {
    name: "plugin for one",
    conf: [
      "per_listener_settings true",
      "allow_anonymous true",
      `allow_anonymous true\n${ACL_PLUGIN}`,
    ],
    question: puback,
    answers: [0x10, 0x87],
  },
  {
    name: "global_plugin",
    conf: [
      `per_listener_settings true\nglobal_${ACL_PLUGIN}`,
      "allow_anonymous true",
      "allow_anonymous true",
    ],
    question: puback,
    answers: [0x87, 0x87],
  },
  {
    name: "plugin_load and plugin_use",
    conf: [
      "allow_anonymous true\nplugin_load a /usr/lib/mosquitto_acl_file.so\nplugin_opt_acl_file /acl",
      "",
      "plugin_use a",
    ],
    question: puback,
    answers: [0x10, 0x87],
  },
  {
    name: "the password plugin for one",
    conf: [
      "per_listener_settings true",
      "allow_anonymous true",
      "plugin /usr/lib/mosquitto_password_file.so\nplugin_opt_password_file /passwd",
    ],
    question: code(),
    answers: [0, 0x87],
  },
];
for (const { name, conf, question, answers } of CASES) {
  Deno.test(`mosquitto.conf: ${name} holds where it says`, async () => {
    const ports = [freePort(), freePort()] as const;
    const [global, first, second] = conf;
    const listener = (i: 0 | 1) => `listener ${ports[i]} 127.0.0.1`;
    const text = [global, listener(0), first, listener(1), second, ""].join("\n");
    const io = memoryIO({ ...FILES, "/c": text });
    const loaded = await loadConfiguration("/c", io);
    await using _ = await ConfiguredServer.start("/c", loaded, io, NO_LOG);
    assert.deepEqual([await question(ports[0]), await question(ports[1])], answers);
  });
}
