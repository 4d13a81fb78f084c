// SimulatedLink: one Network Connection between a simulated client and the broker, with everything that
// happens to them: latency, bytes in chunks of any size, writes that complete late and in parts, ends that
// are noticed late or never.
//
//   client.send --> [ toServer ] --chunk--> Connection.receive
//   client.onBytes <--chunk-- [ toClient, as much as a socket buffer holds ] <--parts-- Link.write
//
// It behaves as Channel does: a pause lets a read that is under way end; after `close` the broker hears no
// more; a graceful close lets the client have what was written.

import type { Connection } from "../../src/broker/connection.ts";
import type { Link } from "../../src/broker/ports.ts";
import { ByteQueue } from "./byte_queue.ts";
import type { Random } from "./random.ts";
import type { Planned, Scheduler } from "./scheduler.ts";

const SPOILT = 0xa5;

/** Where links live. */
export interface NetworkHost {
  /** True when nothing breaks any more. */
  readonly isCalm: boolean;
  readonly scheduler: Scheduler;
  /** A connection to the broker; undefined if it takes none. */
  accept(link: Link): Connection | undefined;
  /** Runs a call into the broker, and the flush that it asked for. */
  enter<T>(call: () => T): T;
  log(text: string): void;
  fail(text: string): never;
}

/** The client's end. */
export interface LinkClient {
  onBytes(bytes: Uint8Array): void;
  /** The connection is over, as far as the client can see. */
  onEnd(): void;
}

/** Sees everything that passes the broker's end. */
export interface LinkObserver {
  onReceived(bytes: Uint8Array): void;
  onWritten(bytes: Uint8Array): void;
  /** The broker has no more to do with the link. */
  onBrokerDone(byBroker: boolean): void;
}

export interface LinkConditions {
  /** The longest that anything takes. */
  readonly latencyMs: number;
  /** Most bytes of a chunk. */
  readonly chunkBytes: number;
  /** Bytes that the broker can write without anybody reading. */
  readonly socketBytes: number;
}

/** How a connection breaks. Infinity: that side never notices. */
export interface Loss {
  readonly brokerNoticesMs: number;
  readonly clientNoticesMs: number;
}

export class SimulatedLink implements Link {
  readonly remoteAddress: string;
  readonly listener = "port 1883";
  readonly certifiedUserName = undefined;
  readonly #host: NetworkHost;
  readonly #random: Random;
  readonly #conditions: LinkConditions;
  readonly #client: LinkClient;
  readonly #observer: LinkObserver;
  #connection: Connection | undefined = undefined;
  readonly #toServer = new ByteQueue();
  readonly #toClient = new ByteQueue();
  #isPaused = false;
  #read: Planned | undefined = undefined;
  #clientRead: Planned | undefined = undefined;
  #takesPart: Planned | undefined = undefined;
  /** What the broker writes, as it was when it asked. */
  #writing: { readonly bytes: Uint8Array; readonly asGiven: Uint8Array; taken: number } | undefined;
  /** The client has closed: behind its last byte comes the end. */
  #isClientDone = false;
  #isBrokerDone = false;
  #isLost = false;
  #lostBytes = 0;
  #clientHasEnd = false;
  #clientReads = true;

  constructor(
    host: NetworkHost,
    name: string,
    random: Random,
    conditions: LinkConditions,
    client: LinkClient,
    observer: LinkObserver,
  ) {
    this.#host = host;
    this.remoteAddress = name;
    this.#random = random;
    this.#conditions = conditions;
    this.#client = client;
    this.#observer = observer;
    this.#connection = host.accept(this);
    if (this.#connection === undefined) this.#endByBroker();
  }

  /** True when nothing is under way in either direction. */
  get isQuiet(): boolean {
    if (this.#isBrokerDone) return true;
    return this.#toServer.length === 0 && this.#toClient.length === 0 &&
      this.#writing === undefined && !this.#isLost;
  }

  /** True if nothing gets through any more, whether or not anybody has noticed. */
  get isBroken(): boolean {
    return this.#isLost || this.#isBrokerDone;
  }

  /** What is under way, for a failure. */
  get state(): string {
    const written = this.#writing === undefined ? "" : ", a write is under way";
    return `${this.remoteAddress}: ${this.#toServer.length} bytes to the broker` +
      `${this.#isPaused ? ", which does not read" : ""}, ${this.#toClient.length} to the client` +
      `${this.#clientReads ? "" : ", which does not read"}${written}${
        this.#isLost ? ", lost" : ""
      }`;
  }

  get isBrokerDone(): boolean {
    return this.#isBrokerDone;
  }

  // ------------------------------------------------------------------------------- the client's side

  send(bytes: Uint8Array): void {
    if (this.#isLost || this.#isBrokerDone || this.#isClientDone) return;
    this.#toServer.push(bytes);
    this.#planRead();
  }

  /** Whether the client reads what the broker sends. */
  set clientReads(value: boolean) {
    this.#clientReads = value;
    if (value) this.#planClientRead();
  }

  /** The client closes; what it sent still arrives. */
  hangUp(): void {
    this.#isClientDone = true;
    this.#clientHasEnd = true;
    this.#planRead();
  }

  /** The network breaks. Of what is under way, some may still arrive. */
  lose(loss: Loss): void {
    if (this.#isLost) return;
    this.#host.log(
      `${this.remoteAddress} breaks: broker sees it after ${loss.brokerNoticesMs}, client after ${loss.clientNoticesMs}`,
    );
    this.#isLost = true;
    this.#toServer.truncate(this.#random.integer(0, this.#toServer.length));
    this.#toClient.truncate(this.#random.integer(0, this.#toClient.length));
    if (loss.brokerNoticesMs !== Infinity) this.#after(loss.brokerNoticesMs, () => this.#break());
    if (loss.clientNoticesMs !== Infinity) {
      this.#after(loss.clientNoticesMs, () => this.#endClient());
    }
  }

  /** The broker's process is gone: what it had written may still arrive, then comes the end, if it comes. */
  die(): void {
    if (this.#isBrokerDone) return;
    if (this.#random.chance(0.3)) {
      this.#toClient.truncate(this.#random.integer(0, this.#toClient.length));
    }
    this.#finishBroker(false);
    this.#planClientRead();
  }

  // ----------------------------------------------------------------------- Link: the broker's side

  write(bytes: Uint8Array): void {
    if (this.#isBrokerDone) return this.#host.fail(`${this.remoteAddress}: a write after the end`);
    if (this.#writing !== undefined) {
      this.#host.fail(`${this.remoteAddress}: a second write while one is under way`);
    }
    if (bytes.length === 0) this.#host.fail(`${this.remoteAddress}: a write of nothing`);
    this.#observer.onWritten(bytes);
    this.#writing = { bytes, asGiven: bytes.slice(), taken: 0 };
    this.#planPart();
    // Writing to a client that has closed is answered with a reset, sooner or later.
    if (this.#isClientDone && !this.#host.isCalm && this.#random.chance(0.5)) {
      this.#after(this.#latency(), () => this.#break());
    }
  }

  pauseReading(): void {
    this.#host.log(`${this.remoteAddress} is not read`);
    this.#isPaused = true; // a read that is under way may end
  }

  resumeReading(): void {
    this.#host.log(`${this.remoteAddress} is read again`);
    this.#isPaused = false;
    this.#planRead();
  }

  closeGracefully(_drainMs: number): void {
    this.#endByBroker();
  }

  close(): void {
    if (this.#random.chance(0.3)) this.#toClient.truncate(0); // a reset overtakes what was written
    this.#endByBroker();
  }

  // --------------------------------------------------------------------------- client to broker

  #planRead(): void {
    if (this.#read !== undefined || this.#isPaused || this.#isBrokerDone) return;
    if (this.#toServer.length === 0 && (!this.#isClientDone || this.#isLost)) return;
    this.#read = this.#after(this.#latency(), () => this.#readChunk());
  }

  #readChunk(): void {
    this.#read = undefined;
    if (this.#isBrokerDone) return;
    const chunk = this.#toServer.take(this.#chunkBytes(this.#toServer));
    if (chunk.length === 0) return this.#break();
    this.#observer.onReceived(chunk);
    const buffer = new Uint8Array(chunk.length + 8);
    buffer.set(chunk);
    buffer.fill(SPOILT, chunk.length);
    this.#enter((connection, nowMs) => connection.receive(buffer, chunk.length, nowMs));
    buffer.fill(SPOILT); // whoever kept a view will show it
    this.#planRead();
  }

  /** The broker learns that the connection is over. */
  #break(): void {
    if (this.#isBrokerDone) return;
    this.#finishBroker(false);
    this.#enter((connection, nowMs) => connection.closed(nowMs));
  }

  // --------------------------------------------------------------------------- broker to client

  #planPart(): void {
    if (this.#writing === undefined || this.#takesPart !== undefined || this.#isBrokerDone) return;
    this.#takesPart = this.#after(this.#latency() / 2, () => this.#takePart());
  }

  /** Some of what the broker writes fits into the socket buffer. */
  #takePart(): void {
    this.#takesPart = undefined;
    const writing = this.#writing;
    if (writing === undefined || this.#isBrokerDone) return;
    const room = this.#conditions.socketBytes - this.#toClient.length - this.#lostBytes;
    if (room <= 0) return; // goes on when the client has read
    const left = writing.bytes.length - writing.taken;
    const count = this.#random.chance(0.7)
      ? Math.min(left, room)
      : this.#random.integer(1, Math.min(left, room));
    const part = writing.bytes.slice(writing.taken, writing.taken + count);
    for (let i = 0; i < count; i++) {
      if (part[i] === writing.asGiven[writing.taken + i]) continue;
      this.#host.fail(`${this.remoteAddress}: bytes changed while they were being written`);
    }
    writing.taken += count;
    if (this.#isLost) this.#lostBytes += part.length; // they stay where nobody reads them
    else this.#toClient.push(part);
    this.#planClientRead();
    if (writing.taken < writing.bytes.length) {
      this.#enter((connection) => connection.progressed());
      return this.#planPart();
    }
    this.#writing = undefined;
    this.#enter((connection) => connection.written());
  }

  #planClientRead(): void {
    if (this.#clientRead !== undefined || !this.#clientReads) return;
    if (this.#isLost && this.#toClient.length === 0) return; // nobody is there to say that it is over
    if (this.#toClient.length === 0 && !this.#isBrokerDone) return;
    this.#clientRead = this.#after(this.#latency(), () => this.#readByClient());
  }

  #readByClient(): void {
    this.#clientRead = undefined;
    if (!this.#clientReads) return;
    const chunk = this.#toClient.take(this.#chunkBytes(this.#toClient));
    if (chunk.length === 0) {
      if (this.#isBrokerDone) this.#endClient();
      return;
    }
    if (!this.#isLost) this.#planPart();
    if (!this.#clientHasEnd) this.#client.onBytes(chunk);
    this.#planClientRead();
  }

  #endClient(): void {
    if (this.#clientHasEnd) return;
    this.#clientHasEnd = true;
    this.#client.onEnd();
  }

  // ------------------------------------------------------------------------------------- helpers

  #endByBroker(): void {
    if (this.#isBrokerDone) this.#host.fail(`${this.remoteAddress}: closed twice`);
    this.#host.log(`${this.remoteAddress} is closed by the broker`);
    this.#finishBroker(true);
    this.#planClientRead();
  }

  #finishBroker(byBroker: boolean): void {
    this.#isBrokerDone = true;
    this.#writing = undefined;
    // What the broker does because of the end has happened when the event is over.
    this.#host.scheduler.after(0, () => this.#observer.onBrokerDone(byBroker));
  }

  #enter(call: (connection: Connection, nowMs: number) => void): void {
    this.#host.enter(() => call(this.#connection!, this.#host.scheduler.nowMs));
  }

  #after(delayMs: number, run: () => void): Planned {
    return this.#host.scheduler.after(delayMs, run);
  }

  #latency(): number {
    const { latencyMs } = this.#conditions;
    return this.#random.skewed(0, this.#host.isCalm ? Math.min(latencyMs, 5) : latencyMs);
  }

  #chunkBytes(queue: ByteQueue): number {
    if (this.#random.chance(0.3)) return queue.length;
    return this.#random.integer(1, Math.max(this.#conditions.chunkBytes, queue.length >> 3));
  }
}
