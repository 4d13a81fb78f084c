// A mistake inside of the broker, or of what is plugged into it: one connection ends, the log has it, and
// everybody else is served.

import assert from "node:assert/strict";
import { Broker, type Log } from "../../src/mod.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import { RawClient } from "../support/raw_client.ts";

Deno.test("a fault costs the connection that met it, and no other", async () => {
  const errors: string[] = [];
  const log: Log = {
    isDebugEnabled: false,
    write: (level, text) => void (level === "error" && errors.push(text)),
  };
  const authorizer = {
    mayPublish: () => {
      throw new TypeError("planted");
    },
    mayReceive: () => true,
    maySubscribe: () => true,
  };
  await using broker = Broker.start({ authorizer, log });
  using other = await RawClient.connect(broker.port, { clientId: "other" });
  using unlucky = await RawClient.connect(broker.port, { clientId: "unlucky" });
  await unlucky.send("30 04 ('t') 00 'x'");
  await unlucky.expectEnd();
  await other.ping();
  using another = await RawClient.connect(broker.port, { clientId: "unlucky" });
  await another.send({ type: PacketType.Pingreq });
  await another.expect(PacketType.Pingresp);
  assert.match(errors[0]!, /^Internal error, please report it: TypeError: planted$/);
  assert.ok(errors.length > 1, "and where it was");
});
