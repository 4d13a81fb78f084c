// decodeUtf8(): every kind of good and bad text, at any place in a larger buffer.

import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeUtf8, encodeUtf8, utf8Length } from "../../src/packet/utf8.ts";
import { hex } from "../vectors/hex.ts";
import { BAD_UTF8, GOOD_UTF8 } from "../vectors/utf8.ts";
import { check, text } from "./arbitraries.ts";

for (const { name, hex: bytes, text: expected } of GOOD_UTF8) {
  Deno.test(`decodeUtf8() reads ${name}`, () => {
    const buffer = hex(`ff ${bytes} ff`);
    assert.equal(decodeUtf8(buffer, 1, buffer.length - 1), expected);
    assert.equal(decodeUtf8(hex(bytes), 0, hex(bytes).length), expected);
  });
}

for (const { name, hex: bytes } of BAD_UTF8) {
  Deno.test(`decodeUtf8() refuses ${name}`, () => {
    const buffer = hex(`61 ${bytes} 61`);
    assert.equal(decodeUtf8(buffer, 1, buffer.length - 1), undefined);
    assert.equal(decodeUtf8(buffer, 0, buffer.length), undefined);
  });
}

Deno.test("decodeUtf8() reads a part of a view into a larger buffer", () => {
  const view = hex("ff ff 'xab' ff").subarray(2);
  assert.equal(decodeUtf8(view, 1, 3), "ab");
});

Deno.test("decodeUtf8() gives back what encodeUtf8() wrote, for any text", () => {
  check(fc.property(text(), (value) => {
    const bytes = encodeUtf8(value);
    assert.equal(bytes.length, utf8Length(value));
    assert.equal(decodeUtf8(bytes, 0, bytes.length), value);
  }));
});

Deno.test("decodeUtf8() says the same as TextDecoder and a list of code points, for any bytes", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const short = fc.uint8Array({ maxLength: 4 });
  const nearly = fc.tuple(text(), fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
    const bytes = encodeUtf8(value);
    if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  });
  check(
    fc.property(fc.oneof(short, nearly), (bytes) => {
      let expected: string | undefined;
      try {
        expected = decoder.decode(bytes);
      } catch {
        expected = undefined;
      }
      if (expected !== undefined && [...expected].some(isForbidden)) expected = undefined;
      assert.equal(decodeUtf8(bytes, 0, bytes.length), expected);
    }),
    5_000,
  );
});

function isForbidden(character: string): boolean {
  const code = character.codePointAt(0)!;
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0xfdd0 && code <= 0xfdef) ||
    (code & 0xfffe) === 0xfffe;
}

Deno.test("encodeUtf8() gives bytes that nobody else holds", () => {
  const bytes = encodeUtf8("abc");
  assert.equal(bytes.buffer.byteLength, bytes.length);
});
