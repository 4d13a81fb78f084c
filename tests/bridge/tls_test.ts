import assert from "node:assert/strict";
import type { BridgeTls } from "../../src/bridge/settings.ts";
import { Server } from "../../src/server/server.ts";
import { issue, type Issued } from "../support/certificates.ts";
import { TlsBroker } from "../support/tls_broker.ts";
import { plan, reached, until } from "./bridged.ts";

const authority = await issue({ subject: { CN: "CA" }, isAuthority: true });
const stranger = await issue({ subject: { CN: "Other CA" }, isAuthority: true });
const server = await issue({ subject: { CN: "far" }, issuer: authority, usage: "server" });
const expired = await issue({
  subject: { CN: "far" },
  issuer: authority,
  notBefore: -9,
  notAfter: -1,
});
const own = await issue({ subject: { CN: "near" }, issuer: authority, usage: "client" });

const TLS: BridgeTls = {
  ca: [authority.pem],
  certificate: own.pem,
  key: own.key,
  acceptsAnyName: false,
  minimumVersion: "1.2",
  alpn: undefined,
};

interface Row {
  readonly name: string;
  readonly of?: Issued;
  readonly listensAt?: string;
  readonly tls?: Partial<BridgeTls>;
  /** Why it does not connect; undefined: it does. */
  readonly why?: RegExp;
}

const ROWS: readonly Row[] = [
  { name: "connects, with its own certificate, to one that is right" },
  { name: "speaks TLS 1.3 if that is the oldest", tls: { minimumVersion: "1.3" } },
  {
    name: "does not trust an authority that was not named",
    tls: { ca: [stranger.pem] },
    why: /^the certificate of the remote broker is not from an authority in the CA file/,
  },
  {
    name: "does not take a certificate that has expired",
    of: expired,
    why: /^the certificate of the remote broker (has expired|is not from .*, or it has expired)/,
  },
  {
    name: "does not take a certificate for another name",
    listensAt: "127.0.0.2",
    why: /^the certificate of the remote broker is not for 127\.0\.0\.2, but for another name/,
  },
  {
    name: "takes a certificate for another name with bridge_insecure",
    listensAt: "127.0.0.2",
    tls: { acceptsAnyName: true },
  },
  {
    name: "trusts no strange authority with bridge_insecure either",
    tls: { acceptsAnyName: true, ca: [stranger.pem] },
    why: /not from an authority in the CA file/,
  },
  {
    name: "is told that it has no certificate",
    tls: { certificate: undefined, key: undefined },
    why: /certificate|closed the connection|broken/i,
  },
];
for (const { name, of = server, listensAt = "127.0.0.1", tls, why } of ROWS) {
  Deno.test(`a bridge over TLS ${name}`, async () => {
    await using far = await TlsBroker.start({
      "server.crt": of.pem,
      "server.key": of.key,
      "ca.crt": authority.pem,
      "broker.yaml": `access: {allowAnonymous: true}
persistence: {durability: none}
listeners:
  - port: 0
    hostnames: [${listensAt}]
    tls: {certFile: DIR/server.crt, keyFile: DIR/server.key, caFile: DIR/ca.crt, requireCertificate: true}
`,
    });
    await using near = Server.start();
    await near.configureBridges([plan({
      port: far.port,
      addresses: [{ host: listensAt, port: far.port }],
      remote: { tls: { ...TLS, ...tls } },
    })]);
    const [bridge] = [...near.bridges];
    if (why === undefined) return await reached(near, "connected");
    for (let attempt = 0; attempt < 2; attempt++) { // a session that was begun in vain must not be resumed
      await reached(near, "waiting");
      assert.match(bridge!.detail, why);
      await until(() => bridge!.state !== "waiting");
    }
  });
}
