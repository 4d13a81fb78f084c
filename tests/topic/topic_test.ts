// parseTopicName() and parseTopicFilter(): what is one, what is none, and how that is said.

import assert from "node:assert/strict";
import { MqttError } from "../../src/packet/mqtt_error.ts";
import { parseTopicFilter } from "../../src/topic/topic_filter.ts";
import { countTopicLevels, parseTopicName } from "../../src/topic/topic_name.ts";
import { check, matches, MAX_LEVELS } from "./reference.ts";
import fc from "fast-check";

const MALFORMED = 0x81;
const PROTOCOL_ERROR = 0x82;

function reasonCodeOf(action: () => unknown): number {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof MqttError, `${error}`);
    return error.reasonCode;
  }
  assert.fail("nothing was refused");
}

const NAMES = [
  { name: "one level", text: "a" },
  { name: "several levels", text: "sport/tennis/player1" },
  { name: "nothing but a separator", text: "/" },
  { name: "empty levels everywhere", text: "//a//" },
  { name: "spaces", text: "living room/ lamp " },
  { name: "a dollar at the beginning", text: "$SYS/broker" },
  { name: "what would be a Shared Subscription", text: "$share/group/a" },
  { name: "letters beyond ASCII", text: "gebäude/küche/🌡" },
  { name: "as many levels as allowed", text: "/".repeat(MAX_LEVELS - 1) },
];
for (const { name, text } of NAMES) {
  Deno.test(`parseTopicName() takes ${name}`, () => {
    assert.equal(parseTopicName(text, MAX_LEVELS), text);
  });
}

const NO_NAMES = [
  { name: "nothing", text: "", reasonCode: PROTOCOL_ERROR }, // [MQTT-4.7.3-1], section 3.3.2.1
  { name: "a lone +", text: "+", reasonCode: MALFORMED }, // [MQTT-3.3.2-2]
  { name: "a lone #", text: "#", reasonCode: MALFORMED },
  { name: "+ as a level", text: "a/+/b", reasonCode: MALFORMED },
  { name: "+ inside a level", text: "a+b", reasonCode: MALFORMED },
  { name: "# at the end", text: "a/#", reasonCode: MALFORMED },
  { name: "# inside a level", text: "a#", reasonCode: MALFORMED },
  { name: "one level too many", text: "/".repeat(MAX_LEVELS), reasonCode: MALFORMED },
];
for (const { name, text, reasonCode } of NO_NAMES) {
  Deno.test(`parseTopicName() refuses ${name} with 0x${reasonCode.toString(16)}`, () => {
    assert.equal(reasonCodeOf(() => parseTopicName(text, MAX_LEVELS)), reasonCode);
  });
}

const FILTERS: { name: string; text: string; filter?: string; shareName?: string }[] = [
  { name: "a Topic Name", text: "sport/tennis" },
  { name: "a lone +", text: "+" },
  { name: "a lone #", text: "#" },
  { name: "only a separator", text: "/" },
  { name: "+ on both sides of a separator", text: "+/+" },
  { name: "+ at the beginning, in the middle and at the end", text: "+/a/+/b/+" },
  { name: "+ in front of an empty level", text: "+/" },
  { name: "# behind a +", text: "+/#" },
  { name: "# behind an empty level", text: "/#" },
  { name: "$SYS with a wildcard", text: "$SYS/#" },
  { name: "$share as a level further down", text: "a/$share/b" },
  { name: "what only begins like $share", text: "$shared/a/b" },
  { name: "$share in capitals", text: "$SHARE/a/b" },
  { name: "a Shared Subscription", text: "$share/group/a/b", filter: "a/b", shareName: "group" },
  { name: "a shared #", text: "$share/g/#", filter: "#", shareName: "g" },
  { name: "a shared + and #", text: "$share/g/+/#", filter: "+/#", shareName: "g" },
  { name: "a shared empty level", text: "$share/g//", filter: "/", shareName: "g" },
  {
    name: "a shared filter with an empty level in front",
    text: "$share/g//a",
    filter: "/a",
    shareName: "g",
  },
  { name: "a ShareName with a dollar", text: "$share/$g/a", filter: "a", shareName: "$g" },
  { name: "a shared $SYS", text: "$share/g/$SYS/#", filter: "$SYS/#", shareName: "g" },
  { name: "as many levels as allowed", text: "/".repeat(MAX_LEVELS - 1) },
];
for (const { name, text, filter = text, shareName } of FILTERS) {
  Deno.test(`parseTopicFilter() takes ${name}`, () => {
    assert.deepEqual(parseTopicFilter(text, MAX_LEVELS), { filter, shareName });
  });
}

const NO_FILTERS = [
  { name: "nothing", text: "", reasonCode: MALFORMED }, // [MQTT-4.7.3-1]
  { name: "# in front of more", text: "#/a", reasonCode: MALFORMED }, // [MQTT-4.7.1-1]
  { name: "# in the middle", text: "a/#/b", reasonCode: MALFORMED },
  { name: "# behind a letter", text: "a#", reasonCode: MALFORMED },
  { name: "# behind a letter in a level", text: "a/b#", reasonCode: MALFORMED },
  { name: "## as a level", text: "a/##", reasonCode: MALFORMED },
  { name: "# with a separator behind it", text: "a/#/", reasonCode: MALFORMED },
  { name: "+ behind a letter", text: "a+", reasonCode: MALFORMED }, // [MQTT-4.7.1-2]
  { name: "+ in front of a letter", text: "+a/b", reasonCode: MALFORMED },
  { name: "+ inside a level", text: "a/b+c/d", reasonCode: MALFORMED },
  { name: "++", text: "++", reasonCode: MALFORMED },
  { name: "+#", text: "a/+#", reasonCode: MALFORMED },
  { name: "one level too many", text: "/".repeat(MAX_LEVELS), reasonCode: MALFORMED },
  { name: "$share alone", text: "$share", reasonCode: PROTOCOL_ERROR }, // [MQTT-4.8.2-1]
  { name: "$share without a ShareName", text: "$share/", reasonCode: PROTOCOL_ERROR },
  { name: "an empty ShareName", text: "$share//a", reasonCode: PROTOCOL_ERROR },
  { name: "a ShareName without a filter", text: "$share/g", reasonCode: PROTOCOL_ERROR },
  { name: "a ShareName with an empty filter", text: "$share/g/", reasonCode: PROTOCOL_ERROR },
  { name: "+ as ShareName", text: "$share/+/a", reasonCode: PROTOCOL_ERROR }, // [MQTT-4.8.2-2]
  { name: "# as ShareName", text: "$share/#", reasonCode: PROTOCOL_ERROR },
  { name: "a ShareName with a +", text: "$share/g+/a", reasonCode: MALFORMED },
  { name: "a shared # in the middle", text: "$share/g/#/a", reasonCode: MALFORMED },
];
for (const { name, text, reasonCode } of NO_FILTERS) {
  Deno.test(`parseTopicFilter() refuses ${name} with 0x${reasonCode.toString(16)}`, () => {
    assert.equal(reasonCodeOf(() => parseTopicFilter(text, MAX_LEVELS)), reasonCode);
  });
}

Deno.test("countTopicLevels() counts what split() gives", () => {
  check(fc.property(fc.array(fc.constantFrom("", "a", "+", "ü"), { minLength: 1 }), (levels) => {
    assert.equal(countTopicLevels(levels.join("/")), levels.length);
  }));
});

// The examples of section 4.7 hold for the matcher that the trees are compared with.
const EXAMPLES = [
  {
    filter: "sport/tennis/player1/#",
    yes: ["sport/tennis/player1", "sport/tennis/player1/score/x"],
  },
  { filter: "sport/#", yes: ["sport"], no: ["sports"] },
  { filter: "sport/tennis/+", yes: ["sport/tennis/player1"], no: ["sport/tennis/player1/ranking"] },
  { filter: "sport/+", yes: ["sport/"], no: ["sport"] },
  { filter: "+/+", yes: ["/finance"] },
  { filter: "/+", yes: ["/finance"] },
  { filter: "+", yes: ["finance"], no: ["/finance"] },
  { filter: "#", yes: ["a", "/", "a/b"], no: ["$SYS/a"] },
  { filter: "+/monitor/Clients", no: ["$SYS/monitor/Clients"] },
  { filter: "$SYS/#", yes: ["$SYS/", "$SYS"] },
  { filter: "$SYS/monitor/+", yes: ["$SYS/monitor/Clients"] },
];
for (const { filter, yes = [], no = [] } of EXAMPLES) {
  Deno.test(`the matcher of these tests agrees with the specification about ${filter}`, () => {
    for (const name of yes) assert.ok(matches(filter, name), name);
    for (const name of no) assert.ok(!matches(filter, name), name);
  });
}
