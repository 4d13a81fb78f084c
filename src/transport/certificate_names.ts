// The Subject of a certificate as a user name, in the two forms that Mosquitto has: the Common Name, and all
// of it as RFC 2253 writes it, byte for byte as OpenSSL's XN_FLAG_RFC2253 prints it, because ACL files name
// users so.

import { type BaseBlock, fromBER, type Integer, ObjectIdentifier, type Sequence } from "asn1js";

/** One attribute of a Distinguished Name. */
interface Attribute {
  /** Dotted. */
  readonly type: string;
  /** Of the value: the ASN.1 type, the bytes in it, and all of it. */
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly der: Uint8Array;
  /** Which Relative Distinguished Name it is in; several share one. */
  readonly group: number;
}

const COMMON_NAME = "2.5.4.3";

/** The names that OpenSSL has for them. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "street",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "title",
  "2.5.4.13": "description",
  "2.5.4.15": "businessCategory",
  "2.5.4.16": "postalAddress",
  "2.5.4.17": "postalCode",
  "2.5.4.18": "postOfficeBox",
  "2.5.4.20": "telephoneNumber",
  "2.5.4.41": "name",
  "2.5.4.42": "GN",
  "2.5.4.43": "initials",
  "2.5.4.44": "generationQualifier",
  "2.5.4.45": "x500UniqueIdentifier",
  "2.5.4.46": "dnQualifier",
  "2.5.4.51": "houseIdentifier",
  "2.5.4.65": "pseudonym",
  "2.5.4.72": "role",
  "2.5.4.97": "organizationIdentifier",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.3": "mail",
  "0.9.2342.19200300.100.1.5": "favouriteDrink",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
  "1.2.840.113549.1.9.2": "unstructuredName",
  "1.2.840.113549.1.9.8": "unstructuredAddress",
  "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
  "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
  "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
};

/** ASN.1's string types, by what their bytes are. */
const STRING_ENCODINGS: Readonly<Record<number, "utf-8" | "latin1" | "utf-16be" | "utf-32be">> = {
  12: "utf-8",
  18: "latin1", // NumericString
  19: "latin1", // PrintableString
  20: "latin1", // T61String, as OpenSSL reads it
  22: "latin1", // IA5String
  26: "latin1", // VisibleString
  28: "utf-32be",
  30: "utf-16be",
};

/**
 * The first Common Name of the Subject.
 * @param certificate DER.
 * @returns undefined if there is none, or none that can be a user name: it must be UTF-8 without a NUL.
 */
export function commonNameOf(certificate: Uint8Array): string | undefined {
  const attribute = subjectOf(certificate).find(({ type }) => type === COMMON_NAME);
  if (attribute === undefined || attribute.bytes.length === 0) return undefined;
  try {
    const name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(attribute.bytes);
    return name.includes("\0") ? undefined : name;
  } catch {
    return undefined;
  }
}

/**
 * The Subject as RFC 2253 writes it, the last part first: `CN=alice,O=Acme\, Inc.,C=DE`.
 * @param certificate DER.
 */
export function subjectNameOf(certificate: Uint8Array): string {
  const attributes = subjectOf(certificate).reverse();
  return attributes.map((attribute, i) => {
    const before = attributes[i - 1];
    const separator = before === undefined ? "" : before.group === attribute.group ? "+" : ",";
    const name = SHORT_NAMES[attribute.type];
    const value = name === undefined ? dump(attribute) : printValue(attribute);
    return `${separator}${name ?? attribute.type}=${value}`;
  }).join("");
}

/**
 * The version of X.509: 1, 2 or 3.
 * @param certificate DER.
 */
export function versionOf(certificate: Uint8Array): number {
  const first = childrenOf(childrenOf(fromBER(certificate).result)[0])[0]!;
  if (first.idBlock.tagClass !== 3) return 1;
  return (childrenOf(first)[0] as Integer).valueBlock.valueDec + 1;
}

/** Characters of a name that a log shows. */
const SHOWN_CHARACTERS = 200;

/**
 * A name for the log. Strangers choose what is in it, so it stays one line, without control characters.
 * @param name as node:crypto has it, a part on each line.
 */
export function showName(name: string): string {
  // deno-lint-ignore no-control-regex
  const shown = name.replaceAll("\n", ", ").replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "?");
  return shown.length <= SHOWN_CHARACTERS ? shown : `${shown.slice(0, SHOWN_CHARACTERS)}…`;
}

function subjectOf(certificate: Uint8Array): Attribute[] {
  const { result } = fromBER(certificate);
  const fields = childrenOf(childrenOf(result)[0]);
  const isVersionGiven = fields[0]!.idBlock.tagClass === 3;
  const subject = fields[isVersionGiven ? 5 : 4];
  return childrenOf(subject).flatMap((names, group) =>
    childrenOf(names).map((pair) => {
      const [type, value] = childrenOf(pair);
      if (!(type instanceof ObjectIdentifier)) throw new Error("Attribute without a type");
      return { ...valueOf(value!), type: type.valueBlock.toString(), group };
    })
  );
}

function valueOf(value: BaseBlock): Pick<Attribute, "tag" | "bytes" | "der"> {
  const der = new Uint8Array(value.valueBeforeDecodeView);
  const headerLength = der.length - value.lenBlock.length;
  return { tag: value.idBlock.tagNumber, bytes: der.subarray(headerLength), der };
}

function childrenOf(block: BaseBlock | undefined): BaseBlock[] {
  return (block as Sequence | undefined)?.valueBlock.value ?? [];
}

/** A value of a known type; those that are no text are dumped. */
function printValue(attribute: Attribute): string {
  const encoding = STRING_ENCODINGS[attribute.tag];
  if (encoding === undefined) return dump(attribute);
  const bytes = toUtf8(attribute.bytes, encoding);
  return bytes === undefined ? dump(attribute) : escape(bytes);
}

/** `#` and the whole value in hexadecimal. */
function dump({ der }: Attribute): string {
  return `#${[...der].map(hex).join("")}`;
}

function toUtf8(
  bytes: Uint8Array,
  encoding: "utf-8" | "latin1" | "utf-16be" | "utf-32be",
): Uint8Array | undefined {
  if (encoding === "utf-8") return bytes;
  if (encoding === "latin1") {
    return new TextEncoder().encode(String.fromCharCode(...bytes));
  }
  if (encoding === "utf-16be") {
    return new TextEncoder().encode(new TextDecoder("utf-16be").decode(bytes));
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const points = Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(i * 4));
  if (points.some((point) => point > 0x10ffff)) return undefined;
  return new TextEncoder().encode(String.fromCodePoint(...points));
}

/** RFC 2253, section 2.4, and what is not printable ASCII as `\C3\A9`. */
function escape(bytes: Uint8Array): string {
  return [...bytes].map((byte, i) => {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e) return `\\${hex(byte)}`;
    const isSpecial = ',+"\\<>;'.includes(character) ||
      (i === 0 && (character === "#" || character === " ")) ||
      (i === bytes.length - 1 && character === " ");
    return isSpecial ? `\\${character}` : character;
  }).join("");
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}
