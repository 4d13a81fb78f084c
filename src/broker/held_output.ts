// HeldOutput: what one Client may be told only when it is stored. In order: what stands behind something
// that waits, waits too, so that acknowledgements leave in the order of what they acknowledge [MQTT-4.6.0-2].

import { PacketType } from "../packet/packet_type.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import type { Connection } from "./connection.ts";
import type { Unit } from "./journal.ts";

/** An acknowledgement without Properties, or something else to do. */
interface Held {
  readonly unit: Unit | undefined;
  readonly firstByte: number;
  readonly packetId: number;
  readonly reasonCode: ReasonCode;
  readonly then: (() => void) | undefined;
}

const PUBACK = PacketType.Puback << 4;
/** From so many things that wait on, the Client is not read until half of them are done. */
const MAX_WAITING = 10_000;

/** Sends a PUBACK, PUBREC, PUBREL or PUBCOMP once `unit` is stored: at once if there is nothing to wait for. */
export function acknowledge(
  connection: Connection,
  unit: Unit | undefined,
  firstByte: number,
  packetId: number,
  reasonCode: ReasonCode,
): void {
  const { held } = connection.state;
  if (unit === undefined && (held === undefined || held.isEmpty)) {
    return connection.sendAck(firstByte, packetId, reasonCode);
  }
  heldOutputOf(connection).sendAck(unit, firstByte, packetId, reasonCode);
}

/** Calls `then` once `unit` is stored, unless the connection has ended by then. */
export function whenStored(connection: Connection, unit: Unit | undefined, then: () => void): void {
  const { held } = connection.state;
  if (unit === undefined && (held === undefined || held.isEmpty)) return then();
  heldOutputOf(connection).whenStored(unit, then);
}

function heldOutputOf(connection: Connection): HeldOutput {
  return connection.state.held ??= new HeldOutput(connection);
}

export class HeldOutput {
  /** PUBACKs that wait. */
  pubacks = 0;
  readonly #connection: Connection;
  #waiting: Held[] = [];
  #first = 0;
  #holdsClient = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get isEmpty(): boolean {
    return this.#first === this.#waiting.length;
  }

  sendAck(
    unit: Unit | undefined,
    firstByte: number,
    packetId: number,
    reasonCode: ReasonCode,
  ): void {
    if (firstByte === PUBACK) this.pubacks++;
    this.#add({ unit, firstByte, packetId, reasonCode, then: undefined });
  }

  whenStored(unit: Unit | undefined, then: () => void): void {
    this.#add({ unit, firstByte: 0, packetId: 0, reasonCode: ReasonCode.Success, then });
  }

  /** Sends what waits no longer. */
  unitDone(): void {
    const connection = this.#connection;
    while (this.#first < this.#waiting.length && connection.isConnected) {
      const { unit, firstByte, packetId, reasonCode, then } = this.#waiting[this.#first]!;
      if (unit !== undefined && !unit.isDone) break;
      this.#first++;
      if (firstByte === PUBACK) this.pubacks--;
      if (then === undefined) connection.sendAck(firstByte, packetId, reasonCode);
      else then();
    }
    if (this.#holdsClient && this.#waiting.length - this.#first < MAX_WAITING / 2) {
      this.#holdsClient = false;
      connection.resumeReading();
    }
    if (this.#first * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#first); // half of it is gone: constant cost on average
    this.#first = 0;
  }

  #add(held: Held): void {
    this.#waiting.push(held);
    const { journal } = this.#connection.parts;
    if (journal.isCongested) journal.holdBack(this.#connection);
    if (!this.#holdsClient && this.#waiting.length - this.#first > MAX_WAITING) {
      this.#holdsClient = true;
      this.#connection.pauseReading();
    }
    if (held.unit !== undefined && !held.unit.isDone) held.unit.waiter = this;
    if (this.#waiting.length === this.#first + 1) this.unitDone();
  }
}
