// What a reload says has changed: names, values and places as the operator wrote them.

import assert from "node:assert/strict";
import { findChanges } from "../../src/config/config_changes.ts";
import { defaultConfig } from "../../src/config/read_config.ts";
import { TAKES_EFFECT, takesEffect } from "../../src/config/takes_effect.ts";
import { readValid } from "./reading.ts";

const CASES: readonly {
  readonly name: string;
  readonly path?: string;
  readonly before: string;
  readonly after: string;
  readonly changes: readonly string[];
}[] = [
  { name: "nothing", before: "max_qos 1\n", after: "# moved\nmax_qos 1\n", changes: [] },
  {
    name: "an option of mosquitto.conf by its name, as it is written",
    before: "max_packet_size 1000\n",
    after: "# a\nmax_packet_size 2000\n",
    changes: ["max_packet_size for new connections: 1000 -> 2000, m.conf:2"],
  },
  {
    name: "an option that is no longer set, and the default that holds instead",
    before: "max_queued_messages 5\nlistener 1884\n",
    after: "listener 1884\n",
    changes: ["max_queued_messages at once: 5 -> 1000, no longer set"],
  },
  {
    name: "a list as a whole",
    before: "log_dest stderr\n",
    after: "log_dest stderr\nlog_dest file /tmp/x\n",
    changes: ['log_dest at once: stderr -> stderr, {"file":"/tmp/x"}, m.conf:2'],
  },
  {
    name: "listeners that come and go",
    before: "listener 1884\nlistener 1885 127.0.0.1\n",
    after: "listener 1886\nlistener 1885 127.0.0.1\n",
    changes: ["listener 1884 at once: closed", "listener 1886 at once: opened"],
  },
  {
    name: "an option of one listener, which has moved in the file",
    before: "listener 1884\nlistener 1885\nmax_connections 5\n",
    after: "listener 1885\nmax_connections 6\nlistener 1884\n",
    changes: ["max_connections of listener 1885 for new connections: 5 -> 6, m.conf:2"],
  },
  {
    name: "an option for all listeners once",
    before: "listener 1884\nlistener 1885\npassword_file a\n",
    after: "listener 1884\nlistener 1885\npassword_file b\n",
    changes: ["password_file at once: a -> b, m.conf:3"],
  },
  {
    name: "what needs a restart",
    before: "pid_file a\n",
    after: "pid_file b\n",
    changes: ["pid_file after a restart: a -> b, m.conf:1"],
  },
  {
    name: "YAML by its path, with units",
    path: "m.yaml",
    before: "limits: {drain: 1s}\n",
    after: "limits:\n  drain: 1500ms\nsysInterval: 5s\n",
    changes: [
      "limits.drain at once: 1s -> 1500ms, m.yaml:2:3",
      "sysInterval at once: 10s -> 5s, m.yaml:3:1",
    ],
  },
];
for (const { name, path = "m.conf", before, after, changes } of CASES) {
  Deno.test(`findChanges() tells of ${name}`, async () => {
    const found = findChanges(await readValid(before, { path }), await readValid(after, { path }));
    assert.deepEqual(
      found.map(({ name, details, takesEffect }) => `${name} ${takesEffect}: ${details}`),
      changes,
    );
  });
}

Deno.test("every section of the configuration has a row that says when a change takes effect", () => {
  const without = Object.keys(defaultConfig()).filter((key) => !(key in TAKES_EFFECT));
  assert.deepEqual(without, []);
});

Deno.test("every row that says when a change takes effect is about a setting that there is", () => {
  const config = defaultConfig() as unknown as Record<string, unknown>;
  const tls = { certFile: "", keyFile: "" };
  const valueAt = (path: string) =>
    path.split(".").reduce<unknown>((value, key) => {
      const inner = (value as Record<string, unknown>)[key === "*" ? "0" : key];
      return key === "tls" ? tls : inner;
    }, config);
  assert.deepEqual(Object.keys(TAKES_EFFECT).filter((path) => valueAt(path) === undefined), []);
});

Deno.test("takesEffect() goes by the longest row that fits", () => {
  assert.equal(takesEffect(["limits", "maximumQueuedMessages"]), "at once");
  assert.equal(takesEffect(["limits", "maximumPacketSize"]), "for new connections");
  assert.equal(takesEffect(["listeners", 3, "mountPoint"]), "for new connections");
  assert.equal(takesEffect(["listeners", 3, "aclFile"]), "at once");
  assert.equal(takesEffect(["somethingNew"]), "after a restart");
});
