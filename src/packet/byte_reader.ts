// ByteReader: a cursor over the bytes of one Control Packet. Bounds are checked here and nowhere
// else; each read names the field it is for, so an error says what was cut short.

import { MqttError } from "./mqtt_error.ts";
import { ReasonCode } from "./reason_code.ts";
import { decodeUtf8 } from "./utf8.ts";

export class ByteReader {
  readonly bytes: Uint8Array;
  /** Offset of the next byte to read. */
  position: number;
  /** Offset behind the last byte that may be read. */
  end: number;

  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  readUint8(field: string): number {
    return this.bytes[this.#take(1, field)]!;
  }

  readUint16(field: string): number {
    const at = this.#take(2, field);
    return this.bytes[at]! << 8 | this.bytes[at + 1]!;
  }

  readUint32(field: string): number {
    const at = this.#take(4, field);
    const bytes = this.bytes;
    return bytes[at]! * 0x1000000 + (bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!);
  }

  /**
   * Reads a Variable Byte Integer (section 1.5.5).
   * @throws {MqttError} 0x81 if it is cut short, has a fifth byte, or is longer than it must be
   * [MQTT-1.5.5-1].
   */
  readVariableByteInteger(field: string): number {
    let value = 0;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.readUint8(field);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) throw malformed(`${field} is not minimally encoded`);
        return value;
      }
    }
    throw malformed(`${field} has more than four bytes`);
  }

  /**
   * Reads a Packet Identifier, which must not be zero [MQTT-2.2.1-3].
   * @throws {MqttError} `zeroIs` for a zero, 0x81 if it is cut short.
   */
  readPacketIdentifier(zeroIs: ReasonCode): number {
    const packetId = this.readUint16("Packet Identifier");
    if (packetId === 0) throw new MqttError(zeroIs, "Packet Identifier is 0");
    return packetId;
  }

  /** Reads Binary Data (section 1.5.6) as a view: valid as long as the underlying bytes are. */
  readBinary(field: string): Uint8Array {
    const length = this.readUint16(`length of ${field}`);
    const at = this.#take(length, field);
    return this.bytes.subarray(at, at + length);
  }

  /** Reads a UTF-8 Encoded String (section 1.5.4). */
  readString(field: string): string {
    const length = this.readUint16(`length of ${field}`);
    const at = this.#take(length, field);
    const text = decodeUtf8(this.bytes, at, at + length);
    if (text === undefined) throw malformed(`${field} is not valid UTF-8`);
    return text;
  }

  /** Everything that is left, as a view. */
  readRest(): Uint8Array {
    const rest = this.bytes.subarray(this.position, this.end);
    this.position = this.end;
    return rest;
  }

  /** A packet with bytes behind its last field is malformed. */
  expectEnd(packetName: string): void {
    if (this.position !== this.end) {
      throw malformed(`${packetName} has bytes behind its last field`);
    }
  }

  #take(length: number, field: string): number {
    const at = this.position;
    if (at + length > this.end) throw malformed(`${field} reaches past the end of the packet`);
    this.position = at + length;
    return at;
  }
}

/** An {@link MqttError} with Reason Code 0x81, Malformed Packet. */
export function malformed(message: string): MqttError {
  return new MqttError(ReasonCode.MalformedPacket, message);
}
