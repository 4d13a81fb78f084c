// ClientCertificates with resumed sessions. Deno's own client resumes none of the kind that matters here, so
// what node:tls says of such a session is written down by hand; tests/interop does it with openssl.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { HandshakeError } from "../../src/transport/byte_stream.ts";
import { admit, CheckedCertificates } from "../../src/transport/client_certificates.ts";
import { issue, type Issued } from "../support/certificates.ts";

const authority = await issue({ subject: { CN: "Test CA" }, isAuthority: true });
const alice = await issue({ subject: { CN: "alice" }, issuer: authority });
const bob = await issue({ subject: { CN: "bob" }, issuer: authority });
const brief = await issue({ subject: { CN: "brief" }, issuer: authority, notAfter: -0.5 });
const clients = {
  authorities: [authority.pem],
  isRequired: true,
  userNameFrom: "common-name",
  revocationLists: undefined,
} as const;

/** What node:tls says after a handshake with the certificate `of`. */
function socket(of: Issued, said: { readonly isAuthorized: boolean; readonly isResumed: boolean }) {
  const certificate = new X509Certificate(of.pem);
  return {
    authorized: said.isAuthorized,
    authorizationError: said.isAuthorized ? null : "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    isSessionReused: () => said.isResumed,
    getPeerX509Certificate: () => certificate,
    getPeerCertificate: () => ({ raw: certificate.raw }),
  } as unknown as TLSSocket;
}

const WHOLE = { isAuthorized: true, isResumed: false };
const RESUMED = { isAuthorized: true, isResumed: true };

Deno.test("a resumed session is let in if its certificate was found right before", async () => {
  const checked = new CheckedCertificates();
  assert.equal(await admit(socket(alice, WHOLE), clients, checked), "alice");
  assert.equal(await admit(socket(alice, RESUMED), clients, checked), "alice");
});

Deno.test("a resumed session is refused if its certificate was refused, although it is called right", async () => {
  const checked = new CheckedCertificates();
  await admit(socket(alice, WHOLE), clients, checked);
  const refused = socket(bob, { isAuthorized: false, isResumed: false });
  await assert.rejects(admit(refused, clients, checked), HandshakeError);
  await assert.rejects(admit(socket(bob, RESUMED), clients, checked), /resumed a session/);
});

Deno.test("a resumed session is refused once its certificate has expired", async () => {
  const checked = new CheckedCertificates();
  await admit(socket(brief, WHOLE), clients, checked);
  await assert.rejects(admit(socket(brief, RESUMED), clients, checked), /resumed a session/);
});
