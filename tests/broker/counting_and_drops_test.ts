// LoadAverage against the formula that it is documented with, and DropLog: a flood of drops is no flood of
// lines.

import assert from "node:assert/strict";
import fc from "fast-check";
import { DropLog } from "../../src/broker/drop_log.ts";
import { LoadAverage } from "../../src/broker/load_average.ts";
import type { Log } from "../../src/broker/ports.ts";

const WINDOWS_SECONDS = [60, 300, 900];

function assertClose(actual: number, expected: number): void {
  const tolerance = 1e-9 * Math.max(1, Math.abs(expected));
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

Deno.test("LoadAverage is an exponential average over the rates between two looks", () => {
  const looks = fc.array(
    fc.record({
      counted: fc.nat(1_000_000),
      seconds: fc.double({ min: 0.1, max: 3_600, noNaN: true }),
    }),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(looks, (looks) => {
      const load = new LoadAverage();
      let count = 0;
      const expected = WINDOWS_SECONDS.map(() => 0);
      for (const { counted, seconds } of looks) {
        count += counted;
        const perMinute = counted / (seconds / 60);
        WINDOWS_SECONDS.forEach((window, i) => {
          const old = Math.exp(-seconds / window);
          expected[i] = expected[i]! * old + perMinute * (1 - old);
        });
        load.update(count, seconds).forEach((actual, i) => assertClose(actual, expected[i]!));
      }
    }),
    { seed: 20_251_122 },
  );
});

Deno.test("LoadAverage comes to the rate itself when it stays the same", () => {
  const load = new LoadAverage();
  let averages: readonly number[] = [];
  for (let i = 1; i <= 10_000; i++) averages = load.update(i * 50, 10);
  averages.forEach((average) => assert.ok(Math.abs(average - 300) < 1e-3, `${average}`));
});

Deno.test("LoadAverage over a minute forgets faster than over fifteen", () => {
  const load = new LoadAverage();
  load.update(1_000, 10);
  const [one, five, fifteen] = load.update(1_000, 600);
  assert.ok(one < five && five < fifteen);
});

function recordingLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    log: { isDebugEnabled: false, write: (level, text) => lines.push(`${level} ${text}`) },
  };
}

Deno.test("DropLog says once a minute for each Client and reason that messages are dropped", () => {
  const { log, lines } = recordingLog();
  const drops = new DropLog(log);
  for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
    drops.note("one", "queue full", nowMs);
    drops.note("two", "queue full", nowMs);
    drops.note("one", "expired", nowMs);
  }
  const expected = [
    "notice Outgoing messages are being dropped for client one: queue full.",
    "notice Outgoing messages are being dropped for client two: queue full.",
    "notice Outgoing messages are being dropped for client one: expired.",
  ];
  assert.deepEqual(lines, expected);
  drops.note("one", "queue full", 60_000);
  assert.deepEqual(lines.slice(3), expected.slice(0, 1));
});

Deno.test("DropLog writes no more than a thousand lines a minute, whatever the Clients are called", () => {
  const { log, lines } = recordingLog();
  const drops = new DropLog(log);
  for (let i = 0; i < 5_000; i++) drops.note(`client ${i}`, "output full", 1_000);
  assert.equal(lines.length, 1_000);
  drops.note("another", "output full", 61_000);
  assert.equal(lines.length, 1_001);
});
