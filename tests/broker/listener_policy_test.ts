// ListenerPolicy: listeners of one broker that differ in whom they let in.

import assert from "node:assert/strict";
import type { ListenerPolicy } from "../../src/broker/listener_policy.ts";
import { DEFAULT_LIMITS } from "../../src/broker/limits.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import type { ConnectPacket } from "../../src/packet/packets.ts";
import { SansIoBroker } from "../support/sans_io_broker.ts";
import { connect } from "../vectors/vector.ts";

/** Connects by a listener with `policy`; returns the CONNACK's Reason Code and assigned identifier. */
function connackOf(policy: Partial<ListenerPolicy>, fields: Partial<ConnectPacket>) {
  const packet = connect(fields);
  const peer = new SansIoBroker().connect(packet.version, policy);
  peer.send(packet);
  const [connack] = peer.takePackets();
  assert.ok(connack?.type === PacketType.Connack);
  return connack;
}

const CASES: readonly {
  readonly name: string;
  readonly policy: Partial<ListenerPolicy>;
  readonly fields: Partial<ConnectPacket>;
  readonly code: number;
}[] = [
  {
    name: "takes a Protocol Version that it accepts",
    policy: { acceptedVersions: [4] },
    fields: { version: 4 },
    code: 0,
  },
  {
    name: "tells MQTT 5.0 in its own form that it is not accepted",
    policy: { acceptedVersions: [3, 4] },
    fields: { version: 5 },
    code: 0x84,
  },
  {
    name: "tells MQTT 3.1.1 in its own form that it is not accepted",
    policy: { acceptedVersions: [5] },
    fields: { version: 4 },
    code: 1,
  },
  {
    name: "takes a Client Identifier with one of its prefixes",
    policy: { clientIdPrefixes: ["a-", "b-"] },
    fields: { version: 5, clientId: "b-7" },
    code: 0,
  },
  {
    name: "refuses a Client Identifier with none of its prefixes",
    policy: { clientIdPrefixes: ["a-", "b-"] },
    fields: { version: 5, clientId: "c-7" },
    code: 0x87,
  },
  {
    name: "tells MQTT 3.1.1 as Mosquitto does that a Client Identifier has no prefix",
    policy: { clientIdPrefixes: ["a-"] },
    fields: { version: 4, clientId: "c-7" },
    code: 5,
  },
  {
    name: "refuses a Client that would be assigned an identifier with none of its prefixes",
    policy: { clientIdPrefixes: ["a-"] },
    fields: { version: 5, clientId: "" },
    code: 0x87,
  },
  {
    name: "assigns an identifier that has one of its prefixes",
    policy: { clientIdPrefixes: ["a-"], autoIdPrefix: "a-b-" },
    fields: { version: 5, clientId: "" },
    code: 0,
  },
  {
    name: "asks for a prefix also where the User Name takes the identifier's place",
    policy: { clientIdPrefixes: ["a-"], usesUserNameAsClientId: true },
    fields: { version: 5, clientId: "b-1", userName: "a-1" },
    code: 0x87,
  },
  {
    name: "refuses a zero-length Client Identifier where none are assigned",
    policy: { assignsClientIds: false },
    fields: { version: 5, clientId: "" },
    code: 0x80,
  },
  {
    name: "tells MQTT 3.1.1 that a zero-length Client Identifier is rejected",
    policy: { assignsClientIds: false },
    fields: { version: 4, clientId: "" },
    code: 2,
  },
  {
    name: "refuses a Client without a User Name where that is the Client Identifier",
    policy: { usesUserNameAsClientId: true },
    fields: { version: 5, clientId: "x" },
    code: 0x87,
  },
];
for (const { name, policy, fields, code } of CASES) {
  Deno.test(`a listener ${name}`, () => {
    assert.equal(connackOf(policy, fields).reasonCode, code);
  });
}

Deno.test("a listener assigns Client Identifiers with its own prefix", () => {
  const connack = connackOf({ autoIdPrefix: "gate-" }, { version: 5, clientId: "" });
  assert.match(connack.properties.assignedClientIdentifier!, /^gate-[0-9A-F-]{36}$/);
});

Deno.test("a User Name that is the Client Identifier takes over the Session of that name", () => {
  const broker = new SansIoBroker();
  const policy = { usesUserNameAsClientId: true };
  const [first, second] = [broker.connect(5, policy), broker.connect(5, policy)];
  first.send(connect({ version: 5, clientId: "one", userName: "ann" }));
  second.send(connect({ version: 5, clientId: "two", userName: "ann" }));
  assert.equal(first.end, "gracefully");
  assert.equal(broker.broker.counts.sessions, 1);
});

Deno.test("a listener announces its own limits and holds its Clients to them", () => {
  const limits = { ...DEFAULT_LIMITS, maximumQoS: 0 as const };
  const connack = connackOf({ limits }, { version: 5 });
  assert.equal(connack.properties.maximumQoS, 0);
});
