// -F: what a received message looks like. A format is read once, into pieces; each piece then makes its part of
// every message. Widths count bytes, as in Mosquitto.

import { type ByteText, textOfBytes, textOfString } from "./byte_text.ts";
import { messageJson, type ReceivedMessage, userPairs } from "./message_json.ts";
import { strftime } from "./strftime.ts";
import { UsageError } from "./usage_error.ts";

type Piece = (message: ReceivedMessage) => ByteText;

interface Field {
  readonly isLeft: boolean;
  readonly pad: " " | "0";
  readonly width: number;
  /** Undefined: without limit. */
  readonly precision: number | undefined;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "0": "\0",
  a: "\x07",
  e: "\x1b",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** `%` with flags, width, precision; `@` and `\` with one character; or what stands for itself. */
const PATTERN =
  /%(?<left>-?)(?<zero>0?)(?<width>\d*)(?:(?<dot>\.)(?<precision>\d*))?(?<kind>[^]?)|@(?<time>[^]?)|\\(?<escape>[^]?)|[^%@\\]+/gu;

/** @throws {UsageError} in mosquitto_sub's words if `format` is none. */
export function checkFormat(format: string): void {
  compileFormat(format, false, () => {});
}

/**
 * @param complain gets a sentence about a message that a piece can't be made of; that piece is empty then.
 * @throws {UsageError} as {@link checkFormat}.
 */
export function compileFormat(
  format: string,
  isPretty: boolean,
  complain: (line: string) => void,
): Piece {
  const pieces = [...format.matchAll(PATTERN)].map((match) => pieceOf(match, isPretty, complain));
  return (message) => pieces.map((piece) => piece(message)).join("");
}

function pieceOf(
  match: RegExpExecArray,
  isPretty: boolean,
  complain: (line: string) => void,
): Piece {
  const { left, zero, width, dot, precision, kind, time, escape } = match.groups!;
  if (kind !== undefined) {
    const field: Field = {
      isLeft: left === "-",
      pad: zero === "0" ? "0" : " ",
      width: Number(width),
      precision: dot === undefined ? undefined : Number(precision),
    };
    return parameter(kind, field, isPretty, complain);
  }
  if (time !== undefined) return timePiece(time);
  if (escape !== undefined) {
    if (escape === "") throw new UsageError("Incomplete escape specifier.");
    const char = ESCAPES[escape];
    if (char === undefined) throw new UsageError(`Invalid escape specifier '${escape}'.`);
    return () => char;
  }
  const text = textOfString(match[0]);
  return () => text;
}

function timePiece(conversion: string): Piece {
  if (conversion === "") throw new UsageError("Incomplete format specifier.");
  if (conversion === "@") return () => "@";
  if (conversion === "N") return ({ time }) => String(time.nanoseconds).padStart(9, "0");
  return ({ time }) => textOfString(strftime(conversion, time.date));
}

function parameter(
  kind: string,
  field: Field,
  isPretty: boolean,
  complain: (line: string) => void,
): Piece {
  switch (kind) {
    case "":
      throw new UsageError("Incomplete format specifier.");
    case "%":
      return () => "%";
    case "A":
      return (message) => integer(message.properties.topicAlias, field);
    case "C":
      return (message) => text(message.properties.contentType, field) ?? " ".repeat(field.width);
    case "D":
      return ({ properties: { correlationData } }) =>
        correlationData === undefined ? "" : textOfBytes(correlationData);
    case "E":
      return (message) => integer(message.properties.messageExpiryInterval, field);
    case "F":
      return ({ properties: { payloadFormatIndicator: indicator } }) =>
        integer(indicator === undefined ? undefined : Number(indicator), field);
    case "I":
      return ({ time: { date } }) =>
        text(`${strftime("F", date)}T${strftime("T", date)}${strftime("z", date)}`, field)!;
    case "j":
      return (message) => messageJson(message, "escaped", isPretty)!;
    case "J":
      return (message) => {
        const json = messageJson(message, "parsed", isPretty);
        if (json !== undefined) return json;
        complain(`Error: Message payload is not valid JSON on topic ${message.topic}.`);
        return "";
      };
    case "l":
      return ({ payload }) => integer(payload.length, field);
    case "m":
      return ({ packetId }) => integer(packetId, field);
    case "P":
      return ({ properties }) =>
        textOfString(userPairs(properties.userProperties).map((pair) => pair.join(":")).join(" "));
    case "p":
      return ({ payload }) => bytes(textOfBytes(payload), field);
    case "q":
      return ({ qos }) => String(qos);
    case "R":
      return (message) => text(message.properties.responseTopic, field) ?? "";
    case "r":
      return ({ retain }) => retain ? "1" : "0";
    case "S":
      return ({ properties: { subscriptionIdentifier: id } }) =>
        integer(Array.isArray(id) ? id[0] : id, field);
    case "t":
      return ({ topic }) => text(topic, field)!;
    case "U":
      return ({ time }) =>
        `${strftime("s", time.date)}.${String(time.nanoseconds).padStart(9, "0")}`;
    case "x":
      return ({ payload }) => hex(payload, field);
    case "X":
      return ({ payload }) => hex(payload, field).toUpperCase();
    default:
      throw new UsageError(`Invalid format specifier '${kind}'.`);
  }
}

function text(value: string | undefined, { isLeft, width, precision }: Field): string | undefined {
  if (value === undefined) return undefined;
  const shown = textOfString(value).slice(0, precision);
  return isLeft ? shown.padEnd(width) : shown.padStart(width);
}

function integer(value: number | undefined, { isLeft, pad, width }: Field): string {
  if (value === undefined) return pad.repeat(width);
  return isLeft ? String(value).padEnd(width) : String(value).padStart(width, pad);
}

/** A payload is cut at the width as well. */
function bytes(shown: ByteText, { isLeft, pad, width }: Field): ByteText {
  if (width > 0) shown = shown.slice(0, width);
  return isLeft ? shown.padEnd(width) : shown.padStart(width, pad);
}

function hex(payload: Uint8Array, { isLeft, pad, width }: Field): string {
  // Mosquitto takes the width for bytes of the payload, then halves what is left: half of a payload that would
  // fit is lost. Here a width is that of the digits, and whole bytes are cut where they are too many.
  const digits = Array.from(payload, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const shown = width > 0 ? digits.slice(0, width - width % 2) : digits;
  return isLeft ? shown.padEnd(width) : shown.padStart(width, pad);
}
