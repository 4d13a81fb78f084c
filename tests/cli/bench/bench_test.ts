// `midge bench`: who hears whom, how latencies are counted, and the command against a broker.

import assert from "node:assert/strict";
import { readBenchSettings } from "../../../src/cli/bench/bench_options.ts";
import { progressLine } from "../../../src/cli/bench/bench_view.ts";
import { FrameScanner } from "../../../src/cli/bench/frame_scanner.ts";
import { Histogram } from "../../../src/cli/bench/histogram.ts";
import { heardBy } from "../../../src/cli/bench/load.ts";
import { ChildProcess, startMidge } from "../../support/process.ts";

for (
  const [publishers, subscribers, heard] of [
    [1, 3, [[0], [0], [0]]],
    [3, 1, [[0, 1, 2]]],
    [5, 2, [[0, 2, 4], [1, 3]]],
    [2, 3, [[0], [1], [0]]],
  ] as const
) {
  Deno.test(`of ${publishers} publishers, ${subscribers} subscribers hear ${JSON.stringify(heard)}`, () => {
    const each = Array.from({ length: subscribers }, (_, i) => heardBy(i, publishers, subscribers));
    assert.deepEqual(each, heard);
  });
}

Deno.test("percentiles are right to a 128th, and exact below 256 microseconds", () => {
  const histogram = new Histogram();
  for (let i = 1; i <= 200; i++) histogram.add(i);
  assert.deepEqual([histogram.percentile(0.5), histogram.percentile(1)], [100, 200]);
  for (const micros of [300, 5_000, 77_777, 1_000_000, 50_000_000]) {
    histogram.clear();
    histogram.add(micros);
    histogram.add(100_000_000);
    const median = histogram.percentile(0.5);
    assert.ok(median >= micros && median <= micros * (1 + 1 / 128), `${micros}: ${median}`);
  }
  histogram.clear();
  assert.equal(histogram.percentile(0.99), 0);
});

Deno.test("frames are found wherever the stream is cut", () => {
  const stream = Uint8Array.of(0xd0, 0, 0x30, 3, 0, 1, 97, 0x40, 0x82, 0, 5, 6, 0x40, 2, 0, 1);
  const whole = framesOf([stream]);
  assert.equal(whole.length, 4);
  for (let at = 1; at < stream.length; at++) {
    assert.deepEqual(framesOf([stream.subarray(0, at), stream.subarray(at)]), whole);
  }
  assert.throws(() => framesOf([Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 1)]), /no MQTT/);
});

function framesOf(chunks: readonly Uint8Array[]): string[] {
  const frames: string[] = [];
  const scanner = new FrameScanner((header, bytes, start, end) =>
    frames.push(`${header}:${bytes.subarray(start, end)}`)
  );
  for (const chunk of chunks) scanner.feed(chunk);
  return frames;
}

Deno.test("a payload has room for the time and its publisher", () => {
  assert.throws(() => readBenchSettings(["-s", "11"], "x"), {
    message: "--size 11: write a number from 12 to 16777216.",
  });
});

Deno.test("the bar is as long as what is done", () => {
  const line = progressLine({ phase: "measuring", share: 0.5, deliveredPerSecond: 12_345 });
  assert.ok(line.includes(`${"█".repeat(15)}${"░".repeat(15)} 12,345 messages/s`));
});

for (const [qos, version] of [["0", "311"], ["1", "5"], ["2", "311"]] as const) {
  Deno.test(`midge bench -q ${qos} -V ${version} delivers all that it publishes`, async () => {
    const { process, port } = await startMidge();
    await using _ = process;
    const args = ["bench", "-h", "127.0.0.1", "-p", `${port}`, "-q", qos, "-V", version];
    const load = ["--publishers", "2", "--subscribers", "4", "-r", "500", "-d", "1", "--json"];
    await using bench = new ChildProcess("main.ts", [...args, ...load, "--warm-up", "0"], [
      "--allow-env",
      "--allow-read",
    ]);
    const { code, stdout, stderr } = await bench.ended();
    assert.deepEqual([code, stderr], [0, ""]);
    const result = JSON.parse(stdout);
    assert.deepEqual([result.connections, result.lost, result.lostConnections], [6, 0, 0]);
    assert.ok(result.published > 0 && result.delivered > 0, stdout);
    assert.ok(result.latencyMs.p50 > 0 && result.latencyMs.p50 <= result.latencyMs.max);
  });
}
