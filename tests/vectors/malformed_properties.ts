// Properties that the codec refuses (section 2.2.2): misplaced, twice, cut, out of their range, unknown,
// and Property Lengths that don't fit.

import { hex, toHex } from "./hex.ts";
import { fill, needed, PROPERTY_CONTEXTS, type PropertyContextRow } from "./property_contexts.ts";
import { PROPERTY_TABLE, type PropertyTableRow, UNKNOWN_IDENTIFIERS } from "./property_table.ts";
import type { MalformedVector } from "./vector.ts";

const MALFORMED = 0x81;
const PROTOCOL_ERROR = 0x82;

/**
 * A known Property in a packet where it may not stand. Section 2.2.2.2 says 0x81 ("an Identifier which
 * is not valid for its packet type"); midge answers as Mosquitto does, see `misplaced` in properties.ts.
 */
function misplacedCode(context: PropertyContextRow): number {
  return context.name === "SUBSCRIBE" || context.name === "UNSUBSCRIBE"
    ? MALFORMED
    : PROTOCOL_ERROR;
}

function mayRepeat(context: PropertyContextRow, row: PropertyTableRow): boolean {
  return row.key === "userProperties" ||
    (row.key === "subscriptionIdentifiers" && context.name === "PUBLISH");
}

function vector(
  context: PropertyContextRow,
  what: string,
  encoded: string,
  reasonCode: number,
): MalformedVector {
  return {
    name: `${context.name} with ${what}`,
    version: 5,
    hex: fill(context, encoded),
    reasonCode,
    ...(context.frame.startsWith("10") ? { connectVersion: 5 as const } : {}),
  };
}

function rowsOf(context: PropertyContextRow, row: PropertyTableRow): MalformedVector[] {
  const one = `${row.id} ${row.sample}`;
  if (!row.contexts.includes(context.name)) {
    const label = `${row.label}, which belongs elsewhere`;
    return [vector(context, label, `[ ${one} ]`, misplacedCode(context))];
  }
  const before = needed(context, row);
  const vectors: MalformedVector[] = [];
  if (!mayRepeat(context, row)) {
    vectors.push(vector(context, `${row.label} twice`, `[ ${before} ${one} ${one} ]`, 0x82));
  }
  const bytes = hex(one);
  for (let length = 1; length < bytes.length; length++) {
    const cut = toHex(bytes.subarray(0, length));
    const what = `${row.label} cut behind ${length} of its ${bytes.length} bytes`;
    vectors.push(vector(context, what, `[ ${before} ${cut} ]`, MALFORMED));
  }
  for (const value of row.refused ?? []) {
    const what = `${row.label} of ${value}`;
    vectors.push(vector(context, what, `[ ${row.id} ${value} ]`, PROTOCOL_ERROR));
  }
  return vectors;
}

const LENGTHS = PROPERTY_CONTEXTS.flatMap((context): MalformedVector[] => [
  vector(context, "a Property Length past the end", "7f", MALFORMED),
  vector(context, "a Property Length that is cut", "ff", MALFORMED),
  vector(context, "a Property Length that is not minimal", "80 00", MALFORMED),
  vector(context, "a Property Length of five bytes", "80 80 80 80 01", MALFORMED),
  vector(context, "a Property Length inside a Property", "04 26 ('k') ('v')", MALFORMED),
  vector(context, "a User Property name that is not UTF-8", "[ 26 (c3) () ]", MALFORMED),
  vector(context, "a User Property value that is not UTF-8", "[ 26 () (c3) ]", MALFORMED),
  vector(context, "a User Property with U+0000", "[ 26 () (00) ]", MALFORMED),
  vector(context, "a Property Identifier that is not minimal", "[ a600 ('k') ('v') ]", MALFORMED),
  vector(context, "a Property Identifier of two bytes", "[ 8001 00 ]", MALFORMED),
]);

const UNKNOWN = PROPERTY_CONTEXTS.map((context) =>
  vector(context, "the unknown Property 0x7e", "[ 7e 00 ]", MALFORMED)
);

/** [MQTT-3.3.2-14], [MQTT-4.7.3-1] */
const RESPONSE_TOPICS = PROPERTY_CONTEXTS
  .filter((context) => context.name === "PUBLISH" || context.name === "Will Properties")
  .flatMap((context) => [
    vector(context, "an empty Response Topic", "[ 08 () ]", PROTOCOL_ERROR),
    vector(context, "a Response Topic with #", "[ 08 ('a/#') ]", PROTOCOL_ERROR),
    vector(context, "a Response Topic with +", "[ 08 ('+') ]", PROTOCOL_ERROR),
  ]);

const EVERY_UNKNOWN = UNKNOWN_IDENTIFIERS.map((id): MalformedVector => ({
  name: `DISCONNECT with the unknown Property 0x${id} and four more bytes`,
  version: 5,
  hex: `e0 [ 00 [ ${id} 00*4 ] ]`,
  reasonCode: MALFORMED,
}));

const REST: MalformedVector[] = [
  {
    name: "CONNECT with Authentication Data and no Authentication Method", // section 3.1.2.11.10
    version: 5,
    hex: "10 [ ('MQTT') 05 02 0000 [ 16 ('x') ] ('c') ]",
    reasonCode: PROTOCOL_ERROR,
    connectVersion: 5,
  },
  {
    name: "PUBLISH with a Subscription Identifier that is not minimal",
    version: 5,
    hex: "30 [ ('t') [ 0b 8100 ] ]",
    reasonCode: MALFORMED,
  },
  {
    name: "SUBSCRIBE with a Subscription Identifier of five bytes",
    version: 5,
    hex: "82 [ 0001 [ 0b 8080808001 ] ('f') 00 ]",
    reasonCode: MALFORMED,
  },
  {
    name: "PUBLISH without a Property Length",
    version: 5,
    hex: "30 03 0001 't'",
    reasonCode: MALFORMED,
  },
  {
    name: "CONNACK without a Property Length",
    version: 5,
    hex: "20 02 00 00",
    reasonCode: MALFORMED,
  },
  {
    name: "SUBACK without a Property Length",
    version: 5,
    hex: "90 02 0001",
    reasonCode: MALFORMED,
  },
  {
    name: "UNSUBACK without a Property Length",
    version: 5,
    hex: "b0 02 0001",
    reasonCode: MALFORMED,
  },
];

export const MALFORMED_PROPERTIES: readonly MalformedVector[] = [
  ...PROPERTY_CONTEXTS.flatMap((context) => PROPERTY_TABLE.flatMap((row) => rowsOf(context, row))),
  ...LENGTHS,
  ...RESPONSE_TOPICS,
  ...UNKNOWN,
  ...EVERY_UNKNOWN,
  ...REST,
];
