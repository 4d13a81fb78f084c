// What node:tls needs to connect as the settings say. Whatever can't be read or is not right is told before there
// is a connection.

import { join } from "node:path";
import { type ConnectionOptions, getCACertificates } from "node:tls";
import type { TargetSettings } from "./settings.ts";
import { UsageError } from "./usage_error.ts";

const VERSIONS: Readonly<Record<string, "TLSv1.2" | "TLSv1.3">> = {
  "tlsv1.3": "TLSv1.3",
  "tlsv1.2": "TLSv1.2",
  // The least that is asked for: the runtime speaks nothing below 1.2.
  "tlsv1.1": "TLSv1.2",
};

/** @throws {UsageError} in Mosquitto's words. */
export function tlsOptions(settings: TargetSettings): ConnectionOptions {
  const { tlsVersion, alpn, certFile, keyFile, isInsecure } = settings;
  const minVersion = VERSIONS[tlsVersion ?? "tlsv1.2"];
  if (minVersion === undefined) {
    throw new UsageError("Problem setting TLS options, check the options are valid.");
  }
  const authorities = authoritiesOf(settings);
  return {
    minVersion,
    ca: authorities,
    ...alpn === undefined ? {} : { ALPNProtocols: [alpn] },
    ...certFile === undefined ? {} : { cert: readPem(certFile), key: readPem(keyFile!) },
    // Only the names: the chain is verified all the same, as Mosquitto does.
    ...isInsecure ? { checkServerIdentity: () => undefined } : {},
  };
}

function authoritiesOf({ caFile, caPath, usesOsCertificates }: TargetSettings): string[] {
  const files = caFile === undefined ? [] : [caFile];
  if (caPath !== undefined) {
    try {
      for (const { name } of Deno.readDirSync(caPath)) {
        if (/\.(crt|pem|\d)$/.test(name)) files.push(join(caPath, name));
      }
    } catch {
      throw notFound(caPath);
    }
  }
  const authorities = files.map(readPem);
  if (caPath !== undefined && authorities.length === 0) {
    throw new UsageError(`There is no certificate (*.crt, *.pem) in --capath ${caPath}.`);
  }
  const isAlone = caFile === undefined && caPath === undefined;
  return usesOsCertificates || isAlone ? [...authorities, ...systemAuthorities()] : authorities;
}

/** What the system trusts, and not what the runtime has built in. */
function systemAuthorities(): readonly string[] {
  let authorities: readonly string[] = [];
  try {
    authorities = getCACertificates("system");
  } catch {
    // An older runtime, or a store that can't be read: there are none.
  }
  if (authorities.length > 0) return authorities;
  throw new UsageError(
    "The system's trusted authorities can't be read: name a file with --cafile.",
  );
}

function readPem(path: string): string {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch {
    throw notFound(path);
  }
  if (!text.includes("-----BEGIN ")) {
    throw new UsageError(`Problem setting TLS options: there is no PEM in ${path}.`);
  }
  return text;
}

function notFound(path: string): UsageError {
  return new UsageError(`Problem setting TLS options: File not found. (${path})`);
}
