// ByteReader: what each read gives, where it stands afterwards, and what it refuses.

import assert from "node:assert/strict";
import { ByteReader } from "../../src/packet/byte_reader.ts";
import { MqttError } from "../../src/packet/mqtt_error.ts";
import { hex } from "../vectors/hex.ts";

interface ReadRow {
  readonly name: string;
  readonly bytes: string;
  /** What is read; a row has either this or an error. */
  readonly value?: unknown;
  /** Bytes that are left then. */
  readonly left?: number;
  readonly error?: number;
}

function run(method: string, read: (reader: ByteReader) => unknown, rows: readonly ReadRow[]) {
  for (const { name, bytes, value, left, error } of rows) {
    Deno.test(`ByteReader.${method}() ${name}`, () => {
      // Between other bytes, so that a read outside its range is seen.
      const reader = new ByteReader(hex(`ff*3 ${bytes} ff*3`), 3, 3 + hex(bytes).length);
      if (error !== undefined) {
        assert.throws(
          () => read(reader),
          (thrown) => thrown instanceof MqttError && thrown.reasonCode === error,
        );
        return;
      }
      const got = read(reader);
      assert.deepStrictEqual(got instanceof Uint8Array ? new Uint8Array(got) : got, value);
      assert.equal(reader.remaining, left ?? 0);
    });
  }
}

run("readUint8", (reader) => reader.readUint8("Field"), [
  { name: "reads the lowest byte", bytes: "00", value: 0 },
  { name: "reads the highest byte", bytes: "ff", value: 255 },
  { name: "leaves what follows", bytes: "01 02 03", value: 1, left: 2 },
  { name: "refuses the end", bytes: "", error: 0x81 },
]);

run("readUint16", (reader) => reader.readUint16("Field"), [
  { name: "reads the high byte first", bytes: "0102", value: 258 },
  { name: "reads the highest value", bytes: "ffff", value: 65535 },
  { name: "leaves what follows", bytes: "0000 01", value: 0, left: 1 },
  { name: "refuses half a value", bytes: "01", error: 0x81 },
  { name: "refuses the end", bytes: "", error: 0x81 },
]);

run("readUint32", (reader) => reader.readUint32("Field"), [
  { name: "reads the high byte first", bytes: "01020304", value: 0x01020304 },
  { name: "reads the highest value without a sign", bytes: "ffffffff", value: 4294967295 },
  { name: "reads the top bit without a sign", bytes: "80000000", value: 2147483648 },
  { name: "leaves what follows", bytes: "00000001 02", value: 1, left: 1 },
  { name: "refuses three bytes", bytes: "010203", error: 0x81 },
]);

run("readVariableByteInteger", (reader) => reader.readVariableByteInteger("Field"), [
  // Table 1-1 of the specification.
  { name: "reads the lowest of one byte", bytes: "00", value: 0 },
  { name: "reads the highest of one byte", bytes: "7f", value: 127 },
  { name: "reads the lowest of two bytes", bytes: "80 01", value: 128 },
  { name: "reads the highest of two bytes", bytes: "ff 7f", value: 16383 },
  { name: "reads the lowest of three bytes", bytes: "80 80 01", value: 16384 },
  { name: "reads the highest of three bytes", bytes: "ff ff 7f", value: 2097151 },
  { name: "reads the lowest of four bytes", bytes: "80 80 80 01", value: 2097152 },
  { name: "reads the highest of four bytes", bytes: "ff ff ff 7f", value: 268435455 },
  { name: "leaves what follows", bytes: "01 80", value: 1, left: 1 },
  { name: "refuses the end", bytes: "", error: 0x81 },
  { name: "refuses one byte of two", bytes: "80", error: 0x81 },
  { name: "refuses three bytes of four", bytes: "80 80 80", error: 0x81 },
  { name: "refuses five bytes", bytes: "80 80 80 80 01", error: 0x81 },
  { name: "refuses 0 in two bytes", bytes: "80 00", error: 0x81 },
  { name: "refuses 127 in two bytes", bytes: "ff 00", error: 0x81 },
  { name: "refuses 128 in three bytes", bytes: "80 81 00", error: 0x81 },
  { name: "refuses 0 in four bytes", bytes: "80 80 80 00", error: 0x81 },
]);

run("readPacketIdentifier", (reader) => reader.readPacketIdentifier(0x82), [
  { name: "reads the lowest", bytes: "0001", value: 1 },
  { name: "reads the highest", bytes: "ffff", value: 65535 },
  { name: "refuses zero with the code it is given", bytes: "0000", error: 0x82 },
  { name: "refuses half of one", bytes: "01", error: 0x81 },
]);

run("readBinary", (reader) => reader.readBinary("Field"), [
  { name: "reads an empty value", bytes: "0000", value: hex("") },
  { name: "reads any bytes", bytes: "0003 00ff80", value: hex("00ff80") },
  { name: "leaves what follows", bytes: "0001 00 01", value: hex("00"), left: 1 },
  { name: "refuses a length past the end", bytes: "0005 68", error: 0x81 },
  { name: "refuses half a length", bytes: "00", error: 0x81 },
]);

run("readString", (reader) => reader.readString("Field"), [
  { name: "reads an empty string", bytes: "0000", value: "" },
  { name: "reads ASCII", bytes: "('MQTT')", value: "MQTT" },
  { name: "reads UTF-8", bytes: "('é日😀')", value: "é日😀" },
  { name: "keeps a byte order mark", bytes: "(efbbbf 61)", value: "\ufeffa" },
  { name: "refuses a length past the end", bytes: "0005 68", error: 0x81 },
  { name: "refuses bad UTF-8", bytes: "(c3)", error: 0x81 },
  { name: "refuses a character that ends behind the string", bytes: "0001 c3a9", error: 0x81 },
]);

run("readRest", (reader) => reader.readRest(), [
  { name: "reads nothing at the end", bytes: "", value: hex("") },
  { name: "reads all there is and no more", bytes: "0102", value: hex("0102") },
]);

Deno.test("ByteReader.expectEnd() is content at the end", () => {
  new ByteReader(hex("01 02"), 1, 1).expectEnd("PINGREQ");
});

Deno.test("ByteReader.expectEnd() refuses bytes behind the last field, naming the packet", () => {
  assert.throws(() => new ByteReader(hex("01")).expectEnd("PINGREQ"), /PINGREQ/);
});

Deno.test("ByteReader names the field that is cut", () => {
  assert.throws(() => new ByteReader(hex("01")).readUint16("Keep Alive"), /Keep Alive/);
  assert.throws(() => new ByteReader(hex("0001")).readString("User Name"), /User Name/);
});

Deno.test("ByteReader.readBinary() gives a view, not a copy", () => {
  const bytes = hex("0001 61");
  const view = new ByteReader(bytes).readBinary("Field");
  bytes[2] = 0x62;
  assert.equal(view[0], 0x62);
});
