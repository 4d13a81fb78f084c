// -F of `midge sub`, piece by piece. That Mosquitto prints the same bytes is tests/interop/client_differential.ts.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { bytesOfText } from "../../../src/cli/client/byte_text.ts";
import { checkFormat, compileFormat } from "../../../src/cli/client/format.ts";
import type { ReceivedMessage } from "../../../src/cli/client/message_json.ts";
import { strftime } from "../../../src/cli/client/strftime.ts";

const TIME = new Date(2026, 10, 22, 9, 5, 7);
const message: ReceivedMessage = {
  topic: "a/ü",
  payload: Buffer.from("hello"),
  qos: 1,
  retain: true,
  packetId: 7,
  properties: {
    contentType: "text/plain",
    userProperties: { a: ["1", "2"], b: "3" },
    messageExpiryInterval: 60,
    subscriptionIdentifier: 9,
    correlationData: Buffer.from([0x00, 0xff]),
    payloadFormatIndicator: true,
    responseTopic: "re",
  },
  time: { date: TIME, nanoseconds: 12_345_000 },
};

function format(text: string, changes: Partial<ReceivedMessage> = {}): string {
  const complaints: string[] = [];
  const make = compileFormat(text, false, (line) => complaints.push(line));
  const shown = Buffer.from(bytesOfText(make({ ...message, ...changes }))).toString("utf8");
  return shown + complaints.map((line) => `!${line}`).join("");
}

const rows: readonly [text: string, shown: string][] = [
  ["%t|%p|%q|%r|%m|%l", "a/ü|hello|1|1|7|5"],
  ["%6t|%-6t|%.2t|%6.1t", "  a/ü|a/ü  |a/|     a"], // ü is two bytes
  ["%05l|%-3l|%3l|%07m", "00005|5  |  5|0000007"],
  ["%3p|%7p|%-7p|%07p", "hel|  hello|hello  |00hello"],
  ["%x|%X|%5x|%12x", "68656c6c6f|68656C6C6F| 6865|  68656c6c6f"],
  ["%C|%12C|%R|%E|%F|%S|%A|%3A", "text/plain|  text/plain|re|60|1|9||   "],
  ["%P", "a:1 a:2 b:3"],
  ["%% @@ \\\\ \\t\\n\\e\\0", "% @ \\ \t\n\x1b\0"],
  ["@Y-@m-@d @H:@M:@S.@N", "2026-11-22 09:05:07.012345000"],
];
for (const [text, shown] of rows) {
  Deno.test(`-F ${JSON.stringify(text)} prints ${JSON.stringify(shown)}`, () => {
    assert.equal(format(text), shown);
  });
}

Deno.test("%j has the members of mosquitto_sub, in its order", () => {
  const json = format("%j").replace(/"tst":"[^"]*"/, "TST");
  assert.equal(
    json,
    '{TST,"topic":"a/ü","qos":1,"retain":1,"payloadlen":5,"mid":7,"properties":{' +
      '"content-type":"text/plain","user-properties":{"a":"1","a":"2","b":"3"},' +
      '"message-expiry-interval":60,"subscription-identifier":9,"correlation-data":"\\u0000\ufffd",' +
      '"payload-format-indicator":1,"response-topic":"re"},"payload":"hello"}',
  );
});

const parsed: readonly [payload: string, shown: string | undefined][] = [
  [' { "b" : 1.0, "a" : [ 1e3 , -0.25 ] } ', '{"b":1,"a":[1000,-0.25]}'],
  ['{"a":1,"a":2}', '{"a":1,"a":2}'],
  ["12345678901234567890", "1.2345678901234567e+19"],
  ["1e-7", "1e-07"],
  ['"\\u00fc\\n\\/"', '"ü\\n/"'],
  ["[]", "[]"],
  ["", "null"],
  ["{} x", undefined],
  ["[1,]", undefined],
  ["hello", undefined],
  ["[".repeat(5_000), undefined],
];
for (const [payload, shown] of parsed) {
  const outcome = shown ?? "no JSON";
  Deno.test(`%J takes ${JSON.stringify(payload.slice(0, 40))} for ${outcome}`, () => {
    const printed = format("%J", { payload: Buffer.from(payload), properties: {} });
    if (shown === undefined) {
      assert.equal(printed, "!Error: Message payload is not valid JSON on topic a/ü.");
    } else assert.ok(printed.endsWith(`"payload":${shown}}`), printed);
  });
}

for (
  const [text, wrong] of [
    ["%", "Incomplete format specifier."],
    ["%-10.", "Incomplete format specifier."],
    ["@", "Incomplete format specifier."],
    ["\\", "Incomplete escape specifier."],
    ["\\q", "Invalid escape specifier 'q'."],
    ["%z", "Invalid format specifier 'z'."],
  ] as const
) {
  Deno.test(`-F ${JSON.stringify(text)} is refused: ${wrong}`, () => {
    assert.throws(() => checkFormat(text), { message: wrong });
  });
}

Deno.test("strftime knows the week of ISO 8601, the day of the year and both clocks", () => {
  const at = (conversion: string, ...time: [number, number, number, number?]) =>
    strftime(conversion, new Date(...time));
  assert.equal(at("V", 2027, 0, 1), "53"); // still a week of 2026
  assert.equal(at("G", 2027, 0, 1), "2026");
  assert.equal(at("j", 2024, 11, 31), "366");
  assert.equal(at("I", 2026, 0, 1, 0), "12");
  assert.equal(at("p", 2026, 0, 1, 12), "PM");
  assert.equal(at("q", 2026, 0, 1), "%q");
});
