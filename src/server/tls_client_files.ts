// The files that Clients' certificates are checked with: cafile, capath and crlfile.

import type { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { ConfigIO } from "../config/config_io.ts";
import type { Listener } from "../config/schema.ts";
import { canCheckCertificates, type ClientCertificates } from "../transport/client_certificates.ts";
import type { RevocationLists } from "../transport/revocation_lists.ts";
import { parseCertificates, readPem } from "./tls_pem.ts";

type TlsConfig = NonNullable<Listener["tls"]>;

/**
 * @returns undefined if the listener asks Clients for no certificates: as with Mosquitto, a cafile alone does
 * not do that.
 */
export async function readClientCertificates(
  tls: TlsConfig,
  io: ConfigIO,
  problems: string[],
  warnings: string[],
): Promise<ClientCertificates | undefined> {
  const { requireCertificate, userNameFrom } = tls;
  const isAsked = requireCertificate || userNameFrom !== "connect";
  const authorities = [
    ...await readAuthorityFile(tls.caFile, io, problems),
    ...await readAuthorityFolder(tls.caPath, io, problems),
  ];
  const listBefore = problems.length;
  const revocationLists = tls.crlFile === null
    ? undefined
    : await readRevocationLists(tls.crlFile, io, authorities, problems, warnings);
  if (!isAsked) {
    if (tls.crlFile !== null && problems.length === listBefore) {
      warnings.push(
        `${tls.crlFile}: Clients are not asked for certificates here, so none is looked for in it. ` +
          "Add require_certificate true.",
      );
    }
    return undefined;
  }
  if (tls.caFile === null && tls.caPath === null) {
    problems.push(
      `${tls.certFile}: Clients' certificates can't be checked without a CA. ` +
        "Name the file of the CA that signs them with cafile, or a folder with capath.",
    );
  }
  if (problems.length > 0) return undefined;
  if (!canCheckCertificates()) {
    problems.push(
      `${tls.certFile}: Deno ${Deno.version.deno} does not check Clients' certificates and would let everybody ` +
        "in. Use Deno 2.9 or later.",
    );
    return undefined;
  }
  return {
    authorities: authorities.map((each) => each.toString()),
    isRequired: requireCertificate,
    userNameFrom,
    revocationLists,
  };
}

/** The certificates of a file; `problems` gets what is wrong with it. */
export async function readAuthorityFile(
  path: string | null,
  io: ConfigIO,
  problems: string[],
): Promise<X509Certificate[]> {
  if (path === null) return [];
  const pem = await readPem(path, io, problems);
  return pem === undefined ? [] : parseCertificates(pem, path, problems);
}

/** All certificates of a folder. OpenSSL finds them by the hashes that their links are called; we read them all. */
export async function readAuthorityFolder(
  path: string | null,
  io: ConfigIO,
  problems: string[],
): Promise<X509Certificate[]> {
  if (path === null) return [];
  let names: readonly string[];
  try {
    names = await io.readDirectory(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(`${path}: Unable to open the folder: ${reason}`);
    return [];
  }
  const found = new Map<string, X509Certificate>();
  for (const name of [...names].sort()) {
    const full = join(path, name);
    const pem = await io.readTextFile(full).catch(() => undefined); // a folder, or nothing for us
    if (pem === undefined || !pem.includes("-----BEGIN CERTIFICATE-----")) continue;
    for (const each of parseCertificates(pem, full, problems)) {
      found.set(each.fingerprint256, each);
    }
  }
  if (found.size === 0) {
    problems.push(`${path}: There is no certificate in this folder (PEM files).`);
  }
  return [...found.values()];
}

const LIST = /-----BEGIN X509 CRL-----([^]*?)-----END X509 CRL-----/g;

async function readRevocationLists(
  path: string,
  io: ConfigIO,
  authorities: readonly X509Certificate[],
  problems: string[],
  warnings: string[],
): Promise<RevocationLists | undefined> {
  const pem = await readPem(path, io, problems);
  if (pem === undefined) return undefined;
  const blocks = [...pem.matchAll(LIST)].map(([, base64]) => base64!);
  if (blocks.length === 0) {
    problems.push(
      `${path}: There is no revocation list in it. It must be in PEM form, with -----BEGIN X509 CRL-----.`,
    );
    return undefined;
  }
  try {
    const { RevocationLists } = await import("../transport/revocation_lists.ts");
    const lists = blocks.map((base64) => Uint8Array.fromBase64(base64.replaceAll(/\s/g, "")));
    const revocationLists = new RevocationLists(lists, authorities);
    const found = await revocationLists.findWarnings(Date.now());
    warnings.push(...found.map((warning) => `${path}: ${warning}`));
    return revocationLists;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(`${path}: The revocation list can't be used: ${reason}.`);
    return undefined;
  }
}
