// The TLS files of bridges, read and checked before anything uses them.

import * as tls from "node:tls";
import type { BridgeTls } from "../bridge/settings.ts";
import type { ConfigIO } from "../config/config_io.ts";
import type { BridgeConfig, Config } from "../config/schema.ts";
import { readAuthorityFile, readAuthorityFolder } from "./tls_client_files.ts";
import { TlsFilesError } from "./tls_files.ts";
import { checkPair, parseKey } from "./tls_key.ts";
import { describeDates, parseCertificates, readPem } from "./tls_pem.ts";

type TlsConfig = NonNullable<BridgeConfig["tls"]>;

/** What the files of the bridges say. */
export interface BridgeTlsContents {
  /** By the name of the bridge. */
  readonly tls: ReadonlyMap<string, BridgeTls>;
  /** Sentences that the operator should read. */
  readonly warnings: readonly string[];
}

/** @throws {TlsFilesError} with everything that is wrong. */
export async function readBridgeTls(
  { bridges }: Pick<Config, "bridges">,
  io: ConfigIO,
): Promise<BridgeTlsContents> {
  const contents = new Map<string, BridgeTls>();
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const { name, tls } of bridges) {
    if (tls === null) continue;
    const read = await readOne(tls, io, problems, warnings);
    if (read !== undefined) contents.set(name, read);
  }
  if (problems.length > 0) throw new TlsFilesError([...new Set(problems)]);
  return { tls: contents, warnings };
}

async function readOne(
  config: TlsConfig,
  io: ConfigIO,
  problems: string[],
  warnings: string[],
): Promise<BridgeTls | undefined> {
  const before = problems.length;
  const own = await readOwn(config, io, problems, warnings);
  const given = [
    ...await readAuthorityFile(config.caFile, io, problems),
    ...await readAuthorityFolder(config.caPath, io, problems),
  ].map((each) => each.toString());
  const isOnlyOne = config.caFile === null && config.caPath === null;
  const ofSystem = config.systemAuthorities ?? isOnlyOne ? systemAuthorities() : [];
  const ca = [...given, ...ofSystem];
  if (problems.length > before) return undefined;
  if (ca.length === 0) {
    problems.push(
      "There are no authorities on this system: name those of the bridge by a CA file.",
    );
    return undefined;
  }
  const { acceptsAnyName, minimumVersion, alpn } = config;
  return { ca, ...own, acceptsAnyName, minimumVersion, alpn: alpn ?? undefined };
}

async function readOwn(
  { certFile, keyFile }: TlsConfig,
  io: ConfigIO,
  problems: string[],
  warnings: string[],
): Promise<Pick<BridgeTls, "certificate" | "key">> {
  const nothing = { certificate: undefined, key: undefined };
  if (certFile === null || keyFile === null) return nothing;
  const certificate = await readPem(certFile, io, problems);
  const key = await readPem(keyFile, io, problems);
  const chain = certificate === undefined ? [] : parseCertificates(certificate, certFile, problems);
  const privateKey = key === undefined ? undefined : parseKey(key, keyFile, problems);
  const first = chain[0];
  if (first === undefined || privateKey === undefined) return nothing;
  checkPair({ certFile, keyFile }, first, privateKey, problems);
  warnings.push(...describeDates(chain, certFile, Date.now()));
  return {
    certificate: chain.map((each) => each.toString()).join("\n"),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Those of the operating system; where it has none, those that come with the program. */
function systemAuthorities(): readonly string[] {
  const ofSystem = tls.getCACertificates("system");
  return ofSystem.length > 0 ? ofSystem : tls.rootCertificates;
}
