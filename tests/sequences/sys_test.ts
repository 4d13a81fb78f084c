// $SYS (mosquitto(8), "Broker Status"), and what is special about Topic Names with "$" (4.7.2).

import { advance, connected, expect, send } from "../support/sequence.ts";
import { type Sequence, testSequences } from "../support/sequence.ts";
import {
  puback,
  pubcomp,
  publish,
  publish2,
  pubrec,
  pubrel,
  suback,
  subscribe,
} from "../support/sequence_packets.ts";

const SEQUENCES: Sequence[] = [
  {
    name: "the values are retained from the start and published again when they have changed",
    broker: { sysIntervalMs: 10_000 },
    script: [
      connected("ann"),
      send(
        "ann",
        subscribe(1, ["$SYS/broker/version", 0], ["$SYS/broker/uptime", 0]),
        subscribe(2, ["$SYS/broker/clients/connected", 2]),
      ),
      expect(
        "ann",
        suback(1, 0, 0),
        publish("$SYS/broker/version", "midge version test", { retain: true }),
        publish("$SYS/broker/uptime", "0 seconds", { retain: true }),
        suback(2, 2),
        publish2("$SYS/broker/clients/connected", "0", 1, { retain: true }),
      ),
      send("ann", pubrec(1)),
      expect("ann", pubrel(1)),
      send("ann", pubcomp(1)),
      advance(10_000),
      expect(
        "ann",
        publish("$SYS/broker/uptime", "10 seconds"),
        publish2("$SYS/broker/clients/connected", "1", 2),
      ),
    ],
  },
  {
    name: "each topic of Mosquitto's tree is there",
    broker: { sysIntervalMs: 10_000 },
    versions: [4],
    script: [
      connected("ann"),
      ...[
        "clients/total",
        "clients/disconnected",
        "clients/inactive",
        "clients/connected",
        "clients/active",
        "clients/expired",
        "subscriptions/count",
        "shared_subscriptions/count",
        "messages/received",
        "messages/sent",
        "bytes/received",
        "bytes/sent",
        "publish/bytes/received",
        "publish/bytes/sent",
        "publish/messages/denied",
        "publish/messages/dropped",
        "publish/messages/received",
        "publish/messages/sent",
      ].map((name) => [
        send("ann", subscribe(1, [`$SYS/broker/${name}`, 0])),
        expect(
          "ann",
          suback(1, 0),
          publish(`$SYS/broker/${name}`, "0", { retain: true }),
        ),
      ]).flat(),
      ...["messages/received", "publish/sent", "connections", "sockets"].map((name) => [
        send("ann", subscribe(1, [`$SYS/broker/load/${name}/15min`, 0])),
        expect(
          "ann",
          suback(1, 0),
          publish(`$SYS/broker/load/${name}/15min`, "0.00", { retain: true }),
        ),
      ]).flat(),
    ],
  },
  {
    name: '"#" does not match it',
    ids: ["MQTT-4.7.2-1"],
    broker: { sysIntervalMs: 10_000 },
    script: [
      connected("ann"),
      send("ann", subscribe(1, ["#", 0], ["+/broker/uptime", 0])),
      expect("ann", suback(1, 0, 0)),
      advance(20_000),
    ],
  },
  {
    name: "it can be turned off",
    script: [
      connected("ann"),
      send("ann", subscribe(1, ["$SYS/#", 0])),
      expect("ann", suback(1, 0)),
      advance(20_000),
    ],
  },
  {
    name: "Clients may not publish there, nor to $share",
    script: [
      connected("ann"),
      send("ann", subscribe(1, ["$SYS/#", 0])),
      expect("ann", suback(1, 0)),
      send("ann", publish("$SYS/x", "0"), publish("$SYS/x", "1", { id: 1 })),
      expect("ann", puback(1, 0x87)),
      send("ann", publish2("$SYS/x", "2", 2), pubrel(2)),
      expect("ann", pubrec(2, 0x87), pubcomp(2)),
      send("ann", publish("$share/g/a", "3", { id: 3 })),
      expect("ann", puback(3, 0x87)),
    ],
  },
  {
    name: "the state of a bridge is the exception",
    script: [
      connected("ann"),
      send("ann", subscribe(1, ["$SYS/broker/connection/#", 0])),
      expect("ann", suback(1, 0)),
      send("ann", publish("$SYS/broker/connection/b/state", "1", { id: 1 })),
      expect("ann", publish("$SYS/broker/connection/b/state", "1"), puback(1)),
      send("ann", publish("$SYS/broker/connection/b/c/state", "1", { id: 2 })),
      expect("ann", puback(2, 0x87)),
    ],
  },
  {
    name: "other $-topics are ordinary ones",
    script: [
      connected("ann"),
      send("ann", subscribe(1, ["$dev/+", 0]), publish("$dev/1", "x")),
      expect("ann", suback(1, 0), publish("$dev/1", "x")),
    ],
  },
];

testSequences("$SYS", SEQUENCES);
