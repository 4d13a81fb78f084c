// RevocationLists: the certificates that their CAs have taken back (RFC 5280, section 5). The runtime
// ignores its own option for them, so they are checked here, with the strictness of OpenSSL's CRL_CHECK:
// the CA of a Client's certificate must have a list, signed by it and not out of date. For the CAs between,
// a list is used if there is one.

import type { X509Certificate } from "node:crypto";
import { Certificate, CertificateRevocationList } from "pkijs";
import { showName } from "./certificate_names.ts";

/** Delta CRL Indicator and Issuing Distribution Point: a list that says only some of what there is to say. */
const PARTIAL = new Set(["2.5.29.27", "2.5.29.28"]);
/** Entries that mean something else than they seem to: those of other CAs. */
const CERTIFICATE_ISSUER = "2.5.29.29";

interface List {
  /** DER of the issuer's name, in hexadecimal. */
  readonly issuer: string;
  readonly parsed: CertificateRevocationList;
  readonly thisUpdateMs: number;
  /** Undefined: it has no end. */
  readonly nextUpdateMs: number | undefined;
  /** Serial numbers, in hexadecimal. */
  readonly revoked: ReadonlySet<string>;
  /** Certificates of CAs, by fingerprint, and whether they have signed it. */
  readonly signers: Map<string, boolean>;
}

/** Signers that are remembered for a list: a CA has one, seldom two. */
const MAXIMUM_SIGNERS = 16;
/** CAs above each other that are looked at. */
const MAXIMUM_DEPTH = 10;

export class RevocationLists {
  readonly #lists = new Map<string, List[]>();
  readonly #authorities: readonly X509Certificate[];

  /**
   * @param lists DER.
   * @param authorities CAs that Clients need not send.
   * @throws {Error} if one can't be read or used; the message says why.
   */
  constructor(lists: readonly Uint8Array<ArrayBuffer>[], authorities: readonly X509Certificate[]) {
    this.#authorities = authorities;
    for (const der of lists) {
      const list = parse(der);
      this.#lists.set(list.issuer, [...this.#lists.get(list.issuer) ?? [], list]);
    }
  }

  /** Sentences about lists that are out of date, or whose CA is not among ours. */
  async findWarnings(nowMs: number): Promise<string[]> {
    const warnings: string[] = [];
    for (const list of [...this.#lists.values()].flat()) {
      const name = list.parsed.issuer.typesAndValues.map((each) => each.value.valueBlock.value).at(
        -1,
      );
      const { nextUpdateMs } = list;
      if (nextUpdateMs !== undefined && nextUpdateMs < nowMs) {
        warnings.push(
          `The list of "${name}" ended on ${new Date(nextUpdateMs).toISOString().slice(0, 10)}: ` +
            "its Clients are refused until there is a new one.",
        );
      }
      const named = this.#authorities.filter((each) => subjectOf(each) === list.issuer);
      const signed = await Promise.all(named.map((each) => isSignedBy(list, each)));
      if (named.length > 0 && !signed.includes(true)) {
        warnings.push(`The list of "${name}" is not signed by that CA: it is not used.`);
      }
    }
    return warnings;
  }

  /**
   * @param chain the Client's own certificate and what it sent with it; it is known to lead to one of ours.
   * @returns why the Client must be refused, if it must.
   */
  async findRevoked(chain: readonly X509Certificate[]): Promise<string | undefined> {
    const candidates = [...chain, ...this.#authorities];
    let level = chain.slice(0, 1);
    for (let depth = 0; level.length > 0 && depth < MAXIMUM_DEPTH; depth++) {
      const above = new Map<string, X509Certificate>();
      for (const certificate of level) {
        const issuers = candidates.filter((each) => hasIssued(each, certificate));
        const reason = await this.#judge(certificate, issuers, depth === 0);
        if (reason !== undefined) return reason;
        for (const each of issuers) if (!isRoot(each)) above.set(each.fingerprint256, each);
      }
      level = [...above.values()];
    }
    return undefined;
  }

  async #judge(
    certificate: X509Certificate,
    issuers: readonly X509Certificate[],
    isClient: boolean,
  ): Promise<string | undefined> {
    const who = `${isClient ? "its" : "the CA's"} certificate (${showName(certificate.subject)})`;
    const nowMs = Date.now();
    const lists = this.#lists.get(issuerOf(certificate)) ?? [];
    let isCurrent = false;
    let problem = `there is no revocation list of ${showName(certificate.issuer)} in crlfile`;
    for (const list of lists) {
      const signed = await Promise.all(issuers.map((each) => isSignedBy(list, each)));
      if (!signed.includes(true)) {
        problem = `the revocation list of ${showName(certificate.issuer)} is not signed by it`;
        continue;
      }
      // A list that is out of date is no proof that nothing has been added, but what it says still holds.
      if (list.revoked.has(serialOf(certificate))) return `${who} has been revoked`;
      if (list.nextUpdateMs !== undefined && list.nextUpdateMs < nowMs) {
        problem = `the revocation list of ${showName(certificate.issuer)} is out of date`;
      } else if (list.thisUpdateMs > nowMs) {
        problem = `the revocation list of ${showName(certificate.issuer)} is not valid yet`;
      } else {
        isCurrent = true;
      }
    }
    if (isCurrent || (!isClient && lists.length === 0)) return undefined;
    return `${who} can't be checked: ${problem}`;
  }
}

function parse(der: Uint8Array<ArrayBuffer>): List {
  const parsed = CertificateRevocationList.fromBER(der);
  const extensions = parsed.crlExtensions?.extensions ?? [];
  if (extensions.some(({ extnID }) => PARTIAL.has(extnID))) {
    throw new Error(
      "it is only a part of a list (delta, or for some certificates); use the whole one",
    );
  }
  const unknown = extensions.find(({ critical }) => critical);
  if (unknown !== undefined) {
    throw new Error(`it has an unknown critical extension ${unknown.extnID}`);
  }
  const entries = parsed.revokedCertificates ?? [];
  for (const { crlEntryExtensions } of entries) {
    if (crlEntryExtensions?.extensions.some(({ extnID }) => extnID === CERTIFICATE_ISSUER)) {
      throw new Error("it speaks for other CAs, too (an indirect list); use one list for each CA");
    }
  }
  return {
    issuer: toHex(parsed.issuer.valueBeforeDecode),
    parsed,
    thisUpdateMs: parsed.thisUpdate.value.getTime(),
    nextUpdateMs: parsed.nextUpdate?.value.getTime(),
    revoked: new Set(
      entries.map(({ userCertificate }) =>
        withoutZeros(toHex(userCertificate.valueBlock.valueHexView))
      ),
    ),
    signers: new Map(),
  };
}

async function isSignedBy(list: List, authority: X509Certificate): Promise<boolean> {
  const { signers } = list;
  const known = signers.get(authority.fingerprint256);
  if (known !== undefined) return known;
  const issuerCertificate = Certificate.fromBER(new Uint8Array(authority.raw));
  const isSigned = subjectOf(authority) === list.issuer &&
    await list.parsed.verify({ issuerCertificate }).catch(() => false);
  if (signers.size < MAXIMUM_SIGNERS) signers.set(authority.fingerprint256, isSigned);
  return isSigned;
}

function hasIssued(authority: X509Certificate, certificate: X509Certificate): boolean {
  return subjectOf(authority) === issuerOf(certificate) && certificate.verify(authority.publicKey);
}

function isRoot(certificate: X509Certificate): boolean {
  return subjectOf(certificate) === issuerOf(certificate);
}

function subjectOf(certificate: X509Certificate): string {
  return toHex(Certificate.fromBER(new Uint8Array(certificate.raw)).subject.valueBeforeDecode);
}

function issuerOf(certificate: X509Certificate): string {
  return toHex(Certificate.fromBER(new Uint8Array(certificate.raw)).issuer.valueBeforeDecode);
}

function serialOf(certificate: X509Certificate): string {
  return withoutZeros(certificate.serialNumber.toLowerCase());
}

function withoutZeros(hex: string): string {
  return hex.replace(/^0+(?=.)/, "");
}

function toHex(bytes: ArrayBuffer | Uint8Array): string {
  return new Uint8Array(bytes).toHex();
}
