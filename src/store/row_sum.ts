// Checksums of rows. SQLite has none of its own: a bit that flips inside a payload or a number would be read
// back as if it had always been so. Any single change of a row changes its sum (each step is a bijection);
// of others, all but one in four thousand million do.

import { crc32 } from "node:zlib";
import type { Will } from "../packet/packets.ts";
import type {
  MessageHead,
  StoredDelivery,
  StoredHeld,
  StoredRetained,
  StoredSession,
  StoredSubscription,
} from "./stored.ts";

const MISSING = -1;
/** Up to so many bytes, a call into crc32 costs more than their sum. */
const SHORT_BYTES = 128;

// What is read back may have another type than what was written, and the same bytes: a bit says which it is. So the
// types are looked at too.

export function sumOfSession(row: StoredSession): number {
  let sum = number(1, row.session);
  sum = number(sum, row.expiryInterval);
  sum = number(sum, row.disconnectedAtMs ?? MISSING);
  sum = number(sum, row.lastPacketId);
  sum = text(sum, row.clientId);
  sum = optionalText(sum, row.userName);
  sum = text(sum, row.listener);
  sum = text(sum, row.mountPoint);
  return row.will === undefined ? sum : withWill(sum, row.will);
}

function withWill(sum: number, will: Will): number {
  let next = text(sum, will.topicName);
  next = number(next, flagsOfWill(will));
  next = number(next, will.willDelayInterval);
  next = number(next, will.messageExpiryInterval ?? MISSING);
  next = bytes(next, will.forwardedProperties);
  return bytes(next, will.payload);
}

export function sumOfSubscription(row: StoredSubscription): number {
  let sum = number(2, row.session);
  sum = number(sum, flagsOfSubscription(row));
  sum = number(sum, row.identifier);
  return text(sum, row.topicFilter);
}

/** Of a message whose payload is `block[start, end)`. */
export function sumOfMessage(
  row: MessageHead,
  block: Uint8Array,
  start: number = 0,
  end: number = block.length,
): number {
  let sum = number(3, row.message);
  sum = number(sum, flagsOfMessage(row));
  sum = number(sum, row.expiresAtMs === Infinity ? MISSING : row.expiresAtMs);
  sum = text(sum, row.topicName);
  sum = optionalText(sum, row.publisherId);
  if (row.forwardedProperties.length > 0) sum = bytes(sum, row.forwardedProperties);
  return bytes(sum, block, start, end);
}

/**
 * Of a delivery as if nothing of it were known but what never changes: the state is added to it, so that an UPDATE
 * can keep the sum right without reading the row.
 */
export function sumOfDelivery(row: StoredDelivery, identifiers: string | null): number {
  let sum = number(4, row.delivery);
  sum = number(sum, row.session);
  sum = number(sum, row.message);
  if (identifiers !== null) sum = text(sum, identifiers);
  if (row.sharedFilter !== "") sum = text(sum, row.sharedFilter);
  return (sum >>> 1) + stateOfDelivery(row);
}

export function sumOfHeld(row: StoredHeld): number {
  return number(number(number(5, row.session), row.packetId), row.message);
}

export function sumOfRetained(row: StoredRetained): number {
  let sum = number(6, row.message);
  sum = text(sum, row.topicName);
  sum = optionalText(sum, row.ownerClientId);
  sum = optionalText(sum, row.ownerUserName);
  return text(sum, row.ownerListener);
}

export function flagsOfSubscription(row: StoredSubscription): number {
  return row.qos | (row.noLocal ? 4 : 0) | (row.retainAsPublished ? 8 : 0) |
    (row.awaitsRetained ? 16 : 0);
}

export function flagsOfWill(will: Will): number {
  return will.qos | (will.retain ? 4 : 0);
}

export function flagsOfMessage(row: MessageHead): number {
  return row.qos | (row.retain ? 4 : 0);
}

export function stateOfDelivery(row: StoredDelivery): number {
  return row.qos | (row.retain ? 4 : 0) | row.awaiting << 3 | row.packetId << 5;
}

function number(sum: number, value: number): number {
  if (typeof value !== "number") throw new TypeError("a number is something else");
  const high = Math.floor(value / 0x1_0000_0000);
  const mixed = Math.imul(sum ^ (value | 0), 0x9e3779b1);
  return high === 0 ? mixed : Math.imul(mixed ^ high, 0x85ebca6b);
}

/** Texts are short: a call into crc32 would cost ten times as much. */
function text(sum: number, value: string): number {
  if (typeof value !== "string") throw new TypeError("a text is something else");
  let mixed = number(sum, value.length);
  for (let i = 0; i < value.length; i++) mixed = Math.imul(mixed ^ value.charCodeAt(i), 0x01000193);
  return mixed ^ mixed >>> 15;
}

function optionalText(sum: number, value: string | undefined): number {
  return value === undefined ? number(sum, MISSING) : text(sum, value);
}

function bytes(sum: number, value: Uint8Array, start = 0, end = value.length): number {
  if (!(value instanceof Uint8Array)) throw new TypeError("bytes are something else");
  const length = end - start;
  const seed = number(sum, length);
  if (length <= SHORT_BYTES) return shortCrc32(value, start, end, seed);
  return crc32(length === value.length ? value : value.subarray(start, end), seed >>> 0) | 0;
}

/** What crc32 of node:zlib gives, as a signed number. */
function shortCrc32(value: Uint8Array, start: number, end: number, seed: number): number {
  let sum = ~seed;
  for (let at = start; at < end; at++) sum = CRC_TABLE[(sum ^ value[at]!) & 0xff]! ^ sum >>> 8;
  return ~sum;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 0 ? sum >>> 1 : sum >>> 1 ^ 0xedb88320;
  return sum;
});
