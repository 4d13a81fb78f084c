// Outbox and BufferPool: whatever is appended comes out in its order, and every buffer goes back.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { BUFFER_SIZES, BufferPool } from "../../src/broker/buffer_pool.ts";
import { LARGE_PAYLOAD_BYTES, Outbox } from "../../src/broker/outbox.ts";
import type { QoS } from "../../src/packet/packet_type.ts";
import { encodePublish, publishFlags } from "../../src/packet/publish.ts";
import { messageOf } from "../session/recording_sink.ts";

const LARGEST = BUFFER_SIZES.at(-1)!;

/** A pool that knows what is out. */
class CountingPool extends BufferPool {
  readonly out = new Set<Uint8Array>();

  override take(length: number): Uint8Array {
    const buffer = super.take(length);
    assert.ok(!this.out.has(buffer), "given away twice");
    this.out.add(buffer);
    return buffer;
  }

  override release(buffer: Uint8Array): void {
    assert.ok(this.out.delete(buffer), "given back twice");
    super.release(buffer);
  }
}

/** Bytes that look different wherever they come from. */
function bytesFrom(seed: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7 + (i >> 8)) & 0xff);
}

/** Appends a PUBLISH; returns what must come out. */
function appendPublish(
  outbox: Outbox,
  payload: Uint8Array,
  qos: QoS,
  packetId: number,
): Uint8Array {
  const message = messageOf("", { payload, qos });
  const frame = message.frame(5, qos > 0);
  const isLarge = payload.length >= LARGE_PAYLOAD_BYTES;
  const flags = publishFlags(qos, false, false);
  outbox.appendFrame(frame, flags, packetId, 0, isLarge ? payload : undefined);
  return encodePublish({ topicName: "t", payload, qos, packetId }, 5);
}

const length = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 200 }) },
  { weight: 3, arbitrary: fc.integer({ min: 200, max: 5_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: LARGE_PAYLOAD_BYTES - 2, max: 40_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(...BUFFER_SIZES, LARGEST - 1, LARGEST + 1, 300_000) },
);
const step = fc.record({
  does: fc.constantFrom("append", "append", "ack", "publish", "publish", "take", "written"),
  length,
  seed: fc.nat(255),
  qos: fc.constantFrom<QoS>(0, 1, 2),
  packetId: fc.integer({ min: 1, max: 65_535 }),
});

Deno.test("Outbox gives back all bytes in order, however it is written, and its buffers to the pool", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const pool = new CountingPool();
      const outbox = new Outbox(pool);
      const expected: Uint8Array[] = [];
      const actual: Uint8Array[] = [];
      let writing: Uint8Array | undefined;
      let waiting = 0;
      const takeOrFinish = () => {
        if (writing === undefined) {
          writing = outbox.take();
        } else {
          actual.push(writing.slice()); // as late as a socket may read it
          outbox.written();
          waiting -= writing.length;
          writing = undefined;
        }
        assert.equal(outbox.isWriting, writing !== undefined);
      };
      for (const { does, length, seed, qos, packetId } of steps) {
        const before = expected.length;
        if (does === "append") {
          expected.push(bytesFrom(seed, length));
          outbox.append(expected.at(-1)!);
        } else if (does === "ack") {
          const reason = seed % 3 === 0 ? 0 : 0x80 + seed % 16;
          outbox.appendAck(0x40, packetId, reason);
          const ack = [0x40, reason === 0 ? 2 : 3, packetId >> 8, packetId & 255];
          expected.push(Uint8Array.from(reason === 0 ? ack : [...ack, reason]));
        } else if (does === "publish") {
          expected.push(appendPublish(outbox, bytesFrom(seed, length), qos, packetId));
        } else if ((does === "written") === (writing !== undefined)) takeOrFinish();
        for (const each of expected.slice(before)) waiting += each.length;
        assert.equal(outbox.bytes, waiting);
      }
      while (outbox.bytes > 0) takeOrFinish();
      assert.equal(outbox.take(), undefined);
      assert.ok(Buffer.concat(actual).equals(Buffer.concat(expected)));
      assert.equal(pool.out.size, 0);
    }),
    { seed: 20_251_122, numRuns: 300 },
  );
});

Deno.test("Outbox gathers what is appended during a write into one write", () => {
  const outbox = new Outbox(new BufferPool());
  outbox.append(bytesFrom(0, 10));
  assert.equal(outbox.take()!.length, 10);
  for (let i = 0; i < 100; i++) outbox.append(bytesFrom(i, 100));
  outbox.written();
  assert.equal(outbox.take()!.length, 10_000);
});

Deno.test("Outbox shares one large payload among its receivers", () => {
  const payload = bytesFrom(1, LARGE_PAYLOAD_BYTES);
  for (let receiver = 0; receiver < 3; receiver++) {
    const outbox = new Outbox(new BufferPool());
    appendPublish(outbox, payload, 0, 0);
    outbox.take();
    outbox.written();
    assert.equal(outbox.take(), payload);
  }
});

Deno.test("Outbox lets go of all but the write under way when it is cleared", () => {
  const pool = new CountingPool();
  const outbox = new Outbox(pool);
  outbox.append(bytesFrom(1, 100));
  const writing = outbox.take()!;
  outbox.append(bytesFrom(2, 50));
  appendPublish(outbox, bytesFrom(3, LARGE_PAYLOAD_BYTES), 1, 7);
  outbox.append(bytesFrom(4, 50));
  outbox.clear();
  assert.equal(outbox.bytes, 100);
  assert.ok(Buffer.from(bytesFrom(1, 100)).equals(writing));
  outbox.written();
  assert.deepEqual([outbox.bytes, outbox.take(), outbox.isWriting], [0, undefined, false]);
});

for (const length of [1, 512, 513, 4_096, 4_097, LARGEST, LARGEST + 1]) {
  Deno.test(`BufferPool has a buffer for ${length} bytes that is not four KiB and eight times too large`, () => {
    const { length: size } = new BufferPool().take(length);
    assert.ok(size >= length && size <= Math.max(4_096, length * 8), `${size}`);
  });
}

Deno.test("BufferPool gives away again what it got back, and never twice", () => {
  const pool = new BufferPool();
  const [one, two] = [pool.take(100), pool.take(100)];
  assert.notEqual(one, two);
  pool.release(one);
  assert.equal(pool.take(1), one);
  assert.notEqual(pool.take(1), one);
});

Deno.test("BufferPool keeps no more than eight MiB of a size, and none of a size that is not its own", () => {
  const pool = new BufferPool();
  const released = Array.from({ length: 100 }, () => pool.take(LARGEST));
  for (const buffer of released) pool.release(buffer);
  const again = Array.from({ length: 100 }, () => pool.take(LARGEST));
  assert.equal(again.filter((each) => released.includes(each)).length, 8 * 1024 * 1024 / LARGEST);
  const odd = pool.take(LARGEST + 1);
  pool.release(odd);
  assert.notEqual(pool.take(LARGEST + 1), odd);
});
