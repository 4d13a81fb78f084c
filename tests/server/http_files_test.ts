// What http_dir serves beside the WebSockets, and above all what it does not.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { NO_LOG } from "../../src/observe/line_log.ts";
import { Server } from "../../src/server/server.ts";
import { HttpFiles } from "../../src/transport/http_files.ts";
import { WebSocketLayer } from "../../src/transport/websocket_layer.ts";
import { upgradeRequest, WebSocketClient } from "../support/websocket_client.ts";

const LARGE_BYTES = 3_000_000;

/** More than sockets on loopback take. */
const STUCK_BYTES = 30_000_000;
const MAX_RESPONSES = 4;

/** A folder with files beside another one that nobody may see. */
async function withFolder(use: (port: number, log: string[]) => Promise<void>): Promise<void> {
  const outside = await Deno.makeTempDir();
  const root = join(outside, "www");
  const write = async (name: string, text: string) => {
    await Deno.mkdir(dirname(join(root, name)), { recursive: true });
    await Deno.writeTextFile(join(root, name), text);
  };
  try {
    await write("index.html", "<h1>home</h1>");
    await write("app.js", "connect();");
    await write("sub/index.html", "sub");
    await write("empty/readme.txt", "");
    await write("with blank & ü.txt", "named");
    await write(".htpasswd", "secret");
    await write("sub/.git/config", "secret");
    await write(".well-known/security.txt", "contact");
    await write("large.bin", "x".repeat(LARGE_BYTES));
    await write("stuck.bin", "");
    await Deno.truncate(join(root, "stuck.bin"), STUCK_BYTES);
    await Deno.writeTextFile(join(outside, "secret.txt"), "secret");
    await Deno.writeTextFile(`${root}-secret.txt`, "secret"); // begins as the folder does
    await Deno.symlink("app.js", join(root, "inside.js"));
    await Deno.symlink(join(outside, "secret.txt"), join(root, "out.txt"));
    await Deno.symlink(outside, join(root, "out"));
    await Deno.symlink(`${root}-secret.txt`, join(root, "beside.txt"));
    await Deno.symlink("loop", join(root, "loop"));
    const lines: string[] = [];
    const log = {
      isDebugEnabled: true,
      write: (_: string, text: string) => void lines.push(text),
    };
    const files = new HttpFiles(root, log, MAX_RESPONSES);
    const layer = new WebSocketLayer({ origins: [], maximumHeaderBytes: 8_192, files, log });
    const addresses = [{ hostname: "127.0.0.1", port: 0 }] as const;
    await using server = Server.start({ log: NO_LOG, listeners: [{ addresses, layers: [layer] }] });
    await use(server.port, lines);
  } finally {
    await Deno.remove(outside, { recursive: true });
  }
}

async function ask(port: number, line: string, headers = ""): Promise<string> {
  using client = await WebSocketClient.open(port);
  await client.send(`${line} HTTP/1.1\r\nHost: broker\r\n${headers}\r\n`);
  return await client.rest();
}

const ANSWERS = [
  { line: "GET /", status: 200, type: "text/html; charset=utf-8", body: "<h1>home</h1>" },
  { line: "GET /index.html?version=2", status: 200, body: "<h1>home</h1>" },
  { line: "HEAD /", status: 200, type: "text/html; charset=utf-8", body: "" },
  { line: "GET /app.js", status: 200, type: "text/javascript; charset=utf-8", body: "connect();" },
  { line: "GET /sub/", status: 200, body: "sub" },
  { line: "GET /with%20blank%20&%20%C3%BC.txt", status: 200, body: "named" },
  { line: "GET http://broker:9001/app.js", status: 200, body: "connect();" },
  { line: "GET /inside.js", status: 200, body: "connect();" },
  { line: "GET /.well-known/security.txt", status: 200, body: "contact" },
  { line: "GET /sub", status: 301, has: "Location: /sub/" },
  { line: "GET //sub", status: 301, has: "Location: /sub/" },
  { line: "GET /missing", status: 404 },
  { line: "GET /app.js/", status: 404 },
  { line: "GET /app.js/more", status: 404 },
  { line: "GET /empty/", status: 404 },
  { line: "GET /loop", status: 404 },
  { line: "GET /.htpasswd", status: 404 },
  { line: "GET /sub/.git/config", status: 404 },
  { line: "GET /../secret.txt", status: 403 },
  { line: "GET /sub/../../secret.txt", status: 403 },
  { line: "GET /%2e%2e/secret.txt", status: 403 },
  { line: "GET /..%2fsecret.txt", status: 403 },
  { line: "GET /..%5csecret.txt", status: 403 },
  { line: "GET /app.js%00.html", status: 403 },
  { line: "GET /out.txt", status: 403 },
  { line: "GET /out/secret.txt", status: 403 },
  { line: "GET /beside.txt", status: 403 },
  { line: "GET /%zz", status: 400 },
  { line: `GET /${"a".repeat(300)}`, status: 414 },
  { line: "POST /", status: 405, has: "Allow: GET, HEAD" },
  { line: "DELETE /app.js", status: 405, has: "Allow: GET, HEAD" },
  { line: "OPTIONS *", status: 405 },
];
Deno.test("http_dir answers", async (t) => {
  await withFolder(async (port) => {
    for (const { line, status, type, has, body } of ANSWERS) {
      await t.step(`${line.slice(0, 40)} with ${status}`, async () => {
        const response = await ask(port, line);
        const [head = "", text] = response.split("\r\n\r\n");
        assert.match(head, new RegExp(`^HTTP/1.1 ${status} `));
        assert.match(head, /\r\nConnection: close(\r\n|$)/);
        assert.match(head, /\r\nX-Content-Type-Options: nosniff\r\n/);
        if (type !== undefined) assert.ok(head.includes(`\r\nContent-Type: ${type}\r\n`), head);
        if (has !== undefined) assert.ok(head.includes(`\r\n${has}`), head);
        if (body !== undefined) assert.equal(text, body);
        assert.ok(!response.includes("secret\n") && !response.endsWith("secret"));
      });
    }
  });
});

Deno.test("http_dir: a large file arrives whole, in part, or not again if it has not changed", async () => {
  await withFolder(async (port, log) => {
    const whole = await ask(port, "GET /large.bin");
    assert.equal(whole.split("\r\n\r\n")[1]!.length, LARGE_BYTES);
    const part = await ask(port, "GET /large.bin", "Range: bytes=10-14\r\n");
    assert.match(part, /^HTTP\/1.1 206 [^]*\r\n\r\nxxxxx$/);
    const etag = /\r\nETag: (.*)\r\n/.exec(whole)![1];
    assert.match(
      await ask(port, "GET /large.bin", `If-None-Match: ${etag}\r\n`),
      /^HTTP\/1.1 304 /,
    );
    assert.match(log[0]!, /^http serving file "\/.*\/www\/large.bin" to 127\.0\.0\.1:\d+\.$/);
  });
});

Deno.test("http_dir: clients that do not read hold so many responses and no more, and WebSockets go on", async () => {
  await withFolder(async (port) => {
    const stuck = await Promise.all(Array.from({ length: MAX_RESPONSES }, async () => {
      const client = await WebSocketClient.open(port);
      await client.send("GET /stuck.bin HTTP/1.1\r\nHost: broker\r\n\r\n");
      await client.head(); // it is being answered
      return client;
    }));
    assert.match(await ask(port, "GET /app.js"), /^HTTP\/1.1 503 /);
    using socket = await WebSocketClient.open(port);
    await socket.send(upgradeRequest());
    assert.match(await socket.head(), /^HTTP\/1.1 101 /);
    for (const client of stuck) client.close();
    let response = "";
    for (let i = 0; i < 100 && !response.startsWith("HTTP/1.1 200 "); i++) {
      response = await ask(port, "GET /app.js");
    }
    assert.match(response, /^HTTP\/1.1 200 /);
  });
});

Deno.test("http_dir: a connection has one request, so that none can be gathered behind a stuck one", async () => {
  await withFolder(async (port) => {
    for (const second of ["GET /app.js HTTP/1.1\r\nHost: broker\r\n\r\n", upgradeRequest()]) {
      using client = await WebSocketClient.open(port);
      await client.send(`GET /stuck.bin HTTP/1.1\r\nHost: broker\r\n\r\n`);
      await client.head();
      await client.send(second);
      const rest = await client.rest().catch(() => ""); // it may be reset
      assert.ok(rest.length < STUCK_BYTES && !rest.includes("HTTP/1.1"));
    }
  });
});
