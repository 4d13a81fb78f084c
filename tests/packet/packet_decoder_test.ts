// PacketDecoder: what it refuses on the fixed header, what it keeps, what it borrows.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { MqttError } from "../../src/packet/mqtt_error.ts";
import type { ConnectPacket } from "../../src/packet/packets.ts";
import type { PublishPacket } from "../../src/packet/publish.ts";
import { bytesOf } from "../vectors/vector.ts";
import { hex } from "../vectors/hex.ts";
import { decodeAll, decodeInto, drain, newDecoder } from "./decoding.ts";

function refusal(action: () => unknown): MqttError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof MqttError, `${error}`);
    return error;
  }
  assert.fail("nothing was refused");
}

for (let type = 0; type < 16; type++) {
  if (type === 1) continue;
  const first = (type << 4).toString(16).padStart(2, "0");
  Deno.test(`PacketDecoder that expects CONNECT refuses ${first} on its first byte`, () => {
    const decoder = newDecoder(4, { expectsConnect: true });
    decoder.push(hex(first));
    assert.equal(refusal(() => decoder.next()).reasonCode, 0x82); // [MQTT-3.1.0-1]
  });
}

Deno.test("PacketDecoder that expects CONNECT reads one, and everything else after it", () => {
  const decoder = newDecoder(4, { expectsConnect: true });
  decoder.push(hex("10 [ ('MQTT') 05 02 0000 [] ('c') ] c0 00"));
  const connect = decoder.next() as ConnectPacket;
  decoder.version = connect.version;
  decoder.expectsConnect = false;
  assert.deepStrictEqual(decoder.next(), { type: 12 });
  assert.equal(decoder.next(), undefined);
});

Deno.test("PacketDecoder follows the version that it is told between two packets of a chunk", () => {
  const decoder = newDecoder(4);
  decoder.push(hex("30 04 0001 't' 00  30 04 0001 't' 00"));
  assert.equal((decoder.next() as PublishPacket).payload.length, 1);
  decoder.version = 5;
  assert.equal((decoder.next() as PublishPacket).payload.length, 0);
});

const SIZES = [
  { name: "one byte too many", header: "30 09", limit: 10, refused: true },
  { name: "just what is allowed", header: "30 08", limit: 10, refused: false },
  {
    name: "one byte too many with two bytes of length",
    header: "30 80 01",
    limit: 130,
    refused: true,
  },
  {
    name: "just what is allowed with two bytes of length",
    header: "30 80 01",
    limit: 131,
    refused: false,
  },
  {
    name: "the largest length there is",
    header: "30 ff ff ff 7f",
    limit: 2_000_000,
    refused: true,
  },
  {
    name: "the largest packet, allowed",
    header: "30 ff ff ff 7f",
    limit: 268_435_460,
    refused: false,
  },
  {
    name: "the largest packet, not allowed",
    header: "30 ff ff ff 7f",
    limit: 268_435_459,
    refused: true,
  },
  { name: "an acknowledgement that is too large", header: "40 7f", limit: 100, refused: true },
];

for (const { name, header, limit, refused } of SIZES) {
  for (const chunk of [64, 1]) {
    const verb = refused ? "refuses" : "waits for";
    Deno.test(`PacketDecoder ${verb} ${name} on the fixed header, in chunks of ${chunk}`, () => {
      const decoder = newDecoder(5, { maximumPacketSize: limit });
      const decode = () => decodeInto(decoder, hex(header), [chunk]);
      if (refused) assert.equal(refusal(decode).reasonCode, 0x95); // [MQTT-3.2.2-15]
      else assert.deepStrictEqual(decode(), []);
    });
  }
}

Deno.test("PacketDecoder refuses a CONNECT that is too large before it has its version", () => {
  const decoder = newDecoder(4, { maximumPacketSize: 100, expectsConnect: true });
  decoder.push(hex("10 7f 0004 'MQTT' 05"));
  const error = refusal(() => decoder.next());
  assert.equal(error.reasonCode, 0x95);
  assert.equal(error.connectVersion, undefined);
});

Deno.test("PacketDecoder gives the packets before the one that it refuses", () => {
  const decoder = newDecoder(5);
  decoder.push(hex("c0 00 c0 00 c1 00"));
  assert.deepStrictEqual([decoder.next(), decoder.next()], [{ type: 12 }, { type: 12 }]);
  assert.equal(refusal(() => decoder.next()).reasonCode, 0x81);
});

Deno.test("PacketDecoder allocates nothing on the word of a Remaining Length", () => {
  const before = Deno.memoryUsage().external;
  const decoders = Array.from({ length: 200 }, () => newDecoder(4));
  for (const decoder of decoders) {
    decodeInto(decoder, hex("30 ff ff ff 7f 0001 't' 'payload'"), [5, 3]);
  }
  const grown = Deno.memoryUsage().external - before;
  assert.ok(decoders.every((decoder) => decoder.hasPartialPacket));
  assert.ok(grown < 1_000_000, `${grown} bytes for 200 packets of which 15 bytes came`);
});

Deno.test("PacketDecoder has a partial packet from its first byte to its last", () => {
  const decoder = newDecoder(4);
  const states = [...hex("30 04 0001 't' 'p'")].map((byte) => {
    decoder.push(Uint8Array.of(byte));
    drain(decoder);
    return decoder.hasPartialPacket;
  });
  assert.deepStrictEqual(states, [true, true, true, true, true, false]);
});

Deno.test("PacketDecoder reads a payload in place where the packet is complete", () => {
  const chunk = hex("c0 00 30 05 0001 't' 'ab' c0 00");
  const decoder = newDecoder(4);
  decoder.push(chunk);
  decoder.next();
  const publish = decoder.next() as PublishPacket;
  assert.equal(publish.payload.buffer, chunk.buffer);
  assert.equal(publish.start, 2);
  assert.equal(publish.topicStart, 6);
  assert.equal(publish.payloadStart, 7);
  assert.equal(publish.end, 9);
});

Deno.test("PacketDecoder.holdUnread() copies what has not been read", () => {
  const chunk = hex("c0 00 30 04 0001 't' 'p' c0");
  const decoder = newDecoder(4);
  decoder.push(chunk);
  decoder.next();
  const held = decoder.holdUnread();
  chunk.fill(0xee);
  assert.equal(decoder.next(), undefined);
  assert.deepStrictEqual(new Uint8Array(held), hex("30 04 0001 't' 'p' c0"));
  decoder.push(held);
  assert.equal(drain(decoder).length, 1);
  assert.equal(decoder.hasPartialPacket, true);
});

const FULL_CONNECT = `10 [ ('MQTT') 05 ce 0000 [ 15 ('m') 16 ('data') ] ('c')
  [ 03 ('type') ] ('w') ('gone') ('user') ('pass') ]`;

/** Transports read into one buffer, over and over; node:tls gives Buffers, whose slice() is a view. */
for (const kind of ["Uint8Array", "Buffer"] as const) {
  const chunkOf = (bytes: Uint8Array) => kind === "Buffer" ? Buffer.from(bytes) : bytes;

  Deno.test(`PacketDecoder gives a CONNECT that outlives its chunk, a ${kind}`, () => {
    const chunk = chunkOf(hex(FULL_CONNECT));
    const decoder = newDecoder(5);
    decoder.push(chunk);
    const connect = decoder.next() as ConnectPacket;
    chunk.fill(0xee);
    assert.deepStrictEqual(
      {
        password: new Uint8Array(connect.password!),
        willPayload: new Uint8Array(connect.will!.payload),
        willProperties: new Uint8Array(connect.will!.forwardedProperties),
        authenticationData: new Uint8Array(connect.properties.authenticationData!),
      },
      {
        password: bytesOf("pass"),
        willPayload: bytesOf("gone"),
        willProperties: hex("03 ('type')"),
        authenticationData: bytesOf("data"),
      },
    );
  });

  Deno.test(`PacketDecoder.holdUnread() gives bytes that outlive their chunk, a ${kind}`, () => {
    const chunk = chunkOf(hex("c0 00 d0 00"));
    const decoder = newDecoder(5);
    decoder.push(chunk);
    decoder.next();
    const held = decoder.holdUnread();
    chunk.fill(0xee);
    assert.deepStrictEqual(new Uint8Array(held), hex("d0 00"));
  });

  Deno.test(`PacketDecoder keeps a partial packet that outlives its chunk, a ${kind}`, () => {
    const chunk = chunkOf(hex("30 05 0001 't' 'a'"));
    const decoder = newDecoder(4);
    decoder.push(chunk);
    assert.equal(decoder.next(), undefined);
    chunk.fill(0xee);
    decoder.push(chunkOf(hex("'b'")));
    assert.deepStrictEqual(
      new Uint8Array((decoder.next() as PublishPacket).payload),
      bytesOf("ab"),
    );
  });
}

Deno.test("PacketDecoder waits for the body of a packet with a length of zero bytes to come", () => {
  assert.deepStrictEqual(decodeAll(hex("c0"), 4), []);
  assert.deepStrictEqual(decodeAll(hex("c0 80"), 4), []);
});
