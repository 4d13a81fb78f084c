// Syslog: the form of a line, and datagrams to a socket that is there, is not there, and comes back.

import assert from "node:assert/strict";
import type { LogLevel } from "../../src/broker/ports.ts";
import { SyslogSocket } from "../../src/observe/syslog.ts";
import { type SyslogFacility, syslogLine } from "../../src/observe/syslog_line.ts";

const TIME = new Date(2026, 0, 2, 3, 4, 5); // of the day here, as syslog(3) has it

/** Facility times eight plus severity (RFC 3164, section 4.1.1), with the severities of Mosquitto's logging.c. */
const PRIORITIES: readonly (readonly [SyslogFacility, LogLevel, number])[] = [
  ["daemon", "error", 27],
  ["daemon", "warning", 28],
  ["daemon", "notice", 29],
  ["daemon", "info", 30],
  ["daemon", "debug", 31],
  ["daemon", "subscribe", 29],
  ["daemon", "unsubscribe", 29],
  ["daemon", "websockets", 31],
  ["daemon", "internal", 27],
  ["local0", "error", 131],
  ["local5", "info", 174],
  ["local7", "debug", 191],
];
for (const [facility, level, priority] of PRIORITIES) {
  Deno.test(`syslogLine() gives ${facility}.${level} the priority ${priority}`, () => {
    assert.equal(
      syslogLine(facility, level, "midge[7]", "17: text", TIME),
      `<${priority}>Jan  2 03:04:05 midge[7]: 17: text`,
    );
  });
}

Deno.test("syslogLine() cuts what no syslog server takes", () => {
  const line = syslogLine("daemon", "info", "midge[7]", "x".repeat(100_000), TIME);
  assert.ok(line.length < 8_100 && line.endsWith("x…"));
});

/** The system's end of the socket. */
class System implements Disposable {
  readonly #socket: Deno.DatagramConn;

  constructor(path: string) {
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path });
  }

  async receive(): Promise<string> {
    const [bytes] = await this.#socket.receive();
    return new TextDecoder().decode(bytes);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

const text = (line: string) => line.replace(/^<\d+>.{15} midge\[\d+\]: /, "");

Deno.test({
  name: "SyslogSocket sends lines in order, loses them while nobody is there, and says so later",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = Deno.makeTempDirSync({ prefix: "midge-syslog-" });
    const path = `${folder}/log`;
    const socket = new SyslogSocket("local3", path);
    try {
      {
        using system = new System(path);
        socket.write([{ level: "info", text: "one" }, { level: "error", text: "two" }]);
        socket.write([{ level: "info", text: "three" }]);
        assert.match(
          await system.receive(),
          new RegExp(`^<158>.{15} midge\\[${Deno.pid}\\]: one$`),
        );
        assert.match(await system.receive(), /^<155>.*: two$/);
        assert.equal(text(await system.receive()), "three");
      }
      Deno.removeSync(path);
      socket.write([{ level: "info", text: "lost" }, { level: "info", text: "lost too" }]);
      await socket.idle();
      using system = new System(path);
      socket.write([{ level: "info", text: "four" }]);
      assert.equal(text(await system.receive()), "four");
      assert.equal(text(await system.receive()), "Warning: 2 log lines could not be sent here.");
    } finally {
      await socket.close();
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "SyslogSocket keeps no more than so many lines for a system that takes none",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const folder = Deno.makeTempDirSync({ prefix: "midge-syslog-" });
    const path = `${folder}/log`;
    const socket = new SyslogSocket("daemon", path);
    try {
      using system = new System(path); // its queue is full after a few hundred at most
      for (let i = 0; i < 100; i++) {
        socket.write(Array.from({ length: 100 }, () => ({ level: "info", text: "line" })));
        await new Promise((resolve) => setTimeout(resolve));
      }
      await socket.close(); // waits for a moment, not for ever
      assert.equal(text(await system.receive()), "line");
      assert.ok(socket.lostLines > 5_000, `${socket.lostLines}`);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
