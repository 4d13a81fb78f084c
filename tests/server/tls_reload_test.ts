// Certificates that are renewed, that end, and that are wrong.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect as connectTls } from "node:tls";
import type { Log } from "../../src/broker/ports.ts";
import { DENO_IO } from "../../src/config/config_io.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import { CertificateWatch } from "../../src/server/certificate_watch.ts";
import { ConfigurationError, loadConfiguration } from "../../src/server/configured_server.ts";
import { issue } from "../support/certificates.ts";
import { TlsBroker, tlsListener } from "../support/tls_broker.ts";
import { connect } from "../vectors/vector.ts";

const DAY_MS = 86_400_000;
const authority = await issue({ subject: { CN: "Test CA" }, isAuthority: true });
const server = await issue({ subject: { CN: "localhost" }, issuer: authority });
const renewed = await issue({ subject: { CN: "renewed" }, issuer: authority, notAfter: 100 });
const files = { "broker.yaml": tlsListener(), "server.crt": server.pem, "server.key": server.key };

/** Whose certificate a new connection gets to see. */
function presentedName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "localhost", port, ca: authority.pem });
    socket.on("secureConnect", () => {
      const subject = socket.getPeerX509Certificate()!.subject;
      socket.on("close", () => resolve(subject));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

Deno.test("a reload gives new connections the new certificate, and disconnects nobody", async () => {
  await using broker = await TlsBroker.start(files);
  using peer = await broker.open(authority);
  await peer.send(connect({ version: 5, clientId: "old" }));
  await peer.expect(PacketType.Connack);
  await peer.subscribe("$SYS/broker/listener/+/certificate/expires");
  const expires = async () =>
    new TextDecoder().decode((await peer.expect(PacketType.Publish)).payload);
  assert.equal(await expires(), new X509Certificate(server.pem).validToDate.toISOString());

  await broker.write({ "server.crt": renewed.pem, "server.key": renewed.key });
  await broker.configured.reload();
  assert.equal(await expires(), new X509Certificate(renewed.pem).validToDate.toISOString());
  assert.equal(await presentedName(broker.port), "CN=renewed");
  await peer.ping();
});

const WRONG = [
  {
    name: "a key of another certificate",
    files: { "server.key": renewed.key },
    says: /server\.key: The private key is not that of the first certificate in .*server\.crt/,
  },
  {
    name: "no certificate in it",
    files: { "server.crt": server.key },
    says: /server\.crt: There is no certificate in it\. It is a private key/,
  },
  {
    name: "no key in it",
    files: { "server.key": server.pem },
    says: /server\.key: There is no private key in it\. It is a certificate/,
  },
  {
    name: "a damaged certificate",
    files: { "server.crt": server.pem.replace(/\n[^-\n]{20}/, "\nAAAAAAAAAAAAAAAAAAAA") },
    says: /server\.crt: Certificate 1 of 1 can't be read/,
  },
  {
    name: "an encrypted key",
    files: { "server.key": server.key.replaceAll("PRIVATE", "ENCRYPTED PRIVATE") },
    says: /server\.key: The private key is encrypted/,
  },
];
for (const { name, files: wrong, says } of WRONG) {
  Deno.test(`a reload with ${name} keeps the old certificate and says so`, async () => {
    await using broker = await TlsBroker.start(files);
    await broker.write(wrong as Record<string, string>);
    await assert.rejects(broker.configured.reload(), (error: Error) => {
      assert.ok(error instanceof ConfigurationError);
      assert.match(error.message, says);
      return true;
    });
    assert.equal(await presentedName(broker.port), "CN=localhost");
  });
}

const DATES = [
  { notAfter: 40, says: undefined },
  { notAfter: 20.5, says: /CN=localhost ends in 20 days, on \d{4}-\d\d-\d\d\.$/ },
  { notAfter: 3.5, says: /ends in 3 days, on .* Renew it now\./ },
  { notAfter: -0.5, says: /CN=localhost ended on .*: Clients refuse it\./ },
];
for (const { notAfter, says } of DATES) {
  const what = says === undefined ? "nothing is said" : "the start warns";
  Deno.test(`${what} of a certificate that ends in ${notAfter} days`, async () => {
    const short = await issue({ subject: { CN: "localhost" }, issuer: authority, notAfter });
    await using broker = await TlsBroker.start({
      ...files,
      "server.crt": short.pem,
      "server.key": short.key,
    });
    const said = broker.lines.filter((line) => line.includes("The certificate of"));
    assert.equal(said.length, says === undefined ? 0 : 1);
    if (says !== undefined) assert.match(said[0]!, says);
  });
}

Deno.test("while it runs, a certificate is spoken of 30 days before its end, and from 7 days before it daily", async () => {
  await using broker = await TlsBroker.start(files); // for 365 days
  const { config, tls } = await loadConfiguration(`${broker.folder}/broker.yaml`, DENO_IO);
  const said: number[] = [];
  let day = 0;
  const log: Log = { isDebugEnabled: false, write: () => void said.push(day) };
  using watch = new CertificateWatch(log);
  const nowMs = Date.now();
  watch.watch(config, tls, nowMs);
  for (; day < 367; day++) watch.look(nowMs + day * DAY_MS + 60_000);
  assert.deepEqual(said, [335, 358, 359, 360, 361, 362, 363, 364, 365, 366]);
});
