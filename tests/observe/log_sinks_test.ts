// LogSinks: files, syslog and topics, what they lose and what they say about it, and how all of it changes
// while the broker runs.

import assert from "node:assert/strict";
import { LineLog } from "../../src/observe/line_log.ts";
import { LogFile } from "../../src/observe/log_file.ts";
import { LogSinks } from "../../src/observe/log_sinks.ts";

const NOW_MS = 1_767_225_600_999;
const LEVELS = ["info", "notice", "warning", "error"] as const;

function withFolder(test: (file: (name: string) => string) => Promise<void> | void) {
  return async (): Promise<void> => {
    const folder = Deno.makeTempDirSync({ prefix: "midge-log-" });
    try {
      await test((name) => `${folder}/${name}`);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  };
}

function logTo(file: string): LineLog {
  const settings = { levels: LEVELS, destinations: [{ file }] };
  return new LineLog(settings, new LogSinks(), () => NOW_MS);
}

Deno.test(
  "a log that is configured anew writes what came before to the old file, the rest to the new one",
  withFolder(async (file) => {
    const log = logTo(file("a"));
    log.write("info", "one");
    log.configure({
      levels: ["warning"],
      destinations: [{ file: file("b") }],
      format: "json",
    });
    log.write("info", "two");
    log.write("warning", "three");
    await log.close();
    assert.equal(Deno.readTextFileSync(file("a")), "1767225600: one\n");
    assert.deepEqual(JSON.parse(Deno.readTextFileSync(file("b"))), {
      time: "2026-01-01T00:00:00.999Z",
      level: "warning",
      message: "three",
    });
  }),
);

Deno.test(
  "a log whose new file can't be opened goes on as before",
  withFolder(async (file) => {
    const log = logTo(file("a"));
    const destinations = [{ file: file("nowhere/b") }];
    assert.throws(() => log.configure({ levels: [], destinations }), /Unable to open log file /);
    log.write("info", "one");
    await log.close();
    assert.equal(Deno.readTextFileSync(file("a")), "1767225600: one\n");
  }),
);

Deno.test(
  "a log that is configured as before opens its file anew, for logrotate",
  withFolder(async (file) => {
    const log = logTo(file("a"));
    log.write("info", "one");
    log.flush();
    Deno.renameSync(file("a"), file("a.1"));
    log.write("info", "two"); // between the renaming and the signal
    log.configure({ levels: LEVELS, destinations: [{ file: file("a") }] });
    log.write("info", "three");
    await log.close();
    assert.equal(Deno.readTextFileSync(file("a.1")), "1767225600: one\n1767225600: two\n");
    assert.equal(Deno.readTextFileSync(file("a")), "1767225600: three\n");
    assert.equal(Deno.statSync(file("a")).mode! & 0o777, 0o600);
  }),
);

Deno.test(
  "a log goes on while its folder is gone",
  withFolder(async (file) => {
    Deno.mkdirSync(file("logs"));
    const log = logTo(file("logs/a"));
    Deno.removeSync(file("logs"), { recursive: true });
    log.write("info", "lost");
    await log.close();
  }),
);

Deno.test(
  "LogFile loses the lines that it can't write, and nothing else happens",
  withFolder((file) => {
    const broken = new LogFile(file("a"));
    broken.close();
    broken.write("one\n");
    broken.write("two\nthree\n");
    assert.equal(broken.lostLines, 3);
    assert.equal(Deno.readTextFileSync(file("a")), "");
  }),
);

Deno.test("a log makes no debug lines for nobody", () => {
  const log = new LineLog({ levels: ["debug"], destinations: [] }, new LogSinks());
  assert.equal(log.isDebugEnabled, false);
  log.configure({ levels: ["debug"], destinations: ["topic"] });
  assert.equal(log.isDebugEnabled, true);
});
