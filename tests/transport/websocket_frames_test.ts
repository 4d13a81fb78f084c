// FrameDecoder: RFC 6455's own examples, every way in which frames can be cut, and everything that a
// client may not send, with the status code that it gets for it.

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  closeFrame,
  controlFrame,
  FrameDecoder,
  MAX_HEADER_BYTES,
  Opcode,
  writeFrameHeader,
} from "../../src/transport/websocket_frames.ts";
import { frame, type FrameOptions } from "../support/websocket_client.ts";
import { hex } from "../vectors/hex.ts";

const TEXT = new TextEncoder();

interface Decoded {
  readonly payload: string;
  readonly ping: string | undefined;
  readonly code: number | undefined;
  readonly violation: string | undefined;
  readonly isEnded: boolean;
}

/** Decodes `bytes` in reads of `sizes`, over and over. */
function decode(bytes: Uint8Array, sizes: readonly number[] = [bytes.length]): Decoded {
  const decoder = new FrameDecoder();
  const payload: number[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length]!);
    const read = new Uint8Array(size + 3).subarray(i % 4); // at any alignment
    const length = Math.min(size, bytes.length - at, read.length);
    read.set(bytes.subarray(at, at + length));
    payload.push(...read.subarray(0, decoder.decode(read, length)));
    at += length;
  }
  return {
    payload: Uint8Array.from(payload).toHex(),
    ping: decoder.ping?.toHex(),
    code: decoder.end?.code,
    violation: decoder.end?.violation,
    isEnded: decoder.end !== undefined,
  };
}

const NOTHING: Decoded = {
  payload: "",
  ping: undefined,
  code: undefined,
  violation: undefined,
  isEnded: false,
};
const closing = (code: number, reason: string | Uint8Array = "") =>
  Uint8Array.from([
    code >>> 8,
    code & 0xFF,
    ...typeof reason === "string" ? TEXT.encode(reason) : reason,
  ]);
const join = (...parts: readonly Uint8Array[]) =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

const VALID: readonly { name: string; bytes: Uint8Array; is: Partial<Decoded> }[] = [
  {
    name: "a masked frame (RFC 6455, 5.7, as binary)",
    bytes: hex("82 85 37 FA 21 3D 7F 9F 4D 51 58"),
    is: { payload: "48656c6c6f" },
  },
  { name: "a masked Pong (RFC 6455, 5.7)", bytes: hex("8A 85 37 FA 21 3D 7F 9F 4D 51 58"), is: {} },
  { name: "an empty message", bytes: frame(""), is: {} },
  {
    name: "a message in 16 bits of length",
    bytes: frame("ab".repeat(126)),
    is: { payload: "ab".repeat(126) },
  },
  {
    name: "a message in 64 bits of length",
    bytes: frame("cd".repeat(65_536)),
    is: { payload: "cd".repeat(65_536) },
  },
  {
    name: "a length in more bytes than it needs",
    bytes: frame("0102", { lengthBytes: 8 }),
    is: { payload: "0102" },
  },
  {
    name: "a message in fragments, one of them empty",
    bytes: join(
      frame("01", { isFinal: false }),
      frame("", { opcode: Opcode.Continuation, isFinal: false }),
      frame("02", { opcode: Opcode.Continuation }),
      frame("03"),
    ),
    is: { payload: "010203" },
  },
  {
    name: "a Ping between fragments",
    bytes: join(
      frame("01", { isFinal: false }),
      frame("aabb", { opcode: Opcode.Ping }),
      frame("02", { opcode: Opcode.Continuation }),
    ),
    is: { payload: "0102", ping: "aabb" },
  },
  {
    name: "the last of two Pings",
    bytes: join(frame("aa", { opcode: Opcode.Ping }), frame("bb", { opcode: Opcode.Ping })),
    is: { ping: "bb" },
  },
  { name: "an empty Ping", bytes: frame("", { opcode: Opcode.Ping }), is: { ping: "" } },
  {
    name: "a Ping of 125 bytes",
    bytes: frame("11".repeat(125), { opcode: Opcode.Ping }),
    is: { ping: "11".repeat(125) },
  },
  { name: "a Close frame", bytes: frame("", { opcode: Opcode.Close }), is: { isEnded: true } },
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].map((code) => ({
    name: `a Close frame with ${code}`,
    bytes: frame(closing(code, "bye"), { opcode: Opcode.Close }),
    is: { code, isEnded: true },
  })),
  {
    name: "nothing behind a Close frame",
    bytes: join(frame("01"), frame(closing(1000), { opcode: Opcode.Close }), frame("02")),
    is: { payload: "01", code: 1000, isEnded: true },
  },
];
for (const { name, bytes, is } of VALID) {
  Deno.test(`FrameDecoder reads ${name}`, () => {
    const expected = { ...NOTHING, ...is };
    assert.deepEqual(decode(bytes), expected);
    if (bytes.length < 1_000) assert.deepEqual(decode(bytes, [1]), expected);
    assert.deepEqual(decode(bytes, [3, 200, 1]), expected);
  });
}

const control = (payload: string | Uint8Array, more: FrameOptions = {}) =>
  frame(payload, { opcode: Opcode.Close, ...more });

const VIOLATIONS: readonly { name: string; bytes: Uint8Array; code?: number }[] = [
  { name: "a frame that is not masked", bytes: frame("01", { mask: undefined }) },
  { name: "a Ping that is not masked", bytes: frame("", { opcode: Opcode.Ping, mask: undefined }) },
  { name: "RSV1, as of permessage-deflate", bytes: frame("01", { reserved: 0x40 }) },
  { name: "RSV2", bytes: frame("01", { reserved: 0x20 }) },
  { name: "RSV3", bytes: frame("01", { reserved: 0x10 }) },
  { name: "RSV1 in a Ping", bytes: frame("", { opcode: Opcode.Ping, reserved: 0x40 }) },
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    name: `opcode ${opcode}`,
    bytes: frame("01", { opcode }),
  })),
  { name: "text", bytes: frame("41", { opcode: Opcode.Text }), code: 1003 },
  {
    name: "text in fragments",
    bytes: frame("41", { opcode: Opcode.Text, isFinal: false }),
    code: 1003,
  },
  { name: "a continuation of nothing", bytes: frame("01", { opcode: Opcode.Continuation }) },
  {
    name: "a continuation behind a whole message",
    bytes: join(frame(""), frame("01", { opcode: Opcode.Continuation })),
  },
  { name: "a message within a message", bytes: join(frame("", { isFinal: false }), frame("01")) },
  { name: "a Ping in fragments", bytes: frame("01", { opcode: Opcode.Ping, isFinal: false }) },
  { name: "a Close frame in fragments", bytes: control("", { isFinal: false }) },
  { name: "a Ping of 126 bytes", bytes: frame("11".repeat(126), { opcode: Opcode.Ping }) },
  { name: "a Pong of 126 bytes", bytes: frame("11".repeat(126), { opcode: Opcode.Pong }) },
  { name: "a Close frame of 126 bytes", bytes: control(closing(1000, "x".repeat(124))) },
  {
    name: "a Ping with 16 bits of length",
    bytes: frame("", { opcode: Opcode.Ping, lengthBytes: 2 }),
  },
  {
    name: "a length with its highest bit set",
    bytes: hex("82 FF 80 00 00 00 00 00 00 00 01 02 03 04"),
  },
  {
    name: "a length beyond what can be counted",
    bytes: hex("82 FF 7F FF FF FF FF FF FF FF 01 02 03 04"),
    code: 1009,
  },
  { name: "half a status code", bytes: control("03") },
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code) => ({
    name: `the status code ${code}`,
    bytes: control(closing(code)),
  })),
  {
    name: "a reason that is no UTF-8",
    bytes: control(closing(1000, hex("CE BA E1 BD B9 CF 83 ED A0 80"))),
    code: 1007,
  },
];
for (const { name, bytes, code = 1002 } of VIOLATIONS) {
  Deno.test(`FrameDecoder refuses ${name} with ${code}, and gives what came before`, () => {
    const all = join(frame("c0ffee"), bytes, frame("bad0"));
    for (const sizes of [[all.length], [1], [5, 2]]) {
      const decoded = decode(all, sizes);
      assert.equal(decoded.code, code);
      assert.equal(decoded.payload, "c0ffee");
      assert.notEqual(decoded.violation, undefined);
    }
  });
}

Deno.test("FrameDecoder: however messages are cut into frames and frames into reads, the bytes are the same", () => {
  const part = fc.record({
    bytes: fc.uint8Array({ maxLength: 400 }),
    mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    isFinal: fc.boolean(),
    between: fc.constantFrom(undefined, Opcode.Ping, Opcode.Pong),
  });
  fc.assert(fc.property(
    fc.array(part, { minLength: 1, maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 }),
    (parts, sizes) => {
      let isWithin = false;
      const frames = parts.flatMap(({ bytes, mask, isFinal, between }) => {
        const opcode = isWithin ? Opcode.Continuation : Opcode.Binary;
        isWithin = !isFinal;
        const own = frame(bytes, { opcode, mask, isFinal });
        return between === undefined ? [own] : [own, frame("0102", { opcode: between, mask })];
      });
      const { payload, isEnded } = decode(join(...frames), sizes);
      assert.equal(payload, join(...parts.map(({ bytes }) => bytes)).toHex());
      assert.equal(isEnded, false);
    },
  ));
});

Deno.test("FrameDecoder: whatever comes, it does not throw, and gives no more than came", () => {
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 }),
    (bytes, sizes) => {
      const whole = decode(bytes);
      assert.ok(whole.payload.length / 2 <= bytes.length);
      assert.deepEqual(decode(bytes, sizes), whole);
    },
  ));
});

const HEADERS = [
  { length: 0, header: "8200" },
  { length: 125, header: "827d" },
  { length: 126, header: "827e007e" },
  { length: 65_535, header: "827effff" },
  { length: 65_536, header: "827f0000000000010000" },
  { length: 2 ** 32 + 5, header: "827f0000000100000005" },
];
for (const { length, header } of HEADERS) {
  Deno.test(`the header of a frame of ${length} bytes is as short as it can be`, () => {
    const buffer = new Uint8Array(MAX_HEADER_BYTES);
    const written = writeFrameHeader(buffer, Opcode.Binary, length);
    assert.equal(buffer.subarray(0, written).toHex(), header);
  });
}

Deno.test("our control frames are those of the RFC", () => {
  assert.equal(controlFrame(Opcode.Pong, TEXT.encode("Hello")).toHex(), "8a0548656c6c6f"); // 5.7
  assert.equal(closeFrame(1000).toHex(), "880203e8");
  assert.equal(closeFrame(undefined).toHex(), "8800");
});
