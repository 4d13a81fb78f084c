// UTF-8 Encoded Strings (section 1.5.4): what is text and what is not, by itself (for utf8_test.ts) and
// in the packets where a string stands.

import type { MalformedVector, PacketVector } from "./vector.ts";

/** Bytes that are text. */
export const GOOD_UTF8: readonly { name: string; hex: string; text: string }[] = [
  { name: "nothing", hex: "", text: "" },
  { name: "ASCII from space to tilde", hex: "20 7e", text: " ~" },
  { name: "the first character of two bytes that is no control", hex: "c2a0", text: "\u00a0" },
  { name: "the last character of two bytes", hex: "dfbf", text: "\u07ff" },
  { name: "the first character of three bytes", hex: "e0a080", text: "\u0800" },
  { name: "the last character before the surrogates", hex: "ed9fbf", text: "\ud7ff" },
  { name: "the first character behind the surrogates", hex: "ee8080", text: "\ue000" },
  { name: "the neighbours of U+FDD0 and U+FDEF", hex: "efb78f efb7b0", text: "\ufdcf\ufdf0" },
  { name: "the replacement character", hex: "efbfbd", text: "\ufffd" },
  { name: "the first character of four bytes", hex: "f0908080", text: "\u{10000}" },
  { name: "the last character that is one", hex: "f48fbfbd", text: "\u{10fffd}" },
  { name: "a leading U+FEFF, which is kept", hex: "efbbbf 61", text: "\ufeffa" }, // [MQTT-1.5.4-3]
  { name: "U+FEFF alone", hex: "efbbbf", text: "\ufeff" },
  { name: "U+FEFF in the middle", hex: "61 efbbbf 62", text: "a\ufeffb" },
  { name: "the specification's A and U+2A6D4", hex: "41 f0aa9b94", text: "A\u{2a6d4}" },
  { name: "a combining accent, not composed", hex: "65 cc81", text: "e\u0301" },
];

const ILL_FORMED = [
  { name: "a continuation byte alone", hex: "80" },
  { name: "a continuation byte behind ASCII", hex: "61 bf" },
  { name: "two bytes cut behind one", hex: "c3" },
  { name: "two bytes cut by ASCII", hex: "c3 28" },
  { name: "three bytes cut behind one", hex: "e2" },
  { name: "three bytes cut behind two", hex: "e2 82" },
  { name: "three bytes cut by ASCII", hex: "e2 82 28" },
  { name: "four bytes cut behind one", hex: "f0" },
  { name: "four bytes cut behind three", hex: "f0 9f 98" },
  { name: "four bytes cut by ASCII", hex: "f0 9f 98 28" },
  { name: "a slash overlong in two bytes", hex: "c0 af" },
  { name: "U+007F overlong in two bytes", hex: "c1 bf" },
  { name: "a slash overlong in three bytes", hex: "e0 80 af" },
  { name: "U+07FF overlong in three bytes", hex: "e0 9f bf" },
  { name: "a slash overlong in four bytes", hex: "f0 80 80 af" },
  { name: "U+FFFF overlong in four bytes", hex: "f0 8f bf bf" },
  { name: "U+0000 overlong, as Java writes it", hex: "c0 80" },
  { name: "the first surrogate", hex: "ed a0 80" }, // [MQTT-1.5.4-1]
  { name: "the last surrogate", hex: "ed bf bf" },
  { name: "a pair of surrogates, as CESU-8 writes it", hex: "ed a0 bd ed b8 80" },
  { name: "a code point behind U+10FFFF", hex: "f4 90 80 80" },
  { name: "the byte f5", hex: "f5 80 80 80" },
  { name: "a sequence of five bytes", hex: "f8 88 80 80 80" },
  { name: "a sequence of six bytes", hex: "fc 84 80 80 80 80" },
  { name: "the byte fe", hex: "fe" },
  { name: "the byte ff", hex: "ff" },
  { name: "Latin-1", hex: "63 61 66 e9" },
];

function hexOf(codePoint: number): string {
  const bytes = new TextEncoder().encode(String.fromCodePoint(codePoint));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function row(codePoint: number): { name: string; hex: string } {
  const digits = codePoint.toString(16).toUpperCase().padStart(4, "0");
  return { name: `U+${digits}`, hex: `61 ${hexOf(codePoint)} 62` };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** U+0000 must be refused [MQTT-1.5.4-2]; the other controls may be. */
const CONTROLS = [...range(0, 0x1f), ...range(0x7f, 0x9f)].map(row);

/** Alone, controls take another way through a decoder than behind other characters. */
const CONTROLS_AMONG_OTHERS = [0x00, 0x09, 0x0a, 0x1f, 0x7f].map((codePoint) => ({
  name: `é and U+${codePoint.toString(16).padStart(4, "0")}`,
  hex: `c3a9 ${hexOf(codePoint)}`,
}));

const NON_CHARACTERS = [
  ...range(0xfdd0, 0xfdef),
  ...range(0, 16).flatMap((plane) => [plane * 0x10000 + 0xfffe, plane * 0x10000 + 0xffff]),
].map(row);

/** Bytes that are not text. */
export const BAD_UTF8: readonly { name: string; hex: string }[] = [
  ...ILL_FORMED,
  ...CONTROLS,
  ...CONTROLS_AMONG_OTHERS,
  ...NON_CHARACTERS,
];

/** One of each kind, for the places where a string may stand. */
const SOME_BAD_UTF8: readonly { name: string; hex: string }[] = BAD_UTF8.filter(({ name }) =>
  [
    "two bytes cut behind one",
    "a slash overlong in two bytes",
    "the first surrogate",
    "a code point behind U+10FFFF",
    "U+0000",
    "U+000A",
    "U+0085",
    "é and U+0000",
    "U+FDD0",
    "U+FFFE",
    "U+10FFFF",
  ].includes(name)
);

const PLACES: readonly {
  readonly name: string;
  readonly version: PacketVector["version"];
  readonly frame: string;
}[] = [
  { name: "Topic Name", version: 4, frame: "30 [ (…) ]" },
  { name: "Topic Name of MQTT 5.0", version: 5, frame: "30 [ (…) [] ]" },
  { name: "Topic Filter of SUBSCRIBE", version: 4, frame: "82 [ 0001 (…) 00 ]" },
  { name: "Topic Filter of UNSUBSCRIBE", version: 5, frame: "a2 [ 0001 [] (…) ]" },
  { name: "Client Identifier", version: 5, frame: "10 [ ('MQTT') 05 02 0000 [] (…) ]" },
  { name: "User Name", version: 4, frame: "10 [ ('MQTT') 04 82 0000 ('c') (…) ]" },
  { name: "Will Topic", version: 3, frame: "10 [ ('MQIsdp') 03 06 0000 ('c') (…) () ]" },
  { name: "Content Type", version: 5, frame: "30 [ ('t') [ 03 (…) ] ]" },
  { name: "Response Topic", version: 5, frame: "30 [ ('t') [ 08 (…) ] ]" },
  { name: "Reason String", version: 5, frame: "e0 [ 00 [ 1f (…) ] ]" },
  { name: "name of a User Property", version: 5, frame: "40 [ 0001 00 [ 26 (…) () ] ]" },
  { name: "value of a User Property", version: 5, frame: "40 [ 0001 00 [ 26 () (…) ] ]" },
  { name: "Authentication Method", version: 5, frame: "f0 [ 18 [ 15 (…) ] ]" },
];

/** Bad UTF-8 of each kind in each place where a string stands. */
export const MALFORMED_UTF8: readonly MalformedVector[] = PLACES.flatMap((place) =>
  SOME_BAD_UTF8.map(({ name, hex }) => ({
    name: `${place.name} with ${name}`,
    version: place.version,
    hex: place.frame.replace("…", hex),
    reasonCode: 0x81,
    ...(place.frame.startsWith("10") ? { connectVersion: place.version } : {}),
  }))
);
