// midge as a process on the listeners that a mosquitto.conf asks for.

import assert from "node:assert/strict";
import { connectAsync } from "mqtt";
import { hasIPv6 } from "../../src/transport/ipv6.ts";
import { freePort } from "../support/free_port.ts";
import { ChildProcess } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";

/** Not to ask who it is: as root it would become another user, who has no business in our folders. */
const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys=networkInterfaces",
];

class Folder implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "midge-" });

  start(conf: string): ChildProcess {
    const path = `${this.path}/midge.conf`;
    Deno.writeTextFileSync(path, conf);
    return new ChildProcess("main.ts", ["-c", path], PERMISSIONS);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

Deno.test("listener 0 PATH: MQTT.js over the Unix socket, also after a kill -9", async () => {
  using folder = new Folder();
  const path = `${folder.path}/midge.sock`;
  const conf = `listener 0 ${path}\nallow_anonymous true\n`;
  {
    await using first = folder.start(conf);
    await first.waitForOutput(/Listening on \S+midge\.sock: everybody may connect\./);
    first.signal("SIGKILL");
    await first.ended();
  }
  assert.ok(Deno.lstatSync(path).isSocket, "what the first has left");
  await using second = folder.start(conf);
  await second.waitForOutput(new RegExp(`mosquitto_pub --unix ${path} -t demo/hello`));
  const client = await connectAsync(`mqtt+unix://${path}`, { reconnectPeriod: 0 });
  const got = new Promise<string>((resolve) =>
    client.on("message", (_topic, payload) => resolve(payload.toString()))
  );
  await client.subscribeAsync("a");
  await client.publishAsync("a", "over a socket");
  assert.equal(await got, "over a socket");

  await using third = folder.start(conf);
  const { code, stderr } = await third.ended();
  assert.equal(code, 1);
  assert.equal(
    stderr.split("\n").at(-2),
    `Error: ${path} is in use already: stop the other program, or choose another path.`,
  );
  await client.endAsync();
});

Deno.test("every address that can't be had is named, and the exit code is 1", async () => {
  using folder = new Folder();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  Deno.writeTextFileSync(`${folder.path}/file`, "precious");
  await using midge = folder.start(
    `listener ${port} 127.0.0.1\nlistener ${port} 203.0.113.7\nlistener 0 /no/such/socket\n` +
      `listener ${freePort()} 127.0.0.1\n`,
  );
  const { code, stderr } = await midge.ended();
  assert.equal(code, 1);
  assert.deepEqual(stderr.split("\n").filter((line) => line.startsWith("Error")), [
    `Error: Port ${port} of 127.0.0.1 is in use already: stop the other program, or choose another ` +
    "port with -p.",
    `Error: Unable to listen on 203.0.113.7:${port}: this machine has no such address.`,
    "Error: Unable to listen on /no/such/socket: there is no such folder.",
  ]);
  await using other = folder.start(`listener 0 ${folder.path}/file\n`);
  assert.match((await other.ended()).stderr, /file: that is a file, not a socket\. It stays/);
  assert.equal(Deno.readTextFileSync(`${folder.path}/file`), "precious");
});

Deno.test("bind_interface listens on the addresses of that interface", async () => {
  using folder = new Folder();
  const port = freePort();
  await using midge = folder.start(`listener ${port}\nbind_interface lo\nallow_anonymous true\n`);
  const [, where] = await midge.waitForOutput(/Listening on (.*): everybody/);
  const both = `127.0.0.1:${port} and [::1]:${port}`;
  assert.equal(where, hasIPv6() ? both : `127.0.0.1:${port}`);
  using client = await RawClient.connect(port);
  await client.ping();
});

Deno.test({
  name: "socket_domain ipv6: who comes over IPv4 is closed, with a line that says why",
  ignore: !hasIPv6(),
  fn: async () => {
    using folder = new Folder();
    const port = freePort();
    await using midge = folder.start(
      `listener ${port}\nsocket_domain ipv6\nallow_anonymous true\n`,
    );
    await midge.waitForOutput(/Listening on \[::\]/);
    using client = await RawClient.open(port);
    await client.expectEnd();
    await midge.waitForError(/from 127\.0\.0\.1:\d+ denied: it came over IPv4, and here only IPv6/);
    using socket = await Deno.connect({ hostname: "::1", port });
    await socket.write(Uint8Array.of(0x30));
    assert.equal(await socket.read(new Uint8Array(1)), null);
    await midge.waitForError(/New connection from \[::1\]:\d+ on port \d+\./);
  },
});
