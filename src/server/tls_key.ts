// Private keys in PEM files, and whether they fit their certificates.

import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";

/** The private key of a PEM file; undefined, and a problem more, if there is none that can be used. */
export function parseKey(pem: string, path: string, problems: string[]): KeyObject | undefined {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(pem)) {
    problems.push(
      `${path}: The private key is encrypted, and nobody could type its password. ` +
        `Decrypt it: openssl pkey -in ${path} -out NEWFILE, and let only midge read NEWFILE.`,
    );
    return undefined;
  }
  if (!/-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/.test(pem)) {
    const isCertificate = pem.includes("-----BEGIN CERTIFICATE-----");
    problems.push(
      `${path}: There is no private key in it. ` +
        (isCertificate
          ? "It is a certificate: are certfile and keyfile mixed up?"
          : "It must be in PEM form, with -----BEGIN PRIVATE KEY-----."),
    );
    return undefined;
  }
  try {
    return createPrivateKey(pem);
  } catch {
    problems.push(`${path}: The private key can't be read: it is damaged, or of an unknown kind.`);
    return undefined;
  }
}

/** A problem more if `key` is not that of `certificate`. */
export function checkPair(
  tls: { readonly certFile: string; readonly keyFile: string },
  certificate: X509Certificate,
  key: KeyObject,
  problems: string[],
): void {
  if (certificate.checkPrivateKey(key)) return;
  problems.push(
    `${tls.keyFile}: The private key is not that of the first certificate in ${tls.certFile} ` +
      `(${
        certificate.subject.replaceAll("\n", ", ")
      }). A chain begins with its owner's certificate.`,
  );
}
