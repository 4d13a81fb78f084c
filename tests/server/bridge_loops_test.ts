import assert from "node:assert/strict";
import { findBridgeLoops } from "../../src/server/bridge_loops.ts";
import { readValid } from "../config/reading.ts";

const ROWS: readonly { readonly name: string; readonly conf: string; readonly says: RegExp[] }[] = [
  {
    name: "one bridge, both ways, is none",
    conf: "connection a\naddress h\ntopic # both",
    says: [],
  },
  {
    name: "two bridges to two brokers are none",
    conf: "connection a\naddress h\ntopic # both\nconnection b\naddress i\ntopic # both",
    says: [],
  },
  {
    name: "in by one and out by the other, to the same broker",
    conf: "connection a\naddress h\ntopic x/# in\nconnection b\naddress h:1883\ntopic +/y out",
    says: [
      /^The bridges 'a' and 'b' make a loop: what comes in as x\/# goes out as \+\/y .* for ever/,
    ],
  },
  {
    name: "in by one and out by the other, with MQTT 5.0",
    conf: "connection a\naddress h\ntopic x/# in\nbridge_protocol_version mqttv50\n" +
      "connection b\naddress h\ntopic x/# out\nbridge_protocol_version mqttv50",
    says: [/comes twice there/],
  },
  {
    name: "a prefix that keeps them apart",
    conf: 'connection a\naddress h\ntopic # in 0 a/ ""\nconnection b\naddress h\ntopic b/# out',
    says: [],
  },
  {
    name: "to its own broker",
    conf: "listener 1884\nconnection a\naddress 127.0.0.1:1884\ntopic a/# out",
    says: [/leads to its own broker, 127\.0\.0\.1:1884, and takes a\/# there again/],
  },
  {
    name: "to its own broker, elsewhere",
    conf: 'listener 1884\nconnection a\naddress 127.0.0.1:1884\ntopic a/# out 0 "" copy/',
    says: [],
  },
  {
    name: "to its own broker, which listens elsewhere",
    conf: "listener 1884 127.0.0.2\nconnection a\naddress 127.0.0.1:1884\ntopic a/# out",
    says: [],
  },
  {
    name: "to its own broker, by its name",
    conf: "listener 1884 192.0.2.7\nconnection a\naddress 192.0.2.7:1884\ntopic a/# in",
    says: [/leads to its own broker, 192\.0\.2\.7:1884, and takes a\/# there again/],
  },
  {
    name: "to its own broker, into a folder of the folder",
    conf: 'listener 1884\nconnection a\naddress localhost:1884\ntopic # out 0 "" copy/',
    says: [/leads to its own broker/],
  },
  {
    name: "to a listener of its own that has a mount point",
    conf: "listener 1884\nmount_point m/\nconnection a\naddress 127.0.0.1:1884\ntopic a/# out",
    says: [],
  },
  {
    name: "to its own broker, both ways with two prefixes",
    conf: "listener 1884\nconnection a\naddress 127.0.0.1:1884\ntopic # both 0 x/ y/",
    says: [],
  },
  {
    name: "to its own broker, there by one topic and back by the other",
    conf: "listener 1884\nconnection a\naddress 127.0.0.1:1884\n" +
      "topic # out 0 x/ y/\ntopic # out 0 y/ x/",
    says: [
      /^The bridge 'a' makes a loop: x\/# by 'a' to y\/#, y\/# by 'a' to x\/#, which is x\/# again\. .* for ever/,
    ],
  },
  {
    name: "to its own broker, there by one bridge and back by the other",
    conf: "listener 1884\nconnection a\naddress 127.0.0.1:1884\ntopic # out 0 x/ y/\n" +
      "connection b\naddress 127.0.0.1:1884\ntopic # in 0 x/ y/",
    says: [/^The bridges 'a', 'b' make a loop: x\/# by 'a' to y\/#, y\/# by 'b' to x\/#/],
  },
  {
    name: "in by one and out by the other, to brokers with one address in common",
    conf: "connection a\naddresses h i\ntopic x in\nconnection b\naddresses j i\ntopic x out",
    says: [/^The bridges 'a' and 'b' make a loop/],
  },
  {
    name: "both ways by two bridges to the same broker, told once",
    conf: "connection a\naddress h\ntopic x both\nconnection b\naddress h\ntopic x both",
    says: [/^The bridges 'b' and 'a' make a loop/],
  },
  {
    name: "round by four bridges and two brokers",
    conf:
      "connection a\naddress h\ntopic # out 0 a/ x/\nconnection b\naddress h\ntopic # in 0 b/ x/\n" +
      "connection c\naddress i\ntopic # out 0 b/ y/\nconnection d\naddress i\ntopic # in 0 a/ y/",
    says: [/^The bridges 'a', 'b', 'c', 'd' make a loop: a\/# by 'a' to x\/#, x\/# by 'b' to b\/#/],
  },
];
for (const { name, conf, says } of ROWS) {
  Deno.test(`loops of bridges: ${name}`, async () => {
    const { config } = await readValid(conf);
    const texts = findBridgeLoops(config).map(({ text }) => text);
    assert.equal(texts.length, says.length, texts.join("\n"));
    texts.forEach((text, i) => assert.match(text, says[i]!));
  });
}
