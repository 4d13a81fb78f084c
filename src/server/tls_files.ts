// The files of a TLS listener, read and checked before anything uses them: node:tls takes whatever it is
// given and fails later, one handshake after the other.

import type { X509Certificate } from "node:crypto";
import type { ConfigIO } from "../config/config_io.ts";
import type { Config, Listener } from "../config/schema.ts";
import { readClientCertificates } from "./tls_client_files.ts";
import { checkPair, parseKey } from "./tls_key.ts";
import { describeDates, parseCertificates, readPem } from "./tls_pem.ts";
import { refusesKeyPair, type TlsSettings } from "../transport/tls_layer.ts";

type TlsConfig = NonNullable<Listener["tls"]>;

/** What the files of one listener say. */
export interface TlsContents {
  readonly settings: TlsSettings;
  /** The file that the certificate of the server came from. */
  readonly certificatePath: string;
  /** What is in it, that of the server first. */
  readonly chain: readonly X509Certificate[];
  /** Milliseconds since 1970 at which the first certificate of the server's chain ends. */
  readonly expiresMs: number;
  /** Sentences that the operator should read. */
  readonly warnings: readonly string[];
}

/** Every mistake in the files, a sentence each. */
export class TlsFilesError extends Error {
  override readonly name = "TlsFilesError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/**
 * Reads the files of all TLS listeners of `config`.
 * @returns what they say, by {@link listenerKey}.
 * @throws {TlsFilesError}
 */
export async function readTlsFiles(
  config: Config,
  io: ConfigIO,
): Promise<ReadonlyMap<string, TlsContents>> {
  const contents = new Map<string, TlsContents>();
  const problems = new Set<string>();
  for (const listener of config.listeners) {
    if (listener.tls === null) continue;
    try {
      contents.set(listenerKey(listener), await readListener(listener.tls, io));
    } catch (error) {
      if (!(error instanceof TlsFilesError)) throw error;
      for (const problem of error.problems) problems.add(problem);
    }
  }
  if (problems.size > 0) throw new TlsFilesError([...problems]);
  return contents;
}

/** What a listener is known by when the configuration is read again. */
export function listenerKey(listener: Listener): string {
  if (listener.kind === "unix") return `unix ${listener.path}`;
  const { port, hostnames, bindInterface, socketDomain } = listener;
  return ["tcp", port, bindInterface, socketDomain, ...hostnames].join(" ");
}

async function readListener(tls: TlsConfig, io: ConfigIO): Promise<TlsContents> {
  const problems: string[] = [];
  const warnings: string[] = [];
  const certificate = await readPem(tls.certFile, io, problems);
  const key = await readPem(tls.keyFile, io, problems);
  const chain = certificate === undefined
    ? []
    : parseCertificates(certificate, tls.certFile, problems);
  const privateKey = key === undefined ? undefined : parseKey(key, tls.keyFile, problems);
  const first = chain[0];
  if (first !== undefined && privateKey !== undefined) {
    checkPair(tls, first, privateKey, problems);
  }
  const clients = await readClientCertificates(tls, io, problems, warnings);
  if (problems.length > 0) throw new TlsFilesError(problems);
  warnings.push(...describeDates(chain, tls.certFile, Date.now()));
  const { minimumVersion } = tls;
  const settings: TlsSettings = {
    certificate: chain.map((each) => each.toString()).join("\n"),
    key: privateKey!.export({ type: "pkcs8", format: "pem" }).toString(),
    minimumVersion,
    clients,
  };
  const refusal = refusesKeyPair(settings);
  if (refusal !== undefined) {
    throw new TlsFilesError([
      `${tls.keyFile}: This kind of key can't be used for TLS here. Use an EC key (P-256 or P-384) ` +
      `or an RSA key of 2048 bits or more. (${refusal})`,
    ]);
  }
  return {
    settings,
    certificatePath: tls.certFile,
    chain,
    warnings,
    expiresMs: Math.min(...chain.map((each) => each.validToDate.getTime())),
  };
}
