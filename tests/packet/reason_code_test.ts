// Reason Codes: their values and names, and what becomes of them in version 3.

import assert from "node:assert/strict";
import {
  connectReturnCodeFor,
  describeReasonCode,
  ReasonCode,
} from "../../src/packet/reason_code.ts";

/** Table 2-6 of the specification, but for the two codes that share a value with Success. */
const NAMES: readonly { code: number; name: string }[] = [
  { code: 0x00, name: "0x00 success" },
  { code: 0x01, name: "0x01 granted QoS 1" },
  { code: 0x02, name: "0x02 granted QoS 2" },
  { code: 0x04, name: "0x04 disconnect with will" },
  { code: 0x10, name: "0x10 no matching subscribers" },
  { code: 0x11, name: "0x11 no subscription existed" },
  { code: 0x18, name: "0x18 continue authentication" },
  { code: 0x19, name: "0x19 re authenticate" },
  { code: 0x80, name: "0x80 unspecified error" },
  { code: 0x81, name: "0x81 malformed packet" },
  { code: 0x82, name: "0x82 protocol error" },
  { code: 0x83, name: "0x83 implementation specific error" },
  { code: 0x84, name: "0x84 unsupported protocol version" },
  { code: 0x85, name: "0x85 client identifier not valid" },
  { code: 0x86, name: "0x86 bad user name or password" },
  { code: 0x87, name: "0x87 not authorized" },
  { code: 0x88, name: "0x88 server unavailable" },
  { code: 0x89, name: "0x89 server busy" },
  { code: 0x8a, name: "0x8a banned" },
  { code: 0x8b, name: "0x8b server shutting down" },
  { code: 0x8c, name: "0x8c bad authentication method" },
  { code: 0x8d, name: "0x8d keep alive timeout" },
  { code: 0x8e, name: "0x8e session taken over" },
  { code: 0x8f, name: "0x8f topic filter invalid" },
  { code: 0x90, name: "0x90 topic name invalid" },
  { code: 0x91, name: "0x91 packet identifier in use" },
  { code: 0x92, name: "0x92 packet identifier not found" },
  { code: 0x93, name: "0x93 receive maximum exceeded" },
  { code: 0x94, name: "0x94 topic alias invalid" },
  { code: 0x95, name: "0x95 packet too large" },
  { code: 0x96, name: "0x96 message rate too high" },
  { code: 0x97, name: "0x97 quota exceeded" },
  { code: 0x98, name: "0x98 administrative action" },
  { code: 0x99, name: "0x99 payload format invalid" },
  { code: 0x9a, name: "0x9a retain not supported" },
  { code: 0x9b, name: "0x9b QoS not supported" },
  { code: 0x9c, name: "0x9c use another server" },
  { code: 0x9d, name: "0x9d server moved" },
  { code: 0x9e, name: "0x9e shared subscriptions not supported" },
  { code: 0x9f, name: "0x9f connection rate exceeded" },
  { code: 0xa0, name: "0xa0 maximum connect time" },
  { code: 0xa1, name: "0xa1 subscription identifiers not supported" },
  { code: 0xa2, name: "0xa2 wildcard subscriptions not supported" },
];

for (const { code, name } of NAMES) {
  Deno.test(`describeReasonCode() calls ${code} ${JSON.stringify(name)}`, () => {
    assert.equal(describeReasonCode(code), name);
  });
}

Deno.test("ReasonCode has every code of the specification and no other", () => {
  const codes = Object.values(ReasonCode).toSorted((a, b) => a - b);
  assert.deepStrictEqual(codes, NAMES.map((row) => row.code));
});

Deno.test("describeReasonCode() says so where it does not know a code", () => {
  assert.equal(describeReasonCode(0x03), "0x03 unknown reason code");
  assert.equal(describeReasonCode(0xff), "0xff unknown reason code");
});

/** MQTT 3.1.1, table 3.1. */
const RETURN_CODES: readonly { name: keyof typeof ReasonCode; returnCode: number | undefined }[] = [
  { name: "Success", returnCode: 0 },
  { name: "UnsupportedProtocolVersion", returnCode: 1 },
  { name: "ClientIdentifierNotValid", returnCode: 2 },
  { name: "ServerUnavailable", returnCode: 3 },
  { name: "ServerBusy", returnCode: 3 },
  { name: "ServerShuttingDown", returnCode: 3 },
  { name: "QuotaExceeded", returnCode: 3 },
  { name: "BadUserNameOrPassword", returnCode: 4 },
  { name: "NotAuthorized", returnCode: 5 },
  { name: "Banned", returnCode: 5 },
  { name: "MalformedPacket", returnCode: undefined },
  { name: "ProtocolError", returnCode: undefined },
  { name: "UnspecifiedError", returnCode: undefined },
  { name: "BadAuthenticationMethod", returnCode: undefined },
  { name: "PacketTooLarge", returnCode: undefined },
];

for (const { name, returnCode } of RETURN_CODES) {
  const what = returnCode === undefined ? "no CONNACK" : `the Connect Return Code ${returnCode}`;
  Deno.test(`connectReturnCodeFor() gives ${what} for ${name}`, () => {
    assert.equal(connectReturnCodeFor(ReasonCode[name]), returnCode);
  });
}

Deno.test("connectReturnCodeFor() gives no refusal for what is none, and no success for a refusal", () => {
  for (const code of Object.values(ReasonCode)) {
    if (code >= 0x80) assert.notEqual(connectReturnCodeFor(code), 0);
  }
});
