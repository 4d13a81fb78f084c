// RemoteEnd: the bytes of the connection to the remote broker: reads into a buffer, gathers what is sent into one
// write at a time, and knows when either direction was last heard of.

import { MqttError } from "../packet/mqtt_error.ts";
import { PacketDecoder } from "../packet/packet_decoder.ts";
import type { ProtocolVersion } from "../packet/packet_type.ts";
import type { Packet } from "../packet/packets.ts";
import { describeReasonCode } from "../packet/reason_code.ts";
import type { TopicNameCache } from "../packet/topic_name_cache.ts";
import type { ByteStream } from "../transport/byte_stream.ts";

const READ_BYTES = 65_536;
/** Bytes that may wait to be written until our broker is asked for no more. */
const ROOM_BYTES = 262_144;
/** Bytes of a packet. */
const MAXIMUM_PACKET_SIZE = 2 ** 28;

export interface RemoteEndOptions {
  readonly stream: ByteStream;
  readonly version: ProtocolVersion;
  readonly topicNames: TopicNameCache;
  readonly clock: () => number;
  readonly onPacket: (packet: Packet) => void;
  /** Some packets have come and gone: what they have led to can be sent. */
  readonly onBatch: () => void;
  /** The connection is over. */
  readonly onEnd: (reason: string) => void;
  /** A mistake of ours. */
  readonly onFault: (error: unknown) => void;
}

export class RemoteEnd {
  lastReceivedMs: number;
  lastSentMs: number;
  readonly #options: RemoteEndOptions;
  readonly #decoder: PacketDecoder;
  readonly #buffer = new Uint8Array(READ_BYTES);
  #output: Uint8Array[] = [];
  #outputBytes = 0;
  #isWriting = false;
  #isFlushRequested = false;
  #isReading = false;
  #pauses = 0;
  #held: Uint8Array | undefined = undefined;
  #isClosed = false;
  #roomAwaited: (() => void)[] = [];
  readonly #onRead = (length: number | null): void => this.#guarded(() => this.#received(length));
  readonly #onBroken = (error: unknown): void => this.#ended(whyBroken(error));

  constructor(options: RemoteEndOptions) {
    this.#options = options;
    this.lastReceivedMs = this.lastSentMs = options.clock();
    this.#decoder = new PacketDecoder({
      topicNames: options.topicNames,
      maximumPacketSize: MAXIMUM_PACKET_SIZE,
    });
    this.#decoder.version = options.version;
  }

  start(): void {
    this.#read();
  }

  /** Takes `bytes`, which must stay untouched; they leave soon. */
  send(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#output.push(bytes);
    this.#outputBytes += bytes.length;
    if (this.#isWriting || this.#isFlushRequested) return;
    this.#isFlushRequested = true;
    queueMicrotask(() => {
      this.#isFlushRequested = false;
      this.#write();
    });
  }

  /** Calls `then`, soon, when there is room for more output. */
  whenRoom(then: () => void): void {
    if (this.#outputBytes <= ROOM_BYTES) queueMicrotask(() => this.#guarded(then));
    else this.#roomAwaited.push(then);
  }

  /** Reads no more until {@link resume} was called as often. */
  pause(): void {
    this.#pauses++;
  }

  resume(): void {
    if (--this.#pauses > 0) return;
    // Not at once: whoever lets us go on may be in the middle of something.
    queueMicrotask(() => this.#guarded(() => this.#goOn()));
  }

  /** Closes; with what waits written, if that is possible at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const rest = this.#isWriting ? undefined : this.#gather();
    const { stream } = this.#options;
    const close = () => {
      try {
        stream.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.BadResource)) throw error; // the other side was faster
      }
    };
    if (rest === undefined) return close();
    const timer = setTimeout(close, GOODBYE_MS);
    stream.write(rest).catch(() => {}).finally(() => {
      clearTimeout(timer);
      close();
    });
  }

  #read(): void {
    if (this.#isReading || this.#isClosed || this.#pauses > 0) return;
    this.#isReading = true;
    this.#options.stream.read(this.#buffer).then(this.#onRead, this.#onBroken);
  }

  #received(length: number | null): void {
    this.#isReading = false;
    if (this.#isClosed) return;
    if (length === null) return this.#ended("the remote broker has closed the connection");
    this.lastReceivedMs = this.#options.clock();
    this.#process(this.#buffer, length);
    this.#read();
  }

  #goOn(): void {
    if (this.#pauses > 0 || this.#isClosed) return;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#process(held, held.length);
    this.#read();
  }

  #process(bytes: Uint8Array, length: number): void {
    if (this.#pauses > 0) { // the read was under way already
      this.#held = bytes.slice(0, length);
      return;
    }
    try {
      this.#decoder.push(bytes, length);
      for (;;) {
        const packet = this.#decoder.next();
        if (packet === undefined) break;
        this.#options.onPacket(packet);
        if (this.#isClosed) return;
        if (this.#pauses > 0) {
          this.#held = this.#decoder.holdUnread();
          break;
        }
      }
    } catch (error) {
      if (!(error instanceof MqttError)) throw error;
      return this.#ended(
        `the remote broker breaks the protocol: ${
          describeReasonCode(error.reasonCode)
        }, ${error.message}`,
      );
    }
    this.#options.onBatch();
  }

  #write(): void {
    if (this.#isWriting || this.#isClosed) return;
    const bytes = this.#gather();
    if (bytes === undefined) return;
    this.#isWriting = true;
    this.lastSentMs = this.#options.clock();
    this.#writeAll(bytes).then(
      () => this.#guarded(() => this.#wrote(bytes.length)),
      this.#onBroken,
    );
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0 && !this.#isClosed) {
      rest = rest.subarray(await this.#options.stream.write(rest));
    }
  }

  #wrote(length: number): void {
    this.#isWriting = false;
    this.#outputBytes -= length;
    if (this.#isClosed) return;
    if (this.#outputBytes <= ROOM_BYTES) { for (const then of this.#roomAwaited.splice(0)) then(); }
    this.#write();
  }

  /** All that waits, in one piece. */
  #gather(): Uint8Array | undefined {
    const parts = this.#output;
    if (parts.length <= 1) {
      this.#output = [];
      return parts[0];
    }
    this.#output = [];
    return concatAll(parts);
  }

  #ended(reason: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#options.onEnd(reason);
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#options.onFault(error);
    }
  }
}

/** How long the last bytes may take. */
const GOODBYE_MS = 1_000;

/** Chunks one after the other, in one piece. */
export function concatAll(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function whyBroken(error: unknown): string {
  const what = error instanceof Error ? error.message : String(error);
  return `the connection has broken (${what})`;
}
