// PathMark: a User Property by which a broker knows a message that was here before, however many brokers it
// has gone through since: bridges in a ring would carry it round for ever. MQTT 3 has no place for it.
//
// What goes out over a bridge is marked with this broker, what comes in with the remote one, if that says who it
// is: midge does, in the CONNACK for a CONNECT with such a User Property. What is marked with this broker has gone
// out before, and neither comes in nor goes out again; nor does anything go to a broker that it is marked with.
// What came in over a bridge may go out over another one: so it is marked in a way that only stops it from coming
// in a second time.

import { Buffer } from "node:buffer";
import { ByteWriter } from "../packet/byte_writer.ts";
import { PATH_PROPERTY, PropertyId } from "../packet/properties.ts";

/** Which brokers a message came through, as this broker sees it. */
export class PathMarks {
  readonly #out: PathMark;
  readonly #in: PathMark;

  /** @param brokerId tells this broker from all others; of ASCII. */
  constructor(brokerId: string) {
    this.#out = new PathMark(brokerId);
    this.#in = new PathMark(`${brokerId}.in`);
  }

  /** Whether a message with these encoded Properties goes to the broker of `remote`. */
  mayGoOut(properties: Uint8Array, remote: PathMark | undefined): boolean {
    return !this.#out.isIn(properties) && !remote?.isIn(properties);
  }

  /** Whether it comes in. */
  mayComeIn(properties: Uint8Array): boolean {
    return !this.#out.isIn(properties) && !this.#in.isIn(properties);
  }

  /** The Properties that it has on its way out. */
  outward(properties: Uint8Array): Uint8Array {
    return this.#out.addTo(properties);
  }

  /** The Properties that it has once it came in from the broker of `remote`. */
  inward(properties: Uint8Array, remote: PathMark | undefined): Uint8Array {
    return this.#in.addTo(remote?.addTo(properties) ?? properties);
  }
}

/** The User Property of one broker. */
export class PathMark {
  readonly #property: Buffer;

  constructor(brokerId: string) {
    const writer = new ByteWriter();
    writer.writeUint8(PropertyId.UserProperty);
    writer.writeString(PATH_PROPERTY);
    writer.writeString(brokerId);
    this.#property = Buffer.from(writer.view());
  }

  /** Whether the encoded Properties of a message say that it was here. */
  isIn(properties: Uint8Array): boolean {
    if (properties.length < this.#property.length) return false;
    const { buffer, byteOffset, length } = properties;
    return Buffer.from(buffer, byteOffset, length).includes(this.#property);
  }

  /** Encoded Properties with the mark behind them. */
  addTo(properties: Uint8Array): Uint8Array {
    if (this.isIn(properties)) return properties;
    return Buffer.concat([properties, this.#property]);
  }
}
