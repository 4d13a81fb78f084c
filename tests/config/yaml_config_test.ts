// The YAML front end: what it reads, and every mistake with its line and column.

import assert from "node:assert/strict";
import { UNLIMITED } from "../../src/config/schema_values.ts";
import { at, problemsOf, read, readValid } from "./reading.ts";

const path = "m.yaml";

const VALUES: readonly {
  readonly yaml: string;
  readonly path: string;
  readonly value: unknown;
}[] = [
  { yaml: "", path: "listeners.0.hostnames", value: ["127.0.0.1", "::1"] },
  { yaml: "", path: "localOnly", value: true },
  { yaml: "", path: "access.allowAnonymous", value: true },
  { yaml: "", path: "access.refuseHopelessSubscriptions", value: true },
  { yaml: "limits:\n  # maximumQoS: 1", path: "limits.maximumQoS", value: 2 },
  { yaml: "listeners: [{}]", path: "listeners.0.allowAnonymous", value: false },
  { yaml: "listeners: [{}]", path: "listeners.0.hostnames", value: [] },
  { yaml: "listeners: [{}]", path: "listeners.0.kind", value: "tcp" },
  { yaml: "listeners: [{}]\nlocalOnly: true", path: "listeners.0.allowAnonymous", value: true },
  { yaml: "access: {aclFile: a}\nlisteners: [{}]", path: "listeners.0.aclFile", value: "a" },
  {
    yaml: "access: {aclFile: a}\nlisteners: [{aclFile: null}]",
    path: "listeners.0.aclFile",
    value: null,
  },
  {
    yaml: "limits: {maximumQoS: 1}\nlisteners: [{}]",
    path: "listeners.0.maximumQoS",
    value: 1,
  },
  { yaml: "limits: {drain: 250ms}", path: "limits.drainMs", value: 250 },
  { yaml: "limits: {drain: 1.5s}", path: "limits.drainMs", value: 1_500 },
  { yaml: "limits: {drain: 0}", path: "limits.drainMs", value: 0 },
  { yaml: "limits: {connectTimeout: 1min}", path: "limits.connectTimeoutMs", value: 60_000 },
  { yaml: "limits: {maximumKeepAlive: 2h}", path: "limits.maximumKeepAlive", value: 7_200 },
  {
    yaml: "limits: {maximumSessionExpiryInterval: 2w}",
    path: "limits.maximumSessionExpiryInterval",
    value: 14 * 86_400,
  },
  { yaml: "limits: {maximumPacketSize: 2MiB}", path: "limits.maximumPacketSize", value: 2 ** 21 },
  { yaml: "limits: {maximumPacketSize: 1.5kB}", path: "limits.maximumPacketSize", value: 1_500 },
  { yaml: "limits: {maximumPacketSize: 300}", path: "limits.maximumPacketSize", value: 300 },
  {
    yaml: "limits: {maximumQueuedMessages: unlimited}",
    path: "limits.maximumQueuedMessages",
    value: UNLIMITED,
  },
  { yaml: "limits: {maximumPayloadSize: unlimited}", path: "limits.maximumPayloadSize", value: 0 },
  { yaml: "logging: {types: all}", path: "logging.types.length", value: 9 },
  {
    yaml: "logging: {destinations: [stdout, {file: x}]}",
    path: "logging.destinations",
    value: ["stdout", { file: "x" }],
  },
  { yaml: "pidFile: ${DIR}/m.pid", path: "pidFile", value: "/run/m.pid" },
  { yaml: "pidFile: a$${DIR}", path: "pidFile", value: "a${DIR}" },
  { yaml: "listeners:\n  - port: ${PORT}", path: "listeners.0.port", value: 1_999 },
  { yaml: 'user: "${PORT}"', path: "user", value: "1999" },
  { yaml: "user: &u me\npidFile: *u", path: "pidFile", value: "me" },
  { yaml: '{"user": "json"}', path: "user", value: "json" },
];
for (const { yaml, path: where, value } of VALUES) {
  Deno.test(`YAML: ${JSON.stringify(yaml)} sets ${where}`, async () => {
    const environment = { DIR: "/run", PORT: "1999" };
    const { config } = await readValid(yaml, { path, environment });
    assert.deepEqual(at(config, where), value);
  });
}

const ERRORS: readonly { readonly yaml: string; readonly says: readonly string[] }[] = [
  { yaml: "user: me\nlimit: {}", says: ["2:1: Unknown key 'limit'. Did you mean 'limits'?"] },
  {
    yaml: "listeners:\n  - prot: 1",
    says: ["2:5: Unknown key 'listeners[0].prot'. Did you mean 'port'?"],
  },
  {
    yaml: "listeners:\n  - max_qos: 1",
    says: [
      "2:5: Unknown key 'listeners[0].max_qos'. " +
      "Mosquitto's 'max_qos' is 'listeners[].maximumQoS' in YAML.",
    ],
  },
  {
    yaml: "reload: {zzzzzzzzzz: 1}",
    says: ["1:10: Unknown key 'reload.zzzzzzzzzz'. Known here: watch, onBadAccessFile."],
  },
  {
    yaml: "listeners: [{port: 70000}]",
    says: ["1:14: 'listeners[0].port': expected a whole number from 0 to 65535."],
  },
  { yaml: "listeners: [{kind: tpc}]", says: ["1:14: 'listeners[0].kind': expected tcp or unix."] },
  {
    yaml: "listeners: []",
    says: [
      "1:1: 'listeners': expected at least one listener; leave it out for this machine only.",
    ],
  },
  {
    yaml: "localOnly: true\nlisteners: [{hostnames: [0.0.0.0]}]",
    says: [
      "2:14: 'listeners[0].hostnames': expected loopback addresses only, because localOnly is true.",
    ],
  },
  {
    yaml: "sysInterval: 2m",
    says: [
      "1:1: 'sysInterval': expected a duration such as 500ms, 30s, 5min, 12h, 14d, 2w or 1y; " +
      "minutes are min, a month is 30d.",
    ],
  },
  {
    yaml: "sysInterval: 100h",
    says: ["1:1: 'sysInterval': expected from 0h to 65535s."],
  },
  {
    yaml: "limits: {maximumKeepAlive: 500ms}",
    says: ["1:10: 'limits.maximumKeepAlive': expected a whole number of seconds."],
  },
  {
    yaml: "limits: {maximumPacketSize: 1B}",
    says: [
      "1:10: 'limits.maximumPacketSize': expected a number of bytes, or a size such as 64KiB, 2MiB " +
      "or 2MB; from 20 to 268435460.",
    ],
  },
  {
    yaml: "logging:\n  types:\n    - error\n    - eror",
    says: [
      "4:7: 'logging.types[1]': expected one of " +
      '"error"|"warning"|"notice"|"information"|"debug"|"subscribe"|"unsubscribe"|"websockets"|' +
      "\"internal\". Did you mean 'error'?",
    ],
  },
  { yaml: "user: 5", says: ["1:1: 'user': expected string, received number."] },
  {
    yaml: "user: ${NOBODY}x",
    says: [
      "1:7: The environment has no variable 'NOBODY'. Set it, and let midge read it (--allow-env); " +
      "a plain ${ is written $${.",
    ],
  },
  { yaml: "user: a\nuser: b", says: ["2:1: Map keys must be unique."] },
  { yaml: "- a", says: ["1:1: 'configuration': expected object, received array."] },
  {
    yaml: "listeners: [{tls: {certFile: a}}]",
    says: [
      "1:14: 'listeners[0].tls.keyFile' is missing.",
    ],
  },
  {
    yaml: "sysInterval: 1s\nbridges: [{name: b}]",
    says: [
      "2:11: 'bridges[0].addresses' is missing.",
      "2:11: 'bridges[0].topics' is missing.",
    ],
  },
];
for (const { yaml, says } of ERRORS) {
  Deno.test(`YAML: ${JSON.stringify(yaml)} ${says[0]}`, async () => {
    const found = await problemsOf(yaml, { path });
    assert.deepEqual(
      found.map((line) => line.replace(/^m\.yaml:/, "")).toSorted(),
      says.toSorted(),
    );
  });
}

Deno.test("YAML: all problems are told at once", async () => {
  const yaml = "listeners: [{port: x}]\nlimit: {}\nlogging: {format: xml}\nuser: ''";
  const { problems } = await read(yaml, { path });
  assert.deepEqual(problems.map(({ line }) => line), [1, 2, 3, 4]);
});

const KINDS: readonly { readonly path: string; readonly text: string; readonly user: string }[] = [
  { path: "a.yml", text: "user: x", user: "x" },
  { path: "a.json", text: '{ "user": "x" }', user: "x" },
  { path: "a.conf", text: "user x: y", user: "x: y" },
  { path: "midge", text: "# user y\n\nuser: x", user: "x" },
  { path: "midge", text: "# a\nuser x", user: "x" },
  { path: "midge", text: "---\nuser: x", user: "x" },
];
for (const { path, text, user } of KINDS) {
  Deno.test(`readConfig() knows what ${path} with ${JSON.stringify(text)} is`, async () => {
    assert.equal((await readValid(text, { path })).config.user, user);
  });
}
