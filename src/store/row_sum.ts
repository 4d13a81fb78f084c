// Checksums of rows. SQLite has none of its own: a bit that flips inside a payload or a number would be read
// back as if it had always been so. Any single change of a row changes its sum (each step is a bijection);
// of others, all but one in four thousand million do.

import { crc32 } from "node:zlib";
import type { Will } from "../packet/packets.ts";
import type {
  StoredDelivery,
  StoredHeld,
  StoredMessage,
  StoredRetained,
  StoredSession,
  StoredSubscription,
} from "./stored.ts";

const MISSING = -1;

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

export function sumOfMessage(row: StoredMessage): number {
  let sum = number(3, row.message);
  sum = number(sum, flagsOfMessage(row));
  sum = number(sum, row.expiresAtMs === Infinity ? MISSING : row.expiresAtMs);
  sum = text(sum, row.topicName);
  sum = optionalText(sum, row.publisherId);
  if (row.forwardedProperties.length > 0) sum = bytes(sum, row.forwardedProperties);
  return bytes(sum, row.payload);
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

export function flagsOfMessage(row: StoredMessage): number {
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

function bytes(sum: number, value: Uint8Array): number {
  if (!(value instanceof Uint8Array)) throw new TypeError("bytes are something else");
  return crc32(value, number(sum, value.length) >>> 0) | 0;
}
