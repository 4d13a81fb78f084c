// Deadlines: never early, late by at most the resolution, and not at all when cancelled.

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Deadline, DEADLINE_RESOLUTION_MS, Deadlines } from "../../src/broker/deadlines.ts";

class Alarm implements Deadline {
  dueSlot = 0;
  readonly ranAtMs: number[] = [];
  readonly #onRun: (alarm: Alarm, nowMs: number) => void;

  constructor(onRun: (alarm: Alarm, nowMs: number) => void = () => {}) {
    this.#onRun = onRun;
  }

  onDeadline(nowMs: number): void {
    this.ranAtMs.push(nowMs);
    this.#onRun(this, nowMs);
  }
}

const STARTS = [0, 1, 50, 99, 100, 1_767_225_600_000, 1_767_225_600_033.25];
for (const startMs of STARTS) {
  Deno.test(`Deadlines that begin at ${startMs} run each in time, never early`, () => {
    const deadlines = new Deadlines(startMs);
    const alarms = Array.from(
      { length: 300 },
      (_, i) => ({ dueMs: startMs + i, alarm: new Alarm() }),
    );
    for (const { dueMs, alarm } of alarms) deadlines.set(alarm, dueMs);
    for (let nowMs = startMs; nowMs <= startMs + 500; nowMs++) deadlines.advance(nowMs);
    for (const { dueMs, alarm } of alarms) {
      assert.equal(alarm.ranAtMs.length, 1);
      const lateMs = alarm.ranAtMs[0]! - dueMs;
      assert.ok(lateMs >= 0 && lateMs <= DEADLINE_RESOLUTION_MS, `${lateMs} ms late`);
    }
  });
}

const step = fc.oneof(
  fc.record({
    does: fc.constant("set" as const),
    which: fc.nat(9),
    inMs: fc.integer({ min: -300, max: 3_000 }),
  }),
  fc.record({ does: fc.constant("cancel" as const), which: fc.nat(9) }),
  fc.record({ does: fc.constant("advance" as const), byMs: fc.nat(400) }),
);

Deno.test("Deadlines run what is set last and not cancelled, whatever happens in between", () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.array(step, { maxLength: 60 }), (startMs, steps) => {
      let nowMs = startMs;
      const deadlines = new Deadlines(nowMs);
      /** Earliest and latest time at which each waiting alarm may run. */
      const waiting = new Map<Alarm, { fromMs: number; toMs: number }>();
      const alarms = Array.from({ length: 10 }, () =>
        new Alarm((alarm) => {
          const window = waiting.get(alarm);
          assert.ok(window !== undefined, "it did not wait");
          assert.ok(nowMs >= window.fromMs, "it was early");
          waiting.delete(alarm);
        }));
      const advance = (toMs: number) => {
        nowMs = toMs;
        deadlines.advance(nowMs);
        for (const window of waiting.values()) assert.ok(window.toMs > nowMs, "it is late");
      };
      for (const each of steps) {
        if (each.does === "advance") {
          advance(nowMs + each.byMs);
          continue;
        }
        const alarm = alarms[each.which]!;
        if (each.does === "cancel") {
          deadlines.cancel(alarm);
          waiting.delete(alarm);
          continue;
        }
        const dueMs = nowMs + each.inMs;
        deadlines.set(alarm, dueMs);
        const toMs = Math.max(dueMs, nowMs) + DEADLINE_RESOLUTION_MS;
        waiting.set(alarm, { fromMs: dueMs, toMs });
      }
      advance(nowMs + 4_000);
      assert.equal(waiting.size, 0);
    }),
    { seed: 20_251_122, numRuns: 2_000 },
  );
});

Deno.test("Deadlines run in the order of their time after a long sleep", () => {
  const deadlines = new Deadlines(0);
  const order: number[] = [];
  const years = 10 * 365 * 86_400_000;
  for (const dueMs of [years - 1, 5_000, 86_400_000, 300, 5_200]) {
    deadlines.set(new Alarm(() => order.push(dueMs)), dueMs);
  }
  deadlines.advance(years);
  assert.deepEqual(order, [300, 5_000, 5_200, 86_400_000, years - 1]);
});

Deno.test("Deadlines take a time that has passed already as soon as they can", () => {
  const deadlines = new Deadlines(10_000);
  const alarm = new Alarm();
  deadlines.set(alarm, 5_000);
  deadlines.advance(10_000 + DEADLINE_RESOLUTION_MS);
  assert.deepEqual(alarm.ranAtMs, [10_100]);
});

Deno.test("Deadlines run one that sets itself anew once for each time", () => {
  const deadlines = new Deadlines(0);
  const alarm = new Alarm((self, nowMs) => deadlines.set(self, nowMs + 1_000));
  deadlines.set(alarm, 1_000);
  for (let nowMs = 0; nowMs <= 5_000; nowMs += 50) deadlines.advance(nowMs);
  assert.deepEqual(alarm.ranAtMs, [1_000, 2_000, 3_000, 4_000, 5_000]);
});

Deno.test("Deadlines do not run in the same turn what is set to now by one that runs", () => {
  const deadlines = new Deadlines(0);
  const alarm = new Alarm((self, nowMs) => deadlines.set(self, nowMs));
  deadlines.set(alarm, 100);
  deadlines.advance(100);
  assert.deepEqual(alarm.ranAtMs, [100]); // else this would never end
});

Deno.test("Deadlines do not run what another one of the same time has cancelled", () => {
  const deadlines = new Deadlines(0);
  const second = new Alarm();
  const first = new Alarm(() => deadlines.cancel(second));
  deadlines.set(first, 100);
  deadlines.set(second, 100);
  deadlines.advance(100);
  assert.deepEqual([first.ranAtMs, second.ranAtMs], [[100], []]);
});

Deno.test("Deadlines run later what another one of the same time has put off", () => {
  const deadlines = new Deadlines(0);
  const second = new Alarm();
  const first = new Alarm(() => deadlines.set(second, 1_000));
  deadlines.set(first, 100);
  deadlines.set(second, 100);
  deadlines.advance(100);
  deadlines.advance(2_000);
  assert.deepEqual(second.ranAtMs, [2_000]);
});

Deno.test("Deadlines do not run what another one of an earlier time has cancelled in the same jump", () => {
  const deadlines = new Deadlines(0);
  const second = new Alarm();
  deadlines.set(new Alarm(() => deadlines.cancel(second)), 100);
  deadlines.set(second, 500);
  deadlines.advance(10_000);
  assert.deepEqual(second.ranAtMs, []);
});
