import type { ProtocolVersion } from "./packet_type.ts";
import type { ReasonCode } from "./reason_code.ts";

/**
 * The peer broke the protocol. `reasonCode` is what it is told (MQTT 5.0, section 4.13), `message`
 * what the log says. Our own mistakes are never an `MqttError`.
 */
export class MqttError extends Error {
  override readonly name = "MqttError";
  readonly reasonCode: ReasonCode;
  /** The version in whose form a broken CONNECT is answered; undefined where none could be read. */
  readonly connectVersion: ProtocolVersion | undefined;

  constructor(reasonCode: ReasonCode, message: string, connectVersion?: ProtocolVersion) {
    super(message);
    this.reasonCode = reasonCode;
    this.connectVersion = connectVersion;
  }
}
