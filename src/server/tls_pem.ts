// PEM files: certificates in their order, and what there is to say about them.

import { X509Certificate } from "node:crypto";
import type { ConfigIO } from "../config/config_io.ts";

const CERTIFICATE =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const DAY_MS = 86_400_000;
/** How many days before a certificate ends somebody should hear of it. */
const EXPIRY_WARNING_DAYS = 30;
const EXPIRY_ALARM_DAYS = 7;

/** The text of a file; undefined, and a problem more, if it can't be read. */
export async function readPem(
  path: string,
  io: ConfigIO,
  problems: string[],
): Promise<string | undefined> {
  try {
    return await io.readTextFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(`${path}: Unable to open the file: ${reason}`);
    return undefined;
  }
}

/** The certificates of a PEM file, in their order. */
export function parseCertificates(
  pem: string,
  path: string,
  problems: string[],
): X509Certificate[] {
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    const isKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem);
    problems.push(
      `${path}: There is no certificate in it. ` +
        (isKey
          ? "It is a private key: are certfile and keyfile mixed up?"
          : "It must be in PEM form, with -----BEGIN CERTIFICATE-----."),
    );
  }
  return blocks.flatMap((block, i) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      problems.push(
        `${path}: Certificate ${i + 1} of ${blocks.length} can't be read: it is damaged.`,
      );
      return [];
    }
  });
}

/** Sentences about certificates that are not valid, or will not be for long. */
export function describeDates(
  certificates: readonly X509Certificate[],
  path: string,
  nowMs: number,
): string[] {
  return certificates.flatMap((certificate) => {
    const { subject, validFromDate, validToDate } = certificate;
    const name = `${path}: The certificate of ${subject.replaceAll("\n", ", ")}`;
    const days = Math.floor((validToDate.getTime() - nowMs) / DAY_MS);
    if (validFromDate.getTime() > nowMs) {
      return [`${name} is not valid before ${day(validFromDate)}.`];
    }
    if (days < 0) return [`${name} ended on ${day(validToDate)}: Clients refuse it.`];
    if (days >= EXPIRY_WARNING_DAYS) return [];
    const when = days === 0 ? "today" : days === 1 ? "in one day" : `in ${days} days`;
    const urgency = days < EXPIRY_ALARM_DAYS ? " Renew it now." : "";
    return [`${name} ends ${when}, on ${day(validToDate)}.${urgency}`];
  });
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
