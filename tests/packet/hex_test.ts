// The notation of the tables, compared with bytes that are written out.

import assert from "node:assert/strict";
import { hex } from "../vectors/hex.ts";

const GOOD = [
  { name: "digits with any spaces", text: "00 0102  ab 0cff", bytes: "0 1 2 171 12 255" },
  { name: "text as UTF-8", text: "'aé'", bytes: "97 195 169" },
  { name: "a bracket as text", text: "'[('", bytes: "91 40" },
  { name: "an empty string with its length", text: "()", bytes: "0 0" },
  { name: "a string with its length", text: "('MQTT')", bytes: "0 4 77 81 84 84" },
  { name: "a group with its length", text: "c0 [ 01 [] 02 ]", bytes: "192 3 1 0 2" },
  { name: "a repeated byte", text: "61*3 62", bytes: "97 97 97 98" },
];

for (const { name, text, bytes } of GOOD) {
  Deno.test(`hex() reads ${name}`, () => {
    assert.equal(hex(text).join(" "), bytes);
  });
}

for (const text of ["(", "[ 00", "00 ]", "( ]", "0", "zz", "61*"]) {
  Deno.test(`hex() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => hex(text));
  });
}

Deno.test("hex() writes a length above 127 in two bytes", () => {
  assert.deepStrictEqual([...hex("[ 00*200 ]").subarray(0, 2)], [0xc8, 0x01]);
});
