// ByteWriter: what each write adds, and what does not fit.

import assert from "node:assert/strict";
import {
  ByteWriter,
  MAX_VARIABLE_BYTE_INTEGER,
  variableByteIntegerLength,
  writeVariableByteInteger,
} from "../../src/packet/byte_writer.ts";
import { hex, toHex } from "../vectors/hex.ts";

const ROWS: readonly { name: string; write: (writer: ByteWriter) => void; bytes: string }[] = [
  { name: "writes nothing at first", write: () => {}, bytes: "" },
  { name: "writes a byte", write: (w) => w.writeUint8(255), bytes: "ff" },
  { name: "writes two bytes, the high one first", write: (w) => w.writeUint16(258), bytes: "0102" },
  { name: "writes the highest two bytes", write: (w) => w.writeUint16(65535), bytes: "ffff" },
  {
    name: "writes four bytes, the high one first",
    write: (w) => w.writeUint32(0x01020304),
    bytes: "01020304",
  },
  {
    name: "writes the highest four bytes",
    write: (w) => w.writeUint32(4294967295),
    bytes: "ffffffff",
  },
  { name: "writes the top bit", write: (w) => w.writeUint32(2147483648), bytes: "80000000" },
  { name: "writes bytes as they are", write: (w) => w.writeBytes(hex("00ff")), bytes: "00ff" },
  {
    name: "writes binary with its length",
    write: (w) => w.writeBinary(hex("00ff")),
    bytes: "(00ff)",
  },
  { name: "writes empty binary", write: (w) => w.writeBinary(hex("")), bytes: "0000" },
  {
    name: "writes a string as UTF-8",
    write: (w) => w.writeString("é😀"),
    bytes: "0006 c3a9 f09f9880",
  },
  { name: "writes an empty string", write: (w) => w.writeString(""), bytes: "0000" },
  {
    name: "writes the longest string",
    write: (w) => w.writeString("a".repeat(65535)),
    bytes: "(61*65535)",
  },
  {
    name: "writes one thing behind the other",
    write: (w) => {
      w.writeUint8(1);
      w.writeUint32(2);
      w.writeString("a");
      w.writeVariableByteInteger(128);
      w.writeBytes(hex("07*100"));
      w.writeUint16(3);
    },
    bytes: "01 00000002 ('a') 8001 07*100 0003",
  },
];

for (const { name, write, bytes } of ROWS) {
  for (const capacity of [0, 1, 64]) {
    Deno.test(`ByteWriter ${name}, having started with ${capacity} bytes`, () => {
      const writer = new ByteWriter(capacity);
      write(writer);
      assert.equal(toHex(writer.view()), toHex(hex(bytes)));
      assert.equal(writer.length, hex(bytes).length);
    });
  }
}

/** Table 1-1 of the specification. */
const VARIABLE = [
  { value: 0, bytes: "00" },
  { value: 1, bytes: "01" },
  { value: 127, bytes: "7f" },
  { value: 128, bytes: "80 01" },
  { value: 321, bytes: "c1 02" },
  { value: 16383, bytes: "ff 7f" },
  { value: 16384, bytes: "80 80 01" },
  { value: 2097151, bytes: "ff ff 7f" },
  { value: 2097152, bytes: "80 80 80 01" },
  { value: MAX_VARIABLE_BYTE_INTEGER, bytes: "ff ff ff 7f" },
];

for (const { value, bytes } of VARIABLE) {
  Deno.test(`ByteWriter.writeVariableByteInteger() writes ${value} as ${bytes}`, () => {
    const writer = new ByteWriter(0);
    writer.writeVariableByteInteger(value);
    assert.equal(toHex(writer.view()), bytes);
    assert.equal(variableByteIntegerLength(value), hex(bytes).length);
  });

  Deno.test(`writeVariableByteInteger() writes ${value} in place and says where it ended`, () => {
    const target = new Uint8Array(8);
    const end = writeVariableByteInteger(target, 2, value);
    assert.equal(toHex(target.subarray(2, end)), bytes);
    assert.equal(target[end], 0);
  });
}

const TOO_LARGE: readonly { name: string; write: (writer: ByteWriter) => void }[] = [
  {
    name: "a Variable Byte Integer of 268,435,456",
    write: (w) => w.writeVariableByteInteger(268_435_456),
  },
  { name: "a Variable Byte Integer of -1", write: (w) => w.writeVariableByteInteger(-1) },
  { name: "a Variable Byte Integer of NaN", write: (w) => w.writeVariableByteInteger(NaN) },
  { name: "65,536 bytes of Binary Data", write: (w) => w.writeBinary(new Uint8Array(65536)) },
  { name: "a string of 65,536 bytes", write: (w) => w.writeString("a".repeat(65536)) },
  {
    name: "a string of 65,536 bytes in 32,768 characters",
    write: (w) => w.writeString("é".repeat(32768)),
  },
];

for (const { name, write } of TOO_LARGE) {
  Deno.test(`ByteWriter refuses ${name}`, () => {
    assert.throws(() => write(new ByteWriter()), RangeError);
  });
}
