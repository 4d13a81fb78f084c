// Text as bytes: a string whose characters stand for one byte each. What is printed is made of payloads, which
// are any bytes, and of widths that Mosquitto counts in bytes; so all of it is put together in this form.

import { Buffer } from "node:buffer";

/** A string of characters from 0 to 255. */
export type ByteText = string;

export function textOfBytes(bytes: Uint8Array): ByteText {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** The UTF-8 of `text`. */
export function textOfString(text: string): ByteText {
  return Buffer.from(text, "utf8").toString("latin1");
}

export function bytesOfText(text: ByteText): Uint8Array {
  return Buffer.from(text, "latin1");
}
