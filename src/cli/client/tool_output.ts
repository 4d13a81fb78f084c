// What a tool prints: messages to standard output, as bytes, gathered and written once per turn of the loop; and
// errors to standard error, unless it is to be quiet.

import { writeText } from "../../observe/console.ts";
import { bytesOfText, type ByteText, textOfString } from "./byte_text.ts";

export class ToolOutput {
  readonly #isQuiet: boolean;
  readonly #onClosed: () => void;
  #gathered: ByteText[] = [];

  /** @param onClosed nobody reads standard output any more. */
  constructor(isQuiet: boolean, onClosed: () => void) {
    this.#isQuiet = isQuiet;
    this.#onClosed = onClosed;
  }

  print(text: ByteText): void {
    if (this.#gathered.push(text) === 1) queueMicrotask(() => this.flush());
  }

  printText(text: string): void {
    this.print(textOfString(text));
  }

  complain(line: string): void {
    if (!this.#isQuiet) writeText("stderr", `${line}\n`);
  }

  /** Writes what is gathered. */
  flush(): void {
    if (this.#gathered.length === 0) return;
    const bytes = bytesOfText(this.#gathered.join(""));
    this.#gathered = [];
    try {
      for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
    } catch {
      this.#onClosed();
    }
  }
}
