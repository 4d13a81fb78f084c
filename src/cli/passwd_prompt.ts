// Asks for a password without showing it. From a terminal, keys are read one by one; from a pipe, lines.

import { writeText } from "../observe/console.ts";

/** Where keys or lines come from; `Deno.stdin` is one. */
export interface SecretInput {
  read(buffer: Uint8Array): Promise<number | null>;
  isTerminal(): boolean;
  setRaw(isRaw: boolean): void;
}

const Key = {
  CtrlC: 0x03,
  CtrlD: 0x04,
  Backspace: 0x08,
  LineFeed: 0x0a,
  Return: 0x0d,
  CtrlU: 0x15,
  Escape: 0x1b,
  Delete: 0x7f,
} as const;

/** The user has pressed Ctrl-C. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";
}

export class SecretPrompt {
  readonly #input: SecretInput;
  readonly #say: (text: string) => void;
  /** Was read and belongs to the next question. */
  #rest: Uint8Array = new Uint8Array(0);

  constructor(
    input: SecretInput = Deno.stdin,
    say: (text: string) => void = (text) => writeText("stderr", text),
  ) {
    this.#input = input;
    this.#say = say;
  }

  /**
   * Shows `question` and reads a line.
   * @throws {CancelledError}
   */
  async ask(question: string): Promise<Uint8Array> {
    this.#say(question);
    if (!this.#input.isTerminal()) {
      const line = await this.#read(new PipedLine());
      this.#say("\n");
      return line;
    }
    this.#input.setRaw(true);
    try {
      return await this.#read(new TypedLine());
    } finally {
      this.#input.setRaw(false);
      this.#say("\n");
    }
  }

  async #read(line: PipedLine): Promise<Uint8Array> {
    const buffer = new Uint8Array(4_096);
    for (;;) {
      for (const [index, byte] of this.#rest.entries()) {
        if (!line.take(byte)) continue;
        this.#rest = this.#rest.slice(index + 1);
        return line.bytes();
      }
      const length = await this.#input.read(buffer);
      if (length === null) {
        this.#rest = new Uint8Array(0);
        return line.bytes();
      }
      this.#rest = buffer.slice(0, length);
    }
  }
}

/** A line as it stands in a pipe or a file. */
class PipedLine {
  protected readonly taken: number[] = [];

  /** @returns whether the line has ended. */
  take(byte: number): boolean {
    if (byte === Key.LineFeed) {
      if (this.taken.at(-1) === Key.Return) this.taken.pop();
      return true;
    }
    this.taken.push(byte);
    return false;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.taken);
  }
}

/** A line as it is typed, with the keys that correct it. */
class TypedLine extends PipedLine {
  /** Arrows and the like are Escape, a bracket and some bytes up to a letter. */
  #escape: "no" | "begun" | "inside" = "no";

  override take(byte: number): boolean {
    if (this.#isEscaped(byte)) return false;
    switch (byte) {
      case Key.CtrlC:
        throw new CancelledError("cancelled");
      case Key.Return:
      case Key.LineFeed:
      case Key.CtrlD:
        return true;
      case Key.Backspace:
      case Key.Delete:
        this.#removeLast();
        return false;
      case Key.CtrlU:
        this.taken.length = 0;
        return false;
    }
    if (byte >= 0x20) this.taken.push(byte);
    return false;
  }

  #isEscaped(byte: number): boolean {
    if (byte === Key.Escape) {
      this.#escape = "begun";
      return true;
    }
    switch (this.#escape) {
      case "no":
        return false;
      case "begun":
        this.#escape = byte === 0x5b || byte === 0x4f ? "inside" : "no"; // [ or O
        return this.#escape === "inside";
      case "inside":
        if (byte >= 0x40 && byte <= 0x7e) this.#escape = "no";
        return true;
    }
  }

  /** A character of UTF-8 may be several bytes. */
  #removeLast(): void {
    while (this.taken.length > 0 && (this.taken.pop()! & 0xc0) === 0x80);
  }
}
