// OutboundWindow: the QoS 1 and 2 exchanges that this side began and the Client has not completed
// (MQTT 5.0, sections 4.3 and 4.9), by Packet Identifier, in the order they were begun.
//
//   Send --PUBLISH--> Puback --PUBACK--> done                          QoS 1
//   Send --PUBLISH--> Pubrec --PUBREC, PUBREL--> Pubcomp --PUBCOMP--> done   QoS 2

import { MqttError } from "../packet/mqtt_error.ts";
import { ReasonCode } from "../packet/reason_code.ts";
import { Awaiting, type Delivery } from "./delivery.ts";
import type { StoredBytes } from "./stored_bytes.ts";

const MAX_PACKET_ID = 0xffff;

export class OutboundWindow {
  /** How many exchanges may be open over one connection: Receive Maximum, and what the broker allows. */
  limit: number;
  /** Made when first needed: an idle connection has none. */
  #deliveries: Map<number, Delivery> | undefined = undefined;
  #lastPacketId = 0;
  /** Exchanges that occupy a place over the connection that there is now. */
  #occupied = 0;
  /** Sum of the payloads in them. */
  #bytes = 0;
  readonly #maximumBytes: number;
  readonly #storedBytes: StoredBytes;
  /** Whether there is no connection, so that the messages wait for the next one. */
  #isWaiting = true;

  /**
   * @param storedBytes of all Sessions, which those that wait here for a connection are added to.
   * @param maximumBytes that the payloads under way may have; 0: no limit.
   */
  constructor(limit: number, storedBytes: StoredBytes, maximumBytes: number = 0) {
    this.limit = limit;
    this.#storedBytes = storedBytes;
    this.#maximumBytes = maximumBytes;
  }

  get hasRoom(): boolean {
    return this.#occupied < this.limit &&
      (this.#maximumBytes === 0 || this.#bytes < this.#maximumBytes);
  }

  /** Number of exchanges that are not complete, over this connection or an earlier one. */
  get size(): number {
    return this.#deliveries?.size ?? 0;
  }

  /** The next Packet Identifier that is not in use [MQTT-2.2.1-4]; it counts as used from now on. */
  takePacketId(): number {
    let id = this.#lastPacketId;
    do id = id === MAX_PACKET_ID ? 1 : id + 1; while (this.#deliveries?.has(id));
    this.#lastPacketId = id;
    return id;
  }

  /** Opens an exchange: its PUBLISH is sent over this connection. */
  open(delivery: Delivery, packetId: number): void {
    delivery.packetId = packetId;
    delivery.awaiting = delivery.qos === 1 ? Awaiting.Puback : Awaiting.Pubrec;
    delivery.record?.changed(delivery);
    (this.#deliveries ??= new Map()).set(packetId, delivery);
    this.occupy(delivery);
  }

  /** Counts an exchange that is taken up again over this connection. */
  occupy(delivery: Delivery): void {
    delivery.sentHere = true;
    this.#occupied++;
    this.#bytes += delivery.message.payloadLength;
  }

  /**
   * PUBACK from the Client.
   * @returns whether an exchange ended; false for a Packet Identifier that is not in use.
   * @throws {MqttError} 0x82 if the exchange does not wait for a PUBACK.
   */
  acknowledge(packetId: number): boolean {
    const delivery = this.#expect(packetId, "PUBACK", Awaiting.Puback);
    if (delivery !== undefined) this.#close(delivery);
    return delivery !== undefined;
  }

  /**
   * PUBREC from the Client. A Reason Code of 0x80 or above ends the exchange [MQTT-4.3.3-3].
   * @returns what to do: answer with PUBREL, or nothing but fill the place that is free.
   * @throws {MqttError} 0x82 if the exchange is not one of QoS 2.
   */
  receive(packetId: number, reasonCode: ReasonCode): "answer with PUBREL" | "ended" {
    const delivery = this.#expect(packetId, "PUBREC", Awaiting.Pubrec, Awaiting.Pubcomp);
    if (reasonCode < 0x80) {
      if (delivery !== undefined && delivery.awaiting !== Awaiting.Pubcomp) {
        delivery.awaiting = Awaiting.Pubcomp;
        delivery.record?.changed(delivery);
      }
      return "answer with PUBREL"; // also for an unknown one, so that the Client can let go of it
    }
    if (delivery !== undefined) this.#close(delivery);
    return "ended";
  }

  /**
   * PUBCOMP from the Client.
   * @returns whether an exchange ended.
   * @throws {MqttError} 0x82 if the exchange does not wait for a PUBCOMP.
   */
  complete(packetId: number): boolean {
    const delivery = this.#expect(packetId, "PUBCOMP", Awaiting.Pubcomp);
    if (delivery !== undefined) this.#close(delivery);
    return delivery !== undefined;
  }

  /** Ends an exchange without its acknowledgement. */
  drop(delivery: Delivery): void {
    this.#close(delivery);
  }

  /** True as long as `delivery` is an open exchange. */
  has(delivery: Delivery): boolean {
    return this.#deliveries?.get(delivery.packetId) === delivery;
  }

  /** Takes up an exchange that was open before the broker started again, and waits now. */
  restore(delivery: Delivery): void {
    (this.#deliveries ??= new Map()).set(delivery.packetId, delivery);
    this.#storedBytes.take(delivery.message);
  }

  /**
   * The receiver has lost what it knew: what it took and was not yet told to pass on is sent again. What it did pass
   * on, its PUBCOMP being lost as well, comes to it twice.
   */
  doubtReceived(): void {
    for (const delivery of this.#deliveries?.values() ?? []) {
      if (delivery.awaiting !== Awaiting.Pubcomp) continue;
      delivery.awaiting = Awaiting.Pubrec;
      delivery.record?.changed(delivery);
    }
  }

  /** The Packet Identifier that was taken last. */
  get lastPacketId(): number {
    return this.#lastPacketId;
  }

  set lastPacketId(packetId: number) {
    this.#lastPacketId = packetId;
  }

  /** There is a connection, for which {@link limit} is `limit`: what waited for it is under way. */
  connect(limit: number): void {
    this.limit = limit;
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    for (const { message } of this.#deliveries?.values() ?? []) this.#storedBytes.release(message);
  }

  /** The connection is gone: nothing occupies a place until it is taken up again. */
  disconnect(): void {
    this.#occupied = 0;
    this.#bytes = 0;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    for (const delivery of this.#deliveries?.values() ?? []) {
      delivery.sentHere = false;
      this.#storedBytes.take(delivery.message);
    }
  }

  /** The open exchanges in the order they were begun. */
  deliveries(): Delivery[] {
    return [...this.#deliveries?.values() ?? []];
  }

  #expect(
    packetId: number,
    packetName: string,
    state: Awaiting,
    otherState: Awaiting = state,
  ): Delivery | undefined {
    const delivery = this.#deliveries?.get(packetId);
    if (delivery === undefined) return undefined;
    if (delivery.awaiting !== state && delivery.awaiting !== otherState) {
      throw new MqttError(
        ReasonCode.ProtocolError,
        `${packetName} for Packet Identifier ${packetId} out of order`,
      );
    }
    return delivery;
  }

  #close(delivery: Delivery): void {
    delivery.record?.closed(delivery);
    this.remove(delivery);
  }

  /** Takes out an exchange that is not over: another Session takes it up. */
  remove(delivery: Delivery): void {
    if (delivery.sentHere) {
      this.#occupied--;
      this.#bytes -= delivery.message.payloadLength;
    } else if (this.#isWaiting) {
      this.#storedBytes.release(delivery.message);
    }
    this.#deliveries!.delete(delivery.packetId);
  }
}
