// Certificates for tests, made at run time: CAs, servers and Clients, right ones and wrong ones. No key is
// ever kept.

import { Buffer } from "node:buffer";
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;
const OIDS = { CN: "2.5.4.3", O: "2.5.4.10", C: "2.5.4.6" } as const;

export interface Named {
  readonly CN?: string;
  readonly O?: string;
  readonly C?: string;
}

export interface CertificateOptions {
  readonly subject: Named;
  /** Undefined: it signs itself. */
  readonly issuer?: Issued;
  readonly isAuthority?: boolean;
  /** Days from now. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** What it is for; default: anything. */
  readonly usage?: "client" | "server";
}

/** A certificate with its key. */
export interface Issued {
  readonly certificate: pkijs.Certificate;
  readonly keys: CryptoKeyPair;
  /** PEM. */
  readonly pem: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

let serial = 1;

export async function issue(options: CertificateOptions): Promise<Issued> {
  const { subject, issuer, isAuthority = false, notBefore = -1, notAfter = 365 } = options;
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  const certificate = new pkijs.Certificate();
  certificate.version = 2; // that is 3
  certificate.serialNumber = new asn1js.Integer({ value: ++serial });
  certificate.subject = nameOf(subject);
  certificate.issuer = issuer?.certificate.subject ?? certificate.subject;
  certificate.notBefore.value = new Date(Date.now() + notBefore * DAY_MS);
  certificate.notAfter.value = new Date(Date.now() + notAfter * DAY_MS);
  certificate.extensions = extensionsOf(isAuthority, options.usage);
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey);
  await certificate.sign((issuer?.keys ?? keys).privateKey, "SHA-256");
  const der = certificate.toSchema(true).toBER();
  return {
    certificate: pkijs.Certificate.fromBER(der),
    keys,
    pem: toPem("CERTIFICATE", der),
    key: toPem("PRIVATE KEY", await crypto.subtle.exportKey("pkcs8", keys.privateKey)),
  };
}

/** A revocation list of `issuer`, PEM. */
export async function revoke(
  issuer: Issued,
  revoked: readonly Issued[],
  { nextUpdate = 30, signer = issuer }: {
    readonly nextUpdate?: number;
    /** Who signs it in place of `issuer`. */
    readonly signer?: Issued;
  } = {},
): Promise<string> {
  const list = new pkijs.CertificateRevocationList();
  list.version = 1;
  list.issuer = issuer.certificate.subject;
  list.thisUpdate = new pkijs.Time({ value: new Date(Date.now() - 60 * DAY_MS) });
  list.nextUpdate = new pkijs.Time({ value: new Date(Date.now() + nextUpdate * DAY_MS) });
  if (revoked.length > 0) {
    list.revokedCertificates = revoked.map(({ certificate }) =>
      new pkijs.RevokedCertificate({
        userCertificate: certificate.serialNumber,
        revocationDate: new pkijs.Time({ value: new Date() }),
      })
    );
  }
  await list.sign(signer.keys.privateKey, "SHA-256");
  return toPem("X509 CRL", list.toSchema(true).toBER());
}

/** Each attribute in a set of its own, which pkijs would not do. */
function nameOf(named: Named): pkijs.RelativeDistinguishedNames {
  const sets = (["C", "O", "CN"] as const).filter((key) => named[key] !== undefined).map((key) => {
    const value = new asn1js.Utf8String({ value: named[key]! });
    const attribute = new pkijs.AttributeTypeAndValue({ type: OIDS[key], value });
    return new asn1js.Set({ value: [attribute.toSchema()] });
  });
  return pkijs.RelativeDistinguishedNames.fromBER(new asn1js.Sequence({ value: sets }).toBER());
}

function extensionsOf(isAuthority: boolean, usage: "client" | "server" | undefined) {
  const extensions = [
    new pkijs.Extension({
      extnID: "2.5.29.19",
      critical: true,
      extnValue: new pkijs.BasicConstraints({ cA: isAuthority }).toSchema().toBER(),
    }),
    new pkijs.Extension({
      extnID: "2.5.29.17",
      extnValue: new pkijs.GeneralNames({
        names: [
          new pkijs.GeneralName({ type: 2, value: "localhost" }),
          new pkijs.GeneralName({
            type: 7,
            value: new asn1js.OctetString({ valueHex: Uint8Array.of(127, 0, 0, 1).buffer }),
          }),
        ],
      }).toSchema().toBER(),
    }),
  ];
  if (usage === undefined) return extensions;
  const keyPurposes = [usage === "client" ? "1.3.6.1.5.5.7.3.2" : "1.3.6.1.5.5.7.3.1"];
  const extnValue = new pkijs.ExtKeyUsage({ keyPurposes }).toSchema().toBER();
  return [...extensions, new pkijs.Extension({ extnID: "2.5.29.37", extnValue })];
}

function toPem(label: string, der: ArrayBuffer): string {
  const base64 = Buffer.from(der).toString("base64").replaceAll(/.{64}/g, "$&\n").trim();
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
}
