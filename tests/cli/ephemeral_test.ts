// midge start --ephemeral: what it says, that it ends with who started it, and the example in docs/examples.

import assert from "node:assert/strict";
import { connectAsync } from "mqtt";
import { fileURLToPath } from "node:url";
import { denoCommand } from "../support/process.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];
const RUN = [denoCommand(), "run", "--quiet", ...PERMISSIONS, MAIN];
const TIMEOUT_MS = 10_000;

interface Described {
  readonly midge: string;
  readonly pid: number;
  readonly port: number;
  readonly listeners: readonly {
    readonly protocol: string;
    readonly tls: boolean;
    readonly hostname?: string;
    readonly port?: number;
    readonly path?: string;
  }[];
}

/** The process, and the line that it prints. */
async function start(
  ...args: readonly string[]
): Promise<{ process: Deno.ChildProcess; described: Described }> {
  const [command, ...rest] = RUN;
  const process = new Deno.Command(command!, {
    args: [...rest, "start", "--ephemeral", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  assert.match(value!, /^\{.*\}\n$/);
  void reader.closed.catch(() => {});
  reader.releaseLock();
  return { process, described: JSON.parse(value!) };
}

async function ended(process: Deno.ChildProcess): Promise<number> {
  const timer = setTimeout(() => process.kill("SIGKILL"), TIMEOUT_MS);
  const { code } = await process.status;
  clearTimeout(timer);
  return code;
}

Deno.test("midge start --ephemeral says where it is, and ends with its standard input", async () => {
  const { process, described } = await start();
  assert.equal(described.pid, process.pid);
  const { protocol, tls, hostname, port } = described.listeners[0]!;
  assert.deepEqual({ protocol, tls, hostname }, {
    protocol: "mqtt",
    tls: false,
    hostname: "127.0.0.1",
  });
  assert.equal(port, described.port);
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
  await client.endAsync();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode("what comes before the end does not matter\n"));
  await writer.close();
  assert.equal(await ended(process), 0);
});

Deno.test("midge start --ephemeral -c takes access from the file, and neither its ports nor its store", async () => {
  const folder = await Deno.makeTempDir({ prefix: "midge-ephemeral-" });
  await Deno.writeTextFile(
    `${folder}/m.conf`,
    `listener 1 127.0.0.1\nallow_anonymous false\nlistener 2 127.0.0.1\nprotocol websockets
persistence true\npersistence_location ${folder}/data/\npid_file ${folder}/pid\nuser root\n`,
  );
  try {
    const { process, described } = await start("-c", `${folder}/m.conf`);
    assert.deepEqual(described.listeners.map(({ protocol }) => protocol), ["mqtt", "websockets"]);
    assert.ok(described.listeners.every(({ port }) => port! > 2));
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["m.conf"]);
    await assert.rejects(
      connectAsync(`mqtt://127.0.0.1:${described.port}`, {
        reconnectPeriod: 0,
        protocolVersion: 5,
      }),
      /[Nn]ot authorized/,
    );
    await process.stdin.close();
    assert.equal(await ended(process), 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

// The example's own test is registered by this import.
Deno.env.set("MIDGE", RUN.join(" "));
await import("../../docs/examples/broker_test.ts");
