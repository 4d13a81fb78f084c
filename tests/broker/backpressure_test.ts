// Backpressure by itself, with a virtual clock; and what holds a Client back that does not read the answers
// to its own packets.

import assert from "node:assert/strict";
import { Backpressure } from "../../src/broker/backpressure.ts";
import { Deadlines } from "../../src/broker/deadlines.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/broker/limits.ts";
import { PacketType } from "../../src/packet/packet_type.ts";
import type { Publisher } from "../../src/session/session_ports.ts";
import { SansIoBroker } from "../support/sans_io_broker.ts";
import { hex } from "../vectors/hex.ts";
import { connect } from "../vectors/vector.ts";

const LIMITS: Limits = { ...DEFAULT_LIMITS, maximumBackpressureMs: 1_000, stalledOutputMs: 5_000 };

class CountingPublisher implements Publisher {
  pauses = 0;

  pauseReading(): void {
    this.pauses++;
  }

  resumeReading(): void {
    this.pauses--;
  }
}

function begin() {
  const deadlines = new Deadlines(0);
  const peer = { isWriting: true, stalls: 0, onStalled: () => void peer.stalls++ };
  const backpressure = new Backpressure(deadlines, LIMITS, 0, peer);
  return { deadlines, peer, backpressure };
}

Deno.test("Backpressure stops a publisher once, and lets it go on at its end", () => {
  const { backpressure } = begin();
  const [one, two] = [new CountingPublisher(), new CountingPublisher()];
  for (const publisher of [one, two, one]) backpressure.holdBack(publisher);
  assert.deepEqual([one.pauses, two.pauses], [1, 1]);
  backpressure.end();
  assert.deepEqual([one.pauses, two.pauses], [0, 0]);
});

Deno.test("Backpressure lets publishers go on after its time, and holds back nobody after that", () => {
  const { deadlines, backpressure } = begin();
  const publisher = new CountingPublisher();
  backpressure.holdBack(publisher);
  deadlines.advance(900);
  assert.deepEqual([publisher.pauses, backpressure.isSlow], [1, false]);
  deadlines.advance(1_000);
  assert.deepEqual([publisher.pauses, backpressure.isSlow], [0, true]);
  backpressure.holdBack(publisher);
  assert.equal(publisher.pauses, 0);
});

Deno.test("Backpressure gives up a Client that takes nothing, and only once its time is over", () => {
  const { deadlines, peer } = begin();
  for (let nowMs = 0; nowMs < 5_000; nowMs += 100) deadlines.advance(nowMs);
  assert.equal(peer.stalls, 0);
  deadlines.advance(5_000);
  assert.equal(peer.stalls, 1);
});

Deno.test("Backpressure does not give up a Client that takes a little now and then", () => {
  const { deadlines, peer, backpressure } = begin();
  for (let nowMs = 0; nowMs <= 60_000; nowMs += 100) {
    if (nowMs % 4_000 === 0) backpressure.progressMs = nowMs;
    deadlines.advance(nowMs);
  }
  assert.equal(peer.stalls, 0);
});

Deno.test("Backpressure does not give up a Client that is slow with its acknowledgements only", () => {
  const { deadlines, peer } = begin();
  peer.isWriting = false;
  for (let nowMs = 0; nowMs <= 60_000; nowMs += 100) deadlines.advance(nowMs);
  assert.equal(peer.stalls, 0);
});

Deno.test("Backpressure that has ended runs no more", () => {
  const { deadlines, peer, backpressure } = begin();
  backpressure.end();
  deadlines.advance(100_000);
  assert.deepEqual([peer.stalls, backpressure.isSlow], [0, false]);
});

const KIB = 1024;
/** Of answers that wait. */
const MAXIMUM_BYTES = 64 * KIB;
const CHUNK_BYTES = 16 * KIB;
const ANSWERED = [
  { name: "PINGREQ", bytes: "c0 00", answerBytes: 2 },
  { name: "QoS 1 PUBLISH", bytes: "32 [ ('t') 0001 [] 'x' ]", answerBytes: 5 },
  { name: "UNSUBSCRIBE", bytes: "a2 [ 0001 [] ('t') ]", answerBytes: 6 },
];
for (const { name, bytes, answerBytes } of ANSWERED) {
  Deno.test(`Connection that does not read its answers to ${name} is not read, and gets them all later`, () => {
    const limits = {
      congestedOutputBytes: 16 * KIB,
      drainedOutputBytes: 8 * KIB,
      maximumOutputBytes: MAXIMUM_BYTES,
    };
    const sansIo = new SansIoBroker({ limits });
    const { broker } = sansIo;
    const peer = sansIo.connect();
    peer.send(connect({}));
    peer.takePackets();
    const base = broker.statistics.messagesSent;
    peer.takesBytes = false;
    const one = hex(bytes);
    const times = Math.floor(CHUNK_BYTES / one.length);
    const chunk = new Uint8Array(times * one.length);
    for (let i = 0; i < times; i++) chunk.set(one, i * one.length);
    const chunks = 30;
    for (let i = 0; i < chunks; i++) { // three seconds: longer than anybody else would be held back
      peer.send(chunk);
      sansIo.advance(100);
    }
    const answers = broker.statistics.messagesSent - base;
    assert.ok(answers < times * chunks);
    assert.ok(
      answers * answerBytes <= MAXIMUM_BYTES + times * answerBytes,
      `${answers} answers wait`,
    );
    assert.equal(peer.isRead, false);
    peer.takesBytes = true;
    sansIo.settle();
    assert.equal(peer.isRead, true);
    const [first] = peer.takePackets();
    assert.notEqual(first!.type, PacketType.Disconnect);
    assert.equal(broker.statistics.messagesSent - base, times * chunks);
  });
}

Deno.test("Connection that never reads its answers is ended", () => {
  const limits = { maximumOutputBytes: 64 * KIB, stalledOutputMs: 3_000 };
  const sansIo = new SansIoBroker({ limits });
  const peer = sansIo.connect();
  peer.send(connect({}));
  peer.takesBytes = false;
  peer.send(new Uint8Array(256 * KIB).map((_, i) => i % 2 === 0 ? 0xc0 : 0));
  peer.send(hex("c0 00"));
  sansIo.advance(10_000);
  assert.equal(peer.end, "at once");
  assert.equal(sansIo.broker.connectionCount, 0);
});
