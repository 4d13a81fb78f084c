// LineLog: the broker's Log. Lines with the seconds since 1970 in front, as Mosquitto writes them, or as JSON.
// Lines that come close together are written at once: a thousand connects a second are not a thousand writes.
//
//   write(level, text) --wanted?--> line --gathered for 20 ms--> LogSink: stderr, files, syslog, topics
//
// All of it can be configured anew while the broker runs.

import type { Log, LogLevel } from "../broker/ports.ts";
import type { LogDestinations, LogLine, LogSink } from "./log_sinks.ts";

/** All levels: by importance, the least important first, then those for one purpose. */
export const LOG_LEVELS: readonly LogLevel[] = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "subscribe",
  "unsubscribe",
  "websockets",
  "internal",
];
/** How long a line may wait for others. */
const GATHER_MS = 20;
/** Characters that wait at most. */
const MAX_GATHERED = 65_536;

/** What is written, how, and where to. */
export interface LogSettings extends LogDestinations {
  /** The levels that are written. */
  readonly levels: Iterable<LogLevel>;
  /** Whether the coming and going of Clients is written; default true. */
  readonly connectionMessages?: boolean;
  /** Default "text". */
  readonly format?: "text" | "json";
  /** Whether a text line begins with the time; default true. */
  readonly timestamp?: boolean;
  /** How the time is written; default: the seconds since 1970. */
  readonly timestampFormat?: ((time: Date) => string) | undefined;
}

export class LineLog implements Log {
  isDebugEnabled = false;
  readonly #sink: LogSink;
  readonly #clock: () => number;
  #settings: LogSettings;
  #levels: ReadonlySet<LogLevel> = new Set();
  #text = "";
  #lines: LogLine[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  /** Lines that come while the sink is at work: they must not keep it at work for ever. */
  #isFlushing = false;
  readonly #onTimer = (): void => this.flush();

  /**
   * @param clock milliseconds since 1970.
   * @throws {Error} if a log file can't be opened.
   */
  constructor(settings: LogSettings, sink: LogSink, clock: () => number = Date.now) {
    this.#sink = sink;
    this.#clock = clock;
    this.#settings = settings;
    this.configure(settings);
  }

  /**
   * Writes what comes from now on by `settings`; files that were open already are opened anew.
   * @throws {Error} if a log file can't be opened: everything stays as it was.
   */
  configure(settings: LogSettings): void {
    this.flush(); // what was logged before goes where it was to go
    this.#sink.configure(settings);
    this.#settings = settings;
    this.#levels = new Set(settings.levels);
    // Without a destination nobody would read them.
    this.isDebugEnabled = this.#levels.has("debug") && settings.destinations.length > 0;
  }

  write(level: LogLevel, text: string, subject?: "connection"): void {
    if (!this.#levels.has(level)) return;
    if (subject === "connection" && this.#settings.connectionMessages === false) return;
    if (this.#settings.destinations.length === 0) return;
    const line = this.#lineOf(level, text);
    this.#text += `${line}\n`;
    if (this.#sink.takesLines && !this.#isFlushing) this.#lines.push({ level, text: line });
    if (this.#text.length > MAX_GATHERED && !this.#isFlushing) return this.flush();
    this.#timer ??= setTimeout(this.#onTimer, GATHER_MS);
  }

  /** Writes the lines that wait. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#text;
    const lines = this.#lines;
    if (text === "" || this.#isFlushing) return;
    this.#text = "";
    if (lines.length > 0) this.#lines = [];
    this.#isFlushing = true;
    try {
      this.#sink.write(text, lines);
    } finally {
      this.#isFlushing = false;
    }
  }

  /** Writes the lines that wait and closes what was opened; to be called before the process ends. */
  async close(): Promise<void> {
    this.flush();
    this.flush(); // what the first one has led to
    await this.#sink.close();
  }

  #lineOf(level: LogLevel, text: string): string {
    const { format, timestamp = true, timestampFormat = inSeconds } = this.#settings;
    if (format === "json") {
      const time = new Date(this.#clock()).toISOString();
      return JSON.stringify({ time, level, message: text });
    }
    const time = timestamp ? `${timestampFormat(new Date(this.#clock()))}: ` : "";
    const prefix = level === "warning" ? "Warning: " : level === "error" ? "Error: " : "";
    return `${time}${prefix}${printable(text)}`;
  }
}

function inSeconds(time: Date): string {
  return String(Math.floor(time.getTime() / 1000));
}

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/;
const ALL_CONTROL = new RegExp(CONTROL, "g");

/** Client Identifiers come from peers: one line stays one line, whatever they hold. */
function printable(text: string): string {
  return CONTROL.test(text) ? text.replaceAll(ALL_CONTROL, "\ufffd") : text;
}

/** Throws everything away. */
export const NO_LOG: Log = { isDebugEnabled: false, write: () => {} };
