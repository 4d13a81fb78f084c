// ReadBuffers: small for who is idle, large for who is flooded, and never more than the budget.

import assert from "node:assert/strict";
import fc from "fast-check";
import { ReadBuffers } from "../../src/transport/read_buffers.ts";

const BUDGET_BYTES = 64 * 1024 * 1024;
const SIZES = [512, 8_192, 65_536];

Deno.test("ReadBuffers begins small and goes up and down by one size", () => {
  const buffers = new ReadBuffers();
  let buffer = buffers.first();
  const lengths = [buffer.length];
  for (let i = 0; i < 3; i++) lengths.push((buffer = buffers.larger(buffer)).length);
  for (let i = 0; i < 3; i++) lengths.push((buffer = buffers.smaller(buffer)).length);
  assert.deepEqual(lengths, [512, 8_192, 65_536, 65_536, 8_192, 512, 512]);
});

Deno.test("ReadBuffers keeps the sum of its larger buffers within the budget, and takes them back", () => {
  const buffers = new ReadBuffers();
  const grow = () => buffers.larger(buffers.larger(buffers.first()));
  for (let round = 0; round < 3; round++) {
    const all = Array.from({ length: 2_000 }, grow);
    const large = all.map(({ length }) => length).filter((length) => length > SIZES[0]!);
    const sum = large.reduce((total, length) => total + length, 0);
    assert.ok(sum <= BUDGET_BYTES, `${sum} bytes`);
    assert.ok(sum > BUDGET_BYTES - 2 * SIZES[2]!, `${sum} bytes`);
    for (const buffer of all) buffers.release(buffer);
  }
});

Deno.test("ReadBuffers never lends the same bytes twice", () => {
  const step = fc.record({
    does: fc.constantFrom("first", "first", "larger", "smaller", "release"),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const buffers = new ReadBuffers();
      const lent: Uint8Array[] = [];
      for (const { does, pick } of steps) {
        const at = pick % Math.max(1, lent.length);
        if (does === "first") lent.push(buffers.first());
        else if (lent.length === 0) continue;
        else if (does === "release") buffers.release(lent.splice(at, 1)[0]!);
        else lent[at] = buffers[does as "larger" | "smaller"](lent[at]!);
      }
      lent.forEach((buffer, i) => buffer.fill(i));
      lent.forEach((buffer, i) => assert.ok(buffer.every((byte) => byte === (i & 0xff))));
      assert.ok(lent.every(({ length }) => SIZES.includes(length)));
    }),
    { seed: 20_251_122, numRuns: 100 },
  );
});
