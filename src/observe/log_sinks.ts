// LogSinks: where log lines go: standard output, standard error, files that are opened again on a reload so
// that logrotate can move them.

import { writeText } from "./console.ts";

/** One place for log lines. */
export type LogDestinationName = "stdout" | "stderr" | { readonly file: string };

const encoder = new TextEncoder();

export class LogSinks {
  readonly #destinations: readonly LogDestinationName[];
  #files: Deno.FsFile[] = [];

  /** @throws {Error} if a file can't be opened for appending. */
  constructor(destinations: readonly LogDestinationName[]) {
    this.#destinations = destinations;
    this.reopen();
  }

  /** Opens the files anew, under their names. @throws {Error} if that can't be; the old ones stay open then. */
  reopen(): void {
    const opened: Deno.FsFile[] = [];
    try {
      for (const destination of this.#destinations) {
        if (typeof destination === "object") {
          opened.push(Deno.openSync(destination.file, { append: true, create: true, mode: 0o640 }));
        }
      }
    } catch (error) {
      for (const file of opened) file.close();
      throw error;
    }
    for (const file of this.#files) file.close();
    this.#files = opened;
  }

  /** Writes whole lines. A full disk loses them, not the broker. */
  write(text: string): void {
    for (const destination of this.#destinations) {
      if (typeof destination === "string") writeText(destination, text);
    }
    const bytes = encoder.encode(text);
    for (const file of this.#files) {
      try {
        for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      } catch (error) {
        writeText("stderr", `Error: Unable to write the log: ${(error as Error).message}\n${text}`);
      }
    }
  }

  close(): void {
    for (const file of this.#files) file.close();
    this.#files = [];
  }
}
