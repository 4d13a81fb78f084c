// The terminal while `midge top` has it: its own page, no cursor, keys as they are pressed; all of it given back at
// the end, however that comes.

import { writeText } from "../../observe/console.ts";

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const CTRL_C = 3;

export interface Screen extends Disposable {
  draw(makeLines: (size: { columns: number; rows: number }) => string[]): void;
}

/** @param onQuit q or Ctrl+C was pressed. @param onResize it is to be drawn again. */
export function openScreen(onQuit: () => void, onResize: () => void): Screen {
  writeText("stdout", ENTER);
  const hasKeys = Deno.stdin.isTerminal();
  if (hasKeys) {
    Deno.stdin.setRaw(true);
    void watchKeys(onQuit);
  }
  const isWindows = Deno.build.os === "windows";
  if (!isWindows) Deno.addSignalListener("SIGWINCH", onResize);
  return {
    draw(makeLines): void {
      const { columns, rows } = Deno.consoleSize();
      // A terminal that does not know its size says 0.
      const lines = makeLines({ columns: columns || 80, rows: rows || 24 });
      // Over what is there, line by line, so that nothing flickers.
      writeText("stdout", `\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`);
    },
    [Symbol.dispose](): void {
      if (!isWindows) Deno.removeSignalListener("SIGWINCH", onResize);
      if (hasKeys) Deno.stdin.setRaw(false);
      writeText("stdout", LEAVE);
    },
  };
}

async function watchKeys(onQuit: () => void): Promise<void> {
  const keys = new Uint8Array(16);
  try {
    for (let count; (count = await Deno.stdin.read(keys)) !== null;) {
      const pressed = keys.subarray(0, count);
      if (pressed.includes(CTRL_C) || /q/i.test(String.fromCharCode(...pressed))) onQuit();
    }
  } catch {
    // The terminal is gone: the signal that comes with that ends us.
  }
}
