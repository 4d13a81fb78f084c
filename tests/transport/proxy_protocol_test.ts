// Listeners behind a proxy, and the limits on handshakes, over real sockets.

import assert from "node:assert/strict";
import type { Credentials } from "../../src/access/authenticator.ts";
import { encodePacket } from "../../src/packet/encode.ts";
import { Server } from "../../src/server/server.ts";
import type { HandshakeLimits } from "../../src/transport/handshakes.ts";
import { ProxyProtocol, type ProxyProtocolOptions } from "../../src/transport/proxy_protocol.ts";
import { IPV4, IPV6, LOCAL, proxyV2, tls, UNKNOWN } from "../support/proxy_headers.ts";
import { connect } from "../vectors/vector.ts";

const CONNECT = encodePacket(connect({ version: 4, clientId: "behind" }), 4);
const CONNACK = [0x20, 2, 0, 0];

interface Options extends Partial<ProxyProtocolOptions> {
  readonly limits?: Partial<HandshakeLimits>;
  readonly path?: string;
}

/** A broker behind a proxy, and what it has said and heard. */
class Behind implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly heard: Credentials[] = [];
  readonly #server: Server;

  constructor({ limits = {}, path, ...options }: Options = {}) {
    const layer = new ProxyProtocol({
      version: 2,
      requireTls: false,
      requireCertificate: false,
      userNameFrom: "connect",
      ...options,
    });
    this.#server = Server.start({
      listeners: [{
        addresses: [path === undefined ? { hostname: "127.0.0.1", port: 0 } : { path }],
        layers: [layer],
      }],
      limits,
      log: {
        isDebugEnabled: false,
        write: (_level, text) => {
          if (!text.startsWith("Opening ") && !text.includes(" running")) this.lines.push(text);
        },
      },
      authenticator: {
        authenticate: (credentials, done) => {
          this.heard.push(credentials);
          done({ accepted: true });
        },
        beginExchange: () => undefined,
      },
    });
  }

  async open(): Promise<Peer> {
    const [address] = this.#server.addresses;
    if ("path" in address!) return new Peer(await Deno.connect({ transport: "unix", ...address }));
    const socket = await Deno.connect({ hostname: "127.0.0.1", port: this.#server.port });
    socket.setNoDelay(true);
    return new Peer(socket);
  }

  /** The first line that matches. */
  async line(pattern: RegExp): Promise<string> {
    for (let i = 0; i < 500; i++) {
      const found = this.lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`no ${pattern} in ${JSON.stringify(this.lines)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
  }
}

class Peer implements Disposable {
  readonly #socket: Deno.TcpConn | Deno.UnixConn;

  constructor(socket: Deno.TcpConn | Deno.UnixConn) {
    this.#socket = socket;
  }

  get address(): string {
    const { hostname, port } = this.#socket.localAddr as Deno.NetAddr;
    return `${hostname}:${port}`;
  }

  async send(...parts: readonly (Uint8Array | string)[]): Promise<void> {
    const bytes = parts.flatMap((part) =>
      typeof part === "string" ? [...new TextEncoder().encode(part)] : [...part]
    );
    await this.#socket.write(Uint8Array.from(bytes));
  }

  /** Until `length` bytes are there, or the end, which a reset is as well. */
  async read(length: number): Promise<number[]> {
    const bytes = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const read = await this.#socket.read(bytes.subarray(at)).catch(() => null);
      if (read === null) break;
      at += read;
    }
    return [...bytes.subarray(0, at)];
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

const V1 = "PROXY TCP4 192.0.2.5 10.0.0.1 6275 1883\r\n";
const HEADERS: readonly { version: 1 | 2; header: Uint8Array | string; from: string }[] = [
  { version: 1, header: V1, from: "192.0.2.5:6275" },
  { version: 1, header: "PROXY TCP6 :: :: 1 1\r\n", from: "[::]:1" },
  { version: 1, header: "PROXY UNKNOWN\r\n", from: "the proxy" },
  { version: 1, header: `PROXY UNKNOWN ${"x".repeat(91)}\r\n`, from: "the proxy" },
  { version: 2, header: proxyV2(IPV4), from: "192.0.2.5:6275" },
  { version: 2, header: proxyV2(IPV6), from: "[2001:db8::5]:6275" },
  { version: 2, header: proxyV2(LOCAL), from: "the proxy" },
  { version: 2, header: proxyV2(UNKNOWN), from: "the proxy" },
];
for (const { version, header, from } of HEADERS) {
  const shown = typeof header === "string" ? JSON.stringify(header.slice(0, 60)) : `from ${from}`;
  Deno.test(`version ${version}, ${shown}: logs and Authenticator see ${from}`, async () => {
    await using broker = new Behind({ version });
    using peer = await broker.open();
    await peer.send(header, CONNECT);
    assert.deepEqual(await peer.read(4), CONNACK);
    const address = from === "the proxy" ? peer.address : from;
    assert.equal(broker.heard[0]!.remoteAddress, address);
    const start = `New connection from ${address} on port `;
    assert.ok((await broker.line(/^New connection/)).startsWith(start));
  });
}

for (const { version, header } of [HEADERS[0]!, HEADERS[4]!]) {
  Deno.test(`a header of version ${version} may come byte by byte`, async () => {
    await using broker = new Behind({ version });
    using peer = await broker.open();
    const bytes = typeof header === "string" ? new TextEncoder().encode(header) : header;
    for (const byte of bytes) await peer.send(Uint8Array.of(byte));
    await peer.send(CONNECT);
    assert.deepEqual(await peer.read(4), CONNACK);
  });
}

Deno.test("a proxy may come over a Unix socket", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "midge-" });
  {
    await using broker = new Behind({ path: `${folder}/midge.sock` });
    using peer = await broker.open();
    await peer.send(proxyV2(IPV4), CONNECT);
    assert.deepEqual(await peer.read(4), CONNACK);
    assert.equal(broker.heard[0]!.remoteAddress, "192.0.2.5:6275");
  }
  Deno.removeSync(folder, { recursive: true });
});

const REFUSED: readonly (Options & { sends: readonly (Uint8Array | string)[]; says: string })[] = [
  {
    version: 1,
    sends: [CONNECT],
    says: "no PROXY header of version 1, but an MQTT CONNECT: it did not come through the proxy",
  },
  {
    version: 2,
    sends: [CONNECT],
    says: "no PROXY header of version 2, but an MQTT CONNECT: it did not come through the proxy",
  },
  {
    version: 2,
    sends: [Uint8Array.of(0x16, 3, 1)],
    says: "no PROXY header of version 2, but TLS: it did not come through the proxy",
  },
  { version: 2, sends: ["GET /"], says: "no PROXY header of version 2, but something else" },
  { version: 2, sends: [V1], says: "no PROXY header of version 2, but one of version 1" },
  {
    version: 1,
    sends: [proxyV2(IPV4)],
    says: "no PROXY header of version 1, but one of version 2",
  },
  {
    version: 1,
    sends: [`PROXY TCP4 ${"1".repeat(107)}`],
    says: "malformed PROXY header, longer than 107 bytes",
  },
  {
    version: 1,
    sends: ["PROXY TCP4 1.2.3.4\r\n"],
    says: 'malformed PROXY header, its line is "PROXY TCP4 1.2.3.4"',
  },
  {
    version: 2,
    requireTls: true,
    sends: [proxyV2(IPV4), CONNECT],
    says: "192.0.2.5:6275 did not connect to the proxy using TLS",
  },
  {
    version: 2,
    requireTls: true,
    sends: [proxyV2(IPV4, tls({ client: 0, verify: 1 })), CONNECT],
    says: "192.0.2.5:6275 did not connect to the proxy using TLS",
  },
  {
    version: 2,
    requireCertificate: true,
    sends: [proxyV2(IPV4, tls({ client: 1 })), CONNECT],
    says: "192.0.2.5:6275 did not show the proxy a valid certificate",
  },
];
for (const { sends, says, ...options } of REFUSED) {
  Deno.test(`closed and logged: ${says}`, async () => {
    await using broker = new Behind(options);
    using peer = await broker.open();
    await peer.send(...sends);
    assert.deepEqual(await peer.read(1), []);
    const line = await broker.line(/disconnected in the handshake/);
    assert.equal(line, `Client ${peer.address} disconnected in the handshake: ${says}.`);
    assert.equal(broker.heard.length, 0);
  });
}

Deno.test("requireTls lets LOCAL in as little as anybody else", async () => {
  await using broker = new Behind({ requireTls: true });
  using peer = await broker.open();
  await peer.send(proxyV2(LOCAL, tls({ commonName: "alice" })), CONNECT);
  assert.deepEqual(await peer.read(1), []);
});

Deno.test("who showed the proxy a certificate is who it says", async () => {
  await using broker = new Behind({
    requireTls: true,
    requireCertificate: true,
    userNameFrom: "common-name",
  });
  using peer = await broker.open();
  await peer.send(proxyV2(IPV4, tls({ commonName: "alice" })), CONNECT);
  assert.deepEqual(await peer.read(4), CONNACK);
});

for (const sent of ["", "PROXY TCP4 192."]) {
  Deno.test(`who goes after ${JSON.stringify(sent)} leaves a line and nothing else`, async () => {
    await using broker = new Behind({ version: 1 });
    {
      using peer = await broker.open();
      if (sent !== "") await peer.send(sent);
    }
    const where = sent === "" ? "before it sent a" : "in the middle of its";
    assert.match(
      await broker.line(/handshake/),
      new RegExp(`: it closed ${where} PROXY header\\.$`),
    );
  });
}

Deno.test("who does not finish its header in time is closed", async () => {
  await using broker = new Behind({ limits: { handshakeTimeoutMs: 50 } });
  using peer = await broker.open();
  await peer.send(proxyV2(IPV4).subarray(0, 20));
  assert.deepEqual(await peer.read(1), []);
  assert.match(await broker.line(/handshake/), /in the handshake: not done within 0\.05 s\.$/);
});

Deno.test("beyond maximumHandshakes peers are closed at once, with one line for all", async () => {
  await using broker = new Behind({ limits: { maximumHandshakes: 4 } });
  const slow = await Promise.all(Array.from({ length: 4 }, () => broker.open()));
  for (let i = 0; i < 20; i++) {
    using peer = await broker.open();
    assert.deepEqual(await peer.read(1), []);
  }
  assert.match(broker.lines.join("\n"), /^Client connection from \S+ denied: 4 handshakes [^\n]*$/);
  for (const peer of slow) await peer.send(proxyV2(IPV4), CONNECT);
  for (const peer of slow) assert.deepEqual(await peer.read(4), CONNACK);
  using next = await broker.open();
  await next.send(proxyV2(IPV4), CONNECT);
  assert.deepEqual(await next.read(4), CONNACK);
  for (const peer of slow) peer[Symbol.dispose]();
});

Deno.test("a broker stops at once although handshakes are under way", async () => {
  using peer = await (async () => {
    await using broker = new Behind();
    const peer = await broker.open();
    await peer.send(proxyV2(IPV4).subarray(0, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    return peer;
  })();
  assert.deepEqual(await peer.read(1), []);
});
