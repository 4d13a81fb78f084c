// LogFile: one file that log lines are appended to. A full disk loses lines, not the broker: that is said
// once on standard error, and the file says how many when it can be written again.

import { writeText } from "./console.ts";

const encoder = new TextEncoder();

export class LogFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  /** Lines that were lost and not told of in the file yet. */
  lostLines = 0;

  /** Opens `path` for appending; a new one can be read by its owner only, as with Mosquitto. @throws {Error} */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { append: true, create: true, mode: 0o600 });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`Unable to open log file ${path} for writing: ${why}`, { cause: error });
    }
  }

  /** Appends whole lines. */
  write(text: string): void {
    const lost = this.lostLines;
    try {
      if (lost > 0) this.#append(`Warning: ${lost} log lines could not be written here.\n`);
      this.#append(text);
      this.lostLines = 0;
    } catch (error) {
      this.lostLines += text.split("\n").length - 1;
      if (lost > 0) return;
      const why = error instanceof Error ? error.message : String(error);
      writeText(
        "stderr",
        `Error: Unable to write the log ${this.#path}: ${why}. Lines are lost.\n`,
      );
    }
  }

  close(): void {
    this.#file.close();
  }

  #append(text: string): void {
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }
}
