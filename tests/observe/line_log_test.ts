// LineLog: whole lines with the time in front, at once for a batch, and one line for each message.

import assert from "node:assert/strict";
import { LineLog } from "../../src/observe/line_log.ts";
import type { LogSink } from "../../src/observe/log_sinks.ts";
import type { LogLevel } from "../../src/broker/ports.ts";

const NOW_MS = 1_767_225_600_999;
const LEVELS: readonly LogLevel[] = ["debug", "info", "notice", "warning", "error"];

function logOf(level: LogLevel): { log: LineLog; written: string[] } {
  const written: string[] = [];
  const sink: LogSink = {
    takesLines: false,
    configure: () => {},
    write: (text) => void written.push(text),
    close: () => Promise.resolve(),
  };
  const levels = LEVELS.slice(LEVELS.indexOf(level));
  return { written, log: new LineLog({ levels, destinations: ["stderr"] }, sink, () => NOW_MS) };
}

for (const [i, lowest] of LEVELS.entries()) {
  Deno.test(`LineLog of level ${lowest} writes ${LEVELS.slice(i).join(", ")} and nothing below`, () => {
    const { log, written } = logOf(lowest);
    for (const level of LEVELS) log.write(level, `${level}.`);
    log.flush();
    const texts = LEVELS.slice(i).map((level) =>
      level === "warning" ? "Warning: warning." : level === "error" ? "Error: error." : `${level}.`
    );
    assert.deepEqual(written, [texts.map((text) => `1767225600: ${text}\n`).join("")]);
    assert.equal(log.isDebugEnabled, lowest === "debug");
  });
}

Deno.test("LineLog writes lines that come together at once, by itself", async () => {
  const { log, written } = logOf("info");
  log.write("info", "one");
  log.write("info", "two");
  assert.deepEqual(written, []);
  while (written.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(written, ["1767225600: one\n1767225600: two\n"]);
  log.write("info", "three");
  while (written.length === 1) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(written.length, 2);
});

Deno.test("LineLog writes nothing twice", async () => {
  const { log, written } = logOf("info");
  log.write("info", "one");
  log.flush();
  log.flush();
  await Promise.resolve();
  assert.equal(written.length, 1);
});

const DANGEROUS = [
  { name: "a line feed", text: "a\n1: forged" },
  { name: "a carriage return", text: "a\rforged" },
  { name: "an escape sequence", text: "\u001b[2J" },
  { name: "a C1 control character", text: "\u009b2J" },
  { name: "a line separator", text: "a\u2028b" },
  { name: "DEL", text: "\u007f" },
];
for (const { name, text } of DANGEROUS) {
  Deno.test(`LineLog lets no ${name} from a peer through`, () => {
    const { log, written } = logOf("info");
    log.write("info", text);
    log.flush();
    // deno-lint-ignore no-control-regex
    assert.match(written.join(""), /^\d+: [^\u0000-\u001f\u007f-\u009f\u2028\u2029]*\ufffd.*\n$/);
  });
}

Deno.test("LineLog keeps letters beyond ASCII", () => {
  const { log, written } = logOf("info");
  log.write("info", "Küche 🌡");
  log.flush();
  assert.deepEqual(written, ["1767225600: Küche 🌡\n"]);
});
