// Channel over real sockets: what is read is what was sent, however much of it came with the CONNECT.

import assert from "node:assert/strict";
import { Broker } from "../../src/mod.ts";
import { encodePacket } from "../../src/packet/encode.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import { encodePublish } from "../../src/packet/publish.ts";
import { ReasonCode } from "../../src/packet/reason_code.ts";
import { RawClient } from "../support/raw_client.ts";
import { connect } from "../vectors/vector.ts";

const MESSAGES = 400;

/** A CONNECT and messages behind it, each with a payload that no other has. */
function burst(clientId: string): Uint8Array {
  const parts = [encodePacket(connect({ version: 4, clientId }), 4)];
  for (let i = 1; i <= MESSAGES; i++) {
    const payload = new TextEncoder().encode(payloadOf(clientId, i));
    parts.push(encodePublish({ topicName: "burst", qos: 1, packetId: i, payload }, 4));
  }
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function payloadOf(clientId: string, i: number): string {
  return `${clientId}-${i}-`.padEnd(20 + i % 90, clientId);
}

// Reading goes on within the processing of the CONNECT: into another buffer than the one that is processed.
Deno.test("what a Client sends right behind its CONNECT arrives whole and in order", async () => {
  await using broker = Broker.start({ limits: { maximumInflightMessages: 1_000 } });
  using subscriber = await RawClient.connect(broker.port, { version: 4, clientId: "subscriber" });
  await subscriber.subscribe("burst", 1);
  for (const clientId of ["a", "b", "c"]) {
    using publisher = await RawClient.open(broker.port, 4);
    const bytes = burst(clientId);
    const half = Math.floor(bytes.length / 2);
    await publisher.send(bytes.subarray(0, half));
    await publisher.send(bytes.subarray(half));
    await publisher.expect(PacketType.Connack);
    for (let i = 1; i <= MESSAGES; i++) {
      assert.equal((await publisher.expect(PacketType.Puback)).packetId, i);
      const packet = await subscriber.expect(PacketType.Publish);
      assert.equal(new TextDecoder().decode(packet.payload), payloadOf(clientId, i));
      const { packetId } = packet;
      await subscriber.send({
        type: PacketType.Puback,
        packetId,
        reasonCode: ReasonCode.Success,
        properties: {},
      });
    }
  }
});
