// PathMark: a User Property by which a broker knows a message that was here before, however many brokers it
// has gone through since: bridges in a ring would carry it round for ever. MQTT 3 has no place for it.

import { Buffer } from "node:buffer";
import { ByteWriter } from "../packet/byte_writer.ts";
import { PropertyId } from "../packet/properties.ts";

const NAME = "midge-path";

export class PathMark {
  readonly #property: Buffer;

  /** @param brokerId tells this broker from all others; of ASCII. */
  constructor(brokerId: string) {
    const writer = new ByteWriter();
    writer.writeUint8(PropertyId.UserProperty);
    writer.writeString(NAME);
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
