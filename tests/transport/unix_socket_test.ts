// Unix sockets: a Client comes in over one, and the file is nobody else's and never in the way.

import assert from "node:assert/strict";
import { Server } from "../../src/server/server.ts";
import { openListeningSocket, removeStaleSocket } from "../../src/transport/listening_socket.ts";
import { encodePacket } from "../../src/packet/encode.ts";
import { denoCommand } from "../support/process.ts";
import { connect } from "../vectors/vector.ts";

class Folder implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "midge-" });

  file(name: string): string {
    return `${this.path}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

function exists(path: string): boolean {
  return [...Deno.readDirSync(path.slice(0, path.lastIndexOf("/")))]
    .some(({ name }) => path.endsWith(`/${name}`));
}

/** A socket that nobody listens on, as a process that was killed leaves it. */
async function leaveSocket(path: string): Promise<void> {
  const script = `Deno.listen({ transport: "unix", path: ${JSON.stringify(path)} });
    Deno.kill(Deno.pid, "SIGKILL");`;
  const child = new Deno.Command(denoCommand(), {
    args: ["eval", "--quiet", script],
    stdout: "null",
    stderr: "null",
  });
  await child.output();
}

Deno.test("a Client comes in over a Unix socket, and logs show it as Mosquitto's do", async () => {
  using folder = new Folder();
  const path = folder.file("midge.sock");
  const lines: string[] = [];
  {
    await using server = Server.start({
      listeners: [{ addresses: [{ path }] }],
      log: { isDebugEnabled: false, write: (_level, text) => void lines.push(text) },
    });
    assert.deepEqual([server.addresses, server.port], [[{ path }], 0]);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o770);
    using client = await Deno.connect({ transport: "unix", path });
    await client.write(encodePacket(connect({ version: 4, clientId: "local" }), 4));
    const connack = new Uint8Array(4);
    await client.read(connack);
    assert.deepEqual([...connack], [0x20, 2, 0, 0]);
  }
  const [first, second] = lines.slice(lines.findIndex((line) => line.startsWith("New ")));
  assert.equal(first, `New connection from ${path}:0 on port 0.`);
  assert.match(second!, /^New client connected from \S+\/midge\.sock:0 as local /);
  assert.equal(exists(path), false, "the file is removed at the end");
});

Deno.test("a socket that nobody listens on is removed", async () => {
  using folder = new Folder();
  const path = folder.file("stale.sock");
  await leaveSocket(path);
  assert.ok(Deno.lstatSync(path).isSocket);
  await removeStaleSocket(path);
  assert.equal(exists(path), false);
});

Deno.test("a socket that somebody listens on stays, and the message says that it is in use", async () => {
  using folder = new Folder();
  const path = folder.file("used.sock");
  using _other = Deno.listen({ transport: "unix", path });
  await removeStaleSocket(path);
  assert.throws(() => openListeningSocket({ path }), {
    name: "AddrInUse",
    message: `${path} is in use already`,
  });
  assert.ok(Deno.lstatSync(path).isSocket);
});

Deno.test("nothing where the socket is to be is fine", async () => {
  using folder = new Folder();
  await removeStaleSocket(folder.file("none.sock"));
});

const NO_SOCKETS = [
  { what: "a file", make: (path: string) => Deno.writeTextFileSync(path, "precious") },
  { what: "a folder", make: (path: string) => Deno.mkdirSync(path) },
  { what: "a link", make: (path: string) => Deno.symlinkSync("/dev/null", path) },
];
for (const { what, make } of NO_SOCKETS) {
  Deno.test(`${what} where the socket is to be stays, and is named`, async () => {
    using folder = new Folder();
    const path = folder.file("midge.sock");
    make(path);
    await assert.rejects(() => removeStaleSocket(path), {
      message: `Unable to listen on ${path}: that is ${what}, not a socket. It stays untouched; ` +
        "remove it, or name another path.",
    });
    assert.ok(exists(path));
  });
}

Deno.test("a path may have 107 bytes; a longer one is refused with its length", () => {
  using folder = new Folder();
  const prefix = folder.file("é"); // two bytes
  const path = prefix.padEnd(106, "x");
  assert.equal(new TextEncoder().encode(path).length, 107);
  openListeningSocket({ path }).close();
  assert.throws(() => openListeningSocket({ path: `${path}x` }), {
    message: `Unable to listen on ${path}x: its path has 108 bytes, and a Unix socket's may have ` +
      "107 at most",
  });
});

Deno.test("a folder that is not there is named", () => {
  assert.throws(() => openListeningSocket({ path: "/no/such/midge.sock" }), {
    message: "Unable to listen on /no/such/midge.sock: there is no such folder",
  });
});
