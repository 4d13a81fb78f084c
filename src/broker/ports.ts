// The ports of the broker: how it reaches the world without knowing it. Time comes in with the calls.

/** A byte channel to one peer. The transport calls the Connection, the Connection calls the Link. */
export interface Link {
  /** Address and port, as logs show it. */
  readonly remoteAddress: string;
  /** What the peer connected to, as logs show it: `port 1883`. */
  readonly listener: string;
  /** The User Name that the peer's certificate says, where the listener takes it from there. */
  readonly certifiedUserName: string | undefined;
  /**
   * Writes `bytes`, which stay untouched until the transport calls `Connection.written`. There is never a
   * second write before that.
   */
  write(bytes: Uint8Array): void;
  /**
   * Delivers no more bytes until {@link resumeReading}; a read under way may still end. Both may be called
   * again, and while bytes are being delivered.
   */
  pauseReading(): void;
  resumeReading(): void;
  /** Ends our direction, lets the peer read what was written, and closes soon after. */
  closeGracefully(drainMs: number): void;
  /** Closes at once. */
  close(): void;
}

/** By importance, and three that are for one purpose: Mosquitto's log types (`info` is its `information`). */
export type LogLevel =
  | "debug"
  | "info"
  | "notice"
  | "warning"
  | "error"
  | "subscribe"
  | "unsubscribe"
  | "websockets"
  | "internal";

export interface Log {
  /** False while debug lines would be thrown away: they are not even made then. It may change at any time. */
  readonly isDebugEnabled: boolean;
  /** @param subject "connection" for the coming and going of Clients, which can be left out. */
  write(level: LogLevel, text: string, subject?: "connection"): void;
}

/** What the broker is given from outside. */
export interface Ports {
  readonly log: Log;
  /** Asks for one call of `flush` once the current batch of input is processed. */
  readonly scheduleFlush: (flush: () => void) => void;
  /** A new unique identifier in the form of a UUID. */
  readonly createUuid: () => string;
  /** Bytes of memory that are in use now, for $SYS. */
  readonly heapBytes: () => number;
}
