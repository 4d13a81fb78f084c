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
];
for (const { name, conf, says } of ROWS) {
  Deno.test(`loops of bridges: ${name}`, async () => {
    const { config } = await readValid(conf);
    const texts = findBridgeLoops(config).map(({ text }) => text);
    assert.equal(texts.length, says.length, texts.join("\n"));
    texts.forEach((text, i) => assert.match(text, says[i]!));
  });
}
