// The log as messages: which level goes to which topic, and that it can't feed itself.

import assert from "node:assert/strict";
import type { LogLevel } from "../../src/broker/ports.ts";
import { LineLog } from "../../src/observe/line_log.ts";
import { LogSinks } from "../../src/observe/log_sinks.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import { SansIoBroker } from "../support/sans_io_broker.ts";
import { bytesFor, connect, subscribe } from "../support/sequence_packets.ts";

/** The topics of mosquitto.conf(5), log_dest. */
const TOPICS: readonly (readonly [LogLevel, string | undefined])[] = [
  ["error", "$SYS/broker/log/E"],
  ["warning", "$SYS/broker/log/W"],
  ["notice", "$SYS/broker/log/N"],
  ["info", "$SYS/broker/log/I"],
  ["subscribe", "$SYS/broker/log/M/subscribe"],
  ["unsubscribe", "$SYS/broker/log/M/unsubscribe"],
  ["websockets", "$SYS/broker/log/WS"],
  ["debug", undefined],
  ["internal", undefined],
];

function reader(broker: SansIoBroker) {
  const peer = broker.connect();
  peer.send(bytesFor(connect("reader"), 5));
  peer.send(bytesFor(subscribe(1, "$SYS/broker/log/#"), 5));
  peer.takePackets();
  return peer;
}

for (const [level, topic] of TOPICS) {
  Deno.test(`a line of level ${level} is published to ${topic ?? "no topic"}`, () => {
    const broker = new SansIoBroker();
    const peer = reader(broker);
    broker.broker.publishLog([{ level, text: "1: héllo" }], broker.nowMs);
    broker.settle();
    const messages = peer.takePackets().map((packet) => {
      assert.ok(packet.type === PacketType.Publish);
      const payload = new TextDecoder().decode(packet.payload);
      const { topicName, qos, retain, messageExpiryInterval: expiry } = packet;
      return { topicName, qos, retain, expiry, payload };
    });
    const message = { topicName: topic, qos: 2, retain: false, expiry: 20, payload: "1: héllo" };
    assert.deepEqual(messages, topic === undefined ? [] : [message]);
  });
}

Deno.test("a line that comes of the publishing of a line is written, and not published", async () => {
  const published: string[] = [];
  const sinks = new LogSinks();
  const log = new LineLog({ levels: ["info"], destinations: ["topic"], timestamp: false }, sinks);
  sinks.publishTo((lines) => {
    for (const { text } of lines) {
      published.push(text);
      log.write("info", `about ${text}`);
    }
  });
  log.write("info", "one");
  log.flush();
  log.flush();
  log.write("info", "two");
  await log.close();
  assert.deepEqual(published, ["one", "two"]);
});
