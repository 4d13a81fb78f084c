// Messages: makes the messages of a world and knows them again by their payload.
//
//   payload   "sim" | id (4 bytes) | check (4 bytes) | filling that follows from the id

import type { QoS } from "../../src/packet/packet_type.ts";
import type { MessageRecord } from "./records.ts";

const HEAD_BYTES = 11;
const MAGIC = [0x73, 0x69, 0x6d];

export interface NewMessage {
  readonly publisher: string;
  readonly topic: string;
  readonly qos: QoS;
  readonly retain?: boolean;
  readonly isWill?: boolean;
  readonly isEpilogue?: boolean;
  readonly fillBytes?: number;
  readonly expirySeconds?: number | undefined;
  readonly hasUserProperty?: boolean;
}

export class Messages {
  /** All there are, by their id. */
  readonly all: MessageRecord[] = [];

  create(wanted: NewMessage): MessageRecord {
    const id = this.all.length;
    const message: MessageRecord = {
      id,
      publisher: wanted.publisher,
      topic: wanted.topic,
      qos: wanted.qos,
      retain: wanted.retain ?? false,
      isWill: wanted.isWill ?? false,
      isEpilogue: wanted.isEpilogue ?? false,
      payload: payloadOf(id, wanted.fillBytes ?? 0),
      expirySeconds: wanted.expirySeconds,
      hasUserProperty: wanted.hasUserProperty ?? false,
      routedFromMs: Infinity,
      settledMs: Infinity,
      sends: 0,
      isForbidden: false,
      hadNoSubscribers: false,
    };
    this.all.push(message);
    return message;
  }

  /** The message with this payload; undefined if no byte of it is ours. */
  find(payload: Uint8Array): MessageRecord | "damaged" | undefined {
    if (payload.length < HEAD_BYTES || !isOurs(payload)) return undefined;
    const view = new DataView(payload.buffer, payload.byteOffset);
    const id = view.getUint32(3);
    if (view.getUint32(7) !== checkOf(id)) return "damaged";
    const message = this.all[id];
    if (message === undefined || message.payload.length !== payload.length) return "damaged";
    for (let i = 0; i < payload.length; i++) {
      if (message.payload[i] !== payload[i]) return "damaged";
    }
    return message;
  }
}

function isOurs(payload: Uint8Array): boolean {
  return payload[0] === MAGIC[0] && payload[1] === MAGIC[1] && payload[2] === MAGIC[2];
}

function payloadOf(id: number, fillBytes: number): Uint8Array {
  const payload = new Uint8Array(HEAD_BYTES + fillBytes);
  payload.set(MAGIC);
  const view = new DataView(payload.buffer);
  view.setUint32(3, id);
  view.setUint32(7, checkOf(id));
  for (let i = HEAD_BYTES; i < payload.length; i++) payload[i] = id + i;
  return payload;
}

function checkOf(id: number): number {
  return Math.imul(id ^ 0x5bd1e995, 0x9e3779b1) >>> 0;
}
