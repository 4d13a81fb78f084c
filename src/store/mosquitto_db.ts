// Mosquitto's own persistence file (mosquitto.db), versions 5 (Mosquitto 1.6) and 6 (2.0 and 2.1), as src/persist.h there
// describes it: the structures of C as they lie in memory, a chunk each.
//
//   |00 B5 00 "mosquitto db"|crc, unused (4)|version (4)|chunk|chunk|...
//   chunk:  type (4) | length (4) | fields of fixed size | texts and bytes, whose lengths are among the fields
//
// Fields that Mosquitto turns into network order are big-endian; numbers of 64 bits are left as the machine has them,
// which is little-endian wherever Mosquitto runs today.

import { Buffer, isUtf8 } from "node:buffer";

const MAGIC = Buffer.from("\x00\xb5\x00mosquitto db", "latin1");
const HEADER = MAGIC.length + 8;
const CHUNK_HEADER = 8;

const Chunk = { Config: 1, Message: 2, ClientMessage: 3, Retained: 4, Subscription: 5, Client: 6 };

export interface MosquittoClient {
  readonly clientId: string;
  /** Not in version 5. */
  readonly userName: string | undefined;
  /** Seconds since 1970 when the Session ends; 0: it was connected, or it does not end. */
  readonly expiresAt: number;
  /** Seconds. */
  readonly expiryInterval: number;
  readonly lastPacketId: number;
  /** Of the listener; 0: not known. */
  readonly port: number;
}

export interface MosquittoMessage {
  readonly id: bigint;
  readonly topicName: string;
  readonly payload: Uint8Array;
  /** With their length before them, as in a PUBLISH; empty: none. */
  readonly properties: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
  /** Seconds since 1970; 0: it does not expire. */
  readonly expiresAt: number;
  readonly sourceClientId: string | undefined;
  readonly sourceUserName: string | undefined;
  readonly sourcePort: number;
}

export interface MosquittoClientMessage {
  readonly clientId: string;
  readonly message: bigint;
  readonly packetId: number;
  readonly qos: number;
  readonly retain: boolean;
  readonly isOutgoing: boolean;
  /** enum mosquitto_msg_state. */
  readonly state: number;
  /** Holds a Subscription Identifier, if anything. */
  readonly properties: Uint8Array;
}

export interface MosquittoSubscription {
  readonly clientId: string;
  readonly topicFilter: string;
  readonly qos: number;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly identifier: number;
}

export interface MosquittoDatabase {
  readonly version: number;
  readonly clients: readonly MosquittoClient[];
  readonly messages: readonly MosquittoMessage[];
  /** In the order in which they are to be sent. */
  readonly clientMessages: readonly MosquittoClientMessage[];
  readonly subscriptions: readonly MosquittoSubscription[];
  /** Numbers of messages. */
  readonly retained: readonly bigint[];
}

/** Says at which byte of the file, and what is wrong there. */
export class MosquittoDbError extends Error {
  override readonly name = "MosquittoDbError";
}

/**
 * Reads the bytes of a mosquitto.db.
 * @throws {MosquittoDbError}
 */
export function readMosquittoDb(bytes: Uint8Array): MosquittoDatabase {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.length < HEADER || !file.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new MosquittoDbError("it is no mosquitto.db: it does not begin as one");
  }
  const version = file.readUInt32BE(MAGIC.length + 4);
  if (version !== 5 && version !== 6) {
    throw new MosquittoDbError(
      `it has version ${version}; 5 (Mosquitto 1.6) and 6 (2.0 and 2.1) can be read. Let a newer Mosquitto load it ` +
        "and save it again",
    );
  }
  return readChunks(file, version);
}

function readChunks(file: Buffer, version: 5 | 6): MosquittoDatabase {
  const clients: MosquittoClient[] = [];
  const messages: MosquittoMessage[] = [];
  const clientMessages: MosquittoClientMessage[] = [];
  const subscriptions: MosquittoSubscription[] = [];
  const retained: bigint[] = [];
  let hasConfig = false;
  for (let at = HEADER; at < file.length;) {
    if (at + CHUNK_HEADER > file.length) throw cutOff(at);
    const type = file.readUInt32BE(at);
    const length = file.readUInt32BE(at + 4);
    const fields = new Fields(file, at + CHUNK_HEADER, length);
    switch (type) {
      case Chunk.Config:
        readConfig(fields);
        hasConfig = true;
        break;
      case Chunk.Client:
        clients.push(readClient(fields, version));
        break;
      case Chunk.Message:
        messages.push(readMessage(fields));
        break;
      case Chunk.ClientMessage:
        clientMessages.push(readClientMessage(fields));
        break;
      case Chunk.Subscription:
        subscriptions.push(readSubscription(fields));
        break;
      case Chunk.Retained:
        retained.push(fields.uint64());
        break;
      default:
        throw new MosquittoDbError(`at byte ${at} begins a chunk of the unknown type ${type}`);
    }
    at += CHUNK_HEADER + length;
  }
  if (!hasConfig) {
    throw new MosquittoDbError(`it ends at byte ${file.length}, before anything is said`);
  }
  return { version, clients, messages, clientMessages, subscriptions, retained };
}

function readConfig(fields: Fields): void {
  fields.uint64(); // last number of a message
  fields.uint8(); // whether it was saved at the end
  const idLength = fields.uint8();
  if (idLength !== 8) {
    throw new MosquittoDbError(`its numbers of messages have ${idLength} bytes in place of 8`);
  }
}

function readClient(fields: Fields, version: 5 | 6): MosquittoClient {
  const expiresAt = Number(fields.uint64());
  const expiryInterval = fields.uint32();
  const lastPacketId = fields.uint16();
  const idLength = fields.uint16();
  const port = version === 6 ? fields.uint16() : 0;
  const nameLength = version === 6 ? fields.uint16() : 0;
  fields.skip(fields.left - idLength - nameLength); // what C adds, so that the next structure lies even
  return {
    clientId: fields.text(idLength),
    userName: userNameIn(fields.bytes(nameLength)),
    expiresAt,
    expiryInterval,
    lastPacketId,
    port,
  };
}

/**
 * Mosquitto 2.0 writes a Client that has no user name with the name of the one before, and its length with the bytes
 * swapped: what stood in memory behind the name follows it into the file.
 */
function userNameIn(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0 || bytes.includes(0) || !isUtf8(bytes)) return undefined;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function readMessage(fields: Fields): MosquittoMessage {
  const id = fields.uint64();
  const expiresAt = Number(fields.uint64());
  const payloadLength = fields.uint32();
  fields.uint16(); // the Packet Identifier that it came with
  const sourceLength = fields.uint16();
  const nameLength = fields.uint16();
  const topicLength = fields.uint16();
  const sourcePort = fields.uint16();
  const qos = fields.uint8();
  const retain = fields.uint8() !== 0;
  return {
    id,
    expiresAt,
    qos,
    retain,
    sourcePort,
    sourceClientId: sourceLength === 0 ? undefined : fields.text(sourceLength),
    sourceUserName: nameLength === 0 ? undefined : fields.text(nameLength),
    topicName: fields.text(topicLength),
    payload: fields.bytes(payloadLength),
    properties: fields.bytes(fields.left),
  };
}

function readClientMessage(fields: Fields): MosquittoClientMessage {
  const message = fields.uint64();
  const packetId = fields.uint16();
  const idLength = fields.uint16();
  const qos = fields.uint8();
  const state = fields.uint8();
  const retain = fields.uint8() >> 4 !== 0; // and DUP below
  const isOutgoing = fields.uint8() === 1;
  const clientId = fields.text(idLength);
  const properties = fields.bytes(fields.left);
  return { clientId, message, packetId, qos, retain, isOutgoing, state, properties };
}

function readSubscription(fields: Fields): MosquittoSubscription {
  const identifier = fields.uint32();
  const idLength = fields.uint16();
  const topicLength = fields.uint16();
  const qos = fields.uint8();
  const options = fields.uint8();
  fields.skip(fields.left - idLength - topicLength);
  return {
    clientId: fields.text(idLength),
    topicFilter: fields.text(topicLength),
    qos,
    noLocal: (options & 4) !== 0,
    retainAsPublished: (options & 8) !== 0,
    identifier,
  };
}

/** The fields of a chunk, one after the other. */
class Fields {
  readonly #file: Buffer;
  readonly #end: number;
  #at: number;

  constructor(file: Buffer, at: number, length: number) {
    if (at + length > file.length) throw cutOff(at - CHUNK_HEADER);
    this.#file = file;
    this.#at = at;
    this.#end = at + length;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  uint8(): number {
    return this.#file.readUInt8(this.skip(1));
  }

  uint16(): number {
    return this.#file.readUInt16BE(this.skip(2));
  }

  uint32(): number {
    return this.#file.readUInt32BE(this.skip(4));
  }

  uint64(): bigint {
    return this.#file.readBigUInt64LE(this.skip(8));
  }

  text(length: number): string {
    const at = this.#at;
    const bytes = this.bytes(length);
    if (!isUtf8(bytes)) throw new MosquittoDbError(`at byte ${at} stands a text that is not UTF-8`);
    return this.#file.toString("utf8", at, at + length);
  }

  bytes(length: number): Uint8Array {
    const at = this.skip(length);
    return this.#file.subarray(at, at + length);
  }

  /** @returns where the skipped bytes begin. */
  skip(length: number): number {
    if (length < 0 || length > this.left) {
      throw new MosquittoDbError(`at byte ${this.#at} a chunk is shorter than what it should hold`);
    }
    const at = this.#at;
    this.#at += length;
    return at;
  }
}

function cutOff(at: number): MosquittoDbError {
  return new MosquittoDbError(`it is cut off within the chunk that begins at byte ${at}`);
}
