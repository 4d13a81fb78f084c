// LineLog: log lines to a sink, with the seconds since 1970 in front, as Mosquitto writes them, or as JSON.
// Lines that come close together are written at once: a thousand connects a second are not a thousand writes.

import type { Log, LogLevel } from "../broker/ports.ts";

/** All levels, the least important first. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "notice", "warning", "error"];
/** How long a line may wait for others. */
const GATHER_MS = 20;
/** Characters that wait at most. */
const MAX_GATHERED = 65_536;

export interface LineLogOptions {
  /** The levels that are written. */
  readonly levels: Iterable<LogLevel>;
  /** Takes whole lines. */
  readonly write: (text: string) => void;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
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
  readonly isDebugEnabled: boolean;
  readonly #options: LineLogOptions;
  readonly #levels: ReadonlySet<LogLevel>;
  #lines = "";
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  readonly #onTimer = (): void => this.flush();

  constructor(options: LineLogOptions) {
    this.#options = options;
    this.#levels = new Set(options.levels);
    this.isDebugEnabled = this.#levels.has("debug");
  }

  write(level: LogLevel, text: string, subject?: "connection"): void {
    if (!this.#levels.has(level)) return;
    if (subject === "connection" && this.#options.connectionMessages === false) return;
    this.#lines += this.#lineOf(level, text);
    if (this.#lines.length > MAX_GATHERED) return this.flush();
    this.#timer ??= setTimeout(this.#onTimer, GATHER_MS);
  }

  /** Writes the lines that wait; to be called before the process ends. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines;
    this.#lines = "";
    if (lines !== "") this.#options.write(lines);
  }

  #lineOf(level: LogLevel, text: string): string {
    const { clock, format, timestamp = true, timestampFormat = inSeconds } = this.#options;
    if (format === "json") {
      const time = new Date(clock()).toISOString();
      return `${JSON.stringify({ time, level, message: text })}\n`;
    }
    const time = timestamp ? `${timestampFormat(new Date(clock()))}: ` : "";
    const prefix = level === "warning" ? "Warning: " : level === "error" ? "Error: " : "";
    return `${time}${prefix}${printable(text)}\n`;
  }
}

function inSeconds(time: Date): string {
  return String(Math.floor(time.getTime() / 1000));
}

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const ALL_CONTROL = new RegExp(CONTROL, "g");

/** Client Identifiers come from peers: one line stays one line, whatever they hold. */
function printable(text: string): string {
  return CONTROL.test(text) ? text.replaceAll(ALL_CONTROL, "\ufffd") : text;
}

/** Throws everything away. */
export const NO_LOG: Log = { isDebugEnabled: false, write: () => {} };
