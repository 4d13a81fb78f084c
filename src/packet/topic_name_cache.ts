// TopicNameCache: Topic Names as interned strings, found by their bytes.
//
// Decoding UTF-8 into a fresh string costs 100 ns and more, and a fresh string has to be hashed again
// for every Map it is looked up in. Publishers repeat their Topic Names, so the bytes are hashed and
// compared with the one entry of that hash: a hit gives a string that Maps know by its pointer.
// A collision replaces the entry; the size is fixed, so peers can't make it grow.

import { copyBytes } from "./bytes.ts";
import { malformed } from "./byte_reader.ts";
import { decodeUtf8 } from "./utf8.ts";

const SLOTS = 1 << 12;
/** Longer Topic Names are decoded each time: they would make a full cache large. */
const MAX_CACHED_BYTES = 128;

interface Entry {
  readonly bytes: Uint8Array;
  readonly text: string;
}

export class TopicNameCache {
  readonly #entries: (Entry | undefined)[] = new Array(SLOTS).fill(undefined);

  /**
   * The Topic Name in `bytes[start, end)`.
   * @throws {MqttError} 0x81 if it is not well-formed UTF-8 [MQTT-3.3.2-1].
   */
  read(bytes: Uint8Array, start: number, end: number): string {
    const length = end - start;
    if (length > MAX_CACHED_BYTES) return decode(bytes, start, end);
    let hash = length;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    const slot = (hash ^ hash >>> 15) & SLOTS - 1;
    const entry = this.#entries[slot];
    if (entry !== undefined && equals(entry.bytes, bytes, start, length)) return entry.text;
    const text = decode(bytes, start, end);
    this.#entries[slot] = { bytes: copyBytes(bytes.subarray(start, end)), text };
    return text;
  }
}

function equals(cached: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (cached.length !== length) return false;
  for (let i = 0; i < length; i++) if (cached[i] !== bytes[start + i]) return false;
  return true;
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  const text = decodeUtf8(bytes, start, end);
  if (text === undefined) throw malformed("Topic Name is not valid UTF-8");
  return text;
}
