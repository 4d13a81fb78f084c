// SansIoBroker: a Broker without sockets, timers or randomness, for tests.
//
//   Peer.send --> [ inbox ] --> Connection --> [ write under way ] --> Peer.takeFrames
//                    | waits while the broker does not read     | waits while the peer takes nothing
//
// Time stands still but for `advance`. Everything else has happened when a call returns: flushes, and
// writes, which end one after the other as on a real socket. To find whoever keeps what is only lent,
// each chunk stands in a larger buffer that is spoilt once the broker has read it, and what the broker
// writes is looked at as late as allowed.

import { Broker, type BrokerOptions } from "../../src/broker/broker.ts";
import type { ListenerPolicy } from "../../src/broker/listener_policy.ts";
import type { Connection } from "../../src/broker/connection.ts";
import { DEADLINE_RESOLUTION_MS } from "../../src/broker/deadlines.ts";
import { StoreJournal } from "../../src/store/store_journal.ts";
import { RestoringReader } from "../../src/store/restore.ts";
import type { MemoryStore } from "./memory_store.ts";
import type { Link, LogLevel } from "../../src/broker/ports.ts";
import { encodePacket } from "../../src/packet/encode.ts";
import { PacketDecoder } from "../../src/packet/packet_decoder.ts";
import { PacketType, type ProtocolVersion } from "../../src/packet/packet_type.ts";
import type { Packet } from "../../src/packet/packets.ts";
import { TopicNameCache } from "../../src/packet/topic_name_cache.ts";

/** When the virtual clock starts: a whole number of everything that the broker does regularly. */
export const START_MS = Date.UTC(2026, 0, 1);
const SPOILT = 0xa5;

export interface SansIoBrokerOptions
  extends Partial<Pick<BrokerOptions, "limits" | "authenticator" | "authorizer">> {
  /** Milliseconds between two updates of `$SYS`; default 0: there is no `$SYS`. */
  readonly sysIntervalMs?: number;
  /** Default: false. */
  readonly logsDebug?: boolean;
  /** What outlives the broker; what is in it is taken up. Default: nothing. */
  readonly store?: MemoryStore;
  /** As StoreJournal's. */
  readonly relaxedMs?: number;
  /** As StoreJournal's. */
  readonly maxBatchBytes?: number;
}

export class SansIoBroker {
  readonly broker: Broker;
  /** What the broker logged. */
  readonly log: { readonly level: LogLevel; readonly text: string }[] = [];
  nowMs = START_MS;
  readonly #peers = new Set<Peer>();
  #flush: (() => void) | undefined = undefined;
  #uuids = 0;
  #connections = 0;
  readonly journal: StoreJournal | undefined;
  #journalFlush = false;
  #journalDueMs = Infinity;

  constructor(options: SansIoBrokerOptions = {}) {
    const { sysIntervalMs = 0, logsDebug = false, store, relaxedMs, maxBatchBytes, ...others } =
      options;
    this.journal = store && this.#journalFor(store, relaxedMs, maxBatchBytes);
    this.broker = new Broker({
      ports: {
        log: {
          isDebugEnabled: logsDebug,
          write: (level, text) => void this.log.push({ level, text }),
        },
        scheduleFlush: (flush) => this.#flush = flush,
        createUuid: () => `00000000-0000-4000-8000-${String(++this.#uuids).padStart(12, "0")}`,
        heapBytes: () => 1_000_000,
      },
      nowMs: this.nowMs,
      version: "test",
      sysIntervalMs,
      ...this.journal && { journal: this.journal },
      ...others,
    });
    if (this.journal !== undefined) {
      const restoration = this.broker.restore(() => this.broker.defaultPolicy);
      this.journal.continueFrom(store!.read(new RestoringReader(restoration, this.journal)));
      restoration.finish();
    }
    this.settle();
  }

  /**
   * A Network Connection to the broker.
   * @param version of the packets that go over it; a CONNECT that is sent as a packet says it itself.
   * @param policy of the listener it comes by; default: the broker's.
   * @returns a peer that has ended already if the broker took no further connection.
   */
  connect(version: ProtocolVersion = 5, policy: Partial<ListenerPolicy> = {}): Peer {
    const peer = new Peer(this, `peer:${++this.#connections}`, version);
    this.#peers.add(peer);
    const { defaultPolicy } = this.broker;
    peer.attach(this.broker.accept(peer, this.nowMs, { ...defaultPolicy, ...policy }));
    this.settle();
    return peer;
  }

  /** Lets time pass in steps as small as the broker's deadlines are exact. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs = Math.min(endMs, this.nowMs + DEADLINE_RESOLUTION_MS);
      this.broker.advance(this.nowMs);
      if (this.nowMs >= this.#journalDueMs) {
        this.#journalDueMs = Infinity;
        this.journal!.flush();
      }
      this.settle();
    }
  }

  /** Ends the broker as a server does. */
  stop(): void {
    this.broker.stop(this.nowMs);
    this.settle();
  }

  /** Flushes, ends writes and delivers input until nothing more happens. */
  settle(): void {
    for (let busy = true; busy;) {
      busy = this.#flush !== undefined;
      const flush = this.#flush;
      this.#flush = undefined;
      flush?.();
      if (this.#journalFlush) {
        busy = true;
        this.#journalFlush = false;
        this.journal!.flush();
      }
      for (const peer of this.#peers) {
        if (peer.progress()) busy = true;
        if (peer.end !== undefined) this.#peers.delete(peer);
      }
    }
  }

  #journalFor(
    store: MemoryStore,
    relaxedMs: number | undefined,
    maxBatchBytes: number | undefined,
  ): StoreJournal {
    return new StoreJournal({
      sink: store,
      clock: () => this.nowMs,
      scheduleFlush: () => this.#journalFlush = true,
      scheduleTimer: (delayMs) => this.#journalDueMs = this.nowMs + delayMs,
      relaxedMs,
      ...maxBatchBytes !== undefined && { maxBatchBytes },
    });
  }
}

/** How the broker ended a connection: after the peer had time to read, or without. */
export type End = "gracefully" | "at once";

export class Peer implements Link {
  readonly remoteAddress: string;
  readonly listener = "port 1883";
  readonly certifiedUserName = undefined;
  version: ProtocolVersion;
  /** False lets the broker's writes hang: a peer that does not read. Call `settle` when it is true again. */
  takesBytes = true;
  /** Bytes that each chunk has at most; the packets of one `send` are cut into chunks of this size. */
  chunkSize = Infinity;
  /** Undefined as long as the broker has not ended the connection. */
  end: End | undefined = undefined;
  readonly #owner: SansIoBroker;
  #connection: Connection | undefined = undefined;
  #isPaused = false;
  #isClosing = false;
  readonly #inbox: Uint8Array[] = [];
  #writing: Uint8Array | undefined = undefined;
  #received: Uint8Array = new Uint8Array(0);

  constructor(owner: SansIoBroker, remoteAddress: string, version: ProtocolVersion) {
    this.#owner = owner;
    this.remoteAddress = remoteAddress;
    this.version = version;
  }

  // ------------------------------------------------------------------------------- the client's side

  /** Sends packets, or bytes as they are, in one go. */
  send(...packets: (Packet | Uint8Array)[]): void {
    const bytes = concat(packets.map((packet) => {
      if (packet instanceof Uint8Array) return packet;
      if (packet.type === PacketType.Connect) this.version = packet.version;
      return encodePacket(packet, this.version);
    }));
    for (let at = 0; at < bytes.length; at += this.chunkSize) {
      this.#inbox.push(bytes.slice(at, Math.min(bytes.length, at + this.chunkSize)));
    }
    this.#owner.settle();
  }

  /** Ends the Network Connection without a DISCONNECT, as a cable does. */
  hangUp(): void {
    if (this.end !== undefined) return;
    this.end = "at once";
    this.#inbox.length = 0;
    this.#writing = undefined;
    this.#connection?.closed(this.#owner.nowMs);
    this.#owner.settle();
  }

  /** The bytes of each whole Control Packet that came since the last call of this or {@link takePackets}. */
  takeFrames(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (;;) {
      const length = frameLength(this.#received);
      if (length === undefined || length > this.#received.length) return frames;
      frames.push(this.#received.subarray(0, length));
      this.#received = this.#received.subarray(length);
    }
  }

  /** As {@link takeFrames}, decoded; the packets own what they hold. */
  takePackets(): Packet[] {
    const decoder = new PacketDecoder({
      topicNames: new TopicNameCache(),
      maximumPacketSize: Infinity,
    });
    decoder.version = this.version;
    return this.takeFrames().map((frame) => {
      decoder.push(frame.slice());
      return decoder.next()!;
    });
  }

  /** Bytes that came and are no whole packet: none, from a broker that is in order. */
  get unreadBytes(): number {
    return this.#received.length;
  }

  /** Whether the broker reads what this peer sends. */
  get isRead(): boolean {
    return !this.#isPaused;
  }

  // ----------------------------------------------------------------------- Link: the broker's side

  write(bytes: Uint8Array): void {
    if (this.#writing !== undefined) throw new Error("a second write while one is under way");
    if (this.#isClosing) throw new Error("a write after the end");
    this.#writing = bytes;
  }

  pauseReading(): void {
    this.#isPaused = true;
  }

  resumeReading(): void {
    this.#isPaused = false;
  }

  closeGracefully(_drainMs: number): void {
    this.#close("gracefully");
  }

  close(): void {
    this.#close("at once");
  }

  // --------------------------------------------------------------------------- between the two sides

  /** Gives the peer its Connection; without one, the broker did not want it. */
  attach(connection: Connection | undefined): void {
    this.#connection = connection;
    if (connection === undefined) this.#close("at once");
  }

  /** Does the next thing that is due; false if there is nothing. */
  progress(): boolean {
    const { nowMs } = this.#owner;
    if (this.#writing !== undefined && this.takesBytes) {
      this.#received = concat([this.#received, this.#writing]);
      this.#writing = undefined;
      this.#connection!.written();
      return true;
    }
    if (this.#isPaused || this.#isClosing) return false;
    const chunk = this.#inbox.shift();
    if (chunk === undefined) return false;
    const buffer = new Uint8Array(chunk.length + 8).fill(SPOILT);
    buffer.set(chunk);
    this.#connection!.receive(buffer, chunk.length, nowMs);
    buffer.fill(SPOILT);
    return true;
  }

  #close(how: End): void {
    if (this.#isClosing) throw new Error("closed twice");
    this.#isClosing = true;
    this.#writing = undefined;
    this.end = how;
  }
}

/** Length of the Control Packet that `bytes` begin with; undefined if its fixed header is not complete. */
function frameLength(bytes: Uint8Array): number | undefined {
  let length = 0;
  for (let i = 1; i < Math.min(bytes.length, 5); i++) {
    length += (bytes[i]! & 0x7f) * 128 ** (i - 1);
    if (bytes[i]! < 0x80) return 1 + i + length;
  }
  return undefined;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
