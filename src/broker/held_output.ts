// HeldOutput: what one Client may be told only when it is stored. In order: what stands behind something
// that waits, waits too, so that acknowledgements leave in the order of what they acknowledge [MQTT-4.6.0-2].

import { PacketType } from "../packet/packet_type.ts";
import type { ReasonCode } from "../packet/reason_code.ts";
import type { Connection } from "./connection.ts";
import type { Unit, UnitWaiter } from "./journal.ts";

const PUBACK = PacketType.Puback << 4;
/** In place of an acknowledgement. */
const THEN = 0;
/** So many that are done are not worth a copy of the rest. */
const KEPT_DONE = 32;
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

/** Calls `then` once `unit` is stored, or `otherwise` if the connection ends before. */
export function whenStored(
  connection: Connection,
  unit: Unit | undefined,
  then: () => void,
  otherwise: () => void = () => {},
): void {
  const { held } = connection.state;
  if (unit === undefined && (held === undefined || held.isEmpty)) return then();
  heldOutputOf(connection).whenStored(unit, then, otherwise);
}

function heldOutputOf(connection: Connection): HeldOutput {
  return connection.state.held ??= new HeldOutput(connection);
}

export class HeldOutput implements UnitWaiter {
  /** PUBACKs that wait. */
  pubacks = 0;
  readonly #connection: Connection;
  // Side by side, for there may be thousands, and many a second: what each waits for, and an acknowledgement
  // without Properties (first byte, Packet Identifier, Reason Code) or THEN.
  #units: (Unit | undefined)[] = [];
  #acknowledgements: number[] = [];
  #first = 0;
  /** What is to be done for each THEN, in their order. */
  readonly #thens: { readonly then: () => void; readonly otherwise: () => void }[] = [];
  #holdsClient = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get isEmpty(): boolean {
    return this.#first === this.#units.length;
  }

  sendAck(
    unit: Unit | undefined,
    firstByte: number,
    packetId: number,
    reasonCode: ReasonCode,
  ): void {
    if (firstByte === PUBACK) this.pubacks++;
    this.#add(unit, firstByte << 24 | packetId << 8 | reasonCode);
  }

  whenStored(unit: Unit | undefined, then: () => void, otherwise: () => void): void {
    this.#thens.push({ then, otherwise });
    this.#add(unit, THEN);
  }

  /** The connection has ended. */
  abandon(): void {
    for (const { otherwise } of this.#thens.splice(0)) otherwise();
  }

  /** Sends what waits no longer. */
  unitDone(): void {
    const connection = this.#connection;
    while (this.#first < this.#units.length && connection.isConnected) {
      const unit = this.#units[this.#first];
      if (unit !== undefined && !unit.isDone) break;
      const acknowledgement = this.#acknowledgements[this.#first]!;
      this.#first++;
      if (acknowledgement === THEN) {
        this.#thens.shift()!.then();
        continue;
      }
      const firstByte = acknowledgement >>> 24;
      if (firstByte === PUBACK) this.pubacks--;
      const reasonCode = (acknowledgement & 0xff) as ReasonCode;
      connection.sendAck(firstByte, acknowledgement >>> 8 & 0xffff, reasonCode);
    }
    if (this.#holdsClient && this.#units.length - this.#first < MAX_WAITING / 2) {
      this.#holdsClient = false;
      connection.resumeReading();
    }
    if (this.#first < KEPT_DONE || this.#first * 2 < this.#units.length) return;
    this.#units = this.#units.slice(this.#first); // half of it is gone: constant cost on average
    this.#acknowledgements = this.#acknowledgements.slice(this.#first);
    this.#first = 0;
  }

  #add(unit: Unit | undefined, acknowledgement: number): void {
    this.#units.push(unit);
    this.#acknowledgements.push(acknowledgement);
    const { journal } = this.#connection.parts;
    if (journal.isCongested) journal.holdBack(this.#connection);
    if (!this.#holdsClient && this.#units.length - this.#first > MAX_WAITING) {
      this.#holdsClient = true;
      this.#connection.pauseReading();
    }
    const tellsAlready = unit === this.#units.at(-2); // the acknowledgement before it waits for the same
    if (unit !== undefined && !unit.isDone && !tellsAlready) unit.tell(this);
    if (this.#units.length === this.#first + 1) this.unitDone();
  }
}
