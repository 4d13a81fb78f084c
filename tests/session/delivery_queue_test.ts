// DeliveryQueue against a plain array.

import assert from "node:assert/strict";
import fc from "fast-check";
import { Delivery, DeliveryQueue } from "../../src/session/delivery.ts";
import { StoredBytes } from "../../src/session/stored_bytes.ts";
import { messageOf, textOf } from "./recording_sink.ts";

function deliveryOf(text: string): Delivery {
  return new Delivery(messageOf(text), 1, false, undefined, undefined);
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant("push" as const), text: fc.string() }) },
  { weight: 4, arbitrary: fc.constant({ does: "shift" as const }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("extract" as const), odd: fc.boolean() }) },
);

Deno.test("DeliveryQueue is an array that knows the sum of its messages' sizes", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const storedBytes = new StoredBytes(0);
      const queue = new DeliveryQueue(storedBytes);
      let model: Delivery[] = [];
      for (const each of steps) {
        if (each.does === "push") {
          const delivery = deliveryOf(each.text);
          queue.push(delivery);
          model.push(delivery);
        } else if (each.does === "shift") {
          assert.equal(queue.shift(), model.shift());
        } else {
          const wanted = ({ message }: Delivery) => textOf(message).length % 2 === Number(each.odd);
          assert.deepEqual(queue.extract(wanted), model.filter(wanted));
          model = model.filter((delivery) => !wanted(delivery));
        }
        assert.equal(queue.length, model.length);
        assert.equal(queue.bytes, model.reduce((sum, { message }) => sum + message.size, 0));
        assert.equal(storedBytes.total, queue.bytes);
      }
      while (model.length > 0) assert.equal(queue.shift(), model.shift());
      assert.deepEqual([queue.shift(), queue.length, queue.bytes], [undefined, 0, 0]);
      assert.equal(storedBytes.total, 0);
    }),
    { seed: 20_251_122, numRuns: 1_000 },
  );
});

Deno.test("DeliveryQueue lets go of what has left it", () => {
  const queue = new DeliveryQueue(new StoredBytes(0));
  for (let i = 0; i < 10_000; i++) {
    queue.push(deliveryOf(`${i}`));
    if (i >= 10) assert.equal(textOf(queue.shift()!.message), `${i - 10}`);
  }
  assert.equal(queue.length, 10);
});
