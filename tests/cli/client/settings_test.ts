// The arguments of `midge pub` and `midge sub`: what they become, and the words for what is wrong. That the words are
// Mosquitto's is tests/interop/client_differential.ts.

import assert from "node:assert/strict";
import { asProperties } from "../../../src/cli/client/property_options.ts";
import { readPubSettings, readSubSettings } from "../../../src/cli/client/read_settings.ts";
import type { PubSettings, SubSettings } from "../../../src/cli/client/settings.ts";
import { portOf, usesTls } from "../../../src/cli/client/settings.ts";
import { matches, parseBrokerUrl } from "../../../src/cli/client/topics.ts";

// The options file of whoever runs this is not what is tested.
Deno.env.set("XDG_CONFIG_HOME", "/does/not/exist");

function sub(...args: string[]): SubSettings {
  return readSubSettings(args) as SubSettings;
}

function pub(...args: string[]): PubSettings {
  return readPubSettings(args) as PubSettings;
}

const refused: readonly [tool: "pub" | "sub", args: string, line: string][] = [
  ["sub", "", "Error: You must specify a topic to subscribe to."],
  ["sub", "-t", "Error: -t argument given but no topic specified."],
  [
    "sub",
    "-t a/#/b",
    "Error: Invalid subscription topic 'a/#/b', are all '+' and '#' wildcards correct?",
  ],
  ["sub", "-t a -V", "Error: --protocol-version argument given but no version specified."],
  ["sub", "-t a -c", "Error: You must provide a client id if you are using the -c option."],
  [
    "sub",
    "-t a -D CONNECT session-expiry-interval 1 -x 3",
    "Error in CONNECT properties: Duplicate property in property list",
  ],
  ["sub", "-t a -q 3", "Error: Invalid QoS given: 3"],
  [
    "sub",
    "-t a --ciphers x",
    "Error: --ciphers can't be had: the runtime chooses among the good ones.",
  ],
  [
    "sub",
    "-t a --psk x",
    "Error: --psk can't be had: the runtime has no TLS-PSK. Use certificates.",
  ],
  ["pub", "-t a", "Error: Both topic and message must be supplied."],
  ["pub", "-t a -m x -n", "Error: Only one type of message can be sent at once."],
  ["pub", "-t a/+ -m x", "Error: Invalid publish topic 'a/+', does it contain '+' or '#'?"],
  ["pub", "-C 1", "Error: Unknown option '-C'."],
];
for (const [tool, args, line] of refused) {
  Deno.test(`midge ${tool} ${args} is refused: ${line}`, () => {
    const words = args.split(" ").filter((word) => word !== "");
    const read = () => tool === "pub" ? readPubSettings(words) : readSubSettings(words);
    assert.throws(read, { line });
  });
}

Deno.test("-L says where, who, and what", () => {
  const settings = sub("-L", "mqtts://al:p:w@[::1]:8884/a/#");
  assert.deepEqual(
    [settings.host, settings.port, settings.username, settings.password, settings.topics],
    ["::1", 8884, "al", "p:w", ["a/#"]],
  );
  assert.ok(usesTls(settings));
  assert.equal(parseBrokerUrl("http://x/y"), "unsupported URL scheme.");
});

Deno.test("the port is 8883 with authorities, else 1883, and TLS can be declined", () => {
  assert.equal(portOf(sub("-t", "a")), 1883);
  assert.equal(portOf(sub("-t", "a", "--cafile", "x")), 8883);
  assert.ok(usesTls(sub("-t", "a", "-p", "8883")));
  assert.ok(!usesTls(sub("-t", "a", "-p", "8883", "--no-tls")));
});

Deno.test("-D makes it MQTT 5.0, and names may repeat", () => {
  const settings = pub(
    "-t",
    "a",
    "-m",
    "x",
    "-D",
    "publish",
    "user-property",
    "k",
    "1",
    "-D",
    "PUBLISH",
    "user-property",
    "k",
    "2",
  );
  assert.equal(settings.version, 5);
  const properties = asProperties(settings.properties.PUBLISH)!;
  assert.deepEqual({ ...properties.userProperties as object }, { k: ["1", "2"] });
});

Deno.test("options of a file come before those of the command line", () => {
  const path = Deno.makeTempFileSync({ prefix: "midge-options-" });
  try {
    Deno.writeTextFileSync(path, "# mine\n-q 2\n-t of the file\n\n-D PUBLISH user-property a b\n");
    const settings = pub("-o", path, "-q", "1", "-m", "x");
    assert.deepEqual([settings.topic, settings.qos, settings.version], ["of the file", 1, 5]);
  } finally {
    Deno.removeSync(path);
  }
});

for (
  const [filter, topic, expected] of [
    ["a/#", "a", true],
    ["a/#", "a/b/c", true],
    ["a/+", "a/b/c", false],
    ["+/b", "a/b", true],
    ["#", "$SYS/x", false],
    ["a", "a/b", false],
  ] as const
) {
  Deno.test(`${filter} ${expected ? "matches" : "does not match"} ${topic}`, () => {
    assert.equal(matches(filter, topic), expected);
  });
}
