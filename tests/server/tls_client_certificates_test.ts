// Certificates of Clients: who is let in, as whom, and what the log says of the others.

import assert from "node:assert/strict";
import { PacketType } from "../../src/packet/packet_type.ts";
import { issue, type Issued, revoke } from "../support/certificates.ts";
import { RawClient } from "../support/raw_client.ts";
import { TlsBroker, tlsListener } from "../support/tls_broker.ts";
import { bytesOf, connect } from "../vectors/vector.ts";

const authority = await issue({ subject: { CN: "Test CA" }, isAuthority: true });
const stranger = await issue({ subject: { CN: "Test CA" }, isAuthority: true });
const between = await issue({ subject: { CN: "Between" }, issuer: authority, isAuthority: true });
const server = await issue({ subject: { CN: "localhost" }, issuer: authority });
const ofClient = (more: Partial<Parameters<typeof issue>[0]> = {}) =>
  issue({ subject: { CN: "alice" }, issuer: authority, ...more });
const alice = await ofClient();
const bob = await ofClient({ subject: { CN: "bob" } });

const files = {
  "server.crt": server.pem,
  "server.key": server.key,
  "ca.crt": authority.pem,
  "empty.crl": await revoke(authority, []),
  "alice.crl": await revoke(authority, [alice]),
};
const REQUIRED = "caFile: DIR/ca.crt, requireCertificate: true";

function start(tls: string, more: Readonly<Record<string, string>> = {}): Promise<TlsBroker> {
  return TlsBroker.start({ ...files, "broker.yaml": tlsListener(tls), ...more });
}

/** The Reason Code of the CONNACK; "closed" if there is none. */
async function outcome(
  broker: TlsBroker,
  client?: Issued,
  chain?: string,
): Promise<number | string> {
  try {
    using peer = await broker.open(authority, client, chain);
    await peer.send(connect({ version: 5, clientId: "c" }));
    const connack = await peer.next();
    return connack?.type === PacketType.Connack ? connack.reasonCode : "closed";
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return "closed";
  }
}

const CLIENTS = [
  { name: "a certificate of our CA", client: alice, logs: undefined },
  { name: "no certificate", client: undefined, logs: /it has no certificate/ },
  {
    name: "a certificate that has expired",
    client: await ofClient({ notBefore: -10, notAfter: -2 }),
    logs: /CN=alice\) expired on \d{4}-\d\d-\d\d/,
  },
  {
    name: "a certificate that is not valid yet",
    client: await ofClient({ notBefore: 2 }),
    logs: /is not valid before \d{4}-\d\d-\d\d/,
  },
  {
    name: "a certificate of another CA with the same name",
    client: await ofClient({ issuer: stranger }),
    logs: /does not lead to a CA of ours .* issued by CN=Test CA/,
  },
  {
    name: "a certificate that is signed by itself",
    client: await issue({ subject: { CN: "alice" } }),
    logs: /signed by itself|does not lead to a CA of ours/,
  },
  {
    name: "a certificate whose name would write into the log",
    client: await issue({ subject: { CN: `\x1b[2J\r${"x".repeat(300)}` } }),
    logs: /handshake: its certificate \(CN=\?\[2J\?x{100,200}…\)/,
  },
  {
    name: "a certificate that is for servers only",
    client: await ofClient({ usage: "server" }),
    logs: /handshake: its certificate \(CN=alice\)/,
  },
  {
    name: "a certificate for Clients",
    client: await ofClient({ usage: "client" }),
    logs: undefined,
  },
  {
    name: "a certificate signed by one that is no CA",
    client: await ofClient({ issuer: bob }),
    chain: bob.pem,
    logs: /does not lead to a CA of ours/,
  },
  {
    name: "a CA between that it sends",
    client: await ofClient({ issuer: between }),
    chain: between.pem,
    logs: undefined,
  },
  {
    name: "a CA between that it does not send",
    client: await ofClient({ issuer: between }),
    logs: /does not lead to a CA of ours .* issued by CN=Between/,
  },
];
for (const { name, client, chain, logs } of CLIENTS) {
  const what = logs === undefined ? "lets in" : "refuses";
  Deno.test(`requireCertificate ${what} a Client with ${name}`, async () => {
    await using broker = await start(REQUIRED);
    assert.equal(await outcome(broker, client, chain), logs === undefined ? 0 : "closed");
    if (logs !== undefined) assert.match(await broker.logged(/in the handshake/), logs);
  });
}

Deno.test("capath is a folder: every certificate in it is a CA, whatever it is called", async () => {
  await using broker = await start("caPath: DIR/ca, requireCertificate: true", {
    "ca/README": "no certificate",
    "ca/0a1b2c3d.0": stranger.pem,
    "ca/0a1b2c3d.1": authority.pem,
  });
  assert.equal(await outcome(broker, alice), 0);
});

const LISTS = [
  { name: "that does not name the Client", list: files["empty.crl"], logs: undefined },
  { name: "that names the Client", list: files["alice.crl"], logs: /has been revoked/ },
  {
    name: "that is out of date",
    list: await revoke(authority, [], { nextUpdate: -1 }),
    logs: /is out of date/,
  },
  {
    name: "that somebody else has signed",
    list: await revoke(authority, [], { signer: stranger }),
    logs: /is not signed by it/,
  },
  {
    name: "of another CA",
    list: await revoke(between, []),
    logs: /no revocation list of CN=Test CA/,
  },
];
for (const { name, list, logs } of LISTS) {
  const what = logs === undefined ? "lets in" : "refuses";
  Deno.test(`crlfile with a list ${name} ${what} it`, async () => {
    await using broker = await start(`${REQUIRED}, crlFile: DIR/list`, { list });
    assert.equal(await outcome(broker, alice), logs === undefined ? 0 : "closed");
    if (logs !== undefined) assert.match(await broker.logged(/in the handshake/), logs);
  });
}

Deno.test("crlfile refuses the Clients of a CA between that has been revoked", async () => {
  const carol = await ofClient({ subject: { CN: "carol" }, issuer: between });
  const ofBetween = await revoke(between, []);
  await using broker = await start(`${REQUIRED}, crlFile: DIR/list`, {
    list: ofBetween + await revoke(authority, []),
  });
  assert.equal(await outcome(broker, carol, between.pem), 0);
  await broker.write({ list: ofBetween + await revoke(authority, [between]) });
  await broker.configured.reload();
  assert.equal(await outcome(broker, carol, between.pem), "closed");
  await broker.logged(/the CA's certificate \(CN=Between\) has been revoked/);
});

const NAMES = [
  { from: "common-name", subject: { C: "DE", O: "Acme, Inc.", CN: "Jürgen" }, is: "Jürgen" },
  {
    from: "subject",
    subject: { C: "DE", O: "Acme, Inc.", CN: "Jürgen" },
    is: "CN=J\\C3\\BCrgen,O=Acme\\, Inc.,C=DE",
  },
];
for (const { from, subject, is } of NAMES) {
  Deno.test(`userNameFrom ${from} makes "${is}" the User Name, and asks for no password`, async () => {
    const tls = `${REQUIRED}, userNameFrom: ${from}`;
    const yaml = tlsListener(tls).replace(
      "allowAnonymous: true",
      "passwordFile: DIR/passwords, aclFile: DIR/acl",
    );
    await using broker = await start(tls, {
      "broker.yaml": yaml,
      passwords: "",
      acl: `user ${is}\ntopic readwrite allowed/#\n`,
    });
    using peer = await broker.open(authority, await ofClient({ subject }));
    const password = bytesOf("wrong");
    await peer.send(connect({ version: 5, clientId: "c", userName: "mallory", password }));
    assert.equal((await peer.expect(PacketType.Connack)).reasonCode, 0);
    await peer.subscribe("#");
    await broker.logged(new RegExp(`u'${is.replaceAll(/[\\.]/g, "\\$&")}'`));
  });
}

for (
  const { name, version, code } of [
    { name: "MQTT 5.0", version: 5, code: 0x86 },
    { name: "MQTT 3.1.1", version: 4, code: 4 },
  ] as const
) {
  Deno.test(`a certificate without a Common Name is no User Name: ${code} in ${name}`, async () => {
    await using broker = await start(`${REQUIRED}, userNameFrom: common-name`);
    const nameless = await ofClient({ subject: { O: "Acme" } });
    const peer = RawClient.over(await broker.connect(authority, nameless), version);
    await peer.send(connect({ version, clientId: "c" }));
    assert.equal((await peer.expect(PacketType.Connack)).reasonCode, code);
    peer.close();
  });
}

Deno.test("without requireCertificate a certificate gives the User Name, and who has none is refused by CONNACK", async () => {
  await using broker = await start("caFile: DIR/ca.crt, userNameFrom: common-name");
  assert.equal(await outcome(broker, alice), 0);
  assert.equal(await outcome(broker), 0x86);
  assert.equal(await outcome(broker, await ofClient({ issuer: stranger })), "closed");
});

Deno.test("a certificate with a User Name is not needed where the password says who it is", async () => {
  await using broker = await start("caFile: DIR/ca.crt");
  assert.equal(await outcome(broker), 0);
  assert.equal(await outcome(broker, alice), 0);
});
