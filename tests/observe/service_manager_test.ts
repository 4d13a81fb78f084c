// What systemd is told: whom and when by the environment, and over a socket as systemd listens at.

import assert from "node:assert/strict";
import { findServiceManager, ServiceManager } from "../../src/observe/service_manager.ts";
import { ChildProcess } from "../support/process.ts";
import { NotifySocket } from "../support/notify_socket.ts";

const hasNotify = Deno.build.os === "linux";
const PID = 7;

const environments = [
  { name: "nobody who has set nothing", environment: {}, found: undefined },
  { name: "nobody at an empty address", environment: { NOTIFY_SOCKET: "" }, found: undefined },
  {
    name: "nobody outside of a virtual machine",
    environment: { NOTIFY_SOCKET: "vsock:2:1" },
    found: undefined,
  },
  {
    name: "a socket",
    environment: { NOTIFY_SOCKET: "/run/systemd/notify" },
    found: { socket: "/run/systemd/notify", watchdogMs: undefined },
  },
  {
    name: "a watchdog",
    environment: { NOTIFY_SOCKET: "@n", WATCHDOG_USEC: "30000000", WATCHDOG_PID: "7" },
    found: { socket: "@n", watchdogMs: 30_000 },
  },
  {
    name: "no watchdog that watches another process",
    environment: { NOTIFY_SOCKET: "@n", WATCHDOG_USEC: "30000000", WATCHDOG_PID: "8" },
    found: { socket: "@n", watchdogMs: undefined },
  },
  {
    name: "no watchdog without a time",
    environment: { NOTIFY_SOCKET: "@n", WATCHDOG_USEC: "soon" },
    found: { socket: "@n", watchdogMs: undefined },
  },
];
for (const { name, environment, found } of environments) {
  Deno.test(`findServiceManager() finds ${name}`, () => {
    const variables: Readonly<Record<string, string | undefined>> = environment;
    assert.deepEqual(findServiceManager((variable) => variables[variable], PID), found);
  });
}

for (const isAbstract of [false, true]) {
  Deno.test({
    name: `ServiceManager tells ${isAbstract ? "an abstract socket" : "a socket"} in order`,
    ignore: !hasNotify,
    fn: async () => {
      using systemd = new NotifySocket(isAbstract);
      let clients = 0;
      const manager = new ServiceManager({ socket: systemd.address, watchdogMs: 40 });
      manager.ready(() => `${clients} clients`);
      assert.equal(await systemd.receive(), "READY=1\nSTATUS=0 clients");
      assert.equal(await systemd.receive(), "WATCHDOG=1"); // the status is what it was
      clients = 2;
      assert.match(await systemd.receiveUntil(/STATUS/), /^WATCHDOG=1\nSTATUS=2 clients$/);
      manager.reloading();
      assert.match(
        await systemd.receiveUntil(/RELOADING/),
        /^RELOADING=1\nSTATUS=Reloading the configuration\.$/,
      );
      manager.ready(() => "2 clients");
      assert.equal(await systemd.receiveUntil(/READY/), "READY=1\nSTATUS=2 clients");
      manager.stopping();
      await manager.close();
      assert.equal(await systemd.receiveUntil(/STOPPING/), "STOPPING=1\nSTATUS=Stopping.");
    },
  });
}

Deno.test({
  name: "midge under systemd is ready when it serves, reloads, and stops",
  ignore: !hasNotify,
  fn: async () => {
    using systemd = new NotifySocket(false);
    const permissions = ["--allow-read", "--allow-write", "--allow-env"];
    await using midge = new ChildProcess("main.ts", ["-p", "0", "-q"], permissions, undefined, {
      NOTIFY_SOCKET: systemd.address,
      WATCHDOG_USEC: "200000",
    });
    const [, port] = /^READY=1\nSTATUS=0 clients; listening on 127\.0\.0\.1:(\d+)/.exec(
      await systemd.receive(),
    )!;
    const client = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    client.close();
    await systemd.receiveUntil(/^WATCHDOG=1/);
    midge.signal("SIGHUP");
    await systemd.receiveUntil(/^RELOADING=1\n/);
    await systemd.receiveUntil(/^READY=1\nSTATUS=0 clients; listening on 127\.0\.0\.1:/);
    midge.signal("SIGTERM");
    await systemd.receiveUntil(/^STOPPING=1\n/);
    assert.equal((await midge.ended()).code, 0);
  },
});

Deno.test({
  name: "midge whose service manager is gone says so and serves",
  ignore: !hasNotify,
  fn: async () => {
    const permissions = ["--allow-read", "--allow-write", "--allow-env"];
    await using midge = new ChildProcess("main.ts", ["-p", "0"], permissions, undefined, {
      NOTIFY_SOCKET: "/nowhere/notify",
    });
    await midge.waitForError(/^Error: Unable to tell \/nowhere\/notify \(NOTIFY_SOCKET\): .+/m);
    midge.signal("SIGTERM");
    assert.equal((await midge.ended()).code, 0);
  },
});
