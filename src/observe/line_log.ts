// LineLog: log lines to a sink, with the seconds since 1970 in front, as Mosquitto writes them. Lines that
// come close together are written at once: a thousand connects a second are not a thousand writes.

import type { Log, LogLevel } from "../broker/ports.ts";

const LEVELS: readonly LogLevel[] = ["debug", "info", "notice", "warning", "error"];
/** How long a line may wait for others. */
const GATHER_MS = 20;
/** Characters that wait at most. */
const MAX_GATHERED = 65_536;

export interface LineLogOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  /** Takes whole lines. */
  readonly write: (text: string) => void;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

export class LineLog implements Log {
  readonly isDebugEnabled: boolean;
  readonly #options: LineLogOptions;
  readonly #lowest: number;
  #lines = "";
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  readonly #onTimer = (): void => this.flush();

  constructor(options: LineLogOptions) {
    this.#options = options;
    this.#lowest = LEVELS.indexOf(options.level);
    this.isDebugEnabled = options.level === "debug";
  }

  write(level: LogLevel, text: string): void {
    if (LEVELS.indexOf(level) < this.#lowest) return;
    const prefix = level === "warning" ? "Warning: " : level === "error" ? "Error: " : "";
    this.#lines += `${Math.floor(this.#options.clock() / 1000)}: ${prefix}${printable(text)}\n`;
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
