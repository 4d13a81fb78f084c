// midge health against listeners of every kind, one that hangs, and none.

import assert from "node:assert/strict";
import { askForLife, type HealthTarget, targetsOf } from "../../src/cli/health.ts";
import { defaultConfig } from "../../src/config/read_config.ts";
import { issue } from "../support/certificates.ts";
import { TlsBroker } from "../support/tls_broker.ts";

const TIMEOUT_MS = 5_000;
const authority = await issue({ subject: { CN: "Test CA" }, isAuthority: true });
const server = await issue({ subject: { CN: "localhost" }, issuer: authority });
const tls = "certFile: DIR/server.crt, keyFile: DIR/server.key";
const FILES = {
  "server.crt": server.pem,
  "server.key": server.key,
  "ca.crt": authority.pem,
  "broker.yaml": `access: {allowAnonymous: false}
persistence: {durability: none}
listeners:
  - {port: 0, hostnames: [127.0.0.1], allowAnonymous: true}
  - {port: 0, hostnames: [127.0.0.1]}
  - {port: 0, hostnames: [127.0.0.1], tls: {${tls}}}
  - {port: 0, hostnames: [127.0.0.1], tls: {${tls}, caFile: DIR/ca.crt, requireCertificate: true}}
  - {port: 0, hostnames: [127.0.0.1], protocol: websockets}
  - {port: 0, hostnames: [127.0.0.1], protocol: websockets, tls: {${tls}}}
  - {port: 0, hostnames: [127.0.0.1], proxyProtocol: {version: 2}}
  - {kind: unix, path: DIR/midge.sock}
`,
};
const ANSWERS = [
  /^answers, and lets me in$/,
  /^answers CONNACK 5: it is alive$/,
  /^answers CONNACK 5: it is alive$/,
  /: it is alive$/,
  /^answers$/,
  /^answers$/,
  /^(closes|refuses) the connection.*: it is alive$/,
  /^answers CONNACK 5: it is alive$/,
];

Deno.test({
  name: "midge health gets a sign of life from every kind of listener",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using broker = await TlsBroker.start(FILES);
    const { config, server } = broker.configured;
    const targets = server.listenerAddresses.map(([address], i): HealthTarget => ({
      address: address!,
      protocol: config.listeners[i]!.protocol,
      tls: config.listeners[i]!.tls !== null,
    }));
    assert.equal(targets.length, ANSWERS.length);
    const answers = await Promise.all(targets.map((target) => askForLife(target, TIMEOUT_MS)));
    for (const [i, answer] of answers.entries()) assert.match(answer, ANSWERS[i]!);
  },
});

for (const protocol of ["mqtt", "websockets"] as const) {
  for (const tls of [false, true]) {
    const what = `${protocol}${tls ? " over TLS" : ""}`;
    Deno.test(`midge health finds out that a listener of ${what} hangs`, async () => {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }); // and nobody accepts
      const address = listener.addr as Deno.NetAddr;
      await assert.rejects(askForLife({ address, protocol, tls }, 100), /not answer within 0.1 s/);
    });
  }
}

Deno.test("midge health finds out that nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = listener.addr as Deno.NetAddr;
  listener.close();
  await assert.rejects(
    askForLife({ address, protocol: "mqtt", tls: false }, TIMEOUT_MS),
    /^Error: can't be reached: .*ECONNREFUSED/,
  );
});

const PLACES = [
  { hostnames: ["0.0.0.0"], asked: ["127.0.0.1"] },
  { hostnames: ["::"], asked: ["::1"] },
  { hostnames: ["127.0.0.1", "::1"], asked: ["127.0.0.1", "::1"] },
];
for (const { hostnames, asked } of PLACES) {
  Deno.test(`midge health asks at ${asked} of a listener at ${hostnames}`, async () => {
    const config = defaultConfig();
    const listener = { ...config.listeners[0]!, kind: "tcp" as const, hostnames };
    const targets = await targetsOf({
      ...config,
      localOnly: false,
      listeners: [listener as never],
    });
    assert.deepEqual(
      targets.map(({ address }) => "hostname" in address ? address.hostname : address.path),
      asked,
    );
  });
}
