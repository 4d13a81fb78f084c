// UTF-8 Encoded Strings (MQTT 5.0, section 1.5.4): decoding with every check the specification
// demands, and the checks it allows that Mosquitto makes too.

import { Buffer, isUtf8 } from "node:buffer";

// Control characters U+0001..U+001F and U+007F..U+009F and non-characters: a receiver MAY refuse
// them (section 1.5.4); Mosquitto does, so do we. U+0000 it MUST refuse [MQTT-1.5.4-2].
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\u0000-\u001f\u007f-\u009f\ufdd0-\ufdef\ufffe\uffff]/;
const FORBIDDEN_ASTRAL =
  /[\ud83f\ud87f\ud8bf\ud8ff\ud93f\ud97f\ud9bf\ud9ff\uda3f\uda7f\udabf\udaff\udb3f\udb7f\udbbf\udbff][\udffe\udfff]/;

/**
 * Decodes `bytes[start, end)` as an MQTT UTF-8 Encoded String, without its length prefix.
 * A leading U+FEFF is kept [MQTT-1.5.4-3].
 *
 * @returns the string, or undefined if the bytes are ill-formed UTF-8 [MQTT-1.5.4-1], hold U+0000,
 * another control character, or a Unicode non-character.
 */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  let ascii = true;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte >= 0x80) {
      ascii = false;
      break;
    }
    if (byte < 0x20 || byte === 0x7f) return undefined;
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
  if (ascii) return buffer.toString("latin1");
  if (!isUtf8(buffer)) return undefined;
  const text = buffer.toString("utf8");
  return FORBIDDEN.test(text) || FORBIDDEN_ASTRAL.test(text) ? undefined : text;
}

/** Number of bytes of `text` in UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** `text` as UTF-8 bytes that nobody else holds. */
export function encodeUtf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "utf8"));
}
