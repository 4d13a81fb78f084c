// Packets as text. The tables of this folder write bytes as a reader of the specification would:
//
//   10 [ ('MQTT') 05 02 003c [ 21 0014 ] ('client') ]
//
//   05 003c    hexadecimal digits, spaced by field
//   'text'     its UTF-8 bytes
//   ( … )      what stands inside, behind a Two Byte Integer with its length
//   [ … ]      what stands inside, behind a Variable Byte Integer with its length
//   61*500     the byte 61, five hundred times
//
// Where a length itself is tested, it is written out. Knows nothing of the codec it tests.

/** The bytes that `text` describes. */
export function hex(text: string): Uint8Array {
  const tokens = text.match(/'[^']*'|[()[\]]|[0-9a-fA-F]+(?:\*\d+)?|\S/g) ?? [];
  const root: number[] = [];
  const open: { readonly closedBy: string; readonly bytes: number[] }[] = [];
  let bytes = root;
  for (const token of tokens) {
    if (token === "(" || token === "[") {
      bytes = [];
      open.push({ closedBy: token === "(" ? ")" : "]", bytes });
    } else if (token === ")" || token === "]") {
      const group = open.pop();
      if (group?.closedBy !== token) throw new Error(`unexpected ${token} in ${text}`);
      bytes = open.at(-1)?.bytes ?? root;
      append(bytes, token === ")" ? twoBytes(group.bytes.length) : varint(group.bytes.length));
      append(bytes, group.bytes);
    } else {
      append(bytes, bytesOfToken(token, text));
    }
  }
  if (open.length > 0) throw new Error(`something is not closed in ${text}`);
  return Uint8Array.from(root);
}

/** The contrary for failure messages: plain digits, cut where they get long. */
export function toHex(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, 64)].map((byte) => byte.toString(16).padStart(2, "0"));
  return shown.join(" ") + (bytes.length > 64 ? ` … (${bytes.length} bytes)` : "");
}

/** A Variable Byte Integer in its shortest form. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  do {
    bytes.push(value % 128 + (value >= 128 ? 128 : 0));
    value = Math.floor(value / 128);
  } while (value > 0);
  return bytes;
}

function twoBytes(length: number): number[] {
  if (length > 0xffff) throw new Error(`${length} does not fit into two bytes`);
  return [length >> 8, length & 0xff];
}

function bytesOfToken(token: string, text: string): Iterable<number> {
  if (token.startsWith("'")) return new TextEncoder().encode(token.slice(1, -1));
  const [digits = "", times] = token.split("*");
  if (!/^([0-9a-fA-F]{2})+$/.test(digits)) throw new Error(`bad token ${token} in ${text}`);
  const bytes = (digits.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
  if (times === undefined) return bytes;
  return new Uint8Array(Number(times)).fill(bytes[0] ?? 0);
}

function append(to: number[], bytes: Iterable<number>): void {
  for (const byte of bytes) to.push(byte);
}
