// LineLog: log lines to a sink, with the seconds since 1970 in front, as Mosquitto writes them. The lines
// of one batch of input are written at once.

import type { Log, LogLevel } from "../broker/ports.ts";

const LEVELS: readonly LogLevel[] = ["debug", "info", "notice", "warning", "error"];

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

  constructor(options: LineLogOptions) {
    this.#options = options;
    this.#lowest = LEVELS.indexOf(options.level);
    this.isDebugEnabled = options.level === "debug";
  }

  write(level: LogLevel, text: string): void {
    if (LEVELS.indexOf(level) < this.#lowest) return;
    if (this.#lines === "") queueMicrotask(() => this.flush());
    const prefix = level === "warning" ? "Warning: " : level === "error" ? "Error: " : "";
    this.#lines += `${Math.floor(this.#options.clock() / 1000)}: ${prefix}${printable(text)}\n`;
  }

  /** Writes the lines that wait. */
  flush(): void {
    const lines = this.#lines;
    this.#lines = "";
    if (lines !== "") this.#options.write(lines);
  }
}

/** Client Identifiers come from peers: one line stays one line, whatever they hold. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "\ufffd");
}

/** Throws everything away. */
export const NO_LOG: Log = { isDebugEnabled: false, write: () => {} };
