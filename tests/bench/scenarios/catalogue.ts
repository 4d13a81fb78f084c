/**
 * The scenarios by name, in the order they run, and which brokers each is for.
 *
 * aedes takes part where messages are counted; its memory and its handshakes are not our measure.
 */

import type { Measurement } from "../measurement.ts";
import type { BrokerName, Durability } from "../brokers.ts";
import { measureConnectRate } from "./connect_rate.ts";
import { measureHardCase } from "./hard_case.ts";
import { measureIdle } from "./idle.ts";
import { measureOffline } from "./offline.ts";
import { measureSubscriptions } from "./subscriptions.ts";
import type { Transport } from "../transport.ts";
import type { Target } from "./target.ts";
import { measureFanIn, measureFanOut, measurePairs } from "./throughput.ts";

export interface Scenario {
  readonly name: string;
  readonly brokers: readonly BrokerName[];
  /** File descriptors that the broker and the generator each need. */
  readonly openFiles: number;
  readonly transport: Transport;
  /** What midge keeps. */
  readonly durability?: Durability;
  readonly measure: (target: Target) => Promise<Measurement>;
}

const ALL: readonly BrokerName[] = ["midge", "mosquitto", "aedes"];
const WITHOUT_AEDES: readonly BrokerName[] = ["midge", "mosquitto"];

function throughput(name: string, measure: Scenario["measure"]): Scenario {
  return { name, brokers: ALL, openFiles: 1_200, transport: "tcp", measure };
}

/** Clients whose Sessions outlive their connections; Mosquitto keeps them in memory. */
function durable(durability: Durability, what: string, measure: Scenario["measure"]): Scenario {
  return {
    name: `${durability}-${what}`,
    brokers: WITHOUT_AEDES,
    openFiles: 1_200,
    transport: "tcp",
    durability,
    measure: (target) => measure({ ...target, keepsSessions: true }),
  };
}

export const SCENARIOS: readonly Scenario[] = [
  throughput("qos0-1to1", (target) => measurePairs(target, 1, 0)),
  throughput("qos1-1to1", (target) => measurePairs(target, 1, 1)),
  throughput("qos2-1to1", (target) => measurePairs(target, 1, 2)),
  throughput("qos0-10to10", (target) => measurePairs(target, 10, 0)),
  throughput("qos1-10to10", (target) => measurePairs(target, 10, 1)),
  throughput("qos2-10to10", (target) => measurePairs(target, 10, 2)),
  throughput("fanout-100", (target) => measureFanOut(target, 100)),
  throughput("fanout-1000", (target) => measureFanOut(target, 1_000)),
  throughput("fanin-10", (target) => measureFanIn(target, 10)),
  throughput("hard-case", measureHardCase),
  durable("none", "10to10", (target) => measurePairs(target, 10, 1)),
  durable("process", "10to10", (target) => measurePairs(target, 10, 1)),
  durable("power", "10to10", (target) => measurePairs(target, 10, 1)),
  durable("process", "offline", measureOffline),
  durable("power", "offline", measureOffline),
  {
    name: "connect-rate",
    brokers: WITHOUT_AEDES,
    openFiles: 1_200,
    transport: "tcp",
    measure: measureConnectRate,
  },
  {
    name: "idle-10000",
    brokers: WITHOUT_AEDES,
    openFiles: 10_200,
    transport: "tcp",
    measure: (target) => measureIdle(target, 10_000),
  },
  {
    name: "ws-qos0-1to1",
    brokers: ["midge"],
    openFiles: 1_200,
    transport: "websocket",
    measure: (target) => measurePairs(target, 1, 0),
  },
  {
    name: "ws-idle-10000",
    brokers: ["midge"],
    openFiles: 10_200,
    transport: "websocket",
    measure: (target) => measureIdle(target, 10_000),
  },
  {
    name: "tls-qos0-1to1",
    brokers: WITHOUT_AEDES,
    openFiles: 1_200,
    transport: "tls",
    measure: (target) => measurePairs(target, 1, 0),
  },
  {
    name: "tls-connect-rate",
    brokers: WITHOUT_AEDES,
    openFiles: 1_200,
    transport: "tls",
    measure: measureConnectRate,
  },
  {
    name: "tls-idle-2000",
    brokers: WITHOUT_AEDES,
    openFiles: 2_200,
    transport: "tls",
    measure: (target) => measureIdle(target, 2_000),
  },
  {
    name: "subscriptions-100000",
    brokers: WITHOUT_AEDES,
    openFiles: 1_200,
    transport: "tcp",
    measure: measureSubscriptions,
  },
];
