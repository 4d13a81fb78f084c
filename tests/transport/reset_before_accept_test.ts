// A peer that resets its connection before it is accepted makes accept() fail. That must not hold up others.

import assert from "node:assert/strict";
import { Broker } from "../../src/mod.ts";
import { denoCommand } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";

/** Connects and resets many times while this process, and the broker in it, stands still. */
function resetMany(port: number): void {
  const script = `
    const { Socket } = await import("node:net");
    await Promise.all(Array.from({ length: 100 }, () => new Promise((resolve) => {
      const socket = new Socket();
      socket.on("error", () => {});
      socket.on("close", resolve);
      socket.connect(${port}, "127.0.0.1", () => socket.resetAndDestroy());
    })));`;
  const { success } = new Deno.Command(denoCommand(), { args: ["eval", "--quiet", script] })
    .outputSync();
  assert.ok(success);
}

Deno.test("peers that are gone before they are accepted cost nobody time, and leave no error", async () => {
  const errors: string[] = [];
  await using broker = Broker.start({
    log: {
      isDebugEnabled: false,
      write: (level, text) => void (level === "error" && errors.push(text)),
    },
  });
  resetMany(broker.port); // 200 ms for each would be far more than the 5 s that a RawClient waits
  using client = await RawClient.connect(broker.port);
  await client.ping();
  assert.deepEqual(errors, []);
});
